//! Field decisions in a query string.

use super::Narrowing;
use super::field::Narrowed;
use super::pins::Pin;
use super::sent::{Decision, Sent};
use crate::isolation::draft::Value;
use crate::policy::FieldRulesId;
use crate::refusal::{Kind, Refusal};

type Pairs = Vec<(String, Value)>;

impl Narrowing<'_> {
    /// Narrows a query string by field rules.
    pub(super) fn query(
        &self,
        id: FieldRulesId,
        pairs: Vec<(String, String)>,
    ) -> Result<(Pairs, Narrowed), Refusal> {
        let field_rules = self.policy.field_rules(id);
        for (i, (name, _)) in pairs.iter().enumerate() {
            // The engine takes the first of equal names (facts 2), so a later one would hide what was meant.
            if field_rules.field(name).is_some() && pairs.iter().skip(i + 1).any(|(other, _)| other == name) {
                let what = format!("the parameter `{name}` occurs twice; send it once");
                return Err(Refusal::new(Kind::QueryAmbiguous, what));
            }
        }
        let mut narrowed = Narrowed::default();
        let mut kept: Pairs = Vec::with_capacity(pairs.len() + 1);
        for (name, value) in pairs {
            let Some(field) = field_rules.field(&name) else {
                kept.push((name, Value::Text(value)));
                continue;
            };
            match self.decide(field, &name, Sent::Parameter(value), &mut narrowed)? {
                Decision::Drop | Decision::Pinned => {}
                Decision::Text(text) => kept.push((name, Value::Text(text))),
                Decision::Id(id) => kept.push((name, Value::Id(id))),
                // Made of JSON only, which a parameter is not.
                Decision::Json(_) => {}
            }
        }
        let there = |name: &str| kept.iter().any(|(n, _)| n == name);
        for (name, pin) in self.pins(field_rules, &mut narrowed, there)? {
            let value = match pin {
                Pin::Tenant(tenant) => Value::Text(tenant.as_str().to_owned()),
                Pin::Tenants(tenants) => Value::Tenants(tenants),
                Pin::True => Value::Text("true".to_owned()),
                Pin::Id(id) => Value::Id(id),
                Pin::Text(text) => Value::Text(text),
            };
            kept.push((name.to_owned(), value));
        }
        Ok((kept, narrowed))
    }
}

/// The pairs of an operation that knows no tenant parameter. One is refused, not ignored: its sender relies on
/// it.
pub(super) fn without_rules(pairs: Vec<(String, String)>) -> Result<(Pairs, Narrowed), Refusal> {
    let known = ["tenantIdIn", "tenantId", "withoutTenantId", "memberOfTenant"];
    for (name, _) in &pairs {
        if known.contains(&name.as_str())
            || (name.starts_with("include") && name.ends_with("WithoutTenantId"))
        {
            let what =
                format!("this operation has no parameter `{name}`; remove it: you see only your own tenant");
            return Err(Refusal::new(Kind::QueryAmbiguous, what));
        }
    }
    let pairs = pairs.into_iter().map(|(name, value)| (name, Value::Text(value)));
    Ok((pairs.collect(), Narrowed::default()))
}
