//! How one of each kind of resource is made. A kind is a resource type of `policies/ownership.yaml`, perhaps with a state
//! that an operation needs (`external-task free`).

use serde_json::{Value, json};

use super::estate::{Estate, Made};
use crate::support::api::Api;
use crate::support::multipart::Form;

/// Every kind; the other side has one of each before a run begins.
pub const KINDS: &[&str] = &[
    "task",
    "task formed",
    "task alone",
    "process-instance",
    "historic-process-instance",
    "execution",
    "event-subscription",
    "external-task",
    "external-task free",
    "job",
    "job-definition",
    "incident",
    "variable-instance",
    "deployment",
    "process-definition",
    "process-definition formed",
    "process-definition begun",
    "process-definition conditional",
    "decision-definition",
    "decision-requirements-definition",
    "case-definition",
    "case-instance",
    "case-instance completable",
    "case-instance closable",
    "case-execution",
    "case-execution enabled",
    "case-execution disabled",
    "batch",
    "historic-batch",
    "historic-activity-instance",
    "historic-case-activity-instance",
    "historic-case-instance",
    "historic-decision-instance",
    "historic-detail",
    "historic-external-task-log",
    "historic-job-log",
    "historic-variable-instance",
    "filter",
];

/// The worker that holds every locked external task, on all sides: it proves nothing.
pub const WORKER: &str = "worker";

impl Estate {
    /// Makes one.
    pub async fn make(&self, kind: &str) -> Made {
        let of = |list: &str, key: &str| Made { id: self.definition(list, key), ..Made::default() };
        match kind {
            "process-definition" => of("deployedProcessDefinitions", "order"),
            "process-definition formed" => of("deployedProcessDefinitions", "formed"),
            "process-definition begun" => of("deployedProcessDefinitions", "begun"),
            "process-definition conditional" => of("deployedProcessDefinitions", "conditional"),
            "decision-definition" => of("deployedDecisionDefinitions", "pricing"),
            "decision-requirements-definition" => of("deployedDecisionRequirementsDefinitions", "drdpricing"),
            "case-definition" => of("deployedCaseDefinitions", "claim"),
            "deployment" => self.with_resource().await,
            "job-definition" => {
                let definition = self.definition("deployedProcessDefinitions", "order");
                self.found(&format!("/job-definition?activityIdIn=late&processDefinitionId={definition}"))
                    .await
            }
            "filter" => {
                let query = json!({"name": self.marker});
                let owner = self.tenant.clone().unwrap_or_else(|| self.marker.clone());
                let filter =
                    json!({"resourceType": "Task", "name": self.marker, "owner": owner, "query": query});
                self.created("/filter/create", filter).await
            }
            "historic-decision-instance" => {
                let decision = self.definition("deployedDecisionDefinitions", "pricing");
                let amount = json!({"variables": {"amount": {"value": 10, "type": "Integer"}}});
                self.engine.post(&format!("/decision-definition/{decision}/evaluate"), amount).await.ok();
                let newest = "sortBy=evaluationTime&sortOrder=desc&maxResults=1";
                let list = "/history/decision-instance";
                self.found(&format!("{list}?decisionDefinitionId={decision}&{newest}")).await
            }
            "task alone" => {
                let id = format!("alone{}", crate::support::random());
                let task = json!({"id": id, "name": self.marker, "tenantId": self.tenant});
                self.engine.post("/task/create", task).await.ok();
                Made { id, ..Made::default() }
            }
            "task formed" => {
                let instance = self.started("formed").await;
                self.found(&format!("/task?processInstanceId={instance}")).await
            }
            _ if kind.contains("case") => self.of_case(kind).await,
            _ if kind.contains("batch") => self.stuck_batch().await,
            _ => self.of_instance(kind).await,
        }
    }

    async fn created(&self, path: &str, body: Value) -> Made {
        Made { id: self.engine.post(path, body).await.ok().id(), ..Made::default() }
    }

    /// The first row of a list.
    async fn found(&self, path: &str) -> Made {
        let reply = self.engine.get(path).await.ok();
        let id = reply.json()[0]["id"].as_str().unwrap_or_else(|| panic!("empty: {reply}")).to_owned();
        Made { id, ..Made::default() }
    }

    async fn started(&self, key: &str) -> String {
        let definition = self.definition("deployedProcessDefinitions", key);
        let body = json!({"businessKey": self.marker, "variables": self.variables()});
        let id = self.engine.post(&format!("/process-definition/{definition}/start"), body).await.ok().id();
        if key == "order"
            && let Some(through) = &self.through
        {
            self.enrich(&id, through).await;
        }
        id
    }

    /// Gives an instance of `order` what the engine may look up by its text: whoever else has the same must keep it.
    pub async fn enrich(&self, instance: &str, through: &Api) {
        let (engine, text) = (&self.engine, &self.marker);
        let task = self.found(&format!("/task?processInstanceId={instance}")).await.id;
        for link in [
            json!({"userId": text, "type": "candidate"}),
            json!({"groupId": text, "type": "candidate"}),
            // The name that the cases send.
            json!({"userId": "x", "type": "assignee"}),
        ] {
            engine.post(&format!("/task/{task}/identity-links"), link).await.ok();
        }
        let comment = json!({"message": text, "processInstanceId": instance});
        engine.post(&format!("/task/{task}/comment/create"), comment).await.ok();
        // Where the task waits, and where the message is waited for: whichever ends first takes the other's with it.
        for list in ["/task?", "/event-subscription?eventType=message&"] {
            let rows = engine.get(&format!("{list}processInstanceId={instance}")).await.ok().json();
            let path = format!("/execution/{}/create-incident", rows[0]["executionId"].as_str().unwrap());
            through.post(&path, self.alike_incident()).await.ok();
        }
        let weigh =
            self.found(&format!("/external-task?processInstanceId={instance}&activityId=weigh")).await.id;
        let lock = json!({"workerId": WORKER, "lockDuration": 3_600_000});
        engine.post(&format!("/external-task/{weigh}/lock"), lock).await.ok();
        let failure = json!({"workerId": WORKER, "errorMessage": text, "errorDetails": text, "retries": 0});
        engine.post(&format!("/external-task/{weigh}/failure"), failure).await.ok();
        let later = self.found(&format!("/job?processInstanceId={instance}&activityId=later")).await.id;
        engine.put(&format!("/job/{later}/retries"), json!({"retries": 0})).await.ok();
    }

    /// An incident as all sides make it, in texts of their own or in the same.
    pub fn alike_incident(&self) -> Value {
        json!({"incidentType": "matrix", "configuration": self.marker, "message": self.marker})
    }

    fn variables(&self) -> Value {
        // Base64 of any text does; `blob` is what the binary operations read.
        json!({"note": {"value": self.marker}, "blob": {"type": "Bytes", "value": "TUFSS0VS"}})
    }

    async fn with_resource(&self) -> Made {
        let resources = self.engine.get(&format!("/deployment/{}/resources", self.deployment)).await.ok();
        let rows = resources.json();
        let order = rows.as_array().unwrap().iter().find(|r| r["name"] == "order.bpmn").unwrap();
        let resource = order["id"].as_str().unwrap().to_owned();
        Made { id: self.deployment.clone(), parts: [("resourceId", resource)].into() }
    }

    /// What a new instance of `order` has.
    async fn of_instance(&self, kind: &str) -> Made {
        let instance = self.started("order").await;
        let engine = &self.engine;
        let list = |path: &str| format!("{path}processInstanceId={instance}");
        let local = json!({"type": "Bytes", "value": "TUFSS0VS"});
        match kind {
            "task" | "process-instance" => {
                let mut task = self.found(&list("/task?")).await;
                let comment = json!({"message": self.marker, "processInstanceId": instance});
                let comment =
                    engine.post(&format!("/task/{}/comment/create", task.id), comment).await.ok().id();
                let attachment = Form::new().field("attachment-name", &self.marker).file(
                    "content",
                    "note.txt",
                    self.marker.as_bytes(),
                );
                let attachment =
                    engine.form(&format!("/task/{}/attachment/create", task.id), attachment).await.ok().id();
                engine.put(&format!("/task/{}/localVariables/blob", task.id), local).await.ok();
                task.parts = [("commentId", comment), ("attachmentId", attachment)].into();
                if kind == "process-instance" {
                    task.id = instance;
                }
                task
            }
            "historic-process-instance" => {
                engine.delete(&format!("/process-instance/{instance}")).await.ok();
                Made { id: instance, ..Made::default() }
            }
            "execution" => {
                let rows = engine.get(&list("/event-subscription?eventType=message&")).await.ok().json();
                let id = rows[0]["executionId"].as_str().unwrap().to_owned();
                engine.put(&format!("/execution/{id}/localVariables/blob"), local).await.ok();
                Made { id, ..Made::default() }
            }
            "external-task" => {
                let task = self.found(&list("/external-task?activityId=ship&")).await;
                let lock = json!({"workerId": WORKER, "lockDuration": 3_600_000});
                engine.post(&format!("/external-task/{}/lock", task.id), lock).await.ok();
                task
            }
            "external-task free" => self.found(&list("/external-task?activityId=ship&")).await,
            "incident" => {
                let rows = engine.get(&list("/event-subscription?eventType=message&")).await.ok().json();
                let execution = rows[0]["executionId"].as_str().unwrap();
                let path = format!("/execution/{execution}/create-incident");
                let maker = self.through.as_ref().unwrap_or(engine);
                Made { id: maker.post(&path, self.alike_incident()).await.ok().id(), ..Made::default() }
            }
            "event-subscription" => self.found(&list("/event-subscription?")).await,
            "job" => self.found(&list("/job?activityId=late&")).await,
            "variable-instance" => {
                self.found(&format!("/variable-instance?processInstanceIdIn={instance}&variableName=blob"))
                    .await
            }
            "historic-variable-instance" => {
                self.found(&list("/history/variable-instance?variableName=blob&")).await
            }
            "historic-activity-instance" => {
                self.found(&list("/history/activity-instance?activityId=review&")).await
            }
            "historic-detail" => {
                let rows = engine.get(&list("/history/detail?")).await.ok().json();
                let blob = rows.as_array().unwrap().iter().find(|r| r["variableName"] == "blob").unwrap();
                Made { id: blob["id"].as_str().unwrap().to_owned(), ..Made::default() }
            }
            "historic-external-task-log" => {
                self.found(&list("/history/external-task-log?activityIdIn=ship&")).await
            }
            "historic-job-log" => self.found(&list("/history/job-log?activityIdIn=late&")).await,
            _ => panic!("nothing makes a `{kind}`"),
        }
    }

    /// What a new case has.
    async fn of_case(&self, kind: &str) -> Made {
        let definition = self.definition("deployedCaseDefinitions", "claim");
        let body = json!({"businessKey": self.marker, "variables": self.variables()});
        let case = self.created(&format!("/case-definition/{definition}/create"), body).await;
        let engine = &self.engine;
        let of = |activity: &str| format!("/case-execution?caseInstanceId={}&activityId={activity}", case.id);
        let local = json!({"type": "Bytes", "value": "TUFSS0VS"});
        match kind {
            "case-instance" | "historic-case-instance" => case,
            "case-instance completable" => {
                let active = self.found(&of("active")).await;
                engine.post(&format!("/case-execution/{}/complete", active.id), json!({})).await.ok();
                case
            }
            "case-instance closable" => {
                engine.post(&format!("/case-instance/{}/terminate", case.id), json!({})).await.ok();
                case
            }
            "case-execution" => {
                let active = self.found(&of("active")).await;
                let path = format!("/case-execution/{}/localVariables/blob", active.id);
                engine.put(&path, local).await.ok();
                active
            }
            "case-execution enabled" => self.found(&of("enabled")).await,
            "case-execution disabled" => {
                let enabled = self.found(&of("enabled")).await;
                engine.post(&format!("/case-execution/{}/disable", enabled.id), json!({})).await.ok();
                enabled
            }
            "historic-case-activity-instance" => {
                self.found(&format!("/history/case-activity-instance?caseInstanceId={}", case.id)).await
            }
            _ => panic!("nothing makes a `{kind}`"),
        }
    }

    /// A batch whose only job can't succeed: others end and are gone before anyone could ask for them.
    async fn stuck_batch(&self) -> Made {
        let instance = self.started("order").await;
        let body = json!({
            "processDefinitionId": self.definition("deployedProcessDefinitions", "order"),
            "processInstanceIds": [instance],
            "instructions": [{"type": "startBeforeActivity", "activityId": "noSuchActivity"}],
        });
        let batch = self.created("/modification/executeAsync", body).await;
        crate::isolation::batch_to_its_end(&self.engine, &batch.id).await;
        // Its monitor would look after it every half minute, and change what must stay the same.
        self.engine.put(&format!("/batch/{}/suspended", batch.id), json!({"suspended": true})).await.ok();
        batch
    }
}
