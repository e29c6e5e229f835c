//! Handles: ids of records without tenant, signed for the tenant that made them.
//!
//! Most batches have no tenant in the engine (facts 9), so nothing there says whose they are. The tenant that made
//! one gets `<id>.<MAC>`: any replica with the same key can tell by it whose the batch is, and nobody else can make
//! or use it. A raw id is worth nothing here: it goes through the ordinary look-up, which wants the engine's row to
//! name the tenant.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret;

use crate::config::BatchKey;
use crate::tenancy::{Caller, Level, Tenant};

/// Makes and opens handles. The first key signs; all are taken, so that keys can be changed.
pub(crate) struct Handles {
    keys: Vec<hmac::Key>,
    engine: String,
}

impl Handles {
    /// Handles of the records of one engine. Without a key, a random one: handles die with the process.
    pub(crate) fn new(keys: &[BatchKey], engine: &str) -> Self {
        let mut made: Vec<hmac::Key> =
            keys.iter().map(|k| hmac::Key::new(hmac::HMAC_SHA256, k.expose_secret())).collect();
        if made.is_empty() {
            let random: Vec<u8> = (0..3).flat_map(|_| uuid::Uuid::new_v4().into_bytes()).collect();
            made.push(hmac::Key::new(hmac::HMAC_SHA256, &random));
        }
        Self { keys: made, engine: engine.to_owned() }
    }

    /// What is signed: each field behind its length, so that no two readings give the same bytes. A batch may touch every
    /// tenant that its maker was granted in full, so those are signed, too: a client of the same tenant without them must
    /// not run or stop it.
    fn text(&self, purpose: &str, maker: &Maker<'_>, id: &str) -> Vec<u8> {
        let (label, tenants) = match maker {
            Maker::Tenant(tenant) => (&["tenantgate-handle-1"][..], &[*tenant][..]),
            Maker::Granted(tenants) => (&["tenantgate-handle-2"][..], &tenants[..]),
            Maker::Person(user, tenants) => (&["tenantgate-handle-3", user][..], &tenants[..]),
        };
        [label, &[purpose, &self.engine], tenants, &[id]]
            .concat()
            .iter()
            .flat_map(|field| (field.len() as u64).to_be_bytes().into_iter().chain(field.bytes()))
            .collect()
    }

    /// The handle of an id for its maker; none if no key is there to sign it.
    pub(crate) fn seal(&self, purpose: &str, caller: &Caller, id: &str) -> Option<String> {
        let tag = hmac::sign(self.keys.first()?, &self.text(purpose, &Maker::of(caller), id));
        Some(format!("{id}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref())))
    }

    /// The id of a handle that was made for this purpose, by a client of the caller's tenant with no grants in full or the
    /// same ones, or by the same person with the same ones. The MAC is compared in constant time.
    pub(crate) fn open(&self, purpose: &str, caller: &Caller, handle: &str) -> Option<String> {
        let (id, mac) = handle.rsplit_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let holds = |maker: &Maker<'_>| {
            let text = self.text(purpose, maker, id);
            self.keys.iter().any(|key| hmac::verify(key, &text, &mac).is_ok())
        };
        let of_tenant = caller.own().is_some_and(|own| holds(&Maker::Tenant(own.as_str())));
        (of_tenant || holds(&Maker::of(caller))).then(|| id.to_owned())
    }
}

/// For whom a handle is.
enum Maker<'a> {
    /// A client without other tenants in full: each client of its tenant has the same.
    Tenant(&'a str),
    /// A client with these tenants in full, its own first.
    Granted(Vec<&'a str>),
    /// A person with these tenants in full.
    Person(&'a str, Vec<&'a str>),
}

impl<'a> Maker<'a> {
    fn of(caller: &'a Caller) -> Self {
        let tenants: Vec<&str> = caller.tenants(Level::All).map(Tenant::as_str).collect();
        match (caller.own(), tenants.as_slice()) {
            (None, _) => Self::Person(caller.user(), tenants),
            (Some(own), [_]) => Self::Tenant(own.as_str()),
            (Some(_), _) => Self::Granted(tenants),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenancy::{Grants, UserId};

    fn key(byte: u8) -> BatchKey {
        vec![byte; 32].into()
    }

    fn tenant(id: &str) -> Caller {
        Caller::new(Tenant::parse(id, &[]).unwrap())
    }

    /// A client of A whose token grants these in full.
    fn granted(ids: &[(&str, Level)]) -> Caller {
        let mut grants = Grants::default();
        ids.iter().for_each(|(id, level)| grants.add(Tenant::parse(id, &[]).unwrap(), *level));
        tenant("A").granted(grants)
    }

    #[test]
    fn a_handle_made_with_grants_opens_for_the_same_grants_only() {
        let handles = Handles::new(&[key(1)], "default");
        let made = handles.seal("batch", &granted(&[("B", Level::All)]), "id").unwrap();
        let opens = |caller: &Caller, handle: &str| handles.open("batch", caller, handle).is_some();
        assert!(opens(&granted(&[("B", Level::All)]), &made));
        for other in
            [&[][..], &[("B", Level::Work)], &[("B", Level::All), ("C", Level::All)], &[("C", Level::All)]]
        {
            assert!(!opens(&granted(other), &made), "{other:?}");
        }
        // One without grants in full is the tenant's own: each of its clients opens it.
        let own = handles.seal("batch", &granted(&[("B", Level::Work)]), "id").unwrap();
        assert!(opens(&tenant("A"), &own) && opens(&granted(&[("B", Level::All)]), &own));
        assert!(!opens(&tenant("B"), &own) && !opens(&tenant("B"), &made));
    }

    #[test]
    fn a_handle_of_a_person_opens_for_that_person_and_the_same_grants_only() {
        let handles = Handles::new(&[key(1)], "default");
        let person = |sub: &str, ids: &[&str]| {
            let mut grants = Grants::default();
            ids.iter().for_each(|id| grants.add(Tenant::parse(id, &[]).unwrap(), Level::All));
            Caller::person(UserId::of_person("p:", sub, &[]).unwrap()).granted(grants)
        };
        let made = handles.seal("batch", &person("ada", &["A"]), "id").unwrap();
        let opens = |caller: &Caller, handle: &str| handles.open("batch", caller, handle).is_some();
        assert!(opens(&person("ada", &["A"]), &made));
        for other in [&person("eve", &["A"]), &person("ada", &["A", "B"]), &person("ada", &[]), &tenant("A")]
        {
            assert!(!opens(other, &made), "{other:?}");
        }
        let own = handles.seal("batch", &tenant("A"), "id").unwrap();
        assert!(!opens(&person("ada", &["A"]), &own));
    }

    #[test]
    fn a_handle_opens_for_its_tenant_purpose_and_engine_only() {
        let handles = Handles::new(&[key(1)], "default");
        let handle = handles.seal("batch", &tenant("A"), "id-1").unwrap();
        assert_eq!(handles.open("batch", &tenant("A"), &handle).as_deref(), Some("id-1"));
        assert_eq!(handles.open("batch", &tenant("B"), &handle), None);
        assert_eq!(handles.open("job-definition", &tenant("A"), &handle), None);
        assert_eq!(Handles::new(&[key(1)], "other").open("batch", &tenant("A"), &handle), None);
        assert_eq!(Handles::new(&[key(2)], "default").open("batch", &tenant("A"), &handle), None);
    }

    #[test]
    fn forged_cut_and_swapped_handles_do_not_open() {
        let handles = Handles::new(&[key(1)], "default");
        let handle = handles.seal("batch", &tenant("A"), "id-1").unwrap();
        let other = handles.seal("batch", &tenant("A"), "id-2").unwrap();
        let mac = handle.rsplit_once('.').unwrap().1;
        let swapped = format!("id-2.{mac}");
        for forged in ["id-1", "id-1.", ".", "", &handle[..handle.len() - 1], &swapped, &format!("{handle}A")]
        {
            assert_eq!(handles.open("batch", &tenant("A"), forged), None, "{forged}");
        }
        assert!(handles.open("batch", &tenant("A"), &other).is_some());
    }

    #[test]
    fn an_old_key_still_opens_and_the_first_signs() {
        let old = Handles::new(&[key(1)], "default").seal("batch", &tenant("A"), "id").unwrap();
        let rotated = Handles::new(&[key(2), key(1)], "default");
        assert_eq!(rotated.open("batch", &tenant("A"), &old).as_deref(), Some("id"));
        let new = rotated.seal("batch", &tenant("A"), "id").unwrap();
        assert_eq!(
            Handles::new(&[key(2)], "default").open("batch", &tenant("A"), &new).as_deref(),
            Some("id")
        );
    }
}
