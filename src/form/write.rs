//! The form as it goes to the engine.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::sync::{Notify, mpsc};

use crate::refusal::{Kind, Refusal};

/// The body that the engine's connection reads.
pub type OutBody = UnsyncBoxBody<Bytes, io::Error>;

/// Pieces that wait to be sent at the most.
const PIECES: usize = 64;
/// Bytes that are gathered before the engine is bothered: a small form is refused before anything of it is sent.
const GATHERED: usize = 256 * 1024;

/// Writes parts into a body that streams.
pub struct FormWriter {
    boundary: String,
    written: Cell<usize>,
    enough: Rc<Notify>,
    /// Pieces; the last one is marked.
    out: mpsc::Sender<(Bytes, bool)>,
    /// Time in which the engine has to take a piece.
    patience: Duration,
}

/// A form on its way.
pub struct OutForm {
    /// The body that the writer fills.
    pub body: OutBody,
    /// The body's content type.
    pub content_type: String,
    /// Told when the engine's request has to begin, for the pieces to go somewhere.
    pub enough: Rc<Notify>,
}

/// A writer, and the form it fills. `patience`: time in which the engine has to take a piece.
pub fn channel(patience: Duration) -> (FormWriter, OutForm) {
    // The boundary can't be guessed, so no content can hold it.
    let boundary = format!("tenantgate-{}", uuid::Uuid::new_v4().simple());
    let (sender, receiver) = mpsc::channel::<(Bytes, bool)>(PIECES);
    let frames = stream::unfold(Some(receiver), |receiver| async move {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some((piece, false)) => Some((Ok(Frame::data(piece)), Some(receiver))),
            Some((piece, true)) => Some((Ok(Frame::data(piece)), None)),
            // The writer was dropped before its end: an error breaks the engine's connection, while a plain end
            // would be a whole request with half a form.
            None => Some((Err(io::Error::other("the form was refused")), None)),
        }
    });
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let enough = Rc::new(Notify::new());
    let writer =
        FormWriter { boundary, written: Cell::new(0), enough: enough.clone(), out: sender, patience };
    (writer, OutForm { body: StreamBody::new(frames).boxed_unsync(), content_type, enough })
}

impl FormWriter {
    async fn send(&self, bytes: Bytes, last: bool) -> Result<(), Refusal> {
        self.written.set(self.written.get() + bytes.len());
        if self.written.get() > GATHERED || self.out.capacity() == 0 {
            self.enough.notify_one();
        }
        let sent = tokio::time::timeout(self.patience, self.out.send((bytes, last))).await;
        // The receiver goes away when the engine answered early or its connection broke; that answer counts then.
        sent.map_err(|_| Refusal::new(Kind::EngineTimeout, "the engine does not take the form"))?
            .map_err(|_| Refusal::new(Kind::EngineUnreachable, "the engine can't be reached"))
    }

    /// Begins a part. `name` and `file_name` have no quotes or control characters (see the disposition's reader).
    ///
    /// # Errors
    /// The engine stopped reading.
    pub async fn begin(
        &self,
        name: &str,
        file_name: Option<&str>,
        content_type: Option<&str>,
    ) -> Result<(), Refusal> {
        let mut head = format!("--{}\r\nContent-Disposition: form-data; name=\"{name}\"", self.boundary);
        if let Some(file_name) = file_name {
            head.push_str(&format!("; filename=\"{file_name}\""));
        }
        if let Some(content_type) = content_type {
            head.push_str(&format!("\r\nContent-Type: {content_type}"));
        }
        head.push_str("\r\n\r\n");
        self.send(head.into(), false).await
    }

    /// A piece of the part's content.
    ///
    /// # Errors
    /// The engine stopped reading.
    pub async fn piece(&self, piece: Bytes) -> Result<(), Refusal> {
        self.send(piece, false).await
    }

    /// Ends the part.
    ///
    /// # Errors
    /// The engine stopped reading.
    pub async fn end(&self) -> Result<(), Refusal> {
        self.send(Bytes::from_static(b"\r\n"), false).await
    }

    /// A whole text field.
    ///
    /// # Errors
    /// The engine stopped reading.
    pub async fn text(&self, name: &str, text: &str) -> Result<(), Refusal> {
        self.begin(name, None, Some("text/plain; charset=UTF-8")).await?;
        self.piece(Bytes::copy_from_slice(text.as_bytes())).await?;
        self.end().await
    }

    /// The closing boundary: from here on the engine acts.
    ///
    /// # Errors
    /// The engine stopped reading.
    pub async fn close(self) -> Result<(), Refusal> {
        self.send(format!("--{}--\r\n", self.boundary).into(), true).await
    }
}
