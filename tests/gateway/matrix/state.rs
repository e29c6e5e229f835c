//! What must not change and must not show: the state of the other sides, and every id that stands in it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::estate::Estate;
use crate::isolation::uuids;
use crate::support::api::Reply;
use crate::support::snapshot::{Snapshot, lists, rows, snapshot};

/// Lists that can be narrowed to the shared side's definitions, with the parameter; it has no tenant to ask for.
const BY_DEFINITION: &[(&str, &str)] = &[
    ("/execution", "processDefinitionId"),
    ("/process-instance", "processDefinitionId"),
    ("/task", "processDefinitionId"),
    ("/external-task", "processDefinitionId"),
    ("/job", "processDefinitionId"),
    ("/job-definition", "processDefinitionId"),
    ("/incident", "processDefinitionId"),
    ("/process-definition", "processDefinitionId"),
    ("/history/process-instance", "processDefinitionId"),
    ("/history/activity-instance", "processDefinitionId"),
    ("/history/task", "processDefinitionId"),
    ("/history/variable-instance", "processDefinitionId"),
    ("/history/job-log", "processDefinitionId"),
    ("/history/external-task-log", "processDefinitionId"),
    ("/history/incident", "processDefinitionId"),
];
const BY_CASE: &[&str] = &["/case-instance", "/case-execution", "/history/case-instance"];

/// Nearly everything of a side: asked after each operation that changes something.
pub async fn quick(side: &Estate) -> Snapshot {
    let Some(tenant) = &side.tenant else { return shared(side).await };
    lists(&side.engine, tenant).await
}

/// Everything of a side.
pub async fn whole(side: &Estate) -> Snapshot {
    let Some(tenant) = &side.tenant else { return shared(side).await };
    snapshot(&side.engine, tenant).await
}

async fn shared(side: &Estate) -> Snapshot {
    let mut all = Snapshot::new();
    let order = side.definition("deployedProcessDefinitions", "order");
    let case = side.definition("deployedCaseDefinitions", "claim");
    let paths = BY_DEFINITION.iter().map(|(list, param)| format!("{list}?{param}={order}"));
    let cases = BY_CASE.iter().map(|list| format!("{list}?caseDefinitionId={case}"));
    let deployed = ["/deployment?id=", "/deployment/"].map(|p| match p.ends_with('=') {
        true => format!("{p}{}", side.deployment),
        false => format!("{p}{}/resources", side.deployment),
    });
    for path in paths.chain(cases).chain(deployed) {
        let value = rows(&side.engine, &path).await;
        all.insert(path, value);
    }
    all
}

/// What of a side must not show anywhere else: its marks and each id in its state.
pub struct Secrets {
    whose: String,
    marks: Vec<String>,
    ids: BTreeSet<String>,
}

impl Secrets {
    /// Of a side.
    pub async fn of(side: &Estate) -> Self {
        let mut ids: BTreeSet<String> = side.ids().await.into_iter().collect();
        for value in whole(side).await.values() {
            gather(value, &mut ids);
        }
        let own_texts = side.through.is_none();
        // Where the caller holds the same texts, only what the engine or the maker of a task made up tells.
        let chosen = ids.iter().filter(|id| uuids(id).is_empty()).cloned();
        let marks = match own_texts {
            true => vec![side.marker.clone(), side.solo.clone()],
            false => chosen.collect(),
        };
        let marks = marks.into_iter().map(Some).chain([side.tenant.clone()]);
        let whose = side.tenant.clone().unwrap_or_else(|| "the shared side".into());
        Self { whose, marks: marks.flatten().collect(), ids }
    }

    /// Without what is that side's: its definitions and deployment, which stand in the rows of whoever runs on them.
    pub fn without(mut self, shared: &Estate) -> Self {
        let theirs = shared.definition_ids();
        self.ids.retain(|id| !theirs.contains(id));
        self
    }

    /// What of it shows in an answer, but what was asked for.
    pub fn seen_in(&self, reply: &Reply, asked: &str) -> Option<String> {
        let text = format!("{:?} {}", reply.headers, reply.text());
        let shows = |secret: &&String| text.contains(secret.as_str()) && !asked.contains(secret.as_str());
        let mark = self.marks.iter().find(shows);
        let id = || uuids(&text).into_iter().find(|id| self.ids.contains(id) && !asked.contains(id.as_str()));
        let found = mark.cloned().or_else(id)?;
        Some(format!("`{found}` of {} shows in {reply}", self.whose))
    }
}

/// Every UUID in a state.
fn gather(value: &Value, ids: &mut BTreeSet<String>) {
    ids.extend(uuids(&value.to_string()));
}
