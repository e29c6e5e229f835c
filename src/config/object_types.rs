//! Java class names in values: which ones the engine may be asked to make objects of.
//!
//! In: an `objectTypeName` as a client wrote it. Out: the class in it that is refused, if any. Stock engines let
//! Jackson instantiate any class that is named there (`deserializationTypeValidationEnabled` is off by default), so
//! a name of a library's class is a way to run its code.

/// Prefixes refused by default: the platform's and the engine's libraries.
pub(crate) const REFUSED: &[&str] = &[
    "java.",
    "javax.",
    "jakarta.",
    "jdk.",
    "sun.",
    "com.sun.",
    "com.ibm.",
    "oracle.",
    "com.oracle.",
    "netscape.",
    "kotlin.",
    "scala.",
    "clojure.",
    "groovy.",
    "org.codehaus.",
    "org.camunda.",
    "org.operaton.",
    "org.cibseven.",
    "camunda.",
    "spinjar.",
    "connectjar.",
    "org.springframework.",
    "org.apache.",
    "org.eclipse.",
    "org.jboss.",
    "org.wildfly.",
    "org.hibernate.",
    "org.glassfish.",
    "org.jvnet.",
    "org.aspectj.",
    "org.mozilla.",
    "org.graalvm.",
    "com.oracle.truffle.",
    "org.python.",
    "org.jruby.",
    "org.mybatis.",
    "org.ow2.",
    "org.objectweb.",
    "org.slf4j.",
    "org.yaml.",
    "org.joda.",
    "org.aopalliance.",
    "org.xml.",
    "org.w3c.",
    "org.h2.",
    "org.hsqldb.",
    "org.postgresql.",
    "org.mariadb.",
    "org.sqlite.",
    "com.mysql.",
    "com.microsoft.",
    "com.zaxxer.",
    "com.mchange.",
    "com.fasterxml.",
    "tools.jackson.",
    "com.google.",
    "com.jayway.",
    "com.ctc.wstx.",
    "com.thoughtworks.",
    "net.bytebuddy.",
    "net.sf.",
    "net.minidev.",
    "javassist.",
    "freemarker.",
    "ch.qos.",
    "io.micrometer.",
    "io.netty.",
    "reactor.",
    "bsh.",
    "ognl.",
];

/// Names taken by default although a prefix refuses them: what Jackson writes for honest values.
pub(crate) const ALLOWED: &[&str] = &[
    "java.lang.Boolean",
    "java.lang.Byte",
    "java.lang.Character",
    "java.lang.Double",
    "java.lang.Float",
    "java.lang.Integer",
    "java.lang.Long",
    "java.lang.Number",
    "java.lang.Object",
    "java.lang.Short",
    "java.lang.String",
    "java.math.BigDecimal",
    "java.math.BigInteger",
    "java.time.Duration",
    "java.time.Instant",
    "java.time.LocalDate",
    "java.time.LocalDateTime",
    "java.time.LocalTime",
    "java.time.OffsetDateTime",
    "java.time.Period",
    "java.time.ZonedDateTime",
    "java.util.ArrayDeque",
    "java.util.ArrayList",
    "java.util.Collection",
    "java.util.Date",
    "java.util.HashMap",
    "java.util.HashSet",
    "java.util.LinkedHashMap",
    "java.util.LinkedHashSet",
    "java.util.LinkedList",
    "java.util.List",
    "java.util.Map",
    "java.util.Set",
    "java.util.SortedMap",
    "java.util.SortedSet",
    "java.util.TreeMap",
    "java.util.TreeSet",
    "java.util.UUID",
];

/// Java classes that `objectTypeName` may name.
#[derive(Clone, Debug)]
pub struct ObjectTypes {
    /// Prefixes of class names that are refused.
    pub refused_prefixes: Vec<String>,
    /// Whole class names that are taken even under a refused prefix.
    pub allowed_names: Vec<String>,
}

impl Default for ObjectTypes {
    fn default() -> Self {
        let own = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect();
        Self { refused_prefixes: own(REFUSED), allowed_names: own(ALLOWED) }
    }
}

impl ObjectTypes {
    /// The first class named in `type_name` that is refused.
    ///
    /// The text may be one of Jackson's canonical names (`java.util.ArrayList<org.example.Order>`) or of Java's array
    /// names (`[Lorg.example.Order;`), so every class in it is looked at, however deep it stands.
    pub fn refused_in<'a>(&self, type_name: &'a str) -> Option<&'a str> {
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
        self.refused_prefixes.iter().any(|prefix| class.starts_with(prefix.as_str()))
            && !self.allowed_names.iter().any(|name| name == class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
