//! The text of a file → its entries, each with its line.
//!
//! serde stops at the first fault. So that all are found in one run, an entry with a fault is taken out and the rest
//! read again; its name is kept, so that an entry which names it gets no finding for a fault of another.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Location, Spanned};

use super::finding::{Fault, PolicyFinding};
use crate::causes;

/// A key with its line. Keys are compared by what they say alone.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    /// The key.
    pub value: T,
    /// Its line from 1.
    pub line: usize,
}

/// The entries of a file by name.
pub(super) struct Entries<K, V> {
    read: BTreeMap<Placed<K>, V>,
    /// Entries with a fault, which has its finding.
    left_out: BTreeSet<K>,
    /// The file is no YAML, which has its finding.
    unread: bool,
}

impl<K, V> Default for Entries<K, V> {
    fn default() -> Self {
        Self { read: BTreeMap::new(), left_out: BTreeSet::new(), unread: false }
    }
}

impl<K: Ord, V> Entries<K, V> {
    /// The entries without fault, in the order of their names, each with its line.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Placed<K>, &V)> {
        self.read.iter()
    }

    /// The number of the entry of this name; none where there is none.
    pub(super) fn number(&self, name: &K) -> Option<usize> {
        // Never used: with the finding of the faulty entry, nothing is loaded.
        let faulty = (self.unread || self.left_out.contains(name)).then_some(usize::MAX - 1);
        self.read.keys().position(|key| key.value == *name).or(faulty)
    }
}

impl<K: DeserializeOwned + Ord, V: DeserializeOwned> Entries<K, V> {
    /// Reads a file's text. Each fault is added to the findings.
    pub(super) fn read(file: &str, text: &str, findings: &mut Vec<PolicyFinding>) -> Self {
        let mut entries = Self::default();
        let mut rest = text.to_owned();
        loop {
            let error = match serde_saphyr::from_str(&rest) {
                Ok(read) => {
                    entries.read = read;
                    return entries;
                }
                Err(error) => error,
            };
            let at = |of: fn(&Location) -> u64| {
                error.location().map_or(0, |at| usize::try_from(of(&at)).unwrap_or_default())
            };
            let (line, column) = (at(Location::line), at(Location::column));
            let whole = is_yaml(&rest);
            // What is no YAML only once an entry is out (its anchor is gone) is no fault of the file.
            if whole || rest == text {
                findings.push(PolicyFinding { column, ..fault(&error, &rest).at(file, line) });
            }
            match cut(&rest, line).filter(|_| whole) {
                Some((faulty, others)) => {
                    let named = serde_saphyr::from_str::<BTreeMap<K, IgnoredAny>>(&faulty);
                    entries.left_out.extend(named.unwrap_or_default().into_keys());
                    rest = others;
                }
                None => {
                    entries.unread = true;
                    return entries;
                }
            }
        }
    }
}

/// What an error of reading `text` says.
fn fault(error: &serde_saphyr::Error, text: &str) -> Fault {
    const HELP: &str = "see policies/README.md for the form of a rule";
    let serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } = error.without_snippet() else {
        return Fault::new("policy-syntax", causes::in_yaml(error), HELP);
    };
    let quotes = ['"', '\''];
    let begins = |line: &str| {
        let rest = line.trim_start_matches(quotes).strip_prefix(key.as_str());
        rest.is_some_and(|rest| rest.trim_start_matches(quotes).trim_start().starts_with(':'))
    };
    match text.lines().position(begins) {
        Some(first) => {
            let what = format!("`{key}` is written twice; the first is at line {}", first + 1);
            Fault::new("two-rules", what, "keep one of the two")
        }
        // A key of a rule, not of the file.
        None => Fault::new("policy-syntax", format!("`{key}` is written twice"), "keep one of the two"),
    }
}

/// Whether a text is YAML, whatever it says.
fn is_yaml(text: &str) -> bool {
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::PassThrough };
    serde_saphyr::from_str_with_options::<IgnoredAny>(text, options).is_ok()
}

/// The entry around a line, and all others; both keep the places of their lines. None where no entry begins.
fn cut(text: &str, line: usize) -> Option<(String, String)> {
    let begins = |line: &str| line.starts_with(|c: char| !c.is_whitespace() && c != '#');
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.iter().take(line).rposition(|line| begins(line))?;
    let behind = lines.iter().skip(from + 1);
    let to = from + 1 + behind.take_while(|line| !begins(line)).count();
    let only = |inside: bool| {
        let kept = lines.iter().enumerate().map(|(n, line)| {
            let kept = (from..to).contains(&n) == inside;
            if kept { *line } else { "" }
        });
        kept.collect::<Vec<_>>().join("\n")
    };
    Some((only(true), only(false)))
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::deserialize(deserializer)?;
        Ok(Self { value, line: usize::try_from(referenced.line()).unwrap_or_default() })
    }
}

impl<T: PartialEq> PartialEq for Placed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Placed<T> {}

impl<T: Ord> PartialOrd for Placed<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> Ord for Placed<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Entries;

    type Numbers = Entries<String, BTreeMap<String, u8>>;

    /// The entries with their lines, and the lines of the findings.
    fn read(text: &str) -> (Numbers, Vec<(String, usize)>, Vec<usize>) {
        let mut findings = Vec::new();
        let entries = Numbers::read("a.yaml", text, &mut findings);
        assert!(
            findings.iter().all(|f| f.file == "a.yaml" && ["policy-syntax", "two-rules"].contains(&f.code)),
            "{findings:?}"
        );
        let read = entries.iter().map(|(key, _)| (key.value.clone(), key.line)).collect();
        (entries, read, findings.iter().map(|f| f.line).collect())
    }

    fn pairs(names: &[(&str, usize)]) -> Vec<(String, usize)> {
        names.iter().map(|(name, line)| ((*name).to_owned(), *line)).collect()
    }

    #[test]
    fn entries_have_their_lines() {
        let (entries, read, faults) = read("# first\nb: { x: 1 }\n\na:\n  x: 2\n");
        assert_eq!((read, faults), (pairs(&[("a", 4), ("b", 2)]), vec![]));
        assert_eq!(entries.number(&"b".into()), Some(1));
        assert_eq!(entries.number(&"c".into()), None);
        assert!(self::read("# nothing\n").1.is_empty());
    }

    #[test]
    fn all_faults_are_found_in_one_run() {
        let text =
            "a: { x: no }\nb: { x: 1 }\nc:\n  # why\n  x: 2\n  y: 300\nd: { x: 1 }\nb: { x: 2 }\ne: 1\n";
        let (entries, read, faults) = read(text);
        // The second `b` is one key too many; the first one stays.
        assert_eq!((read, faults), (pairs(&[("b", 2), ("d", 7)]), vec![1, 6, 8, 9]));
        for faulty in ["a", "c", "e"] {
            assert!(entries.number(&faulty.into()).is_some(), "{faulty} has its own finding");
        }
        assert_eq!(entries.number(&"z".into()), None);
    }

    #[test]
    fn a_finding_tells_its_place_once_and_a_key_written_twice_both() {
        let found = |text: &str| {
            let mut findings = Vec::new();
            Numbers::read("a.yaml", text, &mut findings);
            findings
                .iter()
                .map(|f| format!("{}:{} {} {}", f.line, f.column, f.code, f.what))
                .collect::<Vec<_>>()
        };
        let twice = "3:1 two-rules `a` is written twice; the first is at line 1";
        assert_eq!(found("a: { x: 1 }\n# c\na: { x: 2 }\n"), [twice]);
        assert_eq!(found("a: { x: 1, x: 2 }\n"), ["1:12 policy-syntax `x` is written twice"]);
        let [wrong] = &found("a: { x: no }\n")[..] else { panic!() };
        assert!(wrong.starts_with("1:9 policy-syntax ") && !wrong.contains("line"), "{wrong}");
    }

    #[test]
    fn what_is_no_yaml_is_one_finding() {
        let (entries, read, faults) = read("a: { x: 1 }\nb: { x: 1\nc: { x: 1 }\n");
        assert_eq!((read, faults.len()), (vec![], 1));
        assert!(entries.number(&"any".into()).is_some(), "nobody knows what is in it");
        // An alias whose anchor went out with its entry is no fault.
        let (_, read, faults) = self::read("a: &a { x: 300 }\nb: *a\n");
        assert_eq!((read, faults), (vec![], vec![1]));
    }

    #[test]
    fn a_file_in_braces_is_read_too() {
        assert_eq!(read("{ a: { x: 1 }, b: { x: 1 } }").1, pairs(&[("a", 1), ("b", 1)]));
        assert_eq!(read("{\n  a: { x: 1 },\n  b: { x: 300 }\n}\n").2, [3]);
    }
}
