//! What goes out of a scan for one piece of the document.

use bytes::Bytes;

/// What becomes of a piece. Nothing is copied as long as nothing changes.
pub(super) struct Out<'a> {
    pub(super) piece: &'a Bytes,
    changed: Option<Vec<u8>>,
    /// Up to here the piece was dealt with.
    done: usize,
}

impl<'a> Out<'a> {
    pub(super) fn of(piece: &'a Bytes) -> Self {
        Self { piece, changed: None, done: 0 }
    }

    /// Where in the output a place of the piece, not dealt with yet, will stand.
    pub(super) fn place(&self, at: usize) -> usize {
        self.changed.as_ref().map_or(at, |changed| changed.len() + at - self.done)
    }

    /// What stands between `from` and `to` becomes `text`.
    pub(super) fn replace(&mut self, from: usize, to: usize, text: &[u8]) {
        let out = self.changed.get_or_insert_with(Vec::new);
        out.extend_from_slice(self.piece.get(self.done..from).unwrap_or_default());
        out.extend_from_slice(text);
        self.done = to;
    }

    /// The piece up to `end`; what follows is held back.
    pub(super) fn finish(mut self, end: usize) -> Bytes {
        if self.changed.is_none() {
            return self.piece.get(..end).map_or_else(Bytes::new, |whole| self.piece.slice_ref(whole));
        }
        self.replace(end, end, b"");
        self.changed.unwrap_or_default().into()
    }
}
