//! A request's body as it arrives: read whole within a limit, or handed on piece by piece.

use std::time::Instant;

use actix_web::dev;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::pace::Pace;
use crate::admission::{Granted, Memory};
use crate::refusal::{Kind, Refusal};

/// Pieces under way between the client and the engine: bounds the memory of one transfer.
const PIECES: usize = 4;

/// A body that was not read yet.
pub struct Payload {
    stream: dev::Payload,
    pace: Pace,
}

impl Payload {
    /// A body, and how slowly it may arrive.
    pub(crate) fn new(stream: dev::Payload, pace: Pace) -> Self {
        Self { stream, pace }
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        let began = Instant::now();
        match tokio::time::timeout(self.pace.idle, self.stream.next()).await {
            Err(_) => Err(Refusal::new(Kind::ClientTooSlow, "the body did not arrive in time")),
            Ok(None) => Ok(None),
            Ok(Some(Ok(piece))) => {
                self.pace.piece(began.elapsed(), piece.len())?;
                Ok(Some(piece))
            }
            Ok(Some(Err(e))) => Err(Refusal::new(Kind::BodyAmbiguous, "the body broke off").because(e)),
        }
    }

    /// The whole body, and the memory that it was granted: to be kept as long as the body is.
    ///
    /// # Errors
    /// [`Kind::BodyTooLarge`] over `limit` bytes, [`Kind::Overloaded`] when the memory for bodies is used up, and
    /// faults of the transfer.
    pub async fn whole(mut self, limit: usize, memory: &Memory) -> Result<(Bytes, Granted), Refusal> {
        let mut whole = BytesMut::new();
        let mut granted = memory.none();
        while let Some(piece) = self.piece().await? {
            if whole.len() + piece.len() > limit {
                let what = format!("the body has more than {limit} bytes");
                return Err(Refusal::new(Kind::BodyTooLarge, what));
            }
            granted.grow(whole.len() + piece.len()).await?;
            whole.extend_from_slice(&piece);
        }
        Ok((whole.freeze(), granted))
    }

    /// The body piece by piece, at most `limit` bytes; it is read only as fast as the receiver takes it.
    pub fn pieces(mut self, limit: u64) -> mpsc::Receiver<Result<Bytes, Refusal>> {
        let (sender, receiver) = mpsc::channel(PIECES);
        actix_web::rt::spawn(async move {
            let mut total = 0;
            loop {
                let piece = match self.piece().await {
                    Ok(None) => return,
                    Ok(Some(piece)) => {
                        total += piece.len() as u64;
                        if total > limit {
                            let what = format!("the body has more than {limit} bytes");
                            Err(Refusal::new(Kind::BodyTooLarge, what))
                        } else {
                            Ok(piece)
                        }
                    }
                    Err(refusal) => Err(refusal),
                };
                let last = piece.is_err();
                if sender.send(piece).await.is_err() || last {
                    return;
                }
            }
        });
        receiver
    }
}
