//! The bytes of an XML file become text, exactly as the engine's XML parser would decode them, or nothing.
//!
//! In: bytes. Out: the text after the XML declaration, and where it begins. Never guesses: an encoding that is not
//! on the list, or a declaration that does not fit the bytes, is refused, because two readers would then see two
//! models (XML 1.0 section 4.3.3 and appendix F).

use std::borrow::Cow;

/// The text of a file, and what was said about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded<'a> {
    /// The whole text, without byte order mark.
    pub(crate) text: Cow<'a, str>,
    /// Bytes of `text` that the XML declaration takes.
    pub(crate) declaration: usize,
}

/// What the first bytes say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    /// UTF-8 with byte order mark.
    Utf8Mark,
    /// One byte a character in the declaration.
    Ascii,
    /// UTF-16, big end first; `true`: with byte order mark.
    Utf16Be(bool),
    /// UTF-16, little end first; `true`: with byte order mark.
    Utf16Le(bool),
}

/// Decodes a file.
///
/// # Errors
/// A sentence that says what can't be read in one way only.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded<'_>, &'static str> {
    let (family, rest) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (Family::Utf8Mark, rest),
        // UTF-32's mark begins with UTF-16's: it must be seen first.
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] | [0, 0, 0, ..] | [b'<', 0, 0, 0, ..] => {
            return Err("the file is in UTF-32, which is not supported");
        }
        [0xFE, 0xFF, rest @ ..] => (Family::Utf16Be(true), rest),
        [0xFF, 0xFE, rest @ ..] => (Family::Utf16Le(true), rest),
        [0, b'<', 0, b'?', ..] => (Family::Utf16Be(false), bytes),
        [b'<', 0, b'?', 0, ..] => (Family::Utf16Le(false), bytes),
        [0x4C, 0x6F, 0xA7, 0x94, ..] => return Err("the file is in EBCDIC, which is not supported"),
        _ => (Family::Ascii, bytes),
    };
    match family {
        Family::Utf16Be(mark) | Family::Utf16Le(mark) => {
            let big = matches!(family, Family::Utf16Be(_));
            let text = utf16(rest, big)?;
            let head = declaration(&text)?;
            let own = if big { "UTF-16BE" } else { "UTF-16LE" };
            match head.encoding.as_deref() {
                None if mark => {}
                Some("UTF-16") => {}
                Some(name) if name == own => {}
                Some(_) | None => return Err("the declared encoding is not the one of the bytes (UTF-16)"),
            }
            Ok(Decoded { text: Cow::Owned(text), declaration: head.length })
        }
        Family::Utf8Mark | Family::Ascii => {
            // The declaration itself is ASCII in every encoding of this family.
            let head = declaration(ascii_head(rest))?;
            let mark = family == Family::Utf8Mark;
            let text = match head.encoding.as_deref() {
                None | Some("UTF-8") => {
                    Cow::Borrowed(std::str::from_utf8(rest).map_err(|_| "the file is not valid UTF-8")?)
                }
                Some(_) if mark => return Err("the declared encoding is not the one of the bytes (UTF-8)"),
                Some("US-ASCII") if rest.is_ascii() => {
                    Cow::Borrowed(std::str::from_utf8(rest).map_err(|_| "the file is not US-ASCII")?)
                }
                Some("US-ASCII") => return Err("the file is not US-ASCII"),
                Some("ISO-8859-1") => Cow::Owned(latin1(rest)?),
                Some("WINDOWS-1252") => Cow::Owned(windows_1252(rest)?),
                Some(_) => {
                    return Err(
                        "the declared encoding is not supported: UTF-8, UTF-16, US-ASCII, ISO-8859-1 and \
                                windows-1252 are",
                    );
                }
            };
            Ok(Decoded { text, declaration: head.length })
        }
    }
}

/// The declaration's length and the encoding it names, in upper case.
struct Head {
    length: usize,
    encoding: Option<String>,
}

/// The longest beginning that is ASCII and may hold the declaration.
fn ascii_head(bytes: &[u8]) -> &str {
    let end = bytes.iter().take(512).position(|b| !b.is_ascii()).unwrap_or(bytes.len().min(512));
    bytes.get(..end).and_then(|head| std::str::from_utf8(head).ok()).unwrap_or_default()
}

/// Reads `<?xml version="1.0" encoding="…" standalone="…"?>` (XML 1.0, production 23).
fn declaration(text: &str) -> Result<Head, &'static str> {
    let Some(rest) = text.strip_prefix("<?xml") else {
        return Ok(Head { length: 0, encoding: None });
    };
    if !rest.starts_with(is_space) {
        return Err("only the XML declaration may begin with `<?xml`");
    }
    let broken = "the XML declaration can't be read";
    let (inner, _) = rest.split_once("?>").ok_or(broken)?;
    let mut encoding = None;
    let mut seen = 0;
    let mut left = inner;
    while !left.trim_start_matches(is_space).is_empty() {
        let begun = left.trim_start_matches(is_space);
        if begun.len() == left.len() {
            return Err(broken);
        }
        let (name, after) = begun.split_once('=').ok_or(broken)?;
        let after = after.trim_start_matches(is_space);
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or(broken)?;
        let (value, after) = after.get(1..).and_then(|v| v.split_once(quote)).ok_or(broken)?;
        // The order is fixed; each may be there once.
        let place = match name.trim_end_matches(is_space) {
            "version" if value == "1.0" => 1,
            "version" => return Err("only XML 1.0 is supported"),
            "encoding" => {
                encoding = Some(value.to_ascii_uppercase());
                2
            }
            "standalone" if matches!(value, "yes" | "no") => 3,
            _ => return Err(broken),
        };
        if place <= seen || (seen == 0 && place != 1) {
            return Err(broken);
        }
        seen = place;
        left = after;
    }
    if seen == 0 { Err(broken) } else { Ok(Head { length: "<?xml".len() + inner.len() + 2, encoding }) }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn utf16(bytes: &[u8], big: bool) -> Result<String, &'static str> {
    let wrong = "the file is not valid UTF-16";
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(wrong);
    }
    let units =
        pairs.iter().map(|pair| if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) });
    char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| wrong)
}

/// ISO-8859-1 without 0x80 to 0x9F: some readers take those for windows-1252, others for control characters.
fn latin1(bytes: &[u8]) -> Result<String, &'static str> {
    if bytes.iter().any(|b| (0x80..=0x9F).contains(b)) {
        return Err("the file declares ISO-8859-1 but contains bytes of windows-1252");
    }
    Ok(bytes.iter().map(|b| char::from(*b)).collect())
}

/// 0x80 to 0x9F of windows-1252 (WHATWG index windows-1252); 0: not defined there in Java.
const HIGH: [u16; 32] = [
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
    0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
    0x0153, 0, 0x017E, 0x0178,
];

fn windows_1252(bytes: &[u8]) -> Result<String, &'static str> {
    bytes
        .iter()
        .map(|b| match b {
            0x80..=0x9F => HIGH
                .get(usize::from(b - 0x80))
                .filter(|unit| **unit != 0)
                .and_then(|unit| char::from_u32(u32::from(*unit))),
            _ => Some(char::from(*b)),
        })
        .collect::<Option<String>>()
        .ok_or("the file is not valid windows-1252")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_bytes(text: &str, big: bool, mark: bool) -> Vec<u8> {
        let marked = if mark { format!("\u{FEFF}{text}") } else { text.to_owned() };
        marked.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    }

    #[test]
    fn every_encoding_that_is_taken_reads_the_same() {
        let with = |name: &str| format!("<?xml version='1.0' encoding='{name}'?><a>ä</a>");
        let mut files: Vec<(&str, Vec<u8>)> = vec![
            ("utf-8", with("utf-8").into_bytes()),
            ("utf-8 mark", [b"\xEF\xBB\xBF".to_vec(), with("UTF-8").into_bytes()].concat()),
            ("none", "<a>ä</a>".as_bytes().to_vec()),
        ];
        for name in ["ISO-8859-1", "windows-1252"] {
            files.push((name, with(name).chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()));
        }
        for big in [true, false] {
            for mark in [true, false] {
                files.push(("utf-16", utf16_bytes(&with("UTF-16"), big, mark)));
            }
            files.push(("utf-16 bare mark", utf16_bytes("<a>ä</a>", big, true)));
        }
        for (name, bytes) in files {
            let decoded = decode(&bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
            assert_eq!(&decoded.text[decoded.declaration..], "<a>ä</a>", "{name}");
        }
    }

    #[test]
    fn what_two_readers_could_decode_differently_is_refused() {
        let a = |head: &str| format!("{head}<a/>").into_bytes();
        for (name, bytes) in [
            ("utf-7", a("<?xml version='1.0' encoding='UTF-7'?>")),
            ("utf-32 mark", b"\xFF\xFE\0\0<\0\0\0".to_vec()),
            ("utf-32", b"\0\0\0<".to_vec()),
            ("ebcdic", b"\x4C\x6F\xA7\x94".to_vec()),
            ("says utf-16, is not", a("<?xml version='1.0' encoding='UTF-16'?>")),
            (
                "mark says utf-8",
                [b"\xEF\xBB\xBF".to_vec(), a("<?xml version='1.0' encoding='ISO-8859-1'?>")].concat(),
            ),
            ("utf-16 says utf-8", utf16_bytes("<?xml version='1.0' encoding='UTF-8'?><a/>", true, true)),
            ("utf-16le says be", utf16_bytes("<?xml version='1.0' encoding='UTF-16BE'?><a/>", false, true)),
            ("utf-16 odd", [utf16_bytes("<a/>", true, true), vec![0]].concat()),
            ("xml 1.1", a("<?xml version='1.1'?>")),
            ("no version", a("<?xml encoding='UTF-8'?>")),
            ("encoding twice", a("<?xml version='1.0' encoding='UTF-8' encoding='US-ASCII'?>")),
            ("wrong order", a("<?xml version='1.0' standalone='yes' encoding='UTF-8'?>")),
            ("no blank", a("<?xml version='1.0'encoding='UTF-8'?>")),
            ("stylesheet", a("<?xml-stylesheet href='x'?>")),
            ("overlong", b"<a>\xC0\xA4</a>".to_vec()),
            ("latin1 c1", [a("<?xml version='1.0' encoding='ISO-8859-1'?>"), vec![0x85]].concat()),
            ("1252 hole", [a("<?xml version='1.0' encoding='windows-1252'?>"), vec![0x81]].concat()),
            ("ascii", [a("<?xml version='1.0' encoding='US-ASCII'?>"), vec![0xE4]].concat()),
        ] {
            assert!(decode(&bytes).is_err(), "{name}");
        }
    }
}
