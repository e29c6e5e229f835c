//! Patterns of scopes that grant something, as `tenant:{tenant}:{level}`.
//!
//! In: the text of a setting. Out: a pattern that reads a scope in one way only, or why it could not.

use super::level::Level;

/// A pattern of scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScopePattern {
    before: String,
    placeholders: Placeholders,
    after: String,
}

/// The placeholders between the first text and the last.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Placeholders {
    None(Level),
    Tenant(Level),
    Level,
    TenantLevel { between: String },
    LevelTenant { between: String },
}

/// What stands in a scope that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Matched<'a> {
    /// In the place of `{tenant}`; empty for a pattern without it. Not yet checked to be a tenant.
    pub(crate) tenant: &'a str,
    /// The level, where the scope names one.
    pub(crate) level: Option<Level>,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopePatternFault {
    /// No `{tenant}`.
    #[error("has no `{{tenant}}`, so it is unknown whose data it grants")]
    NoTenant,
    /// A `{tenant}` where all are granted.
    #[error("names a `{{tenant}}`, but grants all of them")]
    OneTenant,
    /// A placeholder twice, or an unknown one.
    #[error("has a placeholder twice, or one that is neither `{{tenant}}` nor `{{level}}`")]
    Placeholder,
    /// Two placeholders without a text between.
    #[error("has no text between its placeholders, so they cannot be told apart")]
    NoSeparator,
    /// No level.
    #[error("contains no `{{level}}`, and no `level` is set")]
    NoLevel,
    /// Two levels.
    #[error("contains `{{level}}`, but a `level` is set as well")]
    TwoLevels,
    /// Placeholders and punctuation only.
    #[error("consists of placeholders only: scopes with another meaning would grant tenants")]
    NoWord,
    /// Not the characters of a scope.
    #[error("contains a character that is not allowed in a scope (RFC 6749 section 3.3)")]
    Characters,
}

impl ScopePattern {
    /// Whether a scope could match both: tenants' ids may hold what stands between the placeholders of another.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let meet =
            |one: &str, other: &str, ends: fn(&str, &str) -> bool| ends(one, other) || ends(other, one);
        meet(&self.before, &other.before, |one, other| one.starts_with(other))
            && meet(&self.after, &other.after, |one, other| one.ends_with(other))
    }
}

/// Whether a text can be a scope: visible ASCII without quotes and backslashes (RFC 6749 section 3.3).
pub(super) fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

enum Piece<'a> {
    Text(&'a str),
    Tenant,
    Level,
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, ScopePatternFault> {
    let mut pieces = Vec::new();
    let mut parts = text.split('{');
    pieces.extend(parts.next().filter(|t| !t.is_empty()).map(Piece::Text));
    for part in parts {
        let (name, text) = part.split_once('}').ok_or(ScopePatternFault::Placeholder)?;
        pieces.push(match name {
            "tenant" => Piece::Tenant,
            "level" => Piece::Level,
            _ => return Err(ScopePatternFault::Placeholder),
        });
        pieces.extend(Some(text).filter(|t| !t.is_empty()).map(Piece::Text));
    }
    let stray = |piece: &Piece<'_>| matches!(piece, Piece::Text(text) if text.contains('}'));
    if pieces.iter().any(stray) { Err(ScopePatternFault::Placeholder) } else { Ok(pieces) }
}

impl ScopePattern {
    /// The pattern of scopes that grant one tenant; `level` is the setting beside it.
    ///
    /// # Errors
    /// Why a scope could not be read in one way.
    pub(crate) fn of_tenant(text: &str, level: Option<Level>) -> Result<Self, ScopePatternFault> {
        let pattern = Self::parse(text, level)?;
        if pattern.has_tenant() { Ok(pattern) } else { Err(ScopePatternFault::NoTenant) }
    }

    /// The pattern of scopes that grant every tenant; `level` is the setting beside it.
    ///
    /// # Errors
    /// Why a scope could not be read in one way.
    pub(crate) fn of_all_tenants(text: &str, level: Option<Level>) -> Result<Self, ScopePatternFault> {
        let pattern = Self::parse(text, level)?;
        if pattern.has_tenant() { Err(ScopePatternFault::OneTenant) } else { Ok(pattern) }
    }

    fn has_tenant(&self) -> bool {
        !matches!(self.placeholders, Placeholders::None(_) | Placeholders::Level)
    }

    fn parse(text: &str, level: Option<Level>) -> Result<Self, ScopePatternFault> {
        use Piece::{Level as L, Tenant as T, Text};
        use ScopePatternFault as Fault;
        if !is_scope(text) {
            return Err(Fault::Characters);
        }
        let all = pieces(text)?;
        let word =
            |piece: &Piece<'_>| matches!(piece, Text(t) if t.bytes().any(|b| b.is_ascii_alphanumeric()));
        if !all.iter().any(word) {
            return Err(Fault::NoWord);
        }
        let (before, rest) = match &*all {
            [Text(before), rest @ ..] => (*before, rest),
            rest => ("", rest),
        };
        let (rest, after) = match rest {
            [rest @ .., Text(after)] => (rest, *after),
            rest => (rest, ""),
        };
        let fixed = level.ok_or(Fault::NoLevel);
        let placeholders = match rest {
            [] => Placeholders::None(fixed?),
            [T] => Placeholders::Tenant(fixed?),
            [L] | [T, Text(_), L] | [L, Text(_), T] if level.is_some() => return Err(Fault::TwoLevels),
            [L] => Placeholders::Level,
            [T, Text(between), L] => Placeholders::TenantLevel { between: (*between).to_owned() },
            [L, Text(between), T] => Placeholders::LevelTenant { between: (*between).to_owned() },
            [T, L] | [L, T] => return Err(Fault::NoSeparator),
            _ => return Err(Fault::Placeholder),
        };
        Ok(Self { before: before.to_owned(), placeholders, after: after.to_owned() })
    }

    /// What stands in a scope; none if it is simply another scope.
    pub(crate) fn find<'a>(&self, scope: &'a str) -> Option<Matched<'a>> {
        let inside = scope.strip_prefix(&*self.before)?.strip_suffix(&*self.after)?;
        match &self.placeholders {
            Placeholders::None(level) => {
                inside.is_empty().then_some(Matched { tenant: "", level: Some(*level) })
            }
            Placeholders::Tenant(level) => Some(Matched { tenant: inside, level: Some(*level) }),
            Placeholders::Level => Some(Matched { tenant: "", level: Level::named(inside) }),
            // No level's name is the beginning or end of another's, so at most one of them fits, whatever stands
            // between: a tenant that holds the separator is read whole.
            Placeholders::TenantLevel { between } => inside.contains(&**between).then(|| {
                let cut = |l: &Level| Some((inside.strip_suffix(l.name())?.strip_suffix(&**between)?, *l));
                read(Level::EACH.iter().find_map(cut))
            }),
            Placeholders::LevelTenant { between } => inside.contains(&**between).then(|| {
                let cut = |l: &Level| Some((inside.strip_prefix(l.name())?.strip_prefix(&**between)?, *l));
                read(Level::EACH.iter().find_map(cut))
            }),
        }
    }
}

fn read(found: Option<(&str, Level)>) -> Matched<'_> {
    match found {
        Some((tenant, level)) => Matched { tenant, level: Some(level) },
        None => Matched { tenant: "", level: None },
    }
}

#[cfg(test)]
#[path = "tests/scope_pattern.rs"]
mod tests;
