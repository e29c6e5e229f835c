//! A tree of what was written, each node with its place. It knows no keys.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::finding::Place;
use super::shape::Shape;

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Content,
}

/// A value as written.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Null, a truth value, a number or a text; never a list or map.
    Scalar(Value),
    List(Vec<Node>),
    /// A map, in the order of writing.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key was written.
    pub(super) place: Place,
    pub(super) node: Node,
}

impl Node {
    /// A scalar, or a list of them.
    pub(super) fn of(place: Place, value: Value) -> Self {
        let Value::Array(items) = value else { return Self { place, value: Content::Scalar(value) } };
        let items = items.into_iter().map(|item| Self::of(place.clone(), item)).collect();
        Self { place, value: Content::List(items) }
    }

    /// This node under `keys`, the innermost first.
    pub(super) fn under<'k>(self, keys: impl IntoIterator<Item = &'k str>) -> Self {
        keys.into_iter().fold(self, |node, key| {
            let place = node.place.clone();
            let entry = Entry { key: key.to_owned(), place: place.clone(), node };
            Self { place, value: Content::Map(vec![entry]) }
        })
    }

    /// Lays `over` on this node: maps are merged, everything else is replaced.
    pub(super) fn lay(&mut self, over: Node) {
        match (&mut self.value, over.value) {
            (Content::Map(entries), Content::Map(over)) => {
                for entry in over {
                    match entries.iter_mut().find(|e| e.key == entry.key) {
                        Some(below) => below.node.lay(entry.node),
                        None => entries.push(entry),
                    }
                }
            }
            (_, value) => *self = Self { place: over.place, value },
        }
    }

    /// Makes relative paths of files and folders count from `folder`.
    pub(super) fn resolve_paths(&mut self, shape: Shape<'_>, folder: &Path) {
        self.each_path(shape, &mut |path| *path = folder.join(&*path).to_string_lossy().into_owned());
    }

    /// The files and folders that it names.
    pub(super) fn paths(&mut self, shape: Shape<'_>) -> Vec<PathBuf> {
        let mut found = Vec::new();
        self.each_path(shape, &mut |path| found.push(PathBuf::from(&*path)));
        found
    }

    fn each_path(&mut self, shape: Shape<'_>, visit: &mut impl FnMut(&mut String)) {
        match &mut self.value {
            Content::Scalar(Value::String(path)) if shape.is_path() && !path.is_empty() => visit(path),
            Content::Scalar(_) => {}
            Content::List(items) => {
                let of = if shape.is_path() { Some(shape) } else { shape.items() };
                for item in items {
                    of.iter().for_each(|of| item.each_path(*of, visit));
                }
            }
            Content::Map(entries) => {
                for entry in entries {
                    if let Some(of) = shape.keys().and_then(|keys| keys.get(&entry.key)) {
                        entry.node.each_path(Shape(of), visit);
                    }
                }
            }
        }
    }

    /// The value under `key` of a map, or at the position `key` of a list.
    pub(super) fn child(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Content::Map(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.node),
            Content::List(items) => key.parse::<usize>().ok().and_then(|at| items.get(at)),
            Content::Scalar(_) => None,
        }
    }

    /// The tree without its places.
    pub(super) fn to_json(&self) -> Value {
        match &self.value {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => entries.iter().map(|e| (e.key.clone(), e.node.to_json())).collect(),
        }
    }
}
