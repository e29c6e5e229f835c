use super::*;
use proptest::prelude::*;

fn read_text(text: &str) -> Result<Json, Fault> {
    read(&Bytes::copy_from_slice(text.as_bytes()), 64)
}

fn written(json: &Json) -> String {
    String::from_utf8(json.write()).unwrap()
}

#[test]
fn values_keep_their_text() {
    let text = r#"{"a":1e2,"b":12345678901234567890123,"c":[1.50,-0,null,true],"d":"\u00e9\/x","é":{}}"#;
    assert_eq!(written(&read_text(text).unwrap()), text);
}

#[test]
fn blanks_and_a_byte_order_mark_go() {
    assert_eq!(written(&read_text("\u{FEFF} { \"a\" : [ 1 , 2 ] }\n").unwrap()), r#"{"a":[1,2]}"#);
}

#[test]
fn a_doubled_key_is_refused_however_it_is_spelt() {
    assert!(read_text(r#"{"tenantIdIn":["a"],"tenantIdIn":["b"]}"#).unwrap_err().what.contains("twice"));
    assert!(read_text(r#"{"tenantIdIn":["a"],"tenant\u0049dIn":["b"]}"#).unwrap_err().what.contains("twice"));
    assert!(read_text(r#"{"tenantIdIn":["a"],"tenantidin":["b"]}"#).is_ok());
}

#[test]
fn a_doubled_key_is_found_among_many_members() {
    let many = (0..40).map(|i| format!("\"k{i}\":0")).collect::<Vec<_>>().join(",");
    assert!(read_text(&format!("{{{many}}}")).is_ok());
    assert!(read_text(&format!("{{{many},\"k3\":1}}")).is_err());
    assert!(read_text(&format!("{{{many},\"k39\":1}}")).is_err());
}

#[test]
fn one_member_is_read_as_in_the_whole_document() {
    let one = |text: &str| member(&Bytes::copy_from_slice(text.as_bytes()), 4, "a");
    let leaf = |text: &str| Ok(Some(Json::Leaf(Bytes::copy_from_slice(text.as_bytes()))));
    assert_eq!(one(r#" { "b" : [{}, {"a": 1}] , "a" : "x" , "c":-1.5e3}"#), leaf(r#""x""#));
    assert_eq!(one(r#"{"\u0061":null}"#), leaf("null"));
    assert_eq!(one(r#"{"A":1,"b":{"a":1}}"#), Ok(None));
    assert_eq!(one(r#"[{"a":1}]"#), Ok(None));
    // Twice, however it is spelt; faults in what is passed over, and behind it.
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":1}"#,
        r#"{"a":1,"b":tru}"#,
        r#"{"a":1,"b":"\x"}"#,
        r#"{"a":1,"b":[1,]}"#,
        r#"{"a":1,"b":{"c"}}"#,
        r#"{"a":1,"b":[[[[1]]]]}"#,
        r#"{"a":1}{"#,
        r#"{"a":1"#,
        "{\"a\":1,\"b\":\"\n\"}",
    ] {
        assert!(one(text).is_err(), "{text}");
        assert!(read::<()>(&Bytes::copy_from_slice(text.as_bytes()), 4).is_err(), "{text}");
    }
}

#[test]
fn other_encodings_are_refused() {
    for bytes in
        [&b"{\x00}\x00"[..], b"\xFF\xFE{\x00}\x00", b"\x00\x00\x00{\x00\x00\x00}", b"{\"a\":\"\xC3\"}"]
    {
        assert!(read::<()>(&Bytes::copy_from_slice(bytes), 64).is_err(), "{bytes:?}");
    }
}

#[test]
fn unpaired_surrogates_are_refused() {
    assert!(read_text(r#"["\ud83d\ude00"]"#).is_ok());
    for odd in [
        r#"["\ud83d"]"#,
        r#"["\ude00"]"#,
        r#"["\ud83dx"]"#,
        r#"["\ud83d\n"]"#,
        r#"["\ud83d\ud83d"]"#,
        r#"{"\ud83d":1}"#,
    ] {
        assert!(read_text(odd).unwrap_err().what.contains("surrogate"), "{odd}");
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(read_text(&deep(64)).is_ok());
    assert!(read_text(&deep(65)).is_err());
}

proptest! {
    /// What we take, serde_json takes and reads alike; what it refuses, we refuse.
    #[test]
    fn agrees_with_serde_json(text in r#"[\[\]{}",:0-9eE+\-.tfn \\/a-u]{0,24}"#) {
        let ours = read_text(&text);
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        if let Ok(json) = &ours {
            // Numbers that overflow a double are the one thing that serde_json refuses and the grammar allows.
            if let Ok(value) = &theirs {
                let again: serde_json::Value = serde_json::from_str(&written(json)).unwrap();
                prop_assert_eq!(&again, value);
            } else {
                prop_assert!(theirs.unwrap_err().to_string().contains("out of range"));
            }
        } else if let Ok(value) = theirs {
            // Only duplicate keys and unpaired surrogates may be refused beyond the grammar.
            let what = ours.unwrap_err().what;
            prop_assert!(what.contains("twice") || what.contains("surrogate"), "{what}: {value}");
        }
    }
}
