//! Tells the program its commit: from the variable `TENANTGATE_COMMIT` (images are built without `.git`), else from
//! git in release builds, else `dev` or `unknown`. Debug builds don't ask git: each commit would build all anew.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a build script is told by variables and talks by printing"
)]

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TENANTGATE_COMMIT");
    let release = std::env::var("PROFILE").is_ok_and(|p| p == "release");
    let given = std::env::var("TENANTGATE_COMMIT").ok().filter(|c| is_name(c));
    let commit = given.or_else(|| if release { of_git() } else { Some("dev".into()) });
    println!("cargo::rustc-env=TENANTGATE_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
}

/// The checked-out commit, and a rebuild when it changes; none without git.
fn of_git() -> Option<String> {
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["rev-parse", "--short=12", "HEAD"]).filter(|c| is_name(c))
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|o| o.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

fn is_name(commit: &str) -> bool {
    !commit.is_empty() && commit.len() <= 64 && commit.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
