//! Patterns of scopes: each that could be read in two ways beside a twin that can't.

use super::ScopePatternFault as Fault;
use super::{Level, Matched, ScopePattern};

#[test]
fn what_is_no_pattern_is_told() {
    let read = Some(Level::Read);
    let rows = [
        ("tenant:{tenant}:{level}", None, Ok(())),
        ("tenant:{tenant}:{level}", read, Err(Fault::TwoLevels)),
        ("{level}:{tenant}@camunda", None, Ok(())),
        ("tenant:{tenant}", read, Ok(())),
        ("tenant:{tenant}", None, Err(Fault::NoLevel)),
        ("tenant:{level}", None, Err(Fault::NoTenant)),
        ("tenant:", read, Err(Fault::NoTenant)),
        ("tenant:{tenant}{level}", None, Err(Fault::NoSeparator)),
        ("tenant:{level}{tenant}", None, Err(Fault::NoSeparator)),
        ("tenant:{tenant}:{tenant}", read, Err(Fault::Placeholder)),
        ("tenant:{tenant}:{level}:{level}", None, Err(Fault::Placeholder)),
        ("tenant:{Tenant}", read, Err(Fault::Placeholder)),
        ("tenant:{tenant", read, Err(Fault::Placeholder)),
        ("tenant:{tenant}}", read, Err(Fault::Placeholder)),
        ("{tenant}", read, Err(Fault::NoWord)),
        ("{tenant}:{level}", None, Err(Fault::NoWord)),
        ("{tenant}:camunda:{level}", None, Ok(())),
        ("tenant {tenant}", read, Err(Fault::Characters)),
        ("tenant\"{tenant}", read, Err(Fault::Characters)),
        ("", read, Err(Fault::Characters)),
    ];
    for (text, level, expected) in rows {
        assert_eq!(ScopePattern::of_tenant(text, level).map(|_| ()), expected, "{text} {level:?}");
    }
    for (text, level, expected) in [
        ("tenants:{level}", None, Ok(())),
        ("tenants", read, Ok(())),
        ("tenants", None, Err(Fault::NoLevel)),
        ("tenants:{tenant}", read, Err(Fault::OneTenant)),
        ("tenants:{tenant}:{level}", None, Err(Fault::OneTenant)),
    ] {
        assert_eq!(ScopePattern::of_all_tenants(text, level).map(|_| ()), expected, "{text} {level:?}");
    }
}

#[test]
fn a_scope_is_read_in_one_way() {
    let (read, all) = (Some(Level::Read), Some(Level::All));
    let rows = [
        ("tenant:{tenant}:{level}", "tenant:B:read", Some(("B", read))),
        ("tenant:{tenant}:{level}", "tenant:B", None),
        ("tenant:{tenant}:{level}", "Tenant:B:read", None),
        ("tenant:{tenant}:{level}", "tenant:B:Read", Some(("", None))),
        ("tenant:{tenant}:{level}", "tenant:B:", Some(("", None))),
        ("tenant:{tenant}:{level}", "tenant:B:read:all", Some(("B:read", all))),
        ("tenant-{tenant}-{level}", "tenant-B-read-all", Some(("B-read", all))),
        ("tenant:{tenant}:{level}", "tenant::read", Some(("", read))),
        ("{level}.{tenant}.camunda", "read.a.b.camunda", Some(("a.b", read))),
        ("{level}.{tenant}.camunda", "read.camunda", None),
        ("a:{tenant}:{level}:a", "a:a", None),
    ];
    for (pattern, scope, expected) in rows {
        let expected = expected.map(|(tenant, level)| Matched { tenant, level });
        assert_eq!(
            ScopePattern::of_tenant(pattern, None).unwrap().find(scope),
            expected,
            "{pattern} {scope}"
        );
    }
    let fixed = ScopePattern::of_tenant("read:{tenant}", read).unwrap();
    assert_eq!(fixed.find("read:B"), Some(Matched { tenant: "B", level: read }));
    assert_eq!(fixed.find("read:"), Some(Matched { tenant: "", level: read }));
    assert_eq!(fixed.find("write:B"), None);
    let one = ScopePattern::of_all_tenants("tenants", read).unwrap();
    assert_eq!(one.find("tenants"), Some(Matched { tenant: "", level: read }));
    assert_eq!((one.find("tenantsx"), one.find("tenant")), (None, None));
}
