//! The named checks over one rule as written: each says what it ensures.

use super::finding::Fault;
use super::written::{
    BodyWritten, Method, OperationKey, PathMeaning, PositionWritten, RuleKind, RuleWritten, Template,
};

type Check = fn(&OperationKey, &RuleWritten) -> Option<Fault>;

/// All checks.
const CHECKS: &[Check] = &[
    one_way,
    deny_says_why,
    path_parameters_are_named,
    path_names_parameters,
    ids_go_on,
    untenanted_says_why,
    something_keeps_it_in,
    few_positions,
    own_answer_has_an_id,
    reading_changes_nothing,
];

/// Runs all checks over a rule.
pub(super) fn rule(operation: &OperationKey, written: &RuleWritten) -> Vec<Fault> {
    CHECKS.iter().filter_map(|check| check(operation, written)).collect()
}

/// A rule says one thing only: denied, answered here, or sent on.
fn one_way(operation: &OperationKey, rule: &RuleWritten) -> Option<Fault> {
    let forwards = !rule.path.is_empty()
        || rule.to.is_some()
        || rule.query.is_some()
        || rule.body.is_some()
        || rule.handler.is_some()
        || rule.untenanted.is_some();
    let ways = usize::from(rule.deny.is_some()) + usize::from(rule.local.is_some()) + usize::from(forwards);
    (ways != 1).then(|| {
        let declared = if ways == 0 { "no isolation" } else { "more than one kind of isolation" };
        let what = format!("`{operation}` declares {declared}; it needs exactly one");
        Fault::new(
            "rule-ways",
            what,
            "use `deny`, `local`, or one or more of `path`, `query`, `body` and `to`",
        )
    })
}

/// A `deny` says why, in words.
fn deny_says_why(operation: &OperationKey, rule: &RuleWritten) -> Option<Fault> {
    let reason = rule.deny.as_ref()?;
    let says_more_than_a_word = reason.trim().contains(char::is_whitespace);
    (!says_more_than_a_word).then(|| {
        let what = format!("`{operation}` is denied without giving a reason");
        Fault::new("deny-reason", what, "give the reason in one sentence")
    })
}

/// Every parameter of the path is an id of a resource type, a tenant, or said to be free.
fn path_parameters_are_named(operation: &OperationKey, rule: &RuleWritten) -> Option<Fault> {
    if rule.deny.is_some() || rule.local.is_some() {
        return None;
    }
    let missing = operation.template().parameters().find(|name| !rule.path.contains_key(*name))?;
    let what = format!("`{operation}` does not declare what `{{{missing}}}` is");
    Some(Fault::new("path-parameter", what, "add it to `path`: a resource type, `tenant`, or `free`"))
}

/// What `path` names is in the operation's path: an id that nobody sends keeps nothing in.
fn path_names_parameters(operation: &OperationKey, rule: &RuleWritten) -> Option<Fault> {
    let known = |name: &str| operation.template().parameters().any(|parameter| parameter == name);
    let unknown = rule.path.keys().find(|name| !known(name.as_str()))?;
    let what = format!("`{operation}` has no parameter `{{{unknown}}}`");
    Some(Fault::new("path-parameter", what, "only list parameters of the operation's path"))
}

/// An id or tenant that `to` leaves out is never looked up, so it keeps nothing in.
fn ids_go_on(operation: &OperationKey, rule: &RuleWritten) -> Option<Fault> {
    let to = rule.to.as_ref()?;
    let goes_on = |name: &str| to.parameters().any(|parameter| parameter == name);
    let mut ids = rule.path.iter().filter(|(_, meaning)| !matches!(meaning, PathMeaning::Free));
    let (left_out, _) = ids.find(|(name, _)| !goes_on(name.as_str()))?;
    let what = format!("`to` of `{operation}` omits `{{{left_out}}}`");
    Some(Fault::new("path-parameter", what, "add it to `to`, or declare it `free`"))
}

/// `untenanted` says why, in words.
fn untenanted_says_why(operation: &OperationKey, rule: &RuleWritten) -> Option<Fault> {
    let reason = rule.untenanted.as_ref()?;
    (!reason.trim().contains(char::is_whitespace)).then(|| {
        let what = format!("`{operation}` is `untenanted` without a reason");
        Fault::new(
            "untenanted-reason",
            what,
            "explain in one sentence why its answer contains no tenant's data",
        )
    })
}

/// A rule that sends on has at least one thing that keeps it inside the tenant, or says why it needs none.
fn something_keeps_it_in(operation: &OperationKey, rule: &RuleWritten) -> Option<Fault> {
    if rule.deny.is_some() || rule.local.is_some() || rule.untenanted.is_some() {
        return None;
    }
    let by_path = rule.path.values().any(|v| matches!(v, PathMeaning::Tenant | PathMeaning::Id(_)));
    let by_tenant_path = rule.to.as_ref().is_some_and(Template::has_caller_tenant);
    let by_body = rule.body.as_ref().is_some_and(|body| !matches!(body, BodyWritten::None));
    let kept = by_path || by_tenant_path || rule.query.is_some() || by_body || rule.handler.is_some();
    (!kept).then(|| {
        let what = format!("nothing restricts `{operation}` to the tenant");
        Fault::new("not-kept-in", what, "restrict it with `path`, `query`, `body` or `to`, or deny it")
    })
}

/// The answer's scan watches at most 64 positions; each DTO needs two, a bound text one.
fn few_positions(operation: &OperationKey, rule: &RuleWritten) -> Option<Fault> {
    (rule.answer.len() > 20 || rule.bound.len() > 20).then(|| {
        let what = format!("`{operation}` watches too many positions");
        Fault::new("too-many-positions", what, "name at most 20 in `answer`, and in `bound`")
    })
}

/// An owner that shows in the answer needs exactly one id in the path and a DTO at the root.
fn own_answer_has_an_id(operation: &OperationKey, rule: &RuleWritten) -> Option<Fault> {
    if !rule.own_answer {
        return None;
    }
    let ids = rule.path.values().filter(|v| matches!(v, PathMeaning::Id(_) | PathMeaning::KeyOf(_))).count();
    let at_root = rule.answer.first().is_some_and(|PositionWritten(steps)| steps.is_empty());
    (ids != 1 || !at_root).then(|| {
        let what = format!("the owner cannot be found in the answer of `{operation}`");
        Fault::new("own-answer", what, "`own-answer` needs one id in `path` and `answer: [.]`")
    })
}

/// What sets or removes is no reading: a token that may only read another tenant's data would change it.
fn reading_changes_nothing(operation: &OperationKey, rule: &RuleWritten) -> Option<Fault> {
    let changes = match operation.method() {
        Method::Put | Method::Delete => true,
        // A POST may be a list, or may change something: that can't be told by its path.
        Method::Get | Method::Options | Method::Post => false,
    };
    (changes && rule.kind == RuleKind::Read).then(|| {
        let what = format!("`{operation}` changes data, but its kind is `read`");
        Fault::new("kind-too-low", what, "use a kind for writes, such as `work`")
    })
}
