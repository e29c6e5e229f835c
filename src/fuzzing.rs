//! Replays of the fuzz targets' inputs as plain tests.
//!
//! In: a target's name and function. Out: nothing, or the panic of a broken promise. What each target must hold
//! stands beside what it looks at: `fuzzing.rs` of its module.

use std::path::Path;

/// Runs a target over its seeds in git, and over whatever a local fuzz run found.
pub(crate) fn replay(name: &str, target: fn(&[u8])) {
    let mut seen = 0;
    for folder in ["seeds", "corpus", "artifacts"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder).join(name);
        for file in std::fs::read_dir(folder).into_iter().flatten() {
            target(&std::fs::read(file.expect("a file").path()).expect("a seed"));
            seen += 1;
        }
    }
    assert!(seen > 5, "{name}: {seen} seeds");
}
