//! The parts of a form as they arrive.

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use tokio::sync::mpsc;

use super::disposition;
use crate::refusal::{Kind, Refusal};

/// Reads the parts one after the other.
pub struct Parts {
    form: multer::Multipart<'static>,
}

/// A part: its head is read, its content still streams.
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The file's name, for a file.
    pub file_name: Option<String>,
    /// The content type, as it was sent.
    pub content_type: Option<String>,
    field: multer::Field<'static>,
}

fn fault(what: impl Into<String>) -> Refusal {
    Refusal::new(Kind::MultipartAmbiguous, what)
}

/// The boundary that a content type names.
///
/// # Errors
/// [`Kind::ContentType`] when it is not `multipart/form-data` with one boundary (RFC 2046 section 5.1.1).
pub fn boundary(content_type: Option<&str>) -> Result<String, Refusal> {
    let refuse = || {
        let what = "the body's content type must be `multipart/form-data` with one boundary";
        Refusal::new(Kind::ContentType, what)
    };
    let mut parts = content_type.ok_or_else(refuse)?.split(';').map(str::trim);
    if !parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("multipart/form-data")) {
        return Err(refuse());
    }
    let mut boundary = None;
    for (name, value) in parts.filter_map(|p| p.split_once('=')) {
        if name.trim().eq_ignore_ascii_case("boundary")
            && boundary.replace(value.trim().trim_matches('"')).is_some()
        {
            return Err(refuse());
        }
    }
    boundary.filter(|b| (1..=70).contains(&b.len()) && !b.contains('"')).map(str::to_owned).ok_or_else(refuse)
}

impl Parts {
    /// The parts of a body.
    pub fn new(pieces: mpsc::Receiver<Result<Bytes, Refusal>>, boundary: &str) -> Self {
        let pieces = stream::unfold(pieces, |mut pieces| async move { Some((pieces.recv().await?, pieces)) });
        Self { form: multer::Multipart::new(pieces, boundary) }
    }

    /// The next part; the one before has to be read or is passed over.
    ///
    /// # Errors
    /// [`Kind::MultipartAmbiguous`] and a fault of the transfer.
    pub async fn next(&mut self) -> Result<Option<Part>, Refusal> {
        let Some(field) = self.form.next_field().await.map_err(broken)? else { return Ok(None) };
        let mut dispositions = field.headers().get_all(CONTENT_DISPOSITION).iter();
        let (Some(value), None) = (dispositions.next(), dispositions.next()) else {
            return Err(fault("a part needs exactly one `Content-Disposition`"));
        };
        let read = disposition::read(value.as_bytes())?;
        let mut types = field.headers().get_all(CONTENT_TYPE).iter();
        let content_type = match (types.next(), types.next()) {
            (None, _) => None,
            (Some(one), None) => {
                Some(one.to_str().map_err(|_| fault("a part's `Content-Type` is not ASCII"))?.to_owned())
            }
            (Some(_), Some(_)) => return Err(fault("a part has two `Content-Type` lines")),
        };
        if let Some(encoding) = field.headers().get("content-transfer-encoding") {
            let encoding = encoding.to_str().unwrap_or_default().to_ascii_lowercase();
            if !["", "binary", "8bit", "7bit"].contains(&encoding.as_str()) {
                return Err(fault("a part is transfer-encoded; send it without an encoding"));
            }
        }
        Ok(Some(Part { name: read.name, file_name: read.file_name, content_type, field }))
    }
}

impl Part {
    /// The next piece of the content.
    ///
    /// # Errors
    /// A fault of the transfer.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        self.field.chunk().await.map_err(broken)
    }

    /// The whole content.
    ///
    /// # Errors
    /// [`Kind::BodyTooLarge`] over `limit` bytes.
    pub async fn whole(&mut self, limit: usize) -> Result<Bytes, Refusal> {
        self.whole_in(limit, async |_| Ok(())).await
    }

    /// The same; `grow` is told its length before it gets so long.
    ///
    /// # Errors
    /// As [`Part::whole`], and what `grow` says.
    pub(crate) async fn whole_in(
        &mut self,
        limit: usize,
        mut grow: impl AsyncFnMut(usize) -> Result<(), Refusal>,
    ) -> Result<Bytes, Refusal> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.piece().await? {
            if whole.len() + piece.len() > limit {
                let what = format!("the part `{}` has more than {limit} bytes", self.name);
                return Err(Refusal::new(Kind::BodyTooLarge, what));
            }
            grow(whole.len() + piece.len()).await?;
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// The content of a text field.
    ///
    /// # Errors
    /// A file, another content type than text, or bytes that are not UTF-8: the engine would read another value.
    pub async fn text(&mut self) -> Result<String, Refusal> {
        if self.file_name.is_some() {
            return Err(fault(format!("the field `{}` must not be a file", self.name)));
        }
        let mut only_ascii = false;
        if let Some(content_type) = &self.content_type {
            let mut parts = content_type.split(';').map(|p| p.trim().to_ascii_lowercase());
            let plain = parts.next().as_deref() == Some("text/plain");
            let charset =
                parts.find_map(|p| p.strip_prefix("charset=").map(|c| c.trim_matches('"').to_owned()));
            // Apache's HttpClient names Latin-1 unless told otherwise; in ASCII all of these are one.
            let like_ascii = ["utf-8", "us-ascii", "iso-8859-1", "windows-1252"];
            if !plain || charset.as_deref().is_some_and(|c| !like_ascii.contains(&c)) {
                return Err(fault(format!("the field `{}` must be `text/plain` in UTF-8", self.name)));
            }
            only_ascii = charset.is_some_and(|c| c != "utf-8");
        }
        let whole = self.whole(64 * 1024).await?;
        if only_ascii && !whole.is_ascii() {
            return Err(fault(format!("the field `{}` must be `text/plain` in UTF-8", self.name)));
        }
        let text = String::from_utf8(whole.to_vec());
        text.map_err(|_| fault(format!("the field `{}` is not UTF-8", self.name)))
    }
}

fn broken(e: multer::Error) -> Refusal {
    if let multer::Error::StreamReadFailed(inner) = &e
        && let Some(refusal) = inner.downcast_ref::<Refusal>()
    {
        return refusal.clone();
    }
    fault(format!("the form can't be read: {e}"))
}
