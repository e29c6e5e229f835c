//! What must hold for any request head: the fuzz target and the replay of its seeds call this.
//!
//! In: any bytes. Out: nothing, or a panic when a promise is broken. Compiled for tests and fuzzing only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use url::form_urlencoded;

use super::{Arrival, Base};

/// A head, as lines: the target, then headers. What we take has segments that can't climb or be cut anew, says the
/// same when it is written anew, and has the query that another reader finds.
pub fn head(data: &[u8]) {
    let base = Base { path: "/e".into(), engine: "default".into(), max_target_bytes: 4096 };
    let mut lines = data.split(|b| *b == b'\n');
    let Some(Ok(target)) = lines.next().map(std::str::from_utf8) else { return };
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let headers: Vec<(String, &[u8])> = lines
        .filter_map(|line| {
            let at = line.iter().position(|b| *b == b':')?;
            let (name, value) = line.split_at(at);
            Some((String::from_utf8(name.to_ascii_lowercase()).ok()?, value.strip_prefix(b":")?))
        })
        .collect();
    let lines = || headers.iter().map(|(name, value)| (name.as_str(), *value));
    let Ok(arrival) = Arrival::read(&base, "GET", path, query, lines()) else { return };

    assert!(!arrival.segments.is_empty());
    for segment in &arrival.segments {
        assert!(!["", ".", ".."].contains(&segment.as_str()), "{segment:?}");
        assert!(!segment.contains(|c: char| c.is_control() || "/\\;".contains(c)), "{segment:?}");
    }
    let escaped = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let path: String = arrival.segments.iter().map(|s| format!("/{}", escaped(s))).collect();
    let pairs: Vec<_> = arrival.query.iter().map(|(n, v)| format!("{}={}", escaped(n), escaped(v))).collect();
    // The prefix `engine/default` is taken off once; written anew, it is there again.
    let path = format!("/e/engine/default{path}");
    let wide = Base { max_target_bytes: usize::MAX, ..base };
    let again = Arrival::read(&wide, "GET", &path, Some(&pairs.join("&")), lines()).expect("the same head");
    assert_eq!((&again.segments, &again.query), (&arrival.segments, &arrival.query));
    let other: Vec<(String, String)> =
        form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    assert_eq!(arrival.query, other);

    // A header that goes on has no line end in it, and is not one that says who asks.
    for (name, value) in &arrival.headers.passed {
        assert!(!value.as_bytes().iter().any(|b| matches!(b, b'\r' | b'\n' | 0)), "{name}: {value:?}");
        assert!(!["authorization", "cookie", "x-camunda-user", "x-camunda-tenants"].contains(name), "{name}");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn replay() {
        crate::fuzzing::replay("arrival", super::head);
    }
}
