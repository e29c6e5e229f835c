//! What the engine has at the end, beside what clients were told.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::replicas::Replica;
use crate::support::api::Api;
use crate::traffic::{Field, Said, Tenant};

/// Rows of a list that are asked for at a time.
const PAGE: usize = 5000;

/// Every accepted write is there once; every other one once or never; and nothing is there that nobody asked for.
pub async fn of_writes(field: &Field, engine: &Api) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut accepted, mut failed) = (0, 0);
    for tenant in &field.tenants {
        let instances =
            rows(engine, tenant, "/history/process-instance?sortBy=startTime&sortOrder=asc").await;
        let mut found = counts(&instances, "businessKey");
        for (key, said) in tenant.started.lock().unwrap().iter() {
            let times = found.remove(key).unwrap_or_default();
            match said {
                Said::Done => accepted += 1,
                Said::Failed => failed += 1,
            }
            if times > 1 || (*said == Said::Done && times == 0) {
                faults.push(format!("{key} was said {said:?} and is there {times} times"));
            }
        }
        faults.extend(
            found.keys().map(|key| format!("{key} is there and was never asked for by {}", tenant.id)),
        );
        let tasks = rows(engine, tenant, "/history/task?finished=true&sortBy=startTime&sortOrder=asc").await;
        let done = counts(&tasks, "id");
        let lost = tenant.completed.lock().unwrap();
        let lost = lost.iter().filter(|(id, said)| **said == Said::Done && !done.contains_key(*id));
        faults.extend(lost.map(|(id, _)| format!("task {id} of {} was completed and is open", tenant.id)));
    }
    println!("writes: {accepted} accepted, {failed} failed or refused");
    faults
}

async fn rows(engine: &Api, tenant: &Tenant, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let page = format!("{path}&tenantIdIn={}&firstResult={}&maxResults={PAGE}", tenant.id, all.len());
        let rows = engine.get(&page).await.ok().json();
        let rows = rows.as_array().unwrap();
        all.extend(rows.iter().cloned());
        if rows.len() < PAGE {
            return all;
        }
    }
}

fn counts(rows: &[Value], field: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row[field].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    counts
}

/// No replica has panicked, and none raised the guard's alarm.
pub fn of_logs(replicas: &[Replica]) -> Vec<String> {
    let logs = replicas.iter().map(Replica::log);
    let lines = logs.flat_map(|log| log.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| line.contains("panicked") || line.contains("TG502-GUARD")).collect()
}
