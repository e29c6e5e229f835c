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

impl ObjectTypes {
    /// The first class named in `type_name` that is refused.
    ///
    /// The text may be one of Jackson's canonical names (`java.util.ArrayList<org.example.Order>`) or of Java's array
    /// names (`[Lorg.example.Order;`), so every class in it is looked at, however deep it stands.
    pub(crate) fn refused_in<'a>(&self, type_name: &'a str) -> Option<&'a str> {
        type_name
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '$')))
            .filter(|name| !name.is_empty())
            .find(|name| {
                // `L` before a class belongs to the array's name: `[Ljava.net.URL;`.
                let element = name.strip_prefix('L').filter(|_| type_name.contains('['));
                self.is_refused(name) || element.is_some_and(|e| self.is_refused(e))
            })
    }

    fn is_refused(&self, class: &str) -> bool {
        self.refuse.iter().any(|prefix| class.starts_with(prefix.as_str()))
            && !self.allow.iter().any(|name| name == class)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::ObjectTypes;

    #[test]
    fn every_class_of_a_type_name_is_looked_at() {
        let types = ObjectTypes::default();
        let cases = [
            ("org.h2.jdbcx.JdbcDataSource", Some("org.h2.jdbcx.JdbcDataSource")),
            ("org.example.Order", None),
            ("java.util.ArrayList<org.example.Order>", None),
            ("java.util.ArrayList<org.h2.jdbcx.JdbcDataSource>", Some("org.h2.jdbcx.JdbcDataSource")),
            ("java.util.HashMap<java.lang.String,java.lang.Object>", None),
            ("java.util.HashMap<java.lang.String, java.net.URL>", Some("java.net.URL")),
            ("[Ljava.lang.String;", None),
            ("[Ljava.net.URL;", Some("Ljava.net.URL")),
            (" javax.naming.InitialContext", Some("javax.naming.InitialContext")),
            ("java.util.ArrayListX", Some("java.util.ArrayListX")),
            ("javaexample.Order", None),
        ];
        for (name, refused) in cases {
            assert_eq!(types.refused_in(name), refused, "{name}");
        }
    }
}
