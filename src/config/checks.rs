//! What a check of a section works with: where keys were written, and the list of findings.

use std::fmt::Display;
use std::path::Path;

use serde_json::Value;

use super::certificate::TlsFault;
use super::codes::FindingCode;
use super::finding::{Place, Report};
use super::secrets::{self, FileFault};
use super::tree::{Content, Node};

/// Checks that report to one list of findings.
pub(super) struct Checks<'a> {
    /// The settings as written, without faulty keys.
    pub(super) tree: &'a Node,
    pub(super) report: &'a mut Report,
}

impl Checks<'_> {
    /// A finding about the key at `path`; `what` goes on after the key's name.
    ///
    /// A faulty key has its default here, of which nothing should be said.
    pub(super) fn report(&mut self, code: FindingCode, path: &str, what: impl Display) {
        if self.is_written(path) || !self.is_faulty(path) {
            self.report.add(code, self.place(path), format!("`{path}` {what}"));
        }
    }

    /// A finding about the file that the key at `path` names.
    pub(super) fn file(&mut self, path: &str, fault: &FileFault) {
        self.unusable(fault.code(), path, fault);
    }

    /// The same about a file of a certificate, its key, or authorities.
    pub(super) fn certificate(&mut self, fault: &TlsFault) {
        self.unusable(fault.code(), fault.key, &fault.source);
    }

    fn unusable(&mut self, code: FindingCode, path: &str, fault: &FileFault) {
        let name = self.text(path).unwrap_or_default().to_owned();
        self.report(code, path, format_args!("names `{name}`, which cannot be used: {fault}"));
    }

    /// Checks a file of certificate authorities.
    pub(super) fn ca_file(&mut self, path: &str, file: Option<&Path>) {
        if let Some(Err(fault)) = file.map(secrets::ca_file) {
            self.file(path, &fault);
        }
    }

    /// Whether the key at `path` was written, in the file, a variable or a flag.
    pub(super) fn is_written(&self, path: &str) -> bool {
        self.node(path).is_some_and(|node| !matches!(node.value, Content::Scalar(Value::Null)))
    }

    /// Whether the key at `path` is there, with a value or without one.
    pub(super) fn is_named(&self, path: &str) -> bool {
        self.node(path).is_some()
    }

    /// The one of two keys that a finding about both belongs to: `path` if it was written.
    pub(super) fn written_one<'p>(&self, path: &'p str, other: &'p str) -> &'p str {
        if self.is_written(path) { path } else { other }
    }

    /// The text at `path` as written, for types that can't hold a faulty one.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        match &self.node(path)?.value {
            Content::Scalar(value) => value.as_str(),
            Content::List(_) | Content::Map(_) => None,
        }
    }

    fn node(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self.tree, Node::child)
    }

    /// Whether the key at `path`, or what it belongs to, was faulty.
    fn is_faulty(&self, path: &str) -> bool {
        let faulty = &self.report.faulty;
        let mut above = path.match_indices('.').filter_map(|(at, _)| path.get(..at));
        faulty.contains("") || faulty.contains(path) || above.any(|path| faulty.contains(path))
    }

    /// Where the key at `path` was written, or the section that lacks it.
    fn place(&self, path: &str) -> Place {
        let mut node = self.tree;
        let mut place = Place::Missing;
        for key in path.split('.') {
            let Some(child) = node.child(key) else { break };
            node = child;
            place = child.place.clone();
        }
        place
    }
}
