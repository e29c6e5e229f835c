//! Which program this is: version of the package, commit of the build.

/// The package's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit it was built from; `dev` in debug builds, `unknown` without git.
pub(crate) const COMMIT: &str = env!("TENANTGATE_COMMIT");
/// Both, as `0.1.0 (0123456789ab)`.
pub(crate) const LONG: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("TENANTGATE_COMMIT"), ")");

#[cfg(test)]
mod tests {
    #[test]
    fn the_chart_is_of_this_version() {
        let chart = include_str!("../helm/Chart.yaml");
        let of = |key: &str| chart.lines().find_map(|l| l.strip_prefix(key)).map(str::trim);
        assert_eq!(of("appVersion:"), Some(super::VERSION));
        assert!(super::LONG.starts_with(super::VERSION) && super::LONG.contains(super::COMMIT));
    }
}
