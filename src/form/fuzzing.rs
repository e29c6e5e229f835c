//! What must hold for any multipart form: the fuzz target and the replay of its seeds call this.
//!
//! In: any bytes. Out: nothing, or a panic when a promise is broken. Compiled for tests and fuzzing only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use super::{Parts, boundary, channel};
use crate::refusal::Refusal;

/// Name, file name, content type, content.
type Read = Vec<(String, Option<String>, Option<String>, Vec<u8>)>;

/// A body with the boundary `x`; its first byte says how it is cut. It reads the same however it is cut, and what
/// we write for the engine reads the same again.
pub fn form(data: &[u8]) {
    let Some((cut, data)) = data.split_first() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let whole = read(data, data.len(), "x").await;
        let pieces = read(data, usize::from(*cut) + 1, "x").await;
        assert_eq!(whole.as_ref().ok(), pieces.as_ref().ok(), "cut or not");
        let Ok(parts) = whole else { return };
        for (name, file_name, content_type, _) in &parts {
            for text in [Some(name), file_name.as_ref(), content_type.as_ref()].into_iter().flatten() {
                assert!(!text.contains(['\r', '\n', '\0']), "{text:?}");
            }
            assert!(!name.contains('"') && !file_name.as_ref().is_some_and(|f| f.contains('"')));
        }
        let (bytes, content_type) = written(&parts).await;
        let again = read(&bytes, bytes.len(), &boundary(Some(&content_type)).expect("ours")).await;
        assert_eq!(again.expect("our own form"), parts);
    });
}

async fn read(data: &[u8], cut: usize, boundary: &str) -> Result<Read, Refusal> {
    let (tell, pieces) = mpsc::channel(data.len().max(1));
    for piece in data.chunks(cut.max(1)) {
        tell.try_send(Ok(Bytes::copy_from_slice(piece))).expect("room for it");
    }
    drop(tell);
    let mut parts = Parts::new(pieces, boundary);
    let mut all = Vec::new();
    while let Some(mut part) = parts.next().await? {
        let content = part.whole(1 << 20).await?.to_vec();
        all.push((part.name.clone(), part.file_name.clone(), part.content_type.clone(), content));
    }
    Ok(all)
}

async fn written(parts: &Read) -> (Vec<u8>, String) {
    let (writer, form) = channel(std::time::Duration::MAX);
    let write = async {
        for (name, file_name, content_type, content) in parts {
            writer.begin(name, file_name.as_deref(), content_type.as_deref()).await.expect("a reader");
            writer.piece(Bytes::copy_from_slice(content)).await.expect("a reader");
            writer.end().await.expect("a reader");
        }
        writer.close().await.expect("a reader");
    };
    let (bytes, ()) = tokio::join!(form.body.collect(), write);
    (bytes.expect("a whole body").to_bytes().to_vec(), form.content_type)
}

#[cfg(test)]
mod tests {
    #[test]
    fn replay() {
        crate::fuzzing::replay("form", super::form);
    }
}
