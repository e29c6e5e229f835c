//! Which kinds of rules a token permits.

use crate::config::Permissions;
use crate::refusal::{Kind, Refusal};

/// The kinds of rules that a token permits, by their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permitted {
    /// By the place of the kind in the settings.
    withheld: [bool; Permissions::KINDS.len()],
}

impl Permitted {
    /// What a token with these scopes permits: each kind that needs none, or one that it has.
    pub(crate) fn by(settings: &Permissions, has: impl Fn(&str) -> bool) -> Self {
        let withheld = settings
            .kinds()
            .map(|(_, needed)| needed.is_some_and(|needed| !needed.iter().any(|scope| has(scope))));
        Self { withheld }
    }

    /// The names of the permitted kinds.
    pub(crate) fn kinds(self) -> impl Iterator<Item = &'static str> {
        let kinds = Permissions::KINDS.into_iter().zip(self.withheld);
        kinds.filter(|(_, withheld)| !withheld).map(|(kind, _)| kind)
    }

    /// Whether a rule's kind is permitted.
    ///
    /// # Errors
    /// [`Kind::MissingScope`], which tells the scopes that `settings` take. A kind that no setting knows is refused.
    pub(crate) fn check(self, kind: &str, settings: &Permissions) -> Result<(), Refusal> {
        if self.kinds().any(|permitted| permitted == kind) {
            return Ok(());
        }
        let kinds = settings.kinds();
        let needed = kinds.into_iter().find(|(name, _)| *name == kind).and_then(|(_, needed)| needed);
        let scopes = needed.unwrap_or_default().join(" ");
        let message = format!("operations of kind `{kind}` need a token with one of these scopes: {scopes}");
        Err(Refusal::new(Kind::MissingScope, message).for_want_of(scopes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_named_needs_one_of_its_scopes() {
        let scopes = |texts: &[&str]| Some(texts.iter().map(|&t| t.to_owned()).collect());
        let settings = Permissions {
            work: scopes(&["do", "do:all"]),
            deploy: scopes(&["ship"]),
            ..Permissions::default()
        };
        let permitted = Permitted::by(&settings, |scope| scope == "do:all");
        assert_eq!(permitted.kinds().collect::<Vec<_>>(), ["read", "work", "start", "administer"]);
        assert!(permitted.check("work", &settings).is_ok());
        let refusal = permitted.check("deploy", &settings).unwrap_err();
        assert_eq!((refusal.kind(), refusal.needed_scopes()), (Kind::MissingScope, Some("ship")));
        assert_eq!(permitted.check("fly", &settings).unwrap_err().kind(), Kind::MissingScope);
    }

    #[test]
    fn without_settings_every_kind_of_rule_is_permitted() {
        use crate::policy::RuleKind;
        for kind in [RuleKind::Read, RuleKind::Work, RuleKind::Start, RuleKind::Deploy, RuleKind::Administer]
        {
            assert!(Permitted::default().check(kind.name(), &Permissions::default()).is_ok(), "{kind:?}");
        }
    }
}
