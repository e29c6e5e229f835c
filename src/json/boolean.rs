//! Booleans as the engine reads them: what is true there must not be false here.
//!
//! Seen on a stock 7.24.0. In a JSON body Jackson takes `true` and `false`, whole numbers (0 is false), the words
//! `true`, `True`, `TRUE`, `false`, `False`, `FALSE` as strings, and an empty string, `"null"` and null for false. The
//! converter of query parameters reads the parameter's text as JSON and then the same way. Plain JAX-RS parameters
//! are true for `true` in any case, and false for everything else.

use super::Json;

/// A boolean in a JSON body; none for what the engine refuses.
pub fn boolean<H>(value: &Json<H>) -> Option<bool> {
    match value.as_str() {
        Some(text) => word(text.trim()),
        None => scalar(value.leaf()?),
    }
}

/// A parameter of a query DTO; none for what the engine refuses.
pub fn boolean_parameter(value: &str) -> Option<bool> {
    let value = value.trim();
    match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(text) => word(text.trim()),
        None => scalar(value.as_bytes()),
    }
}

/// A parameter that JAX-RS reads itself.
pub fn plain_parameter(value: &str) -> bool {
    value.eq_ignore_ascii_case("true")
}

fn word(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" | "null" | "" => Some(false),
        _ => None,
    }
}

fn scalar(text: &[u8]) -> Option<bool> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match text {
        b"true" => Some(true),
        b"false" | b"null" => Some(false),
        _ if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            Some(digits.iter().any(|digit| *digit != b'0'))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// Text of a JSON value and what a stock engine made of it, as `all` of `POST /message` and `withoutTenantId` of
    /// `POST /task/count`.
    const SEEN: &[(&str, Option<bool>)] = &[
        ("true", Some(true)),
        ("false", Some(false)),
        ("null", Some(false)),
        (r#""true""#, Some(true)),
        (r#""True""#, Some(true)),
        (r#""TRUE""#, Some(true)),
        (r#"" true ""#, Some(true)),
        (r#""tRue""#, None),
        (r#""false""#, Some(false)),
        (r#""FALSE""#, Some(false)),
        (r#""""#, Some(false)),
        (r#"" ""#, Some(false)),
        (r#""null""#, Some(false)),
        (r#""yes""#, None),
        (r#""1""#, None),
        (r#""0""#, None),
        ("1", Some(true)),
        ("0", Some(false)),
        ("2", Some(true)),
        ("-1", Some(true)),
        ("1.0", None),
        ("0.0", None),
        ("1e0", None),
    ];

    #[test]
    fn a_body_s_booleans_are_read_as_jackson_reads_them() {
        for (text, seen) in SEEN {
            let value: Json = Json::Leaf(Bytes::from_static(text.as_bytes()));
            assert_eq!(boolean(&value), *seen, "{text}");
        }
        assert_eq!(boolean::<()>(&Json::object()), None);
        assert_eq!(boolean::<()>(&Json::Array(Vec::new())), None);
    }

    #[test]
    fn parameters_are_read_as_the_engine_s_converter_reads_them() {
        for (text, seen) in SEEN {
            assert_eq!(boolean_parameter(text), *seen, "{text}");
        }
        for refused in ["", " ", "TRUE", "True", "FALSE", "yes", "\"", "-", "true,false"] {
            assert_eq!(boolean_parameter(refused), None, "{refused}");
        }
        assert_eq!(boolean_parameter(" true "), Some(true));
    }

    #[test]
    fn plain_parameters_are_true_for_one_word() {
        assert!(plain_parameter("true") && plain_parameter("TRUE"));
        assert!(!["1", "\"true\"", "", "false", " true"].iter().any(|text| plain_parameter(text)));
    }
}
