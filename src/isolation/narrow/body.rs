//! Field decisions in a JSON body.

use bytes::Bytes;

use super::Narrowing;
use super::field::Narrowed;
use super::pins::Pin;
use super::sent::{Decision, Sent, wrong_type};
use crate::isolation::ownership::ResourceId;
use crate::json::Json;
use crate::policy::{Field, FieldRulesId};
use crate::refusal::Refusal;
use crate::tenancy::Tenant;

impl Narrowing<'_> {
    /// Narrows a JSON object by field rules.
    pub(super) fn object(
        &self,
        id: FieldRulesId,
        json: Json,
    ) -> Result<(Json<ResourceId>, Narrowed), Refusal> {
        let field_rules = self.policy.field_rules(id);
        let Json::Object(members) = json else {
            return Err(wrong_type("the body", "an object"));
        };
        let mut narrowed = Narrowed::default();
        let mut kept = Vec::with_capacity(members.len() + 1);
        for (name, value) in members {
            let Some(field) = field_rules.field(&name) else {
                kept.push((name, value.with_holes()));
                continue;
            };
            if value.is_null() {
                // Null is as if absent to the engine, but for pins, where it means all tenants: those are put in anew.
                if field.keeps_null() {
                    kept.push((name, Json::null()));
                }
                continue;
            }
            match self.decide(field, &name, Sent::Member(value), &mut narrowed)? {
                Decision::Drop => {}
                // Its place stays, what it holds is put in below.
                Decision::Pinned => kept.push((name, Json::null())),
                Decision::Text(text) => kept.push((name, Json::string(&text))),
                Decision::Id(id) => kept.push((name, Json::Hole(id))),
                Decision::Json(json) => kept.push((name, json)),
            }
        }
        let mut object = Json::Object(kept);
        let there = |name: &str| object.member(name).is_some_and(|value| !value.is_null());
        let pins = self.pins(field_rules, &mut narrowed, there)?;
        let pinned = |name: &str| pins.iter().any(|(pin, _)| *pin == name);
        // Places that were left for pins which are not put in. The own tenant that the client named where the rule puts
        // none in goes on: what the engine says to it is for the client to read.
        for (name, field) in field_rules.fields.iter().filter(|(name, field)| field.is_pin() && !pinned(name))
        {
            if *field == Field::Tenants {
                object.remove(name);
            } else if object.member(name).is_some() {
                match narrowed.one.as_ref().or(self.caller.own()) {
                    Some(named) => object.set(name, Json::string(named.as_str())),
                    None => drop(object.remove(name)),
                }
            }
        }
        for (name, pin) in pins {
            let value = match pin {
                Pin::Tenant(tenant) => Json::string(tenant.as_str()),
                Pin::Tenants(tenants) => Json::strings(tenants.iter().map(Tenant::as_str)),
                Pin::True => Json::Leaf(Bytes::from_static(b"true")),
                Pin::Id(id) => Json::Hole(id),
                Pin::Text(text) => Json::string(&text),
            };
            object.set(name, value);
        }
        Ok((object, narrowed))
    }
}
