//! Every tenant that the engine has a record of, for callers whose token grants all of them.
//!
//! Requests are pinned to these tenants by name, as to any that a token grants: data without tenant stays out.

use std::sync::Arc;
use std::time::Duration;

use crate::isolation::engine::{Engine, needed, rows};
use crate::percent::encode_query;
use crate::refusal::{Kind, Refusal};
use crate::tenancy::{Caller, Grants, Level, Tenant};

/// How long the list is used: so late a new tenant shows.
const FRESH_FOR: Duration = Duration::from_secs(5);
/// Records in one question.
const PAGE: usize = 1000;
/// Most tenants; a pin names each of them.
const MOST: usize = 10_000;

/// The engine's tenant records, asked for by many callers at once.
pub(crate) struct EveryTenant {
    found: moka::future::Cache<Level, Arc<Grants>>,
    /// Ids that no caller can have.
    reserved: Vec<String>,
}

impl EveryTenant {
    /// Nothing is asked yet.
    pub(crate) fn new(reserved: &[String]) -> Self {
        let found = moka::future::Cache::builder().max_capacity(3).time_to_live(FRESH_FOR).build();
        Self { found, reserved: reserved.to_vec() }
    }

    /// The caller with every tenant granted at the level that its token names.
    ///
    /// # Errors
    /// The engine did not answer with its tenants: then nothing may go on.
    pub(crate) async fn granted(&self, engine: &Engine, caller: Caller) -> Result<Caller, Refusal> {
        let Some(level) = caller.all_tenants() else { return Ok(caller) };
        let every = self.found.try_get_with(level, read(engine, &caller, level, &self.reserved)).await;
        let every = every.map_err(|refusal: Arc<Refusal>| (*refusal).clone())?;
        if caller.grants().is_empty() {
            return Ok(caller.granted(every));
        }
        let mut all = (*every).clone();
        caller.grants().iter().for_each(|(tenant, level)| all.add(tenant.clone(), level));
        Ok(caller.granted(all))
    }
}

/// The one question that is pinned to nobody: the ids of all tenant records. What is no tenant's id here is left out, as
/// no caller could have it.
async fn read(
    engine: &Engine,
    caller: &Caller,
    level: Level,
    reserved: &[String],
) -> Result<Arc<Grants>, Refusal> {
    let mut all = Grants::default();
    for page in 0.. {
        let (first, most) = ((page * PAGE).to_string(), PAGE.to_string());
        let mut target = "/tenant".to_owned();
        let pairs = [("sortBy", "id"), ("sortOrder", "asc"), ("firstResult", &first), ("maxResults", &most)];
        encode_query(&mut target, pairs);
        let list = engine.ask("GET", &target, None, caller).await?;
        let records = rows(&list)?;
        for record in records {
            if let Ok(tenant) = Tenant::parse(&needed(record, "id")?, reserved) {
                all.add(tenant, level);
            }
        }
        if records.len() < PAGE {
            break;
        }
        if (page + 1) * PAGE >= MOST {
            let what = format!("the engine has more than {MOST} tenants; name some by grants of their own");
            return Err(Refusal::new(Kind::FieldDenied, what));
        }
    }
    Ok(Arc::new(all))
}
