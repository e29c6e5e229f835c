//! What is looked at in an answer: the tenant of each DTO, and the addresses of its links.

use std::sync::Arc;

use bytes::Bytes;

use crate::json::scan::{Scan, Stop, Verdict, is_text};
use crate::policy::{Guarded, Holds};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Caller, Level, bound};

/// What to watch in the answers to one request.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    /// Whose answer it is.
    pub caller: Caller,
    /// The level at which a record's tenant has to be granted.
    pub level: Level,
    /// Records without tenant may show.
    pub without_tenant: bool,
    /// The places to look at.
    pub guarded: Guarded,
    /// How the engine's own addresses begin, as `http://camunda:8080`.
    pub engine_origins: Arc<[String]>,
    /// What stands in its place.
    pub public_origin: Arc<str>,
}

impl Watch {
    /// Whether a JSON string names a tenant that is granted.
    fn is_granted(&self, text: &[u8]) -> bool {
        if self.caller.own().is_some_and(|own| is_text(text, own.as_str())) {
            return true;
        }
        // Most callers have no grants: nothing is decoded for them.
        !self.caller.grants().is_empty()
            && serde_json::from_slice::<String>(text).is_ok_and(|tenant| self.covers(&tenant))
    }

    fn covers(&self, tenant: &str) -> bool {
        self.caller.level(tenant).is_some_and(|level| level >= self.level)
    }
}

/// Longest part of a record that is held back until its tenant was seen, in bytes. More passes as it streams: a value
/// may be of any size, and the tenant stand behind it.
const MAX_HELD: usize = 256 * 1024;

/// A running look at one answer.
pub(crate) struct Guard {
    scan: Scan,
    watch: Watch,
    /// The beginning of a record whose tenant was not seen yet.
    held: Vec<u8>,
}

impl Guard {
    /// A guard over one JSON answer.
    pub(crate) fn new(watch: Watch) -> Self {
        Self { scan: Scan::new(watch.guarded.positions().clone()), watch, held: Vec::new() }
    }

    /// The next piece of the answer, up to a record whose tenant was not seen yet.
    ///
    /// # Errors
    /// [`Kind::GuardAlarm`] for another tenant's record, [`Kind::EngineAnswer`] for what is no JSON.
    pub(crate) fn piece(&mut self, piece: &Bytes) -> Result<Bytes, Refusal> {
        let seen = self.look(piece)?;
        match self.scan.uncleared() {
            // Nothing of a foreign record goes out, wherever the engine's pieces end.
            Some(from) if self.held.len() + seen.len() - from <= MAX_HELD => {
                let sure = seen.slice(..from);
                let out = if from == 0 { sure } else { self.behind_held(sure) };
                self.held.extend_from_slice(seen.get(from..).unwrap_or_default());
                Ok(out)
            }
            Some(_) | None => Ok(self.behind_held(seen)),
        }
    }

    /// An answer that is all there.
    ///
    /// # Errors
    /// As [`Guard::piece`].
    pub(crate) fn whole(mut self, answer: &Bytes) -> Result<Bytes, Refusal> {
        let out = self.look(answer)?;
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
    pub(crate) fn finish(&mut self) -> Result<Bytes, Refusal> {
        let watch = &self.watch;
        let rest = self.scan.finish(&mut |position, text| look(watch, position, text)).map_err(refused)?;
        if self.scan.uncleared().is_some() {
            // The answer ends within a record whose tenant nobody knows.
            return Err(refused(Stop::Unreadable));
        }
        Ok(self.behind_held(rest))
    }

    fn look(&mut self, piece: &Bytes) -> Result<Bytes, Refusal> {
        let watch = &self.watch;
        self.scan.piece(piece, &mut |position, text| look(watch, position, text)).map_err(refused)
    }

    /// What was held back, and this behind it.
    fn behind_held(&mut self, piece: Bytes) -> Bytes {
        if self.held.is_empty() {
            return piece;
        }
        let mut out = std::mem::take(&mut self.held);
        out.extend_from_slice(&piece);
        out.into()
    }
}

/// What the guard's stop is to the caller, whether the answer was held or streams.
fn refused(stop: Stop) -> Refusal {
    match stop {
        Stop::Hook => Refusal::new(Kind::GuardAlarm, "the engine's answer was not for you")
            .because("the answer holds a record of another tenant"),
        Stop::Unreadable => Refusal::new(Kind::EngineAnswer, "the engine's answer can't be read")
            .because("the guard can't read the answer"),
    }
}

fn look(watch: &Watch, position: usize, text: &[u8]) -> Verdict {
    match watch.guarded.holds(position) {
        Some(Holds::Tenant) => {
            let own = match text {
                b"null" => watch.without_tenant,
                text => watch.is_granted(text),
            };
            if own { Verdict::Clear } else { Verdict::Break }
        }
        // Only the origin changes, path and ids stay as the engine wrote them.
        Some(Holds::Link) => replaced(text, |href| {
            let mut rests =
                watch.engine_origins.iter().filter_map(|origin| href.strip_prefix(origin.as_str()));
            let rest = rests.find(|rest| rest.starts_with('/'))?;
            Some(format!("{}{rest}", watch.public_origin))
        }),
        Some(Holds::BoundText) => {
            replaced(text, |kept| bound::unbind(kept, |tenant| watch.covers(tenant)).map(str::to_owned))
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
    use crate::tenancy::Tenant;

    fn watch(without_tenant: bool, guarded: Guarded) -> Watch {
        Watch {
            caller: Caller::new(Tenant::parse("A", &[]).unwrap()),
            level: Level::Read,
            without_tenant,
            guarded,
            engine_origins: ["http://engine:8080".to_owned()].into(),
            public_origin: "https://public".into(),
        }
    }

    fn run(without_tenant: bool, dtos: &[&str], text: &str) -> Result<String, Kind> {
        let dtos: Vec<_> = dtos.iter().map(|d| position(d).unwrap()).collect();
        let mut guard =
            Guard::new(watch(without_tenant, Guarded::new(&dtos, &[position("[].configuration").unwrap()])));
        let piece = Bytes::copy_from_slice(text.as_bytes());
        let mut out = guard.piece(&piece).map_err(|refusal| refusal.kind())?.to_vec();
        out.extend_from_slice(&guard.finish().map_err(|refusal| refusal.kind())?);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_foreign_dto_breaks() {
        assert!(run(false, &["[]"], r#"[{"tenantId":"A"}]"#).is_ok());
        assert_eq!(run(false, &["[]"], r#"[{"tenantId":"A"},{"tenantId":"B"}]"#), Err(Kind::GuardAlarm));
        assert_eq!(run(false, &["[]"], r#"[{"tenantId":"\u0042"}]"#), Err(Kind::GuardAlarm));
        assert_eq!(run(false, &["[]"], r#"[{"tenantId":null}]"#), Err(Kind::GuardAlarm));
        assert!(run(true, &["[]"], r#"[{"tenantId":null}]"#).is_ok());
    }

    /// What goes out, piece by piece, where the pieces end after `cut` bytes; with the guard's stop, if there is one.
    fn streamed(dtos: &[&str], text: &str, cut: usize) -> (String, Option<Kind>) {
        let dtos: Vec<_> = dtos.iter().map(|d| position(d).unwrap()).collect();
        let mut guard = Guard::new(watch(false, Guarded::new(&dtos, &[])));
        let mut out = Vec::new();
        for piece in text.as_bytes().chunks(cut) {
            match guard.piece(&Bytes::copy_from_slice(piece)) {
                Ok(piece) => out.extend_from_slice(&piece),
                Err(refusal) => return (String::from_utf8(out).unwrap(), Some(refusal.kind())),
            }
        }
        let end = guard.finish();
        out.extend_from_slice(end.as_deref().unwrap_or_default());
        (String::from_utf8(out).unwrap(), end.err().map(|refusal| refusal.kind()))
    }

    #[test]
    fn nothing_of_a_foreign_record_goes_out_wherever_the_pieces_end() {
        let list =
            r#"[{"name":"own","tenantId":"A","x":{"y":1}},{"name":"MARKER","tenantId":"T","z":"MARKER"}]"#;
        let record = r#"{"name":"MARKER","links":[{"href":"MARKER"}],"tenantId":"T"}"#;
        for cut in 1..list.len() {
            let (out, stop) = streamed(&["[]"], &list.replace('T', "B"), cut);
            assert_eq!(stop, Some(Kind::GuardAlarm));
            assert!(!out.contains('M'), "in pieces of {cut}: {out}");
            assert_eq!(
                streamed(&["."], &record.replace('T', "B"), cut),
                (String::new(), Some(Kind::GuardAlarm))
            );
            // The twins.
            assert_eq!(streamed(&["[]"], &list.replace('T', "A"), cut), (list.replace('T', "A"), None));
            assert_eq!(streamed(&["."], &record.replace('T', "A"), cut), (record.replace('T', "A"), None));
        }
        // What goes out of a list before the foreign record is what was cleared.
        assert!(
            streamed(&["[]"], &list.replace('T', "B"), 8).0.starts_with(r#"[{"name":"own","tenantId":"A""#)
        );
    }

    #[test]
    fn an_answer_that_ends_within_a_record_is_none() {
        let cut_off = r#"[{"name":"x""#;
        for cut in 1..cut_off.len() {
            let (out, stop) = streamed(&["[]"], cut_off, cut);
            assert!(!out.contains('x') && stop == Some(Kind::EngineAnswer), "{out}");
        }
        // The twins: a record without a tenant, and one that is longer than what is held.
        let none = r#"[{"name":"x"}]"#;
        assert_eq!(streamed(&["[]"], none, 3), (none.to_owned(), None));
        let long = format!(r#"[{{"value":"{}","tenantId":"A"}}]"#, "x".repeat(3 * MAX_HELD));
        assert_eq!(streamed(&["[]"], &long, 50_000), (long, None));
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
