//! A field's value as the client sent it, in a query string or a JSON body, and what becomes of it.

use crate::isolation::ownership::ResourceId;
use crate::json::{Json, boolean, boolean_parameter};
use crate::refusal::{Kind, Refusal};

/// A field's value as the client sent it.
pub(super) enum Sent {
    /// In a query string.
    Parameter(String),
    /// In a JSON body; not null.
    Member(Json),
}

/// What becomes of a field.
pub(super) enum Decision {
    /// It does not go on.
    Drop,
    /// A pin stands here; see `Narrowing::pins`.
    Pinned,
    /// A text.
    Text(String),
    /// An id whose owner has to be known.
    Id(ResourceId),
    /// JSON, in bodies only.
    Json(Json<ResourceId>),
}

impl Sent {
    pub(super) fn text(self, name: &str) -> Result<String, Refusal> {
        match self {
            Sent::Parameter(text) => Ok(text),
            Sent::Member(json) => json.as_str().ok_or_else(|| wrong_type(name, "a string")),
        }
    }

    /// The texts of a list. A parameter's are parted by commas (facts 2).
    pub(super) fn texts(self, name: &str) -> Result<Vec<String>, Refusal> {
        let wrong = || wrong_type(name, "a list of strings");
        match self {
            Sent::Parameter(text) => {
                Ok(text.split(',').filter(|one| !one.trim().is_empty()).map(str::to_owned).collect())
            }
            Sent::Member(Json::Array(all)) => all.iter().map(|one| one.as_str().ok_or_else(wrong)).collect(),
            Sent::Member(Json::Object(_) | Json::Leaf(_) | Json::Hole(_)) => Err(wrong()),
        }
    }

    pub(super) fn boolean(self, name: &str) -> Result<bool, Refusal> {
        match self {
            Sent::Parameter(text) => boolean_parameter(&text).ok_or_else(|| {
                Refusal::new(Kind::QueryAmbiguous, format!("`{name}` must be `true` or `false`"))
            }),
            Sent::Member(json) => boolean(&json).ok_or_else(|| wrong_type(name, "a boolean")),
        }
    }

    pub(super) fn json(self, name: &str) -> Result<Json, Refusal> {
        match self {
            Sent::Member(json) => Ok(json),
            Sent::Parameter(_) => Err(denied(name, "it is accepted in a JSON body only")),
        }
    }

    /// As it came.
    pub(super) fn kept(self) -> Decision {
        match self {
            Sent::Parameter(text) => Decision::Text(text),
            Sent::Member(json) => Decision::Json(json.with_holes()),
        }
    }
}

pub(super) fn denied(name: &str, why: &str) -> Refusal {
    Refusal::new(Kind::FieldDenied, format!("`{name}` can't be used here: {why}"))
}

pub(super) fn wrong_type(name: &str, wanted: &str) -> Refusal {
    Refusal::new(Kind::BodyAmbiguous, format!("`{name}` must be {wanted}"))
}
