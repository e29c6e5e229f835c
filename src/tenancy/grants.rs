//! What a token grants besides the caller's own tenant.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

use super::Tenant;
use crate::config::Level;

/// See [`Grants::digest`].
pub(crate) type GrantsDigest = [u8; SHA256_OUTPUT_LEN];

/// Tenants that a token grants besides the caller's own, each at its level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(BTreeMap<Tenant, Level>);

impl Grants {
    /// Grants a tenant at a level; one that was granted before keeps the higher level.
    pub fn add(&mut self, tenant: Tenant, level: Level) {
        let granted = self.0.entry(tenant).or_insert(level);
        *granted = level.max(*granted);
    }

    /// The level of a tenant by its id.
    pub fn level(&self, tenant: &str) -> Option<Level> {
        self.0.get(tenant).copied()
    }

    /// A granted tenant by its id, with its level.
    pub fn get(&self, tenant: &str) -> Option<(&Tenant, Level)> {
        self.0.get_key_value(tenant).map(|(tenant, level)| (tenant, *level))
    }

    /// A short value that only equal grants have.
    pub(crate) fn digest(&self) -> GrantsDigest {
        let mut digest = GrantsDigest::default();
        if self.is_empty() {
            return digest;
        }
        let mut context = Context::new(&SHA256);
        for (tenant, level) in self.iter() {
            // Neither stands in a tenant's id.
            [tenant.as_str(), "=", level.name(), ","].iter().for_each(|part| context.update(part.as_bytes()));
        }
        digest.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        digest
    }

    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The granted tenants in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&Tenant, Level)> {
        self.0.iter().map(|(tenant, level)| (tenant, *level))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_higher_of_two_levels_counts_whichever_comes_first() {
        for levels in [[Level::Read, Level::All], [Level::All, Level::Read]] {
            let mut grants = Grants::default();
            levels.into_iter().for_each(|level| grants.add(Tenant::parse("B", &[]).unwrap(), level));
            assert_eq!(
                (grants.level("B"), grants.level("b"), grants.level("C")),
                (Some(Level::All), None, None)
            );
        }
    }
}
