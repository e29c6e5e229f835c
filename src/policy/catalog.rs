//! Method and path → the one operation.
//!
//! Literal segments win over parameters, as in JAX-RS. Matching is on decoded segments, which hold no slash.

use std::collections::HashMap;
use std::sync::Arc;

use super::rule::{How, Kind, Rule};

/// All operations.
#[derive(Default)]
pub struct Catalog {
    routers: HashMap<String, matchit::Router<Arc<Rule>>>,
    rules: Vec<Arc<Rule>>,
}

/// An operation with the parameters of its path, in the order of the template.
pub struct Operation {
    /// Its rule.
    pub rule: Arc<Rule>,
    /// The decoded values of the parameters.
    pub params: Vec<String>,
}

impl Operation {
    /// Whether it is carried out by several writes, which must not stop halfway.
    pub fn in_several_writes(&self) -> bool {
        let emulated = matches!(&self.rule.how, How::Forward(forward) if forward.emulate.is_some());
        emulated && self.rule.kind != Kind::Read
    }
}

impl Catalog {
    /// Adds a rule.
    ///
    /// # Errors
    /// Another rule takes the same requests.
    pub(super) fn insert(&mut self, rule: Arc<Rule>) -> Result<(), String> {
        let Some((method, template)) = rule.operation.split_once(' ') else {
            return Err(format!("`{}` is not a method and a path", rule.operation));
        };
        // Parameters get names by position: `{tenantId}` and `{tenant-id}` at one place are no conflict.
        let mut number = 0;
        let route: String = template
            .split('/')
            .skip(1)
            .map(|segment| {
                if segment.starts_with('{') {
                    number += 1;
                    format!("/{{p{number}}}")
                } else {
                    format!("/{segment}")
                }
            })
            .collect();
        self.routers
            .entry(method.to_owned())
            .or_default()
            .insert(route, rule.clone())
            .map_err(|e| format!("`{}`: {e}", rule.operation))?;
        self.rules.push(rule);
        Ok(())
    }

    /// Finds the operation for a method and the decoded segments after the base path.
    pub fn find(&self, method: &str, segments: &[String]) -> Option<Operation> {
        let path: String = segments.iter().flat_map(|s| ["/", s.as_str()]).collect();
        let found = self.routers.get(method)?.at(&path).ok()?;
        let params = found.params.iter().map(|(_, value)| value.to_owned()).collect();
        Some(Operation { rule: found.value.clone(), params })
    }

    /// The methods that a path has.
    pub fn methods(&self, segments: &[String]) -> Vec<&str> {
        let path: String = segments.iter().flat_map(|s| ["/", s.as_str()]).collect();
        let mut methods: Vec<&str> = self
            .routers
            .iter()
            .filter(|(method, router)| *method != "OPTIONS" && router.at(&path).is_ok())
            .map(|(method, _)| method.as_str())
            .collect();
        methods.sort_unstable();
        methods
    }

    /// All rules, in the order of their files.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }
}
