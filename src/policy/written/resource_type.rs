//! What `ownership.yaml` says about a resource type.

use schemars::JsonSchema;
use serde::Deserialize;

use super::operation::Method;

/// How the owner of an id is found.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct ResourceTypeWritten {
    /// Requests that are tried in order until one finds the id: one at least.
    #[schemars(length(min = 1))]
    pub look_up: Vec<LookUp>,
    /// Records without tenant can be read under `shared_resources: readable`.
    #[serde(default, deserialize_with = "super::value")]
    pub shareable: Option<String>,
    /// The field that names the owner.
    #[serde(default, deserialize_with = "super::value")]
    pub owner: Option<OwnerField>,
    /// The purpose of handles of its ids, where records may have no tenant.
    #[serde(default, deserialize_with = "super::value")]
    pub handle: Option<String>,
}

/// A field that names the owner in place of `tenantId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::policy) enum OwnerField {
    /// `owner`, of filters.
    Owner,
}

/// One request that finds an owner.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "LookUpWritten")]
#[schemars(with = "LookUpWritten")]
pub enum LookUp {
    /// A list by GET, narrowed by a parameter.
    GetList {
        /// The path.
        path: String,
        /// The parameter.
        param: String,
        /// Whether it takes many.
        many: bool,
    },
    /// A list by POST, narrowed by a field.
    PostList {
        /// The path.
        path: String,
        /// The field.
        field: String,
        /// Whether it takes many.
        many: bool,
    },
    /// A count, narrowed by a parameter: it finds nobody, but tells without the record that an id is somebody else's.
    Count {
        /// The path.
        path: String,
        /// The parameter.
        param: String,
    },
    /// One record by its id.
    One {
        /// Before the id.
        before: String,
        /// After it.
        after: String,
    },
}

/// One request that finds an owner, as written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LookUpWritten {
    /// `GET /path` or `POST /path` of a list, or `GET /path/{id}` of one record.
    ask: Ask,
    /// The field or parameter of the list that takes one id.
    #[serde(default, deserialize_with = "super::value")]
    id: Option<String>,
    /// The field or parameter of the list that takes many ids.
    #[serde(default, deserialize_with = "super::value")]
    ids: Option<String>,
    /// The parameter of a count that takes one id. What only others' records count is not asked for by the next request,
    /// which would load it.
    #[serde(default, deserialize_with = "super::value")]
    count: Option<String>,
}

/// What is asked, without the field that takes the id.
#[derive(Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^(GET|POST) /"))]
enum Ask {
    GetList(String),
    PostList(String),
    One { before: String, after: String },
}

/// Why a request can't find an owner.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LookUpFault {
    /// Neither of the forms.
    #[error("`{0}` is not `GET /path` or `POST /path` of a list, or `GET /path/{{id}}` of one record")]
    Ask(String),
    /// Nothing narrows the list.
    #[error("a list needs `id` or `ids`: the field that takes what is asked for")]
    NoField,
    /// Which of the two holds?
    #[error("a list takes `id` or `ids`, a count `count`, and none takes two of them")]
    TwoFields,
    /// Counts are asked by GET.
    #[error("a count is asked by `GET /path`")]
    CountByPost,
    /// The id stands in the path already.
    #[error("a request with `{{id}}` takes no `id`, `ids` or `count`")]
    FieldOfOne,
}

impl TryFrom<String> for Ask {
    type Error = LookUpFault;

    fn try_from(text: String) -> Result<Self, LookUpFault> {
        let read = || {
            let (method, path) = text.split_once(' ')?;
            let plain = |part: &str| !part.contains(['{', '}', '#']) && !part.contains(char::is_whitespace);
            // The tenant goes into the query of a list: behind another `?` the engine would not see it.
            let path_only = |part: &str| plain(part) && !part.contains('?');
            match (Method::named(method)?, path.split_once("{id}")) {
                _ if !path.starts_with('/') => None,
                (Method::Get, Some((before, after))) if path_only(before) && plain(after) => {
                    Some(Self::One { before: before.to_owned(), after: after.to_owned() })
                }
                (Method::Get, None) if path_only(path) => Some(Self::GetList(path.to_owned())),
                (Method::Post, None) if path_only(path) => Some(Self::PostList(path.to_owned())),
                _ => None,
            }
        };
        read().ok_or_else(|| LookUpFault::Ask(text.clone()))
    }
}

impl TryFrom<LookUpWritten> for LookUp {
    type Error = LookUpFault;

    fn try_from(written: LookUpWritten) -> Result<Self, LookUpFault> {
        let field = match (written.id, written.ids, written.count) {
            (Some(one), None, None) => Some((one, false)),
            (None, Some(many), None) => Some((many, true)),
            (None, None, None) => None,
            (None, None, Some(param)) => {
                return match written.ask {
                    Ask::GetList(path) => Ok(Self::Count { path, param }),
                    Ask::PostList(_) => Err(LookUpFault::CountByPost),
                    Ask::One { .. } => Err(LookUpFault::FieldOfOne),
                };
            }
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                return Err(LookUpFault::TwoFields);
            }
        };
        match (written.ask, field) {
            (Ask::GetList(path), Some((param, many))) => Ok(Self::GetList { path, param, many }),
            (Ask::PostList(path), Some((field, many))) => Ok(Self::PostList { path, field, many }),
            (Ask::GetList(_) | Ask::PostList(_), None) => Err(LookUpFault::NoField),
            (Ask::One { before, after }, None) => Ok(Self::One { before, after }),
            (Ask::One { .. }, Some(_)) => Err(LookUpFault::FieldOfOne),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ask, LookUp, LookUpFault, ResourceTypeWritten};

    fn look_up(text: &str) -> Result<LookUp, String> {
        serde_saphyr::from_str(text).map_err(|e| e.to_string())
    }

    #[test]
    fn a_look_up_is_a_list_or_one_record() {
        let list = LookUp::GetList { path: "/task".into(), param: "taskId".into(), many: false };
        assert_eq!(look_up("{ ask: GET /task, id: taskId }"), Ok(list));
        let list = LookUp::PostList { path: "/job".into(), field: "jobIds".into(), many: true };
        assert_eq!(look_up("{ ask: POST /job, ids: jobIds }"), Ok(list));
        let count = LookUp::Count { path: "/detail/count".into(), param: "taskId".into() };
        assert_eq!(look_up("{ ask: GET /detail/count, count: taskId }"), Ok(count));
        let one = LookUp::One { before: "/detail/".into(), after: "?deserialize=false".into() };
        assert_eq!(look_up(r#"{ ask: "GET /detail/{id}?deserialize=false" }"#), Ok(one));
    }

    #[test]
    fn what_can_find_no_owner_is_refused() {
        for (text, fault) in [
            ("{ ask: GET /task }", LookUpFault::NoField),
            ("{ ask: POST /task }", LookUpFault::NoField),
            ("{ ask: GET /task, id: taskId, ids: taskIds }", LookUpFault::TwoFields),
            ("{ ask: GET /task, id: taskId, count: taskId }", LookUpFault::TwoFields),
            ("{ ask: GET /task, ids: taskIds, count: taskId }", LookUpFault::TwoFields),
            ("{ ask: POST /task/count, count: taskId }", LookUpFault::CountByPost),
            (r#"{ ask: "GET /task/{id}", count: taskId }"#, LookUpFault::FieldOfOne),
            (r#"{ ask: "GET /task/{id}", id: taskId }"#, LookUpFault::FieldOfOne),
            (r#"{ ask: "GET /task/{id}", ids: taskId }"#, LookUpFault::FieldOfOne),
        ] {
            let message = look_up(text).unwrap_err();
            assert!(message.contains(&fault.to_string()), "{text}: {message}");
        }
    }

    #[test]
    fn only_gets_and_posts_ask() {
        assert_eq!(Ask::try_from("GET /task".to_owned()), Ok(Ask::GetList("/task".into())));
        for text in [
            "",
            "GET",
            "/task",
            "GET task",
            "GET  /task",
            "PUT /task",
            "get /task",
            "GET /a task",
            "GET /task?maxResults=1",
            "POST /task?maxResults=1",
            "GET /task?id={id}",
            "GET /task#a",
            "POST /task/{id}",
            "GET /task/{key}",
            "GET /task/{id}/{id}",
            "GET /task/{id",
        ] {
            assert_eq!(Ask::try_from(text.to_owned()), Err(LookUpFault::Ask(text.into())));
        }
    }

    #[test]
    fn only_a_known_field_names_the_owner() {
        let resource_type = |owner: &str| {
            let text = format!("{{ look-up: [{{ ask: GET /filter, id: filterId }}], owner: {owner} }}");
            serde_saphyr::from_str::<ResourceTypeWritten>(&text)
        };
        assert!(resource_type("owner").is_ok());
        assert!(resource_type("user").is_err());
    }
}
