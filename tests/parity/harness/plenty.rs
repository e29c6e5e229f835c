//! A tenant with something of everything, made at the engine itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::support::api::Api;
use crate::support::multipart::Form;
use crate::support::world::{Side, first, start};

const EXTRA: [(&str, &str); 3] = [
    ("claim.cmmn", include_str!("../models/claim.cmmn")),
    ("parent.bpmn", include_str!("../models/parent.bpmn")),
    ("form.bpmn", include_str!("../models/form.bpmn")),
];

/// One variable of every type that the engine knows without plug-ins; the text is kept as it stands.
pub const VARIABLES: &str = r#"{
  "text": {"value": "Grüße, \"wörtlich\" \u0041\n", "type": "String"},
  "empty": {"value": "", "type": "String"},
  "int": {"value": -7, "type": "Integer"},
  "long": {"value": 9007199254740993, "type": "Long"},
  "longest": {"value": 9223372036854775807, "type": "Long"},
  "short": {"value": 3, "type": "Short"},
  "double": {"value": 1e2, "type": "Double"},
  "small": {"value": 0.1, "type": "Double"},
  "yes": {"value": true, "type": "Boolean"},
  "day": {"value": "2025-03-01T12:00:00.000+0100", "type": "Date"},
  "nothing": {"value": null, "type": "Null"},
  "none": {"value": null, "type": "String"},
  "bytes": {"value": "AAECAw==", "type": "Bytes"},
  "paper": {"value": "aGVsbG8=", "type": "File", "valueInfo": {"filename": "pâper.txt", "mimetype": "text/plain", "encoding": "UTF-8"}}
}"#;

/// One tenant and what it has beside what [`Side`] knows.
pub struct Plenty {
    /// The story's records.
    pub side: Side,
    /// The engine itself.
    pub engine: Api,
    /// Names of ids that were found, for templates: `{name}`.
    pub names: BTreeMap<String, String>,
    number: AtomicU64,
}

impl Plenty {
    /// A new tenant.
    pub async fn seed(engine: &Api, letter: &str) -> Self {
        let side = Side::seed(engine, letter).await;
        let mut files: Vec<(&str, Vec<u8>)> = EXTRA
            .iter()
            .map(|(name, text)| (*name, text.replace("MARKER", &side.marker).into_bytes()))
            .collect();
        files.push(("form.png", b"\x89PNG\r\n\x1a\nno picture".to_vec()));
        files.push(("note-\u{fc}.txt", "Grüße\r\n".as_bytes().to_vec()));
        files.push(("empty.txt", Vec::new()));
        let files: Vec<(&str, &[u8])> = files.iter().map(|(n, c)| (*n, c.as_slice())).collect();
        let form = Form::deployment("extra", Some(&side.tenant), &files).field("deployment-source", "seed");
        let extra = engine.form("/deployment/create", form).await.ok().json();
        let mut all =
            Self { names: BTreeMap::new(), engine: engine.clone(), number: AtomicU64::new(0), side };
        all.name("extra", extra["id"].as_str().unwrap());
        let keyed = |kind: &str, key: &str| {
            let all = extra[kind].as_object().unwrap();
            all.values().find(|d| d["key"] == key).unwrap()["id"].as_str().unwrap().to_owned()
        };
        all.name("formDefinition", &keyed("deployedProcessDefinitions", "form"));
        all.name("parentDefinition", &keyed("deployedProcessDefinitions", "parent"));
        all.name("caseDefinition", &keyed("deployedCaseDefinitions", "claim"));
        all.fill().await;
        for (name, id) in all.side_names() {
            all.name(name, &id);
        }
        all
    }

    fn name(&mut self, name: &str, id: &str) {
        self.names.insert(name.to_owned(), id.to_owned());
    }

    fn side_names(&self) -> Vec<(&'static str, String)> {
        let side = &self.side;
        vec![
            ("T", side.tenant.clone()),
            ("marker", side.marker.clone()),
            ("deployment", side.deployment.clone()),
            ("orderDefinition", side.order_definition.clone()),
            ("watchDefinition", side.watch_definition.clone()),
        ]
    }

    async fn fill(&mut self) {
        let engine = self.engine.clone();
        let variables: Value = serde_json::from_str::<Value>(VARIABLES).unwrap();
        let path = format!("/process-instance/{}/variables", self.side.watch);
        // As text: the numbers must keep their spelling up to the engine.
        let body = format!("{{\"modifications\":{VARIABLES}}}");
        engine.json(reqwest::Method::POST, &path, &body).await.ok();
        let local = json!({"modifications": {"inner": variables["text"], "number": variables["int"]}});
        engine.post(&format!("/task/{}/localVariables", self.side.review), local).await.ok();
        let link = json!({"userId": "clerk", "type": "candidate"});
        engine.post(&format!("/task/{}/identity-links", self.side.review), link).await.ok();
        let due = json!({"name": "Errand", "dueDate": "2031-01-01T00:00:00.000+0000", "owner": "boss",
            "followUpDate": "2030-01-01T00:00:00.000+0000", "priority": 70, "assignee": "clerk",
            "description": self.side.marker, "tenantId": self.side.tenant, "parentTaskId": null});
        engine.put(&format!("/task/{}", self.side.errand), due).await.ok();
        let key = format!("/decision-definition/key/discount/tenant-id/{}/evaluate", self.side.tenant);
        engine.post(&key, json!({"variables": {"amount": {"value": 5, "type": "Integer"}}})).await.ok();
        let case = format!("/case-definition/{}/create", self.names["caseDefinition"]);
        let case = engine.post(&case, json!({"businessKey": self.side.marker})).await.ok().id();
        self.name("case", &case);
        let form = start(&engine, &self.names["formDefinition"].clone(), &self.side.marker).await;
        self.name("form", &form);
        let task = first(&engine, "/task", &form).await;
        self.name("formTask", &task);
        start(&engine, &self.names["parentDefinition"].clone(), &self.side.marker).await;
        let query = json!({"tenantIdIn": [self.side.tenant], "candidateGroup": "clerks", "sorting": [{"sortBy": "id", "sortOrder": "asc"}]});
        let filter = json!({"resourceType": "Task", "name": "Clerks", "owner": self.side.tenant, "query": query, "properties": {"color": "#ff0000", "n": 1}});
        let filter = engine.post("/filter/create", filter).await.ok().id();
        self.name("filter", &filter);
        let spare = start(&engine, &self.side.order_definition.clone(), &self.side.marker).await;
        let path = format!("/process-instance/{spare}/modification-async");
        engine
            .post(&path, json!({"instructions": [{"type": "startBeforeActivity", "activityId": "review"}]}))
            .await
            .ok();
        // The batch ends by itself; what reads find must not change under them.
        for _ in 0..100 {
            let running = engine.get(&format!("/batch?tenantIdIn={}", self.side.tenant)).await.ok().json();
            if running == json!([]) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
    }

    /// A number that was not used before for this tenant, equal for twins that do the same.
    pub fn next(&self) -> u64 {
        self.number.fetch_add(1, Ordering::SeqCst)
    }
}
