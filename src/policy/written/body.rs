//! What a rule says about the body.

use schemars::JsonSchema;
use serde::Deserialize;

use super::name::{FieldRulesName, NameFault};

/// The forms of several parts that the engine takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multipart {
    /// `POST /task/{id}/attachment/create`.
    Attachment,
    /// `POST …/variables/{name}/data`.
    Variable,
    /// `POST /deployment/create`.
    Deployment,
}

/// What a body is, as written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(
    with = "String",
    extend("pattern" = "^(none|attachment|variable-data|deployment|[A-Z][A-Za-z]*)$")
)]
pub(in crate::policy) enum BodyWritten {
    /// `none`: one that is sent is dropped.
    None,
    /// A form of several parts.
    Multipart(Multipart),
    /// JSON of these field rules.
    Json(FieldRulesName),
}

/// Why a text says nothing about a body.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a body: use `none`, `attachment`, `variable-data`, `deployment`, or field rules such as `TaskQuery`"
)]
pub(in crate::policy) struct BodyFault(String);

impl TryFrom<String> for BodyWritten {
    type Error = BodyFault;

    fn try_from(text: String) -> Result<Self, BodyFault> {
        match text.as_str() {
            "none" => Ok(Self::None),
            "attachment" => Ok(Self::Multipart(Multipart::Attachment)),
            "variable-data" => Ok(Self::Multipart(Multipart::Variable)),
            "deployment" => Ok(Self::Multipart(Multipart::Deployment)),
            _ => {
                FieldRulesName::try_from(text.clone()).map(Self::Json).map_err(|_: NameFault| BodyFault(text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BodyFault, BodyWritten, FieldRulesName, Multipart};

    #[test]
    fn a_body_is_none_a_form_or_a_shape() {
        let body = |text: &str| BodyWritten::try_from(text.to_owned());
        assert_eq!(body("none"), Ok(BodyWritten::None));
        assert_eq!(body("attachment"), Ok(BodyWritten::Multipart(Multipart::Attachment)));
        assert_eq!(body("variable-data"), Ok(BodyWritten::Multipart(Multipart::Variable)));
        assert_eq!(body("deployment"), Ok(BodyWritten::Multipart(Multipart::Deployment)));
        let field_rules = FieldRulesName::try_from("TaskQuery".to_owned()).unwrap();
        assert_eq!(body("TaskQuery"), Ok(BodyWritten::Json(field_rules)));
        for text in ["", "attachments", "variable", "form-data", "taskQuery"] {
            assert_eq!(body(text), Err(BodyFault(text.into())));
        }
    }
}
