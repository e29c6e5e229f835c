//! The client's `Accept` (RFC 9110 section 12.5.1), written anew so that the engine can never prefer HAL: it embeds
//! users, groups and definitions of others (facts 3).
//!
//! In: the client's value. Out: the types that it names, HAL apart, and JSON before every wildcard: a wildcard takes
//! HAL in, and wherever the engine has HAL it has JSON.

use http::HeaderValue;

const JSON: &str = "application/json";

/// A quality in thousandths.
type Quality = u32;

/// The value that goes to the engine.
pub(super) fn accept(asked: &str) -> HeaderValue {
    if asked == JSON {
        return HeaderValue::from_static(JSON);
    }
    let mut named: Vec<(String, Quality)> = Vec::new();
    let (mut json, mut any, mut application): (Quality, Quality, Quality) = (0, 0, 0);
    for range in asked.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts.find_map(quality).unwrap_or(1000);
        match range.as_str() {
            JSON => json = json.max(quality),
            "*/*" => any = any.max(quality),
            "application/*" => application = application.max(quality),
            // Any other wildcard, and what is no type, is left out with HAL.
            named_type if plain(named_type) && !named_type.contains("hal") && quality > 0 => {
                named.push((range, quality));
            }
            _ => {}
        }
    }
    // JSON has to stand before what could mean HAL, even where the client refuses it by `q=0`.
    json = json.max(any).max(application);
    if named.is_empty() && json == 0 {
        return HeaderValue::from_static(JSON);
    }
    let ranges = [(JSON, json), ("application/*", application / 2), ("*/*", any / 2)];
    let all = named.iter().map(|(range, quality)| (range.as_str(), *quality)).chain(ranges);
    let text: Vec<String> = all.filter(|(_, quality)| *quality > 0).map(written).collect();
    HeaderValue::from_str(&text.join(", ")).unwrap_or(HeaderValue::from_static(JSON))
}

/// Whether a text is a type and subtype without wildcards.
fn plain(range: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._+".contains(&b))
    };
    range.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

/// The weight of a range; one that can't be read counts as none.
fn quality(parameter: &str) -> Option<Quality> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match whole {
        "1" => Some(1000),
        "0" if digits(fraction) && fraction.len() <= 3 => format!("{fraction:0<3}").parse().ok(),
        _ => Some(0),
    }
}

fn written((range, quality): (&str, Quality)) -> String {
    if quality == 1000 { range.to_owned() } else { format!("{range};q=0.{quality:03}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hal_never_reaches_the_engine() {
        for (asked, sent) in [
            ("application/json", "application/json"),
            ("application/hal+json", "application/json"),
            ("Application/HAL+json;q=1, text/csv", "text/csv"),
            ("text/csv;q=0.5, application/json;q=0.2", "text/csv;q=0.500, application/json;q=0.200"),
            ("", "application/json"),
            ("*/json, application/*+json, x", "application/json"),
        ] {
            assert_eq!(accept(asked), sent, "{asked}");
        }
    }

    #[test]
    fn json_stands_before_every_wildcard() {
        for (asked, sent) in [
            ("*/*", "application/json, */*;q=0.500"),
            ("application/json, */*", "application/json, */*;q=0.500"),
            ("application/json;q=0, */*", "application/json, */*;q=0.500"),
            ("application/json;q=0.1, application/*", "application/json, application/*;q=0.500"),
            (
                "text/html, image/png, */*;q=0.8",
                "text/html, image/png, application/json;q=0.800, */*;q=0.400",
            ),
            ("text/csv, */*;q=0.001", "text/csv, application/json;q=0.001"),
            ("*/*;q=x", "application/json"),
        ] {
            assert_eq!(accept(asked), sent, "{asked}");
        }
    }
}
