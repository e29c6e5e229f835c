//! The comparison finds explanations that say something else than the gateway does.

use super::compare::{Done, differences};
use super::told::Told;
use crate::support::api::Reply;
use crate::support::raw::Message;
use crate::support::recorder::Seen;

const TOLD: &str = "\
caller      a
operation   PUT /task/{id}
rule        policies/task.yaml (work, level work)
look-up     is `t1` an own task? by GET /task?taskId=…, then GET /history/task?taskId=…; if not, it goes as an id that never existed
to engine   PUT /engine-rest/task/t1
            x-camunda-user: a
            x-camunda-tenants: a
body        {\"name\":\"x\"}
question    for each: POST /task/…/count
";

fn came(method: &str, path: &str, body: &str) -> Seen {
    let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q.to_owned())));
    let headers = ["x-camunda-user", "x-camunda-tenants"].map(|name| (name.to_owned(), "a".to_owned()));
    let message =
        Message { headers: headers.into(), body: body.into(), complete: true, ..Message::default() };
    Seen { method: method.to_owned(), path: format!("/engine-rest{path}"), query, message }
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { asked: String::new(), status, headers: Vec::new(), body: body.into() }
}

fn done() -> Done {
    let seen = vec![
        came("GET", "/task?taskId=t1&tenantIdIn=a", ""),
        came("PUT", "/task/t1", "{\"name\":\"x\"}"),
        came("POST", "/task/t1/count", ""),
    ];
    Done { reply: reply(204, ""), seen, own: true, others: Vec::new() }
}

#[test]
fn what_is_told_otherwise_is_found() {
    let found = |from: &str, to: &str| {
        assert!(TOLD.contains(from), "{from}");
        differences(&Told::read(&TOLD.replace(from, to)), &done()).join("\n")
    };
    assert_eq!(found("t1", "t1"), "");
    for (from, to, problem) in [
        ("PUT /engine-rest/task/t1", "PUT /engine-rest/task/t2", "`to engine` did not come"),
        ("PUT /engine-rest/task/t1", "POST /engine-rest/task/t1", "`to engine` did not come"),
        ("\"x\"", "\"y\"", "`to engine` did not come"),
        ("x-camunda-tenants: a", "x-camunda-tenants: b", "`to engine` did not come"),
        ("look-up ", "nothing ", "not told: GET /engine-rest/task?taskId=t1"),
        ("GET /task?", "GET /job?", "not told: GET /engine-rest/task?taskId=t1"),
        ("POST /task/…/count", "POST /task/…/…/count", "not told: POST /engine-rest/task/t1/count"),
        ("question ", "nothing  ", "not told: POST /engine-rest/task/t1/count"),
        ("to engine   PUT", "refused     403 TG403-FIELD: no\nnothing     PUT", "reached the engine"),
    ] {
        let found = found(from, to);
        assert!(found.contains(problem), "{from} → {to}: {found}");
    }
}

#[test]
fn another_refusal_or_answer_is_found() {
    let nothing = |reply| Done { reply, seen: Vec::new(), own: true, others: Vec::new() };
    let refused = Told::read("refused     403 TG403-FIELD: `x` can't be used here: no\n");
    let answered = Told::read("answered    200 [] (by the gateway)\n");
    let (same, other) = (r#"{"code": "TG403-FIELD"}"#, r#"{"code": "TG403-TENANT"}"#);
    assert!(differences(&refused, &nothing(reply(403, same))).is_empty());
    assert!(!differences(&refused, &nothing(reply(403, other))).is_empty());
    assert!(!differences(&refused, &nothing(reply(400, same))).is_empty());
    assert!(!differences(&refused, &done()).is_empty());
    assert!(differences(&answered, &nothing(reply(200, "[]"))).is_empty());
    assert!(!differences(&answered, &nothing(reply(200, "{}"))).is_empty());
    assert!(!differences(&answered, &nothing(reply(403, same))).is_empty());
    // Allowed by one and refused by the other, without a question.
    let sent = Told::read(TOLD);
    assert!(!differences(&sent, &nothing(reply(403, same))).is_empty());
    let plain = Told::read(&TOLD.replace("look-up ", "nothing ").replace("question ", "nothing  "));
    let seen = vec![came("PUT", "/task/t1", "{\"name\":\"x\"}")];
    let after = |reply| Done { reply, seen: seen.clone(), own: true, others: Vec::new() };
    assert!(differences(&plain, &after(reply(204, ""))).is_empty());
    assert!(!differences(&plain, &after(reply(403, same))).is_empty());
}

#[test]
fn others_ids_go_as_something_else() {
    let fresh = "0b0e4f06-7b55-4c0e-8c9e-0d9d3c3c3c3c";
    let mut done = done();
    done.seen[1].path = format!("/engine-rest/task/{fresh}");
    done.seen[2].path = format!("/engine-rest/task/{fresh}/count");
    assert!(!differences(&Told::read(TOLD), &done).is_empty());
    (done.own, done.others) = (false, vec!["t1".to_owned()]);
    assert_eq!(differences(&Told::read(TOLD), &done), Vec::<String>::new());
}
