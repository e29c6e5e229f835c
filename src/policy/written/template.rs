//! Templates of paths, and what each of their parameters is.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::name::{NameFault, ResourceTypeName};

/// The template of a path, as `/task/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^(/([^/{}?#\\s]+|\\{[A-Za-z-]+\\}))+$"))]
pub struct Template {
    text: Arc<str>,
    segments: Arc<[Segment]>,
}

/// One segment of a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::policy) enum Segment {
    /// As it stands.
    Literal(String),
    /// `{T}`: the caller's tenant.
    CallerTenant,
    /// `{name}`: a parameter.
    Parameter(String),
}

/// Why a text is no template.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// It does not begin at the root.
    #[error("the path `{0}` does not begin with `/`")]
    NoRoot(String),
    /// A segment is neither a literal nor a parameter.
    #[error("`{segment}` in `{path}` is neither a literal segment nor a parameter as `{{id}}`")]
    Segment {
        /// The whole text.
        path: String,
        /// The segment.
        segment: String,
    },
}

impl Template {
    /// The template as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its segments.
    pub(in crate::policy) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The names of its parameters, in order.
    pub(in crate::policy) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) | Segment::CallerTenant => None,
        })
    }

    /// Whether the caller's tenant stands in it.
    pub(in crate::policy) fn has_caller_tenant(&self) -> bool {
        self.segments.contains(&Segment::CallerTenant)
    }
}

impl TryFrom<String> for Template {
    type Error = TemplateFault;

    fn try_from(text: String) -> Result<Self, TemplateFault> {
        let Some(rest) = text.strip_prefix('/') else { return Err(TemplateFault::NoRoot(text)) };
        let read = |segment: &str| {
            Segment::read(segment)
                .ok_or_else(|| TemplateFault::Segment { path: text.clone(), segment: segment.to_owned() })
        };
        let segments = rest.split('/').map(read).collect::<Result<_, _>>()?;
        Ok(Self { text: text.into(), segments })
    }
}

impl Segment {
    fn read(text: &str) -> Option<Self> {
        // What follows `?` or `#` is no path, and the router would read more into braces than a parameter.
        let literal = |c: char| !"{}?#".contains(c) && !c.is_whitespace();
        let Some(name) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return (!text.is_empty() && text.chars().all(literal)).then(|| Self::Literal(text.to_owned()));
        };
        match name {
            "T" => Some(Self::CallerTenant),
            _ if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || c == '-') => {
                Some(Self::Parameter(name.to_owned()))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a parameter of a path is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^(key-of )?[a-z][a-z-]*$"))]
pub(in crate::policy) enum PathMeaning {
    /// `free`: bound to its parent by the engine, or shown harmless by a test.
    Free,
    /// `tenant`: names a tenant.
    Tenant,
    /// An id of this resource type.
    Id(ResourceTypeName),
    /// `key-of TYPE`: the key of a definition of this resource type.
    KeyOf(ResourceTypeName),
}

impl TryFrom<String> for PathMeaning {
    type Error = NameFault;

    fn try_from(text: String) -> Result<Self, NameFault> {
        match (text.as_str(), text.strip_prefix("key-of ")) {
            ("free", _) => Ok(Self::Free),
            (ResourceTypeName::TENANT, _) => Ok(Self::Tenant),
            (_, Some(resource_type)) => {
                Ok(Self::KeyOf(ResourceTypeName::try_from(resource_type.to_owned())?))
            }
            (_, None) => Ok(Self::Id(ResourceTypeName::try_from(text)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NameFault, PathMeaning, ResourceTypeName, Segment, Template, TemplateFault};

    #[test]
    fn templates_have_literals_parameters_and_the_callers_tenant() {
        let path = "/process-definition/key/{key}/tenant-id/{T}/start_form.1";
        let template = Template::try_from(path.to_owned()).unwrap();
        let literal = |text: &str| Segment::Literal(text.into());
        let segments = [
            literal("process-definition"),
            literal("key"),
            Segment::Parameter("key".into()),
            literal("tenant-id"),
            Segment::CallerTenant,
            literal("start_form.1"),
        ];
        assert_eq!(template.segments(), segments);
        assert_eq!(template.parameters().collect::<Vec<_>>(), ["key"]);
        assert!(template.has_caller_tenant());
        assert_eq!(template.as_str(), path);
        assert!(!Template::try_from("/task/{tenant-id}".to_owned()).unwrap().has_caller_tenant());
    }

    #[test]
    fn what_is_no_template_is_refused() {
        let refused = |text: &str| Template::try_from(text.to_owned()).unwrap_err();
        assert_eq!(refused("task/{id}"), TemplateFault::NoRoot("task/{id}".into()));
        assert_eq!(refused(""), TemplateFault::NoRoot(String::new()));
        for (path, segment) in [
            ("/", ""),
            ("/task/", ""),
            ("/task//x", ""),
            ("/task/{id", "{id"),
            ("/task/id}", "id}"),
            ("/task/{}", "{}"),
            ("/task/{*rest}", "{*rest}"),
            ("/task/a{id}", "a{id}"),
            ("/task/{id}b", "{id}b"),
            ("/task?x=1", "task?x=1"),
            ("/task#x", "task#x"),
            ("/a task", "a task"),
        ] {
            let fault = TemplateFault::Segment { path: path.into(), segment: segment.into() };
            assert_eq!(refused(path), fault);
        }
    }

    #[test]
    fn a_parameter_is_free_a_tenant_an_id_or_a_key() {
        let meaning = |text: &str| PathMeaning::try_from(text.to_owned());
        let resource_type = |name: &str| ResourceTypeName::try_from(name.to_owned()).unwrap();
        assert_eq!(meaning("free"), Ok(PathMeaning::Free));
        assert_eq!(meaning("tenant"), Ok(PathMeaning::Tenant));
        assert_eq!(meaning("task"), Ok(PathMeaning::Id(resource_type("task"))));
        assert_eq!(
            meaning("key-of process-definition"),
            Ok(PathMeaning::KeyOf(resource_type("process-definition")))
        );
        assert_eq!(meaning("key-of"), Ok(PathMeaning::Id(resource_type("key-of"))));
        assert_eq!(meaning("key-of "), Err(NameFault::ResourceType(String::new())));
        assert_eq!(meaning("key-of free"), Err(NameFault::Free));
        assert_eq!(meaning("key of task"), Err(NameFault::ResourceType("key of task".into())));
        assert_eq!(meaning("Free"), Err(NameFault::ResourceType("Free".into())));
    }
}
