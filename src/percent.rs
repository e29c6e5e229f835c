//! Percent-encoding, both ways. Path and query are written anew, every byte that is not unreserved (RFC 3986 section
//! 2.3) percent-encoded.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn encode(text: &str, out: &mut String) {
    let unreserved = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let mut rest = text;
    // Most texts are unreserved from end to end, and copied at once.
    while let Some(at) = rest.bytes().position(|b| !unreserved(&b)) {
        let (plain, reserved) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = reserved.chars();
        let mut bytes = [0; 4];
        for byte in chars.next().map(|c| c.encode_utf8(&mut bytes).bytes()).into_iter().flatten() {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                out.push(HEX.get(usize::from(nibble)).map_or('0', |b| char::from(*b)));
            }
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// A path of segments behind `base`.
pub(crate) fn encode_path<'a>(base: &str, segments: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = base.to_owned();
    for segment in segments {
        out.push('/');
        encode(segment, &mut out);
    }
    out
}

/// Adds a query string, if there are pairs.
pub(crate) fn encode_query<'a>(target: &mut String, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) {
    let mut sign = '?';
    for (name, value) in pairs {
        target.push(sign);
        sign = '&';
        encode(name, target);
        target.push('=');
        encode(value, target);
    }
}

/// Percent-decoding into UTF-8; a broken escape is no text (servers differ in what they make of it).
pub(crate) fn decode(raw: &str, plus_is_blank: bool) -> Result<String, &'static str> {
    if !raw.bytes().any(|b| b == b'%' || b == b'+') {
        return Ok(raw.to_owned());
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
                match (digit(bytes.next()), digit(bytes.next())) {
                    (Some(high), Some(low)) => out.push(u8::try_from(high * 16 + low).unwrap_or_default()),
                    _ => return Err("has a broken percent escape"),
                }
            }
            b'+' if plus_is_blank => out.push(b' '),
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).map_err(|_| "is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reserved_byte_is_encoded() {
        assert_eq!(encode_path("/e", ["task", "a b/ü%;"]), "/e/task/a%20b%2F%C3%BC%25%3B");
        let mut target = "/e".to_owned();
        encode_query(&mut target, [("a", "1,2"), ("b&", "=+")]);
        assert_eq!(target, "/e?a=1%2C2&b%26=%3D%2B");
    }

    proptest::proptest! {
        #[test]
        fn each_byte_is_written_as_itself_or_as_two_digits(text in ".{0,12}") {
            let by_byte = |b: u8| match b {
                b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
                b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
                b => format!("%{b:02X}"),
            };
            let mut out = String::new();
            encode(&text, &mut out);
            proptest::prop_assert_eq!(out, text.bytes().map(by_byte).collect::<String>());
        }
    }
}
