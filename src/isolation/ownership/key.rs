//! Which of the caller's tenants has a definition of a key.

use crate::isolation::engine::{Engine, LONGEST_TARGET, needed, rows};
use crate::percent::encode_query;
use crate::policy::{LookUp, Policy, ResourceTypeId};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Caller, Tenant};

/// Which of these tenants has a definition of a key.
#[derive(Clone, Debug)]
pub(crate) struct KeyQuestion {
    list: String,
    key: String,
    /// The own one first.
    tenants: Vec<Tenant>,
}

/// A granted tenant that a look-up found to have the key: a path is built for no other.
#[derive(Clone, Debug)]
pub(crate) struct KeyTenant(Tenant);

impl KeyTenant {
    /// Its id.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Whose definition a key is.
pub(crate) enum KeyOwner {
    /// The caller's.
    Own,
    /// One granted tenant's.
    Granted(KeyTenant),
    /// Nobody's of them.
    None,
}

impl KeyQuestion {
    /// About a key of that resource type's definitions.
    ///
    /// # Errors
    /// The rules name no list that could be asked.
    pub(crate) fn new<'a>(
        policy: &Policy,
        resource_type: ResourceTypeId,
        key: &str,
        tenants: impl Iterator<Item = &'a Tenant>,
    ) -> Result<Self, Refusal> {
        let look_ups =
            policy.resource_type(resource_type).map_or(&[][..], |resource_type| &resource_type.look_up);
        let list = look_ups.iter().find_map(|look_up| match look_up {
            LookUp::GetList { path, .. } => Some(path),
            LookUp::PostList { .. } | LookUp::Count { .. } | LookUp::One { .. } => None,
        });
        let list =
            list.cloned().ok_or_else(|| Refusal::new(Kind::Internal, "the rules name no list of keys"))?;
        Ok(Self { list, key: key.to_owned(), tenants: tenants.cloned().collect() })
    }

    /// The first request as the engine gets it.
    pub(crate) fn target(&self) -> String {
        let pages = self.pages().unwrap_or_default();
        self.page(pages.first().copied().unwrap_or_default())
    }

    /// As many tenants at a time as fit into a target.
    fn pages(&self) -> Result<Vec<&[Tenant]>, Refusal> {
        let longest = self.page(&[]).len() + "&latestVersion=true&maxResults=10000".len();
        let pages = LONGEST_TARGET.checked_sub(longest).and_then(|room| Tenant::pages(&self.tenants, room));
        pages.ok_or_else(|| Refusal::new(Kind::TargetTooLong, "the key is too long for the engine"))
    }

    fn page(&self, tenants: &[Tenant]) -> String {
        let mut target = self.list.clone();
        let joined = Tenant::joined(tenants);
        let most = tenants.len().to_string();
        let latest = (tenants.len() > 1).then_some(("latestVersion", "true"));
        let pairs = [("key", self.key.as_str()), ("tenantIdIn", &joined), ("maxResults", &most)];
        encode_query(&mut target, pairs.into_iter().chain(latest));
        target
    }

    /// Asks the engine. Not remembered: a definition may come to be at any time.
    ///
    /// # Errors
    /// The engine can't be asked: then nothing may go on. [`Kind::AmbiguousKey`] where several granted tenants have the key
    /// and the own one has not: the engine would take none of them, and a guess could start another's process.
    pub(crate) async fn put(&self, engine: &Engine, caller: &Caller) -> Result<KeyOwner, Refusal> {
        let mut granted: Vec<&Tenant> = Vec::new();
        for page in self.pages()? {
            let list = engine.ask("GET", &self.page(page), None, caller).await?;
            for row in rows(&list)? {
                let tenant = needed(row, "tenantId")?;
                let Some(tenant) = page.iter().find(|one| one.as_str() == tenant) else { continue };
                if needed(row, "key")? != self.key {
                    continue;
                }
                if caller.own() == Some(tenant) {
                    return Ok(KeyOwner::Own);
                }
                if !granted.contains(&tenant) {
                    granted.push(tenant);
                }
            }
        }
        match granted.as_slice() {
            [] => Ok(KeyOwner::None),
            [one] => Ok(KeyOwner::Granted(KeyTenant((*one).clone()))),
            several => {
                let names = several.iter().map(|tenant| tenant.as_str()).collect::<Vec<_>>().join("`, `");
                let what = format!(
                    "several granted tenants have a definition with this key: `{names}`; name one of them with `/tenant-id/…`"
                );
                Err(Refusal::new(Kind::AmbiguousKey, what))
            }
        }
    }
}
