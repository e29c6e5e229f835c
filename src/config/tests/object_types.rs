//! Java class names in values.

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
