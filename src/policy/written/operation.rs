//! The key of a rule: which operation it is for.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use super::template::{Template, TemplateFault};

/// A method of the engine's REST interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Removes.
    Delete,
    /// Reads.
    Get,
    /// Asks what may be done.
    Options,
    /// Makes, does, or reads by a body.
    Post,
    /// Sets.
    Put,
}

impl Method {
    /// All methods.
    pub(in crate::policy) const ALL: [Self; 5] =
        [Self::Get, Self::Post, Self::Put, Self::Delete, Self::Options];

    /// Its name in HTTP.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }

    /// The method of this name, if the engine has it.
    pub(in crate::policy) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// Method and path template of an operation, as `GET /task/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct OperationKey {
    // First, so that keys are in the order of their names.
    name: Arc<str>,
    method: Method,
    template: Template,
}

/// Why a text is no key of an operation.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationKeyFault {
    /// There is no space in it.
    #[error("`{0}` is not a method and a path, as `GET /task/{{id}}`")]
    NotTwo(String),
    /// The engine has no such method.
    #[error("`{0}` is not a method of the engine, which has {all}", all = Method::ALL.map(Method::name).join(", "))]
    Method(String),
    /// The path is no template.
    #[error(transparent)]
    Template(#[from] TemplateFault),
    /// `{T}` is for the engine's path.
    #[error("`{{T}}` in `{0}` is the caller's tenant, which no caller sends")]
    CallerTenant(String),
    /// Two parameters have the same name, so that neither can be told from the other.
    #[error("`{{{parameter}}}` is twice in `{key}`")]
    Twice {
        /// The whole key.
        key: String,
        /// The parameter's name.
        parameter: String,
    },
}

impl OperationKey {
    /// The key as it is written.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The template of its path.
    pub fn template(&self) -> &Template {
        &self.template
    }
}

impl TryFrom<String> for OperationKey {
    type Error = OperationKeyFault;

    fn try_from(text: String) -> Result<Self, OperationKeyFault> {
        let Some((method, path)) = text.split_once(' ') else { return Err(OperationKeyFault::NotTwo(text)) };
        let method = Method::named(method).ok_or_else(|| OperationKeyFault::Method(method.to_owned()))?;
        let template = Template::try_from(path.to_owned())?;
        if template.has_caller_tenant() {
            return Err(OperationKeyFault::CallerTenant(text));
        }
        let twice = |(n, name): (usize, &str)| {
            template.parameters().take(n).any(|earlier| earlier == name).then(|| name.to_owned())
        };
        if let Some(parameter) = template.parameters().enumerate().find_map(twice) {
            return Err(OperationKeyFault::Twice { key: text, parameter });
        }
        Ok(Self { name: text.into(), method, template })
    }
}

impl fmt::Display for OperationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Method, OperationKey, OperationKeyFault as Fault};

    fn key(text: &str) -> Result<OperationKey, Fault> {
        OperationKey::try_from(text.to_owned())
    }

    #[test]
    fn an_operation_is_a_method_and_a_path() {
        for method in Method::ALL {
            let text = format!("{} /task/{{id}}/comment/{{commentId}}", method.name());
            let key = key(&text).unwrap();
            assert_eq!((key.method(), key.template().as_str()), (method, "/task/{id}/comment/{commentId}"));
            assert_eq!((&**key.name(), key.to_string()), (text.as_str(), text.clone()));
        }
    }

    #[test]
    fn what_is_no_operation_is_refused() {
        for text in ["", "GET", "GET/task", "/task"] {
            assert_eq!(key(text), Err(Fault::NotTwo(text.into())));
        }
        for method in ["PATCH", "HEAD", "get", "", "GET,POST"] {
            assert_eq!(key(&format!("{method} /task")), Err(Fault::Method(method.into())));
        }
        for text in ["GET task", "GET  /task", "GET /task/", "GET /task/{id"] {
            assert!(matches!(key(text), Err(Fault::Template(_))), "{text}");
        }
        assert_eq!(key("GET /task/{T}"), Err(Fault::CallerTenant("GET /task/{T}".into())));
        let twice = "GET /task/{id}/comment/{id}";
        assert_eq!(key(twice), Err(Fault::Twice { key: twice.into(), parameter: "id".into() }));
    }

    #[test]
    fn keys_are_in_the_order_of_their_names() {
        let mut keys = ["PUT /a", "GET /a/b", "GET /a-b", "DELETE /b"].map(|text| key(text).unwrap());
        keys.sort();
        assert_eq!(keys.map(|key| key.to_string()), ["DELETE /b", "GET /a-b", "GET /a/b", "PUT /a"]);
    }
}
