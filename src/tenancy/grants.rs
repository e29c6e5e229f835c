//! What a token grants besides the caller's own tenant.

use std::collections::BTreeMap;

use super::Tenant;
use crate::config::Level;

/// Tenants that a token grants besides the caller's own, each at its level.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
