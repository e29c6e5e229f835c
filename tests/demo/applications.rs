//! Applications with work for people. Each sets itself up through the gateway, as it would anywhere: a token by its
//! client's name, its tenant record, its models, its instances.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::support::api::Api;
use crate::support::gateway::Gateway;
use crate::support::issuer::Issuer;
use crate::support::multipart::Form;

/// A file of a deployment.
type File = (&'static str, &'static [u8]);

const WEBSHOP: [File; 3] = [
    ("refund.bpmn", include_bytes!("models/refund.bpmn")),
    ("refund.form", include_bytes!("models/refund.form")),
    ("stock.bpmn", include_bytes!("models/stock.bpmn")),
];
const INSURANCE: [File; 1] = [("claim.bpmn", include_bytes!("models/claim.bpmn"))];
const NEWCOMER: [File; 1] = [("call.bpmn", include_bytes!("models/call.bpmn"))];

/// The gateway, and who gives tokens for it.
pub struct Applications<'a> {
    /// The issuer.
    pub issuer: &'a Issuer,
    /// The gateway.
    pub gateway: &'a Gateway,
}

impl Applications<'_> {
    fn api(&self, id: &str) -> Api {
        self.gateway.api().with_token(&self.issuer.token(id))
    }

    /// Two applications with tasks of several kinds.
    ///
    /// # Errors
    /// The first answer that is not as expected.
    pub async fn two(&self, webshop: &str, insurance: &str) -> Result<(), String> {
        let shop = self.with_models(webshop, "Webshop", "work for people", &WEBSHOP).await?;
        let refunds = [
            ("Alma Bauer", "The lamp arrived broken, the box looked fine.", 39.9, -1, 80),
            ("Noor Haddad", "Ordered blue, got green.", 24.0, 0, 50),
            ("Jonas Lind", "Arrived after the birthday that it was for.", 120.5, 2, 60),
            ("Mei Tanaka", "Two of four glasses are cracked.", 31.6, 5, 50),
        ];
        for (customer, wish, amount, due, priority) in refunds {
            let amount = json!({"value": amount, "type": "Double"});
            start(&shop, "refund", &variables(customer, wish, due, priority, "amount", &amount)).await?;
        }
        for shelf in ["A1", "A2", "B7"] {
            start(&shop, "stock", &json!({"variables": {"shelf": {"value": shelf}}})).await?;
        }
        let insurer = self.with_models(insurance, "Insurance", "work for people", &INSURANCE).await?;
        let claims = [
            ("Priya Nair", "Water came through the ceiling of the kitchen.", "P-20417", -2, 90),
            ("Tomás Ortega", "The storm took part of the roof.", "P-11873", 1, 70),
            ("Greta Holm", "A candle, a curtain.", "P-30255", 7, 50),
        ];
        for (customer, wish, policy, due, priority) in claims {
            let policy = json!({"value": policy});
            start(&insurer, "claim", &variables(customer, wish, due, priority, "policy", &policy)).await?;
        }
        // Somebody has been at work already.
        let task = first(&insurer, "Assess%20the%20damage%20of%20Greta%20Holm").await?;
        ok(insurer.post(&format!("/task/{task}/claim"), json!({"userId": "grace"})).await)?;
        let text = json!({"message": "Grace Hopper: asked for photographs, she sends them today."});
        ok(insurer.post(&format!("/task/{task}/comment/create"), text).await)?;
        Ok(())
    }

    /// An application that nobody was told of, with two tasks.
    ///
    /// # Errors
    /// As [`Applications::two`].
    pub async fn another(&self, id: &str) -> Result<(), String> {
        let api = self.with_models(id, &name(id), "work for people", &NEWCOMER).await?;
        for (customer, due) in [("Ida Berg", 1), ("Omar Saleh", 3)] {
            let variables = json!({"customer": {"value": customer}, "due": {"value": day(due)}});
            start(&api, "call-back", &json!({"variables": variables})).await?;
        }
        Ok(())
    }

    /// An application with its record and its models.
    ///
    /// # Errors
    /// As [`Applications::two`].
    pub async fn with_models(
        &self,
        id: &str,
        name: &str,
        deployment: &str,
        files: &[File],
    ) -> Result<Api, String> {
        let api = self.api(id);
        let record = json!({"id": id, "name": name});
        if api.get(&format!("/tenant/{id}")).await.status == 404 {
            ok(api.post("/tenant/create", record).await)?;
        } else {
            ok(api.put(&format!("/tenant/{id}"), record).await)?;
        }
        ok(api.form("/deployment/create", Form::deployment(deployment, Some(id), files)).await)?;
        Ok(api)
    }
}

/// An application's name, made of its id.
pub fn name(id: &str) -> String {
    let mut letters = id.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Starts an instance.
///
/// # Errors
/// As [`Applications::two`].
pub async fn start(api: &Api, key: &str, body: &Value) -> Result<(), String> {
    ok(api.post(&format!("/process-definition/key/{key}/start"), body.clone()).await)
}

fn variables(customer: &str, wish: &str, due: i64, priority: i64, name: &str, value: &Value) -> Value {
    let mut variables = json!({
        "customer": {"value": customer}, "wish": {"value": wish}, "due": {"value": day(due)},
        "priority": {"value": priority, "type": "Long"},
    });
    variables[name] = value.clone();
    json!({"businessKey": format!("{}-{}", key(customer), 4000 + priority), "variables": variables})
}

fn key(customer: &str) -> String {
    customer.split(' ').filter_map(|word| word.chars().next()).collect()
}

async fn first(api: &Api, name: &str) -> Result<String, String> {
    let reply = api.get(&format!("/task?name={name}")).await;
    let rows: Value = serde_json::from_slice(&reply.body).map_err(|e| format!("{reply}: {e}"))?;
    rows[0]["id"].as_str().map(str::to_owned).ok_or_else(|| format!("no such task: {reply}"))
}

/// Noon of a day from now, as the engine reads it in a model.
fn day(from_now: i64) -> String {
    let day = (OffsetDateTime::now_utc() + Duration::days(from_now)).date();
    format!("{:04}-{:02}-{:02}T12:00:00", day.year(), u8::from(day.month()), day.day())
}

fn ok(reply: crate::support::api::Reply) -> Result<(), String> {
    if (200..300).contains(&reply.status) { Ok(()) } else { Err(reply.to_string()) }
}
