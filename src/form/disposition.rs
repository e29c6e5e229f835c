//! `Content-Disposition` of a part (RFC 7578 section 4.2), strictly.

use crate::percent::decode;
use crate::refusal::{Kind, Refusal};

/// Name and file name of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
}

fn fault(what: &str) -> Refusal {
    Refusal::new(Kind::MultipartAmbiguous, format!("a part's `Content-Disposition` {what}"))
}

/// Reads `form-data; name="…"[; filename="…"]`. Every other spelling that the engine's parser takes (encoded words,
/// doubled parameters, other parameters) is refused: two parsers would read two names.
pub(super) fn read(value: &[u8]) -> Result<Disposition, Refusal> {
    let text = std::str::from_utf8(value).map_err(|_| fault("is not UTF-8"))?;
    let (kind, mut rest) = text.split_once(';').ok_or_else(|| fault("has no name"))?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err(fault("is not `form-data`"));
    }
    let mut name = None;
    let mut file_name = None;
    let mut extended_name = None;
    loop {
        let (key, after) = rest.split_once('=').ok_or_else(|| fault("can't be read"))?;
        let (value, after) = parameter(after.trim_start())?;
        let key = key.trim();
        let (place, value) = match key.to_ascii_lowercase().as_str() {
            "name" => (&mut name, plain(value)?),
            "filename" => (&mut file_name, value),
            // RFC 5987; clients use it for names that are not ASCII.
            "filename*" => (&mut extended_name, extended(&value)?),
            _ => return Err(fault(&format!("has the parameter `{}`", key.escape_debug()))),
        };
        if place.replace(value).is_some() {
            return Err(fault(&format!("has `{}` twice", key.escape_debug())));
        }
        rest = match after.trim_start() {
            "" => break,
            more => more.strip_prefix(';').ok_or_else(|| fault("can't be read"))?,
        };
        if rest.trim().is_empty() {
            break;
        }
    }
    let file_name = match (file_name, extended_name) {
        // .NET sends both; they have to be one name, or two parsers would read two.
        (Some(short), Some(long)) if short == long || encoded_word(&short).is_some_and(|w| w == long) => {
            Some(long)
        }
        (Some(_), Some(_)) => return Err(fault("has `filename` and `filename*` that differ")),
        (Some(short), None) => Some(plain(short)?),
        (None, long) => long,
    };
    Ok(Disposition { name: name.ok_or_else(|| fault("has no name"))?, file_name })
}

/// The text of one encoded word in UTF-8 and base64 (RFC 2047 section 2).
fn encoded_word(text: &str) -> Option<String> {
    use base64::Engine as _;
    let inner = text.get(..10).filter(|s| s.eq_ignore_ascii_case("=?utf-8?B?")).and(text.get(10..))?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(inner.strip_suffix("?=")?).ok()?;
    String::from_utf8(bytes).ok()
}

/// A token or a quoted string, and what follows.
fn parameter(text: &str) -> Result<(String, &str), Refusal> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c == ';' || c.is_whitespace()).unwrap_or(text.len());
        let (token, after) = text.split_at(end);
        if token.is_empty() || token.contains('"') {
            return Err(fault("can't be read"));
        }
        return Ok((token.to_owned(), after));
    };
    // A backslash is read as an escape by some and as itself by others.
    let end = quoted.find(['"', '\\']).ok_or_else(|| fault("has a quote that does not end"))?;
    let (value, after) = quoted.split_at(end);
    let after = after.strip_prefix('"').ok_or_else(|| fault("has a backslash"))?;
    Ok((value.to_owned(), after))
}

/// A value without anything that the engine would decode once more or that would end a header.
fn plain(value: String) -> Result<String, Refusal> {
    // The engine trims names: `p.bpmn ` would be looked at as a file of no kind and deployed as a process.
    if value.trim_matches(|c: char| c.is_whitespace() || c.is_control()) != value {
        return Err(fault("has a blank at the beginning or end of a name"));
    }
    if value.contains("=?") || value.chars().any(|c| c.is_control() || matches!(c, '"' | '\\' | '\u{FFFD}')) {
        return Err(fault("has an encoded word, a quote, a backslash or a control character in a name"));
    }
    Ok(value)
}

fn extended(value: &str) -> Result<String, Refusal> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, text) = (parts.next(), parts.next(), parts.next());
    let text = text.filter(|_| charset.is_some_and(|c| c.eq_ignore_ascii_case("utf-8")));
    let text = text.ok_or_else(|| fault("has a `filename*` that is not UTF-8"))?;
    plain(decode(text, false).map_err(fault)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<(String, Option<String>), Kind> {
        read(text.as_bytes()).map(|d| (d.name, d.file_name)).map_err(|r| r.kind())
    }

    #[test]
    fn honest_spellings_are_read() {
        let file = |f: &str| Some(f.to_owned());
        assert_eq!(names(r#"form-data; name="a b""#).unwrap(), ("a b".into(), None));
        assert_eq!(names(r#"form-data; name="x"; filename="a.bpmn""#).unwrap(), ("x".into(), file("a.bpmn")));
        assert_eq!(names(r#"Form-Data; NAME=x; filename="ü.bpmn""#).unwrap(), ("x".into(), file("ü.bpmn")));
        assert_eq!(
            names("form-data; name=x; filename*=UTF-8''%C3%BC.bpmn").unwrap(),
            ("x".into(), file("ü.bpmn"))
        );
        assert_eq!(names("form-data; name=\"x\"; filename=\"\"").unwrap(), ("x".into(), file("")));
        // .NET's HttpClient.
        assert_eq!(
            names("form-data; name=x; filename=a.bpmn; filename*=utf-8''a.bpmn").unwrap(),
            ("x".into(), file("a.bpmn"))
        );
        assert_eq!(
            names("form-data; name=x; filename=\"=?utf-8?B?w7wuYnBtbg==?=\"; filename*=utf-8''%C3%BC.bpmn")
                .unwrap(),
            ("x".into(), file("ü.bpmn"))
        );
    }

    #[test]
    fn j4_spellings_that_two_parsers_read_differently_are_refused() {
        for text in [
            r#"form-data; name="=?UTF-8?Q?tenant-id?=""#,
            r#"form-data; name="a"; filename="=?UTF-8?B?eA==?=.bpmn""#,
            "form-data; name*=UTF-8''tenant-id",
            r#"form-data; name="a"; name="tenant-id""#,
            r#"form-data; name="a"; NAME="tenant-id""#,
            r#"form-data; name="a\"b""#,
            r#"form-data; name="a"; filename="x"; filename*=UTF-8''y"#,
            r#"form-data; name="a"; filename*=UTF-8''y; filename="x""#,
            r#"form-data; name="a"; filename="x"; filename="x""#,
            r#"form-data; name="a"; filename="=?utf-8?B?eA==?="; filename*=UTF-8''y"#,
            r#"form-data; name="a"; filename="=?utf-8?Q?y?="; filename*=UTF-8''y"#,
            r#"form-data; name="a"; filename*=UTF-8''y; filename*=UTF-8''y"#,
            r#"attachment; name="a""#,
            "form-data",
            r#"form-data; filename="x""#,
            "form-data; name=\"a\rb\"",
            r#"form-data; name="a" "b""#,
            r#"form-data; name="a"; creation-date="x""#,
            r#"form-data; name="a"; filename="p.bpmn ""#,
            r#"form-data; name="a"; filename=" p.bpmn""#,
            "form-data; name=\"a\"; filename=\"p.bpmn\u{a0}\"",
            r#"form-data; name=" tenant-id""#,
            "form-data; name=a; filename*=UTF-8''p.bpmn%20",
        ] {
            assert_eq!(names(text), Err(Kind::MultipartAmbiguous), "{text}");
        }
    }

    proptest::proptest! {
        /// A head that is taken has one reading: names written anew and read again are the same.
        #[test]
        fn one_reading_only(text in "form-data(; ?(name|NAME|filename|filename\\*|x)=(\"[a-z =?\\\\.]{0,6}\"|[a-z'=?%0-9.-]{0,8}|UTF-8''[a-z%0-9]{0,6})){0,3}") {
            if let Ok((name, file_name)) = names(&text) {
                let file = file_name.as_ref().map_or(String::new(), |f| format!("; filename=\"{f}\""));
                let again = names(&format!("form-data; name=\"{name}\"{file}"));
                proptest::prop_assert_eq!(again, Ok((name.clone(), file_name.clone())));
                proptest::prop_assert_eq!(name.trim(), name.as_str());
            }
        }
    }
}
