//! What is looked at in an answer: the tenant of each DTO, and the addresses of its links.

use std::sync::Arc;

use bytes::Bytes;

use crate::json::scan::{Scan, Stop, Verdict, is_text};
use crate::policy::{Guarded, Holds};
use crate::tenancy::{Tenant, bound};

/// What to watch in the answers to one request.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    /// The caller's tenant.
    pub tenant: Tenant,
    /// Records without tenant may show.
    pub tenantless: bool,
    /// The places to look at.
    pub guarded: Guarded,
    /// How the engine's own address begins, as `http://camunda:8080`.
    pub engine_origin: Arc<str>,
    /// What stands in its place.
    pub public_origin: Arc<str>,
}

/// A running look at one answer.
pub(crate) struct Guard {
    scan: Scan,
    watch: Watch,
}

impl Guard {
    /// A guard over one JSON answer.
    pub(crate) fn new(watch: Watch) -> Self {
        Self { scan: Scan::new(watch.guarded.positions().clone()), watch }
    }

    /// The next piece of the answer.
    ///
    /// # Errors
    /// [`Stop::Hook`] for another tenant's DTO.
    pub(crate) fn piece(&mut self, piece: &Bytes) -> Result<Bytes, Stop> {
        let watch = &self.watch;
        self.scan.piece(piece, &mut |position, text| look(watch, position, text))
    }

    /// An answer that is all there.
    ///
    /// # Errors
    /// As [`Guard::piece`].
    pub(crate) fn whole(mut self, answer: &Bytes) -> Result<Bytes, Stop> {
        let out = self.piece(answer)?;
        let rest = self.finish()?;
        if rest.is_empty() {
            return Ok(out);
        }
        Ok([out, rest].concat().into())
    }

    /// The end of the answer.
    ///
    /// # Errors
    /// As [`Guard::piece`].
    pub(crate) fn finish(&mut self) -> Result<Bytes, Stop> {
        let watch = &self.watch;
        self.scan.finish(&mut |position, text| look(watch, position, text))
    }
}

fn look(watch: &Watch, position: usize, text: &[u8]) -> Verdict {
    match watch.guarded.holds(position) {
        Some(Holds::Tenant) => {
            let own = match text {
                b"null" => watch.tenantless,
                text => is_text(text, watch.tenant.as_str()),
            };
            if own { Verdict::Keep } else { Verdict::Break }
        }
        // Only the origin changes, path and ids stay as the engine wrote them.
        Some(Holds::Link) => replaced(text, |href| {
            let rest = href.strip_prefix(&*watch.engine_origin).filter(|rest| rest.starts_with('/'))?;
            Some(format!("{}{rest}", watch.public_origin))
        }),
        Some(Holds::BoundText) => {
            replaced(text, |kept| bound::unbind(&watch.tenant, kept).map(str::to_owned))
        }
        // No place without a meaning: a look that nobody understands lets nothing through.
        None => Verdict::Break,
    }
}

/// A string with another text in its place; anything else, or without another text, stays.
fn replaced(text: &[u8], other: impl FnOnce(&str) -> Option<String>) -> Verdict {
    let Ok(string) = serde_json::from_slice::<String>(text) else { return Verdict::Keep };
    match other(&string) {
        Some(other) => Verdict::Replace(serde_json::to_vec(&other).unwrap_or_else(|_| text.to_vec())),
        None => Verdict::Keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::scan::position;

    fn run(tenantless: bool, dtos: &[&str], text: &str) -> Result<String, Stop> {
        let dtos: Vec<_> = dtos.iter().map(|d| position(d).unwrap()).collect();
        let mut guard = Guard::new(Watch {
            tenant: Tenant::parse("A", &[]).unwrap(),
            tenantless,
            guarded: Guarded::new(&dtos, &[position("[].configuration").unwrap()]),
            engine_origin: "http://engine:8080".into(),
            public_origin: "https://public".into(),
        });
        let mut out = guard.piece(&Bytes::copy_from_slice(text.as_bytes()))?.to_vec();
        out.extend_from_slice(&guard.finish()?);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_foreign_dto_breaks() {
        assert!(run(false, &["[]"], r#"[{"tenantId":"A"}]"#).is_ok());
        assert_eq!(run(false, &["[]"], r#"[{"tenantId":"A"},{"tenantId":"B"}]"#), Err(Stop::Hook));
        assert_eq!(run(false, &["[]"], r#"[{"tenantId":"\u0042"}]"#), Err(Stop::Hook));
        assert_eq!(run(false, &["[]"], r#"[{"tenantId":null}]"#), Err(Stop::Hook));
        assert!(run(true, &["[]"], r#"[{"tenantId":null}]"#).is_ok());
    }

    #[test]
    fn a_variable_of_that_name_is_no_dto() {
        let text = r#"{"tenantId":"A","variables":{"tenantId":{"value":{"tenantId":"B"}}}}"#;
        assert_eq!(run(false, &["."], text).unwrap(), text);
    }

    #[test]
    fn an_own_bound_text_shows_as_it_was_sent() {
        let text = r#"[{"tenantId":"A","configuration":"tenantgate:A:a \u00fc \"b\""},{"configuration":"tenantgate:B:x"},{"configuration":null}]"#;
        let shown = r#"[{"tenantId":"A","configuration":"a ü \"b\""},{"configuration":"tenantgate:B:x"},{"configuration":null}]"#;
        assert_eq!(run(false, &["[]"], text).unwrap(), shown);
    }

    #[test]
    fn links_point_at_the_public_address() {
        let text = r#"{"links":[{"href":"http://engine:8080/engine-rest/x","rel":"self"},{"href":"http://engine:80801/y"}]}"#;
        let out = run(false, &["."], text).unwrap();
        assert!(
            out.contains(r#""https://public/engine-rest/x""#) && out.contains(r#""http://engine:80801/y""#),
            "{out}"
        );
    }
}
