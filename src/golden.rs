//! Files that are made from the code and checked in: `UPDATE=1 cargo test --lib up_to_date` writes them anew.

use std::path::Path;

/// Fails when the checked-in file differs from what the code makes.
pub(crate) fn same_as_checked_in(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == made, "{file} is old; run: UPDATE=1 cargo test --lib up_to_date");
}
