//! An answer of the engine: its head, and its body as it streams.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::pool::Lease;
use crate::refusal::{Kind, Refusal};

/// The engine's answer.
pub(crate) struct Answer {
    /// Its status.
    pub status: http::StatusCode,
    /// Its headers.
    pub headers: http::HeaderMap,
    body: Incoming,
    /// The connection, until the body's end.
    lease: Option<Lease>,
    idle: Duration,
}

impl Drop for Answer {
    fn drop(&mut self) {
        // An answer without a body is at its end unread; any other was given up.
        if self.body.is_end_stream() {
            self.end();
        }
    }
}

impl Answer {
    pub(super) fn new(response: http::Response<Incoming>, lease: Lease, idle: Duration) -> Self {
        let (head, body) = response.into_parts();
        Self { status: head.status, headers: head.headers, body, lease: Some(lease), idle }
    }

    /// The body was read to its end.
    fn end(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.free();
        }
    }

    /// Whether the body is JSON by its content type.
    pub(crate) fn is_json(&self) -> bool {
        self.headers
            .get(http::header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.split(';').next())
            .is_some_and(|essence| {
                let essence = essence.trim().to_ascii_lowercase();
                essence == "application/json" || essence.ends_with("+json")
            })
    }

    /// The next piece of the body; none at its end.
    ///
    /// # Errors
    /// [`Kind::EngineAnswer`] when the body breaks off, [`Kind::EngineTimeout`] when nothing comes.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            let frame = tokio::time::timeout(self.idle, self.body.frame()).await.map_err(|_| {
                Refusal::new(Kind::EngineTimeout, "the engine stopped in the middle of its answer")
            })?;
            match frame {
                None => {
                    self.end();
                    return Ok(None);
                }
                Some(Err(e)) => {
                    let what = "the engine's answer broke off";
                    return Err(Refusal::new(Kind::EngineAnswer, what).because(e));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// The whole body, if it has at most `limit` bytes; none if it is longer.
    ///
    /// # Errors
    /// As [`Answer::piece`].
    pub(crate) async fn whole(&mut self, limit: usize) -> Result<Option<Bytes>, Refusal> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.piece().await? {
            if whole.len() + piece.len() > limit {
                return Ok(None);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(Some(whole.freeze()))
    }
}
