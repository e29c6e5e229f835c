//! The caller: who the token proves.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use super::grants::Grants;
use super::permitted::Permitted;
use super::user::UserId;
use crate::config::{Level, TenantIdFault, tenant_id};
use crate::refusal::{Kind, Refusal};

/// Most pages of tenants for one question: 10,000 of the longest ids take 97 in a whole query string.
const MOST_PAGES: usize = 200;

/// A tenant id that is safe in a path segment, a comma list, a header and JSON.
///
/// INVARIANT: made by [`Tenant::read`] only, so every other stage may write it down without another check.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// Takes what a tenant's id may be, and nothing else.
    ///
    /// # Errors
    /// The text has another shape, or is one of `reserved` (or `camunda-admin`).
    pub(crate) fn read(text: &str, reserved: &[String]) -> Result<Self, TenantIdFault> {
        tenant_id(text, reserved).map(|()| Self(text.into()))
    }

    /// The tenant, or user, of a client id.
    ///
    /// # Errors
    /// [`Kind::ClientId`] when the text has another shape or is one of `reserved` (or `camunda-admin`).
    pub fn parse(client_id: &str, reserved: &[String]) -> Result<Self, Refusal> {
        Self::read(client_id, reserved).map_err(|fault| {
            Refusal::new(Kind::ClientId, format!("the token's client id cannot be a tenant: {fault}"))
        })
    }

    /// Ids as the engine's lists take them (facts 2): no id holds a comma.
    pub(crate) fn joined<'a>(tenants: impl IntoIterator<Item = &'a Self>) -> String {
        tenants.into_iter().map(Self::as_str).collect::<Vec<_>>().join(",")
    }

    /// Tenants in pages of which each takes so many bytes of a query string at most; none where that is too few for one,
    /// or takes too many pages: each is a request to the engine, and a client may fill the query string with its own.
    pub(crate) fn pages<T: Borrow<Self>>(tenants: &[T], room: usize) -> Option<Vec<&[T]>> {
        // No character of an id is percent-encoded; a comma is.
        let taken = |tenant: &T| tenant.borrow().0.len() + "%2C".len();
        let mut pages = Vec::new();
        let mut rest = tenants;
        while !rest.is_empty() {
            let mut left = room;
            let fits = rest.iter().take_while(|tenant| match left.checked_sub(taken(tenant)) {
                Some(less) => {
                    left = less;
                    true
                }
                None => false,
            });
            let (page, others) = rest.split_at(fits.count());
            if page.is_empty() || pages.len() == MOST_PAGES {
                return None;
            }
            pages.push(page);
            rest = others;
        }
        Some(pages)
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id itself.
    pub(super) fn into_text(self) -> Arc<str> {
        self.0
    }
}

impl Borrow<str> for Tenant {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tenant({})", self.0)
    }
}

/// Whose share of requests a caller uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ShareOf {
    /// A tenant's.
    Tenant(Tenant),
    /// A person's.
    Person(UserId),
}

/// Who the token proves, and what it grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    user: UserId,
    /// None for a person: a token of a person proves no tenant, it only grants some.
    own: Option<Tenant>,
    grants: Arc<Grants>,
    all_tenants: Option<Level>,
    permitted: Permitted,
    expires: Option<u64>,
}

impl Caller {
    /// The caller that owns `tenant` and acts under its name.
    pub fn new(tenant: Tenant) -> Self {
        Self { own: Some(tenant.clone()), ..Self::person(tenant.into()) }
    }

    /// A person, who has no tenant: only what the token grants.
    pub fn person(user: UserId) -> Self {
        Self {
            user,
            own: None,
            grants: Arc::default(),
            all_tenants: None,
            permitted: Permitted::default(),
            expires: None,
        }
    }

    /// The same caller under the name of another user: one of several clients of a tenant.
    #[must_use]
    pub fn acting_as(self, user: impl Into<UserId>) -> Self {
        Self { user: user.into(), ..self }
    }

    /// The same caller with tenants that its token grants.
    #[must_use]
    pub fn granted(self, grants: impl Into<Arc<Grants>>) -> Self {
        Self { grants: grants.into(), ..self }
    }

    /// The same caller with a level at which its token grants every tenant.
    #[must_use]
    pub fn granted_all_tenants(self, level: Option<Level>) -> Self {
        Self { all_tenants: level, ..self }
    }

    /// The same caller with the kinds of rules that its token permits.
    #[must_use]
    pub fn permitted(self, permitted: Permitted) -> Self {
        Self { permitted, ..self }
    }

    /// The same caller with the time at which its token expires, in seconds since 1970.
    #[must_use]
    pub fn until(self, expires: u64) -> Self {
        Self { expires: Some(expires), ..self }
    }

    /// The Camunda user id, as a value that is safe in a log line.
    pub fn user_id(&self) -> &UserId {
        &self.user
    }

    /// The Camunda user id.
    pub fn user(&self) -> &str {
        self.user.as_str()
    }

    /// The caller's own tenant; a person has none.
    pub fn own(&self) -> Option<&Tenant> {
        self.own.as_ref()
    }

    /// Whether this is the caller's own tenant.
    pub fn owns(&self, tenant: &str) -> bool {
        self.own.as_ref().is_some_and(|own| own.as_str() == tenant)
    }

    /// The own tenant, for what acts in one tenant and was told no other.
    ///
    /// # Errors
    /// [`Kind::NoOwnTenant`] for a person.
    pub fn needs_own(&self) -> Result<&Tenant, Refusal> {
        self.own.as_ref().ok_or_else(|| {
            let what = "the token is a person's, who has no tenant: name a granted one, where the operation takes a \
                        tenant, or use a token of an application";
            Refusal::new(Kind::NoOwnTenant, what)
        })
    }

    /// The tenant where something is looked for that none of the granted ones has: the own one, a person's first.
    ///
    /// # Errors
    /// [`Kind::NoOwnTenant`] for a person who may read no tenant.
    pub fn first(&self) -> Result<&Tenant, Refusal> {
        self.tenants(Level::Read).next().map_or_else(|| self.needs_own(), Ok)
    }

    /// Whose share of requests it uses: its tenant's, which all its clients have in common, or the person's.
    pub fn share(&self) -> ShareOf {
        match &self.own {
            Some(own) => ShareOf::Tenant(own.clone()),
            None => ShareOf::Person(self.user.clone()),
        }
    }

    /// The tenants that its token grants besides the own one.
    pub fn grants(&self) -> &Arc<Grants> {
        &self.grants
    }

    /// The level at which its token grants every tenant.
    pub fn all_tenants(&self) -> Option<Level> {
        self.all_tenants
    }

    /// The tenants that are granted at this level or a higher one, the own one first. A person may have none.
    pub fn tenants(&self, level: Level) -> impl Iterator<Item = &Tenant> {
        let own = self.own.as_ref();
        let granted = self.grants.iter().filter(move |(tenant, at)| *at >= level && Some(*tenant) != own);
        own.into_iter().chain(granted.map(|(tenant, _)| tenant))
    }

    /// The granted tenant of this id, the own one included; none where it is not granted at all.
    ///
    /// # Errors
    /// [`Kind::Level`] for one that is granted at a lower level than this: the caller sees it, so nothing is told by it.
    pub fn at_level(&self, tenant: &str, level: Level) -> Result<Option<&Tenant>, Refusal> {
        if let Some(own) = self.own.as_ref().filter(|own| own.as_str() == tenant) {
            return Ok(Some(own));
        }
        match self.grants.get(tenant) {
            Some((granted, at)) if at >= level => Ok(Some(granted)),
            Some((_, at)) => Err(too_low(at, level)),
            None => Ok(None),
        }
    }

    /// The kinds of rules that its token permits.
    pub fn permits(&self) -> Permitted {
        self.permitted
    }

    /// When its token expires, in seconds since 1970; none without a token.
    pub fn expires(&self) -> Option<u64> {
        self.expires
    }

    /// The level at which it may use a tenant: all in its own.
    pub fn level(&self, tenant: &str) -> Option<Level> {
        if self.owns(tenant) { Some(Level::All) } else { self.grants.level(tenant) }
    }
}

/// The refusal of a record whose tenant is granted at a lower level than an operation takes.
fn too_low(granted: Level, wanted: Level) -> Refusal {
    let what =
        format!("the token grants this tenant at level `{granted}`; the operation takes level `{wanted}`");
    Refusal::new(Kind::Level, what)
}
