//! How much of a tenant's data a token may grant.

use std::fmt;

/// How much of a tenant's data is granted. A higher level holds the lower ones.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Reading.
    Read,
    /// Reading, and working on what is there: tasks, variables, comments, external tasks, jobs.
    Work,
    /// Everything, as in the own tenant.
    All,
}

impl Level {
    /// All levels, the lowest first.
    pub const EACH: [Level; 3] = [Level::Read, Level::Work, Level::All];

    /// Its name in settings, claims and scopes.
    pub fn name(self) -> &'static str {
        match self {
            Level::Read => "read",
            Level::Work => "work",
            Level::All => "all",
        }
    }

    /// The level of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|level| level.name() == name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_has_one_name() {
        for level in Level::EACH {
            assert_eq!(Level::named(level.name()), Some(level));
        }
        assert_eq!(Level::named("Read"), None);
    }
}
