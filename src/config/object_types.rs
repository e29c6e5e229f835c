//! `values.object_types`: Java classes that the engine may be asked to make objects of.
//!
//! Stock engines let Jackson make an object of any class that is named there (`deserializationTypeValidationEnabled`
//! is off by default), so a name of a library's class is a way to run its code.

use super::section::{Checks, F, section};

/// Prefixes refused by default: the platform's and the engine's libraries.
#[rustfmt::skip]
const REFUSED: &[&str] = &[
    // The Java platform.
    "java.", "javax.", "jakarta.", "jdk.", "sun.", "com.sun.", "com.ibm.", "oracle.", "com.oracle.",
    "netscape.",
    // Languages that run on it.
    "kotlin.", "scala.", "clojure.", "groovy.", "org.codehaus.",
    // The engine and its forks.
    "org.camunda.", "org.operaton.", "org.cibseven.", "camunda.", "spinjar.", "connectjar.",
    // Frameworks, servers and script engines.
    "org.springframework.", "org.apache.", "org.eclipse.", "org.jboss.", "org.wildfly.", "org.hibernate.",
    "org.glassfish.", "org.jvnet.", "org.aspectj.", "org.mozilla.", "org.graalvm.", "com.oracle.truffle.",
    "org.python.", "org.jruby.",
    // What the engine is built with.
    "org.mybatis.", "org.ow2.", "org.objectweb.", "org.slf4j.", "org.yaml.", "org.joda.", "org.aopalliance.",
    "org.xml.", "org.w3c.",
    // Databases and their pools.
    "org.h2.", "org.hsqldb.", "org.postgresql.", "org.mariadb.", "org.sqlite.", "com.mysql.",
    "com.microsoft.", "com.zaxxer.", "com.mchange.",
    // Readers and writers of JSON and XML.
    "com.fasterxml.", "tools.jackson.", "com.google.", "com.jayway.", "com.ctc.wstx.", "com.thoughtworks.",
    // Byte code, templates, logs, networks, expressions.
    "net.bytebuddy.", "net.sf.", "net.minidev.", "javassist.", "freemarker.", "ch.qos.", "io.micrometer.",
    "io.netty.", "reactor.", "bsh.", "ognl.",
];

/// Names taken by default although a prefix refuses them: what Jackson writes for honest values.
#[rustfmt::skip]
const ALLOWED: &[&str] = &[
    "java.lang.Boolean", "java.lang.Byte", "java.lang.Character", "java.lang.Double", "java.lang.Float",
    "java.lang.Integer", "java.lang.Long", "java.lang.Number", "java.lang.Object", "java.lang.Short",
    "java.lang.String",
    "java.math.BigDecimal", "java.math.BigInteger",
    "java.time.Duration", "java.time.Instant", "java.time.LocalDate", "java.time.LocalDateTime",
    "java.time.LocalTime", "java.time.OffsetDateTime", "java.time.Period", "java.time.ZonedDateTime",
    "java.util.ArrayDeque", "java.util.ArrayList", "java.util.Collection", "java.util.Date",
    "java.util.HashMap", "java.util.HashSet", "java.util.LinkedHashMap", "java.util.LinkedHashSet",
    "java.util.LinkedList", "java.util.List", "java.util.Map", "java.util.Set", "java.util.SortedMap",
    "java.util.SortedSet", "java.util.TreeMap", "java.util.TreeSet", "java.util.UUID",
];

section! {
    /// Java classes that `objectTypeName` may name.
    pub(crate) struct ObjectTypes {
        /// Prefixes of class names that are refused: the platform's and the engine's libraries. Replaces the built-in
        /// list.
        pub refuse: Vec<String> = own(REFUSED),
        /// Complete class names that are accepted despite a refused prefix. Replaces the built-in list.
        pub allow: Vec<String> = own(ALLOWED),
    }
}

fn own(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

impl ObjectTypes {
    pub(super) fn check(&self, c: &mut Checks<'_>) {
        if self.refuse.is_empty() {
            let what = "is empty: values may name any Java class, and the engine instantiates it";
            c.report(F::ObjectTypesOpen, "values.object_types.refuse", what);
        }
    }
}
