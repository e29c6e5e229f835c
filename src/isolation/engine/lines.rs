//! The header lines of an answer, in order. Each answer's are read once or twice and thrown away: a list is enough.

use http::header::{HeaderName, HeaderValue};

/// Header lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(Vec<(HeaderName, HeaderValue)>);

impl Lines {
    pub(super) fn with_room(lines: usize) -> Self {
        Self(Vec::with_capacity(lines))
    }

    pub(super) fn push(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.push((name, value));
    }

    /// All of them.
    pub(crate) fn into_lines(self) -> Vec<(HeaderName, HeaderValue)> {
        self.0
    }

    /// All of them.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        self.0.iter()
    }

    /// The values of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a HeaderValue> {
        self.0.iter().filter(move |line| line.0 == *name).map(|line| &line.1)
    }

    /// The first value of a name.
    pub(crate) fn first(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.0.iter().find(|line| line.0 == *name).map(|line| &line.1)
    }
}

impl FromIterator<(HeaderName, HeaderValue)> for Lines {
    fn from_iter<T: IntoIterator<Item = (HeaderName, HeaderValue)>>(lines: T) -> Self {
        Self(lines.into_iter().collect())
    }
}
