//! Whose tasks there are. A tenant of the engine is an application; its record has the name for people.
//!
//! Nothing is configured: who has models is asked anew after seconds, and a tenant whose tasks show is asked for at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;

use crate::engine::Engine;
use crate::problem::Problem;

/// How long the list of applications is used.
const LIST: Duration = Duration::from_secs(10);
/// How long a name is.
const NAME: Duration = Duration::from_secs(60);
/// Rows in one question.
const PAGE: usize = 2000;
/// Names asked for at once.
const AT_ONCE: usize = 16;

/// What is known of applications.
#[derive(Default)]
pub(crate) struct Applications {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    listed: Option<Instant>,
    names: BTreeMap<String, (String, Instant)>,
}

/// Names of applications by tenant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// The application's name; its id where no record names it.
    pub(crate) fn of<'a>(&'a self, tenant: &'a str) -> &'a str {
        self.0.get(tenant).map_or(tenant, String::as_str)
    }

    /// All of them, by name.
    pub(crate) fn by_name(&self) -> Vec<(&str, &str)> {
        let mut all: Vec<_> = self.0.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        all.sort_by_key(|(id, name)| (name.to_lowercase(), *id));
        all
    }
}

impl Applications {
    /// The names of all applications, those of these tenants among them.
    ///
    /// # Errors
    /// The engine can't be asked.
    pub(crate) async fn names(
        &self,
        engine: &Engine,
        seen: impl IntoIterator<Item = String>,
    ) -> Result<Names, Problem> {
        let mut wanted: BTreeSet<String> = seen.into_iter().collect();
        let fresh = self.with(|known| known.listed.is_some_and(|at| at.elapsed() < LIST));
        if !fresh {
            wanted.extend(with_models(engine).await?);
            self.with(|known| known.listed = Some(Instant::now()));
        }
        self.with(|known| {
            wanted.extend(known.names.keys().cloned());
            wanted.retain(|id| known.names.get(id).is_none_or(|(_, at)| at.elapsed() >= NAME));
        });
        let wanted: Vec<String> = wanted.into_iter().collect();
        for some in wanted.chunks(AT_ONCE) {
            for found in join_all(some.iter().map(|id| name(engine, id))).await {
                let (id, name) = found?;
                self.with(|known| known.names.insert(id, (name, Instant::now())));
            }
        }
        Ok(Names(
            self.with(|known| known.names.iter().map(|(id, (name, _))| (id.clone(), name.clone())).collect()),
        ))
    }

    fn with<R>(&self, f: impl FnOnce(&mut Known) -> R) -> R {
        f(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The tenants that have deployed something to run.
async fn with_models(engine: &Engine) -> Result<BTreeSet<String>, Problem> {
    let mut found = BTreeSet::new();
    for page in 0.. {
        let (first, most) = ((page * PAGE).to_string(), PAGE.to_string());
        let query = [
            ("latestVersion", "true"),
            ("sortBy", "id"),
            ("sortOrder", "asc"),
            ("firstResult", first.as_str()),
            ("maxResults", most.as_str()),
        ];
        let list = match engine.read(&["process-definition"], &query).await {
            Ok(list) => list,
            // More tenants than the gateway can name in one query: the choice then holds those whose tasks were seen.
            Err(Problem::Unexpected { .. }) => break,
            Err(other) => return Err(other),
        };
        let rows = list.as_array().map(Vec::as_slice).unwrap_or_default();
        found.extend(rows.iter().filter_map(|row| Some(row.get("tenantId")?.as_str()?.to_owned())));
        if rows.len() < PAGE {
            break;
        }
    }
    Ok(found)
}

/// A tenant with its name.
async fn name(engine: &Engine, id: &str) -> Result<(String, String), Problem> {
    let name = match engine.read(&["tenant", id], &[]).await {
        Ok(record) => {
            record.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned)
        }
        Err(Problem::Gone { .. }) => None,
        Err(other) => return Err(other),
    };
    Ok((id.to_owned(), name.unwrap_or_else(|| id.to_owned())))
}
