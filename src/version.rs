//! Which program this is: version of the package, commit of the build.

/// The package's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit it was built from; `dev` in debug builds, `unknown` without git.
pub const COMMIT: &str = env!("TENANTGATE_COMMIT");
/// Both, as `0.1.0 (0123456789ab)`.
pub const LONG: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("TENANTGATE_COMMIT"), ")");
