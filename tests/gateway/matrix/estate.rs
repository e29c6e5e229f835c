//! What one side of the matrix owns: a deployment with every kind of definition, and on demand one of each kind
//! of resource. Made through the engine itself. The side without tenant is the shared one.
//! Sides may hold equal texts everywhere (`alike.rs`); then only the engine's ids and the tenant's tell them apart.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::sync::Mutex;

use crate::isolation::uuids;
use crate::stage::Stage;
use crate::support::api::Api;
use crate::support::multipart::Form;
use crate::support::{engine, random};

/// A resource: its id, and ids that hang on it (`commentId`, …).
#[derive(Clone, Debug, Default)]
pub struct Made {
    pub id: String,
    pub parts: BTreeMap<&'static str, String>,
}

/// The texts of a side: what stands in every free text, and the keys that no other matrix uses.
#[derive(Clone, Debug)]
pub struct Texts {
    pub marker: String,
    pub solo: String,
}

impl Texts {
    /// New ones; `letter` tells sides apart for readers.
    pub fn new(letter: &str) -> Self {
        let name = format!("{letter}{}", random());
        Self { marker: format!("MARKERx{name}"), solo: format!("solo{name}") }
    }
}

/// One side.
pub struct Estate {
    /// None for the shared side.
    pub tenant: Option<String>,
    /// Stands in every free text of this side.
    pub marker: String,
    /// A key of definitions that this side alone has.
    pub solo: String,
    pub engine: Api,
    /// Where texts are equal to another side's: the gateway as this tenant sees it, by which incidents are made.
    pub through: Option<Api>,
    pub deployment: String,
    definitions: Value,
    kept: Mutex<BTreeMap<String, Made>>,
}

impl Estate {
    /// A side with its definitions; `letter` tells sides apart for readers.
    pub async fn new(letter: &str, with_tenant: bool) -> Self {
        let tenant = with_tenant.then(|| format!("t{letter}{}", random()));
        Self::deployed(tenant, Texts::new(letter), None).await
    }

    /// A new tenant that shares all its texts with others.
    pub async fn alike(letter: &str, texts: &Texts, stage: &Stage) -> Self {
        let tenant = format!("t{letter}{}", random());
        let through = stage.client(&tenant);
        Self::deployed(Some(tenant), texts.clone(), Some(through)).await
    }

    async fn deployed(tenant: Option<String>, texts: Texts, through: Option<Api>) -> Self {
        let engine = engine::api();
        let Texts { marker, solo } = texts;
        if let Some(tenant) = &tenant {
            let record = serde_json::json!({"id": tenant, "name": marker});
            engine.post("/tenant/create", record).await.ok();
            let profile = serde_json::json!({"id": tenant, "firstName": marker, "lastName": marker});
            let user = serde_json::json!({"profile": profile, "credentials": {"password": marker}});
            engine.post("/user/create", user).await.ok();
        }
        let text = |model: &str, key: &str| model.replace("KEY", key).replace("MARKER", &marker).into_bytes();
        let files: Vec<(&str, Vec<u8>)> = vec![
            ("order.bpmn", text(include_str!("models/order.bpmn"), "order")),
            ("solo.bpmn", text(include_str!("models/order.bpmn"), &solo)),
            ("more.bpmn", text(include_str!("models/more.bpmn"), "")),
            ("pricing.dmn", text(include_str!("models/pricing.dmn"), "pricing")),
            ("solo.dmn", text(include_str!("models/pricing.dmn"), &solo)),
            ("claim.cmmn", text(include_str!("models/claim.cmmn"), "claim")),
            ("solo.cmmn", text(include_str!("models/claim.cmmn"), &solo)),
            ("order.png", marker.clone().into_bytes()),
            ("pricing.png", marker.clone().into_bytes()),
            ("claim.png", marker.clone().into_bytes()),
            ("page.html", format!("<form>{marker}</form>").into_bytes()),
        ];
        let files: Vec<(&str, &[u8])> = files.iter().map(|(n, c)| (*n, c.as_slice())).collect();
        let form = || Form::deployment(&marker, tenant.as_deref(), &files);
        let mut deployed = engine.form("/deployment/create", form()).await;
        // Deployments at the same time meet in the engine's own tables now and then.
        for _ in 0..5 {
            if deployed.text().contains("OptimisticLockingException") {
                deployed = engine.form("/deployment/create", form()).await;
            }
        }
        let definitions = deployed.ok().json();
        let deployment = definitions["id"].as_str().unwrap().to_owned();
        Self { tenant, marker, solo, engine, through, deployment, definitions, kept: Mutex::default() }
    }

    /// The id of a definition: the list in the deployment's answer, and the key.
    pub fn definition(&self, list: &str, key: &str) -> String {
        let all = self.definitions[list].as_object().unwrap_or_else(|| panic!("no {list}"));
        let of_key = all.values().find(|d| d["key"] == key).unwrap_or_else(|| panic!("no {key} in {list}"));
        of_key["id"].as_str().unwrap().to_owned()
    }

    /// The ids in the ids of its definitions, and its deployment's.
    pub fn definition_ids(&self) -> Vec<String> {
        uuids(&self.definitions.to_string())
    }

    /// A resource of that kind, made the first time, and whether it was made now.
    pub async fn kept(&self, kind: &str) -> (Made, bool) {
        let mut kept = self.kept.lock().await;
        if let Some(made) = kept.get(kind) {
            return (made.clone(), false);
        }
        let made = self.make(kind).await;
        kept.insert(kind.to_owned(), made.clone());
        (made, true)
    }

    /// From now on everything is made anew: what was kept may have been used up.
    pub async fn forget(&self) {
        self.kept.lock().await.clear();
    }

    /// The ids of everything kept.
    pub async fn ids(&self) -> Vec<String> {
        let kept = self.kept.lock().await;
        kept.values().flat_map(|m| std::iter::once(&m.id).chain(m.parts.values())).cloned().collect()
    }

    /// Takes the deployments away with all that hangs on them, so that runs do not fill the engine.
    pub async fn clear(&self) {
        let mut deployments = vec![self.deployment.clone()];
        if let Some(tenant) = &self.tenant {
            deployments.extend(self.engine.get(&format!("/deployment?tenantIdIn={tenant}")).await.ok().ids());
        }
        for id in deployments {
            self.engine.delete(&format!("/deployment/{id}?cascade=true&skipCustomListeners=true")).await;
        }
        for kind in ["/task", "/filter"] {
            let Some(tenant) = &self.tenant else { continue };
            let pin = if kind == "/filter" { "owner" } else { "tenantIdIn" };
            for id in self.engine.get(&format!("{kind}?{pin}={tenant}")).await.ok().ids() {
                self.engine.delete(&format!("{kind}/{id}")).await;
            }
        }
    }
}
