//! Inspections beside the workers: a large model takes seconds of CPU, in which a worker would answer nobody.
//!
//! A few run at a time, each on a thread of its own; others wait in line. One that was begun goes on when its client
//! leaves, and keeps its place: who comes and goes must not start more of them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::{Inspector, ModelFinding};
use crate::admission::{Granted, Memory};
use crate::refusal::{Kind, Refusal};
use crate::tenancy::ShareOf;

/// Inspections at one time: they share the cores with the workers.
const AT_A_TIME: usize = 2;
/// What an inspection takes, in lengths of its model.
const WEIGHT: usize = 2;

/// Inspects models, a few at a time.
pub(crate) struct Inspections {
    inspector: Arc<Inspector>,
    places: Arc<Semaphore>,
    memory: Memory,
    /// The longest wait for a place.
    patience: Duration,
}

impl Inspections {
    /// Nothing runs yet. `patience`: the longest wait for a place.
    pub(crate) fn new(inspector: Inspector, memory: Memory, patience: Duration) -> Self {
        Self { inspector: Arc::new(inspector), places: Arc::new(Semaphore::new(AT_A_TIME)), memory, patience }
    }

    /// Memory for a model of that one that is about to be read whole; nothing granted yet.
    pub(crate) fn memory(&self, of: ShareOf) -> Granted {
        self.memory.of(of).none()
    }

    /// Takes memory for so many bytes of a model.
    ///
    /// # Errors
    /// [`Kind::Overloaded`], where there is none.
    pub(crate) async fn grow(&self, granted: &mut Granted, bytes: usize) -> Result<(), Refusal> {
        granted.grow(bytes.saturating_mul(WEIGHT)).await
    }

    /// As [`Inspector::inspect`].
    ///
    /// # Errors
    /// [`Kind::Overloaded`] where no place was to be had in time.
    pub(crate) async fn inspect(
        &self,
        name: &str,
        model: &Bytes,
        tenant: &str,
    ) -> Result<Vec<ModelFinding>, Refusal> {
        let place = tokio::time::timeout(self.patience, self.places.clone().acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            let what = "too many models are inspected at the moment; try again";
            return Err(Refusal::new(Kind::Overloaded, what).retry_after(5));
        };
        let (inspector, name, model, tenant) =
            (self.inspector.clone(), name.to_owned(), model.clone(), tenant.to_owned());
        let inspected = tokio::task::spawn_blocking(move || {
            let findings = inspector.inspect(&name, &model, &tenant);
            drop(place);
            findings
        });
        // A model that was not inspected to its end is not deployed.
        inspected
            .await
            .map_err(|fault| Refusal::new(Kind::Internal, "the model was not inspected").because(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Code, SharedResources};

    fn inspections(patience: Duration) -> Inspections {
        let inspector = Inspector::new(Code::Deny, SharedResources::Hidden).unwrap();
        Inspections::new(inspector, Memory::new(1 << 30, 0), patience)
    }

    #[tokio::test]
    async fn a_place_is_waited_for_and_kept_by_what_runs() {
        let inspections = inspections(Duration::from_millis(50));
        let model = Bytes::from_static(b"<x/>");
        let inspect = || inspections.inspect("a.bpmn", &model, "T");
        assert!(!inspect().await.unwrap().is_empty());
        let taken = inspections.places.clone().acquire_many_owned(2).await.unwrap();
        assert_eq!(inspect().await.unwrap_err().kind(), Kind::Overloaded);
        drop(taken);
        assert!(inspect().await.is_ok());
        assert_eq!(inspections.places.available_permits(), AT_A_TIME);
    }

    /// On the one thread that this test has, nothing else would move while a model is inspected there.
    #[tokio::test]
    async fn others_go_on_while_a_large_model_is_inspected() {
        let inspections = inspections(Duration::from_secs(60));
        let tasks = r#"<userTask id="a" name="b"/>"#.repeat(20_000);
        let model = format!(
            r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">{tasks}</process></definitions>"#
        );
        let model = Bytes::from(model);
        let inspect = inspections.inspect("a.bpmn", &model, "T");
        tokio::pin!(inspect);
        let mut steps = 0;
        loop {
            tokio::select! {
                biased;
                findings = &mut inspect => {
                    findings.unwrap();
                    break;
                }
                () = tokio::time::sleep(Duration::from_millis(1)) => steps += 1,
            }
        }
        assert!(steps > 5, "only {steps} steps");
    }
}
