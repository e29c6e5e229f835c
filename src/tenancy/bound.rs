//! Free texts by which the engine matches rows of all tenants, bound to the tenant that wrote them.
//!
//! When an incident ends, whatever ends it, the engine ends every incident of the same `configuration`, in all
//! tenants (`DefaultIncidentHandler.removeIncident`). So the text goes to the engine behind a prefix that no other
//! tenant can write, and comes back without it. The engine's own incidents are named by the id of their job or
//! external task: a text that could be such an id is never written, and is asked for as it stands.

use super::Tenant;

/// Characters of the engine's column.
const LONGEST: usize = 255;
/// Characters of a UUID without its dashes.
const SHORTEST_UUID: usize = 32;

/// The text as the engine keeps it. A colon can't stand in a tenant's id, so no tenant's prefix begins with another's;
/// the first word holds letters beyond `f`, so what is bound is never equal to an id.
pub(crate) fn bind(tenant: &Tenant, text: &str) -> String {
    format!("tenantgate:{tenant}:{text}")
}

/// The text as its tenant wrote it; none if it is bound to a tenant that is not granted, or to none.
pub(crate) fn unbind(kept: &str, granted: impl Fn(&str) -> bool) -> Option<&str> {
    let (tenant, text) = kept.strip_prefix("tenantgate:")?.split_once(':')?;
    granted(tenant).then_some(text)
}

/// How many characters of a bound text are the tenant's own.
pub(crate) fn room(tenant: &Tenant) -> usize {
    LONGEST.saturating_sub(bind(tenant, "").len())
}

/// Whether a text fits behind the prefix. Counted in UTF-16 units: no database counts fewer characters in a text.
pub(crate) fn fits(tenant: &Tenant, text: &str) -> bool {
    text.encode_utf16().count() <= room(tenant)
}

/// Whether a text could be equal to an id that the engine makes: a UUID, or a number, by the engine's setting. A
/// letter beyond `f` is in neither, however a database compares texts; what is not ASCII may be equal to an id in one
/// that folds widths or skips characters.
pub(crate) fn may_be_id(text: &str) -> bool {
    let word = text.chars().any(|c| matches!(c.to_ascii_lowercase(), 'g'..='z'));
    let bare = text.trim();
    let number = bare.bytes().all(|b| b.is_ascii_digit());
    !word && (!text.is_ascii() || bare.len() >= SHORTEST_UUID || number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(id: &str) -> Tenant {
        Tenant::parse(id, &[]).unwrap()
    }

    #[test]
    fn a_text_comes_back_for_its_tenant_only() {
        let kept = bind(&tenant("shop"), "order-4711");
        assert_eq!(unbind(&kept, |tenant| tenant == "shop"), Some("order-4711"));
        for other in ["shop2", "sho", "Shop", "tenantgate"] {
            assert_eq!(unbind(&kept, |tenant| tenant == other), None, "{other}");
        }
        assert_eq!(unbind("order-4711", |tenant| tenant == "shop"), None);
    }

    #[test]
    fn no_text_of_one_tenant_is_bound_as_another_would_bind_it() {
        // Whatever A writes, B's prefix stands behind A's own.
        for text in ["b:x", ":x", "tenantgate:ab:x", ""] {
            assert_eq!(unbind(&bind(&tenant("a"), text), |tenant| tenant == "ab"), None, "{text}");
        }
    }

    #[test]
    fn what_could_be_an_id_is_told_from_words() {
        for id in [
            "0b7c9a1e-0c5f-11f0-9d0e-0242ac120002",
            "0B7C9A1E0C5F11F09D0E0242AC120002",
            " 4711 ",
            "4711",
            "",
            "１２",
        ] {
            assert!(may_be_id(id), "{id}");
        }
        for word in ["order-4711", "4711a", "deadbeef", "Bestellung ü"] {
            assert!(!may_be_id(word), "{word}");
        }
    }

    #[test]
    fn a_bound_text_is_no_id_and_has_its_room() {
        let long = tenant(&"f".repeat(64));
        assert!(!may_be_id(&bind(&long, "4711")));
        assert!(fits(&long, &"x".repeat(room(&long))) && !fits(&long, &"x".repeat(room(&long) + 1)));
        assert_eq!(bind(&long, &"x".repeat(room(&long))).len(), LONGEST);
        assert!(!fits(&long, &"😀".repeat(room(&long) / 2 + 1)));
    }
}
