//! Method and path → the one operation.
//!
//! Literal segments win over parameters, as in JAX-RS. Matching is on decoded segments, which hold no slash.

use std::collections::HashMap;
use std::sync::Arc;

use super::rule::{How, Rule};
use super::written::{Method, OperationKey, RuleKind, Segment};

/// All operations.
#[derive(Default)]
pub(super) struct Catalog {
    routers: HashMap<Method, matchit::Router<Arc<Rule>>>,
    rules: Vec<Arc<Rule>>,
}

/// An operation with the parameters of its path, in the order of the template.
pub struct Operation {
    /// Its rule.
    pub rule: Arc<Rule>,
    /// The decoded values of the parameters.
    pub params: Vec<String>,
}

/// Another rule takes the same requests.
#[derive(Debug, thiserror::Error)]
#[error("`{second}` takes the same requests as `{}` at {}:{}", .first.operation, .first.file, .first.line)]
pub(super) struct TwoRules {
    first: Arc<Rule>,
    second: OperationKey,
}

/// An operation's path for the router. Parameters get names by position: `{tenantId}` and `{tenant-id}` at one place
/// are the same.
fn route(operation: &OperationKey) -> String {
    let segments = operation.template().segments().iter().enumerate();
    segments
        .map(|(n, segment)| match segment {
            Segment::Literal(text) => format!("/{text}"),
            Segment::Parameter(_) | Segment::CallerTenant => format!("/{{p{n}}}"),
        })
        .collect()
}

impl Operation {
    /// Whether the engine may hold it until there is something to answer.
    pub fn is_long_poll(&self) -> bool {
        matches!(&self.rule.how, How::Forward(forward) if forward.long_poll)
    }

    /// Whether it is carried out by several writes, which must not stop halfway.
    pub fn in_several_writes(&self) -> bool {
        let handled = matches!(&self.rule.how, How::Forward(forward) if forward.handler.is_some());
        handled && self.rule.kind != RuleKind::Read
    }
}

impl Catalog {
    /// Adds a rule.
    ///
    /// # Errors
    /// Another rule takes the same requests.
    pub(super) fn insert(&mut self, rule: Arc<Rule>) -> Result<(), TwoRules> {
        let (operation, route) = (&rule.operation, route(&rule.operation));
        let router = self.routers.entry(operation.method()).or_default();
        if router.insert(route.clone(), rule.clone()).is_err() {
            let same = |other: &&Arc<Rule>| {
                other.operation.method() == operation.method() && self::route(&other.operation) == route
            };
            let first = self.rules.iter().find(same).unwrap_or(&rule).clone();
            return Err(TwoRules { first, second: operation.clone() });
        }
        self.rules.push(rule);
        Ok(())
    }

    /// Finds the operation for a method and the decoded segments after the base path.
    pub(super) fn find(&self, method: &str, segments: &[String]) -> Option<Operation> {
        let path: String = segments.iter().flat_map(|s| ["/", s.as_str()]).collect();
        let found = self.routers.get(&Method::named(method)?)?.at(&path).ok()?;
        let params = found.params.iter().map(|(_, value)| value.to_owned()).collect();
        Some(Operation { rule: found.value.clone(), params })
    }

    /// The methods that a path has.
    pub(super) fn methods(&self, segments: &[String]) -> Vec<&'static str> {
        let path: String = segments.iter().flat_map(|s| ["/", s.as_str()]).collect();
        let mut methods: Vec<_> = self
            .routers
            .iter()
            .filter(|(method, router)| **method != Method::Options && router.at(&path).is_ok())
            .map(|(method, _)| method.name())
            .collect();
        methods.sort_unstable();
        methods
    }

    /// All rules, in the order of their files.
    pub(super) fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }
}
