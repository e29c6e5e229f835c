//! A list by GET whose target would grow too long for the engine, as callers with many tenants have it.
//!
//! It is asked by its POST twin; where there is none, in pages of tenants, if what they answer is exactly the whole:
//! tenants share no record, so counts add up, and lists that nobody wants sorted or cut stand behind each other.

use super::{Narrowing, twin};
use crate::isolation::draft::{Draft, DraftBody, Segment, Value};
use crate::policy::{Empty, Field, Forward, RuleKind};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::Tenant;

/// Parameters by which a list is more than the rows of each tenant.
const OF_THE_WHOLE: [&str; 4] = ["sortBy", "sortOrder", "firstResult", "maxResults"];

/// A draft that the engine can read.
pub(crate) enum Fitted {
    /// In one request.
    Whole(Draft),
    /// In several.
    Pages(Pages),
}

/// A list or count in pages of tenants: together they name each tenant once.
pub(crate) struct Pages {
    pub(crate) drafts: Vec<Draft>,
    /// What each answers, and all of them together.
    pub(crate) answers: Empty,
}

impl Narrowing<'_> {
    /// Fits a draft into the longest target that the engine reads.
    ///
    /// # Errors
    /// [`Kind::TargetTooLong`] where no way to ask for the same is exact.
    pub(crate) fn fitted(&self, forward: &Forward, draft: Draft, longest: usize) -> Result<Fitted, Refusal> {
        let tenants = draft.query.iter().find_map(|(_, value)| match value {
            Value::Tenants(tenants) => Some(tenants.as_slice()),
            Value::Text(_) | Value::Id(_) => None,
        });
        // The length of a query with one tenant is the client's own.
        let tenants = tenants.filter(|tenants| tenants.len() > 1 && draft.method == "GET");
        let Some(tenants) = tenants.filter(|_| draft.preview().target.len() > longest) else {
            return Ok(Fitted::Whole(draft));
        };
        let has_twin = self.has_twin(forward, &draft);
        if let Some(twin) = has_twin.then(|| twin::twin(&draft)).flatten() {
            return Ok(Fitted::Whole(twin));
        }
        match self.pages(forward, &draft, tenants, longest) {
            Some(pages) => Ok(Fitted::Pages(pages)),
            None => Err(too_long(has_twin)),
        }
    }

    fn pages(&self, forward: &Forward, draft: &Draft, tenants: &[Tenant], longest: usize) -> Option<Pages> {
        let answers = forward.empty.filter(|_| self.kind == RuleKind::Read)?;
        let whole = |(name, _): &(String, Value)| OF_THE_WHOLE.contains(&name.as_str());
        if answers == Empty::List && draft.query.iter().any(whole) {
            return None;
        }
        let one_list = draft.segments.iter().all(|segment| matches!(segment, Segment::Text(_)));
        if !one_list || !matches!(draft.body, DraftBody::None) {
            return None;
        }
        let field_rules = self.policy.field_rules(forward.query?);
        let shared = |name: &str| field_rules.field(name) == Some(&Field::IncludeWithoutTenant);
        let method_and_path = Draft { query: Vec::new(), ..draft.clone() };
        let with = |page: &[Tenant], first: bool| {
            // Records without tenant show once.
            let kept = draft.query.iter().filter(|(name, _)| first || !shared(name));
            let value = |value: &Value| match value {
                Value::Tenants(_) => Value::Tenants(page.to_vec()),
                Value::Text(_) | Value::Id(_) => value.clone(),
            };
            let query = kept.map(|(name, kept)| (name.clone(), value(kept))).collect();
            Draft { query, ..method_and_path.clone() }
        };
        let room = longest.checked_sub(with(&[], true).preview().target.len())?;
        let pages = Tenant::pages(tenants, room)?;
        let drafts = pages.into_iter().enumerate().map(|(number, page)| with(page, number == 0)).collect();
        Some(Pages { drafts, answers })
    }
}

fn too_long(has_twin: bool) -> Refusal {
    let or = match has_twin {
        true => "ask by POST",
        false => "remove sorting, `firstResult`, `maxResults` and long values",
    };
    let what = format!(
        "the token grants more tenants than fit into a query string; name some of them with `tenantIdIn`, or {or}"
    );
    Refusal::new(Kind::TargetTooLong, what)
}
