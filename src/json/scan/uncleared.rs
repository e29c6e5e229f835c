//! Objects that may yet turn out to be ones that must not go out: their watched members come late.

use super::{Out, Scan};

/// An object whose watched members have not been seen yet.
pub(super) struct Uncleared {
    /// How deep its members stand.
    depth: usize,
    /// Where it begins in the output of this piece; 0 where an earlier piece held its beginning.
    pub(super) from: usize,
}

impl Scan {
    /// Where in the last piece's output an object begins that may yet turn out to be one that must not go out; 0 where
    /// it began in an earlier piece.
    pub fn uncleared(&self) -> Option<usize> {
        self.uncleared.as_ref().map(|object| object.from)
    }

    /// The object whose brace stands there may have watched members: it is uncleared until the hook has seen them.
    pub(super) fn opened(&mut self, out: &Out<'_>, at: usize) {
        let (depth, alive) = (self.stack.len(), self.stack.last().map_or(0, |frame| frame.alive));
        if alive == 0 || self.uncleared.is_some() {
            return;
        }
        let mut all = self.positions.iter().take(64).enumerate();
        if all.any(|(i, position)| alive & (1 << i) != 0 && position.len() == depth) {
            self.uncleared = Some(Uncleared { depth, from: out.place(at) });
        }
    }

    /// The hook has cleared the object that is being read.
    pub(super) fn clear(&mut self) {
        if self.uncleared.as_ref().is_some_and(|object| object.depth == self.stack.len()) {
            self.uncleared = None;
        }
    }
}
