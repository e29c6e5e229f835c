//! Java class names in JSON bodies: the engine makes an object of any class that `objectTypeName` names (facts 6).

use crate::config::ObjectTypes;
use crate::json::Json;
use crate::refusal::{Kind, Refusal};

/// Looks at every `objectTypeName` of a body, at any depth: variables stand in many places.
///
/// # Errors
/// [`Kind::ClassName`], with the name.
pub(crate) fn class_names(json: &Json, types: &ObjectTypes) -> Result<(), Refusal> {
    match json {
        Json::Object(members) => members.iter().try_for_each(|(key, value)| {
            if key == "objectTypeName"
                && let Some(named) = value.as_str()
                && let Some(class) = types.refused_in(&named)
            {
                let what = format!(
                    "`objectTypeName` names the class `{class}`, which values can't have; \
                     use an own class, or the types Json, String, Integer …"
                );
                return Err(Refusal::new(Kind::ClassName, what));
            }
            class_names(value, types)
        }),
        Json::Array(elements) => elements.iter().try_for_each(|e| class_names(e, types)),
        Json::Leaf(_) | Json::Hole(_) => Ok(()),
    }
}
