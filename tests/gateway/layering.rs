//! Modules form a tree from the edge to the engine: each names only modules that stand below it.

use std::path::Path;

use crate::support::engine::project;

/// All modules of the crate, the edge first. One may name those behind it, never one before it.
const ORDER: &[&str] = &[
    "cli",
    "server",
    "journey",
    "whoami",
    "plan",
    "operations",
    "context",
    "state",
    "telemetry",
    "response",
    "isolation",
    "request",
    "form",
    "model",
    "token",
    "policy",
    "admission",
    "tenancy",
    "refusal",
    "config",
    "percent",
    "http1",
    "json",
    "causes",
    "version",
    "golden",
];

#[test]
fn no_module_names_one_above_it() {
    let mut files = Vec::new();
    read(&project().join("src"), &mut files);
    assert!(files.len() > 80, "only {} files were found", files.len());
    let faults: Vec<_> = files.iter().flat_map(|(module, text)| upward(module, text)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_module_that_names_one_above_it_is_found() {
    let below = "use crate::json::Json;\nuse crate::isolation::own;\n";
    assert_eq!(upward("isolation", below), [""; 0]);
    // The twins: one line that differs.
    assert_eq!(upward("isolation", &below.replace("json", "server")), ["isolation names server"]);
    assert_eq!(upward("json", "fn f() -> crate::policy::Rule {}"), ["json names policy"]);
    assert_eq!(upward("json", "use crate::nowhere::X;"), ["json names nowhere"]);
    // What tests need is their own affair.
    assert_eq!(upward("json", "#[cfg(test)]\nmod tests { use crate::policy::Rule; }"), [""; 0]);
}

/// What a file names that does not stand below its module.
fn upward(module: &str, text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let place = |name: &str| ORDER.iter().position(|m| *m == name);
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let named = code.flat_map(|line| {
        line.split("crate::").skip(1).map(|rest| {
            rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default()
        })
    });
    let faults = named.filter(|name| *name != module && place(name) <= place(module));
    faults.map(|name| format!("{module} names {name}")).collect()
}

/// The files of a folder, each with the module of the crate that it belongs to.
fn read(folder: &Path, files: &mut Vec<(String, String)>) {
    let source = project().join("src");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, files);
            continue;
        }
        let inside = path.strip_prefix(&source).unwrap();
        let module =
            inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        let name = path.file_stem().unwrap().to_str().unwrap();
        // The crate's own files, and modules that only tests and fuzz targets have.
        let whole = ["lib", "main", "fuzzing"].contains(&module) || ["tests", "fuzzing"].contains(&name);
        if !whole
            && !inside
                .components()
                .any(|part| ["tests", "fuzzing"].contains(&part.as_os_str().to_str().unwrap()))
        {
            files.push((module.to_owned(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}
