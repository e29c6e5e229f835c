//! Several answers as one: those to a list or count that was asked in pages of tenants.

use bytes::Bytes;

use crate::isolation::unreadable;
use crate::json::{self, Json};
use crate::refusal::Refusal;

/// Deepest nesting of a row.
const DEPTH: usize = 1000;

/// The rows of all lists.
///
/// # Errors
/// An answer that is no list: the others would pass for the whole.
pub(crate) fn one_list(answers: &[Bytes]) -> Result<Vec<u8>, Refusal> {
    let mut all = vec![b'['];
    for answer in answers {
        // Written at once: what is read of a list takes several times its length.
        match read(answer)? {
            Json::Array(rows) => rows.iter().for_each(|row| {
                if all.len() > 1 {
                    all.push(b',');
                }
                all.extend(row.write());
            }),
            Json::Object(_) | Json::Leaf(_) | Json::Hole(_) => return Err(unreadable()),
        }
    }
    all.push(b']');
    Ok(all)
}

/// The sum of all counts.
///
/// # Errors
/// An answer that is no count.
pub(crate) fn one_count(answers: &[Bytes]) -> Result<Vec<u8>, Refusal> {
    let mut sum: u64 = 0;
    for answer in answers {
        let count = read(answer)?;
        let count = count.member("count").and_then(Json::leaf);
        let count = count.and_then(|count| std::str::from_utf8(count).ok()?.parse().ok());
        sum = count.and_then(|count| sum.checked_add(count)).ok_or_else(unreadable)?;
    }
    Ok(format!("{{\"count\":{sum}}}").into())
}

fn read(answer: &Bytes) -> Result<Json, Refusal> {
    json::read(answer, DEPTH).map_err(|fault| unreadable().because(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(merged: Result<Vec<u8>, Refusal>) -> Option<String> {
        merged.ok().map(|text| String::from_utf8(text).unwrap())
    }

    fn bytes(answers: &[&'static str]) -> Vec<Bytes> {
        answers.iter().map(|answer| Bytes::from_static(answer.as_bytes())).collect()
    }

    #[test]
    fn rows_stand_behind_each_other_as_they_were_written() {
        let lists = bytes(&[r#"[{"a":1.00,"b":"\u00fc"}]"#, "[]", r#"[{"a":2},{"a":3}]"#]);
        assert_eq!(text(one_list(&lists)).unwrap(), r#"[{"a":1.00,"b":"\u00fc"},{"a":2},{"a":3}]"#);
        assert_eq!(text(one_list(&bytes(&["[]", "[]"]))).unwrap(), "[]");
        for none in ["", "{}", "null", r#"[{"a":1}"#] {
            assert_eq!(text(one_list(&bytes(&["[]", none]))), None, "{none}");
        }
    }

    #[test]
    fn counts_add_up() {
        let count = |answers: &[&'static str]| text(one_count(&bytes(answers)));
        assert_eq!(
            count(&[r#"{"count":2}"#, r#"{"count":0}"#, r#"{"count":40}"#]).unwrap(),
            r#"{"count":42}"#
        );
        for none in ["", "[]", r#"{"count":null}"#, r#"{"count":-1}"#, r#"{"count":18446744073709551615}"#] {
            assert_eq!(count(&[r#"{"count":1}"#, none]), None, "{none}");
        }
    }
}
