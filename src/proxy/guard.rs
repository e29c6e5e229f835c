//! What is looked at in an answer: the tenant of each DTO, and the addresses of its links.

use bytes::Bytes;

use crate::json::scan::{Position, Scan, Step, Stop, Verdict};
use crate::tenancy::Tenant;

/// What to watch in the answers to one request.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The caller's tenant.
    pub tenant: Tenant,
    /// Records without tenant may show.
    pub tenantless: bool,
    /// Where DTOs stand.
    pub dtos: Vec<Position>,
    /// How the engine's own address begins, as `http://camunda:8080`.
    pub engine_origin: String,
    /// What stands in its place.
    pub public_origin: String,
}

/// A running look at one answer.
pub struct Guard {
    scan: Scan,
    watch: Watch,
}

impl Guard {
    /// A guard over one JSON answer.
    pub fn new(watch: Watch) -> Self {
        let positions = watch
            .dtos
            .iter()
            .flat_map(|dto| {
                let at = |steps: &[Step]| dto.iter().chain(steps).cloned().collect::<Position>();
                [
                    at(&[Step::Name("tenantId".into())]),
                    at(&[Step::Name("links".into()), Step::Each, Step::Name("href".into())]),
                ]
            })
            .collect();
        Self { scan: Scan::new(positions), watch }
    }

    /// The next piece of the answer.
    ///
    /// # Errors
    /// [`Stop::Hook`] for another tenant's DTO.
    pub fn piece(&mut self, piece: &Bytes) -> Result<Bytes, Stop> {
        let watch = &self.watch;
        self.scan.piece(piece, &mut |position, text| look(watch, position, text))
    }

    /// An answer that is all there.
    ///
    /// # Errors
    /// As [`Guard::piece`].
    pub fn whole(mut self, answer: &Bytes) -> Result<Bytes, Stop> {
        let mut out = self.piece(answer)?.to_vec();
        out.extend_from_slice(&self.finish()?);
        Ok(out.into())
    }

    /// The end of the answer.
    ///
    /// # Errors
    /// As [`Guard::piece`].
    pub fn finish(&mut self) -> Result<Bytes, Stop> {
        let watch = &self.watch;
        self.scan.finish(&mut |position, text| look(watch, position, text))
    }
}

fn look(watch: &Watch, position: usize, text: &[u8]) -> Verdict {
    if position.is_multiple_of(2) {
        let own = match text {
            b"null" => watch.tenantless,
            text => serde_json::from_slice::<String>(text).is_ok_and(|t| t == watch.tenant.as_str()),
        };
        return if own { Verdict::Keep } else { Verdict::Break };
    }
    // A link: only the origin changes, path and ids stay as the engine wrote them.
    let Ok(href) = serde_json::from_slice::<String>(text) else { return Verdict::Keep };
    match href.strip_prefix(&watch.engine_origin).filter(|rest| rest.starts_with('/')) {
        Some(rest) => Verdict::Replace(
            serde_json::to_vec(&format!("{}{rest}", watch.public_origin)).unwrap_or_else(|_| text.to_vec()),
        ),
        None => Verdict::Keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::scan::position;

    fn run(tenantless: bool, dtos: &[&str], text: &str) -> Result<String, Stop> {
        let mut guard = Guard::new(Watch {
            tenant: Tenant::parse("A", &[]).unwrap(),
            tenantless,
            dtos: dtos.iter().map(|d| position(d)).collect(),
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
    fn links_point_at_the_public_address() {
        let text = r#"{"links":[{"href":"http://engine:8080/engine-rest/x","rel":"self"},{"href":"http://engine:80801/y"}]}"#;
        let out = run(false, &["."], text).unwrap();
        assert!(
            out.contains(r#""https://public/engine-rest/x""#) && out.contains(r#""http://engine:80801/y""#),
            "{out}"
        );
    }
}
