//! A side whose own models call what has no tenant: its instances, jobs, incidents and history then hang on
//! definitions that everybody may read under `shared_resources: readable`.

use serde_json::json;

use super::estate::Estate;
use crate::support::multipart::Form;

/// What a side has running on shared definitions.
#[derive(Clone, Debug)]
pub struct Called {
    /// Instances of the shared `order`: one called by a process, one by a case.
    pub instances: Vec<String>,
    /// The incidents of the first.
    pub incidents: Vec<String>,
}

impl Estate {
    /// Deploys callers and starts them; checks that what runs is on the shared side's definitions, in this tenant.
    pub async fn call(&self, shared: &Estate) -> Called {
        let (tenant, engine) = (self.tenant.as_deref().unwrap(), &self.engine);
        let text = |model: &str| model.replace("MARKER", &self.marker).into_bytes();
        let (process, case) =
            (text(include_str!("models/calls.bpmn")), text(include_str!("models/calls.cmmn")));
        let files: [(&str, &[u8]); 2] = [("calls.bpmn", &process), ("calls.cmmn", &case)];
        let form = || Form::deployment(&self.marker, Some(tenant), &files);
        let mut deployed = engine.form("/deployment/create", form()).await;
        // As in `Estate::deployed`.
        for _ in 0..5 {
            if deployed.text().contains("OptimisticLockingException") {
                deployed = engine.form("/deployment/create", form()).await;
            }
        }
        deployed.ok();
        let variables = json!({
            "note": {"value": self.marker}, "amount": {"value": 5, "type": "Integer"},
        });
        let body = json!({"businessKey": self.marker, "variables": variables});
        let start = format!("/process-definition/key/calls/tenant-id/{tenant}/start");
        engine.post(&start, body.clone()).await.ok();
        let create = format!("/case-definition/key/callsCase/tenant-id/{tenant}/create");
        engine.post(&create, body).await.ok();

        let count = async |list: &str, parameter: &str, id: &str| {
            let rows = engine.get(&format!("{list}?{parameter}={id}&tenantIdIn={tenant}")).await.ok().ids();
            assert_eq!(rows.len(), 2, "{list} of {tenant} on shared definitions");
            rows
        };
        let order = shared.definition("deployedProcessDefinitions", "order");
        let instances = count("/process-instance", "processDefinitionId", &order).await;
        let claim = shared.definition("deployedCaseDefinitions", "claim");
        count("/case-instance", "caseDefinitionId", &claim).await;
        let pricing = shared.definition("deployedDecisionDefinitions", "pricing");
        count("/history/decision-instance", "decisionDefinitionId", &pricing).await;
        for instance in &instances {
            self.enrich(instance, engine).await;
        }
        let incidents = engine.get(&format!("/incident?processInstanceId={}", instances[0])).await.ok().ids();
        assert_eq!(incidents.len(), 4, "two of its own making, one of a job, one of an external task");
        Called { instances, incidents }
    }
}
