//! Two tenants and the shared side with a process of the same key: what is suspended of them, before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use reqwest::Method;
use serde_json::{Value, json};

use super::rows::{KEY, Operation, Row, TENANT, Whose};
use crate::isolation::{batch_to_its_end, deploy_model, deployed, model, uuids};
use crate::stage::Stage;
use crate::support::api::{Api, Reply};
use crate::support::{engine, missing_id, random};

/// A tenant that never was.
const NOBODY: &str = "tNobody";

/// A definition with an instance that waits at a task with a timer.
struct Side {
    definition: String,
    instance: String,
    job: String,
    job_definition: String,
}

impl Side {
    async fn new(engine: &Api, tenant: Option<&str>, key: &str) -> Self {
        let inside = r#"<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/><userTask id="t"/>
            <boundaryEvent id="late" attachedToRef="t"><timerEventDefinition><timeDuration>P30D</timeDuration></timerEventDefinition></boundaryEvent>"#;
        let reply = deploy_model(engine, tenant, "s.bpmn", &model(key, "", inside)).await.ok();
        let definition = deployed(&reply.json());
        let instance =
            engine.post(&format!("/process-definition/{definition}/start"), json!({})).await.ok().id();
        let first = async |path: String| engine.get(&path).await.ok().ids().remove(0);
        let job = first(format!("/job?processInstanceId={instance}")).await;
        let job_definition = first(format!("/job-definition?processDefinitionId={definition}")).await;
        Self { definition, instance, job, job_definition }
    }

    fn missing() -> Self {
        let [definition, instance, job, job_definition] = [(); 4].map(|()| missing_id());
        Self { definition: format!("k:1:{definition}"), instance, job, job_definition }
    }

    fn ids(&self) -> [(&'static str, &str); 4] {
        [
            ("definition", &self.definition),
            ("instance", &self.instance),
            ("job", &self.job),
            ("job definition", &self.job_definition),
        ]
    }
}

/// What came of a request.
pub struct Seen {
    pub status: u16,
    /// Status and body, with the ids of another as those of nobody.
    pub answer: String,
    /// What reached the engine, and what kind of answer came.
    told: String,
    /// Whose what is suspended now: `own job`.
    pub changed: BTreeSet<String>,
}

impl Seen {
    /// What of one side.
    pub fn of(&self, whose: &str) -> Vec<&str> {
        self.changed.iter().filter_map(|what| what.strip_prefix(whose)?.strip_prefix(' ')).collect()
    }

    pub fn of_others(&self) -> BTreeSet<&String> {
        self.changed.iter().filter(|what| !what.starts_with("own ")).collect()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (whose, what) in self.changed.iter().filter_map(|c| c.split_once(' ')) {
            by.entry(whose).or_default().push(what);
        }
        let all: Vec<_> = by.iter().map(|(whose, what)| format!("{whose} {}", what.join("+"))).collect();
        let all = if all.is_empty() { "nothing".into() } else { all.join(", ") };
        write!(f, "{} → {all}", self.told)
    }
}

pub struct Scene {
    stage: Stage,
    engine: Api,
    /// The caller's tenant, and the other's.
    tenants: [String; 2],
    key: String,
    /// A key that the other alone has.
    their_key: String,
    no_key: String,
    sides: Vec<(&'static str, Side)>,
}

impl Scene {
    pub async fn set() -> Self {
        let (stage, engine, name) = (Stage::start().await, engine::api(), random());
        let tenants = [format!("tA{name}"), format!("tB{name}")];
        let (key, their_key) = (format!("all{name}"), format!("theirs{name}"));
        let sides = vec![
            ("own", Side::new(&engine, Some(&tenants[0]), &key).await),
            ("foreign", Side::new(&engine, Some(&tenants[1]), &key).await),
            ("foreign-key", Side::new(&engine, Some(&tenants[1]), &their_key).await),
            ("shared", Side::new(&engine, None, &key).await),
            ("missing", Side::missing()),
        ];
        Self { stage, engine, tenants, key, their_key, no_key: format!("none{name}"), sides }
    }

    fn side(&self, whose: &str) -> &Side {
        &self.sides.iter().find(|(name, _)| *name == whose).unwrap().1
    }

    /// The value of a selector.
    fn value(&self, selector: &str, whose: Whose) -> Value {
        match whose {
            Whose::Null => return Value::Null,
            Whose::Empty => return json!(""),
            Whose::True => return json!(true),
            Whose::False => return json!(false),
            Whose::Own | Whose::Foreign | Whose::Shared | Whose::Missing => {}
        }
        let side = self.side(&whose.to_string());
        match selector {
            "processDefinitionId" => json!(side.definition),
            "jobId" => json!(side.job),
            "jobDefinitionId" => json!(side.job_definition),
            "processInstanceId" => json!(side.instance),
            "processInstanceIds" => json!([side.instance]),
            // For all alike, so that a pin is what keeps it in.
            "processInstanceQuery" | "historicProcessInstanceQuery" if whose == Whose::Own => {
                json!({"processDefinitionKey": self.key})
            }
            "processInstanceQuery" | "historicProcessInstanceQuery" => {
                json!({"processInstanceIds": [side.instance]})
            }
            KEY => json!(match whose {
                Whose::Foreign => &self.their_key,
                Whose::Missing => &self.no_key,
                _ => &self.key,
            }),
            TENANT => json!(match whose {
                Whose::Own => &self.tenants[0],
                Whose::Foreign => &self.tenants[1],
                _ => NOBODY,
            }),
            other => panic!("what is `{other}`?"),
        }
    }

    fn request(&self, operation: &Operation, row: &Row) -> (String, String) {
        let mut body: Value = serde_json::from_str(operation.always).unwrap();
        body["suspended"] = json!(true);
        for (name, whose) in &row.body {
            body[*name] = self.value(name, *whose);
        }
        let mut path = operation.path.replace("KEY", &self.key);
        if let (Some(whose), Some((before, rest))) = (row.path, path.clone().split_once('<')) {
            let (name, after) = rest.split_once('>').unwrap();
            path = format!("{before}{}{after}", self.value(name, whose).as_str().unwrap());
        }
        (path, body.to_string())
    }

    pub async fn at_the_engine(&self, operation: &Operation, row: &Row) -> Seen {
        let (path, body) = self.request(operation, row);
        let reply = self.engine.json(operation.method.parse().unwrap(), &path, &body).await;
        self.seen(&reply, String::new()).await
    }

    pub async fn through_the_gateway(&self, operation: &Operation, row: &Row) -> Seen {
        let (path, body) = self.request(operation, row);
        self.stage.recorder.forget();
        let app = self.stage.client(&self.tenants[0]);
        let reply = app.json(operation.method.parse::<Method>().unwrap(), &path, &body).await;
        let seen = self.stage.recorder.seen();
        let sent = seen.iter().filter(|s| s.path.contains("/suspended"));
        let sent = sent.map(|s| self.named(&format!("{} {}", s.line(), s.text()))).collect::<Vec<_>>();
        let sent = if sent.is_empty() { "nothing sent".to_owned() } else { sent.join(" + ") };
        self.seen(&reply, sent.replace("/engine-rest", "")).await
    }

    async fn seen(&self, reply: &Reply, sent: String) -> Seen {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if body.get("batchJobDefinitionId").is_some() {
            let id = body["id"].as_str().unwrap();
            batch_to_its_end(&self.engine, id.split('.').next().unwrap()).await;
        }
        let code = reply.refusal().or_else(|| body["type"].as_str().map(str::to_owned)).unwrap_or_default();
        let code = if reply.status < 400 { String::new() } else { format!(" {code}") };
        let sent = if sent.is_empty() { sent } else { format!("{sent} → ") };
        let changed = self.suspended().await;
        if !changed.is_empty() {
            self.wake().await;
        }
        let text = if body.get("batchJobDefinitionId").is_some() {
            // Ids, handles and times are new each time.
            format!("a batch of {}", body["totalJobs"])
        } else {
            self.named(&reply.text())
        };
        let mut answer = format!("{} {text}", reply.status);
        for (foreign, missing) in [("<foreign>", "<missing>"), ("<B>", "<M>"), ("<their key>", "<no key>")] {
            answer = answer.replace(foreign, missing);
        }
        Seen { status: reply.status, answer, told: format!("{sent}{}{code}", reply.status), changed }
    }

    /// Names in the place of ids.
    fn named(&self, text: &str) -> String {
        let mut text = text.replace("%3A", ":");
        for (whose, side) in &self.sides {
            for (_, id) in side.ids() {
                text = text.replace(id, &format!("<{whose}>"));
            }
        }
        let [own, other] = &self.tenants;
        let mut names = vec![(own.clone(), "<T>"), (other.clone(), "<B>"), (NOBODY.to_owned(), "<M>")];
        names.extend(
            [(&self.key, "<key>"), (&self.their_key, "<their key>"), (&self.no_key, "<no key>")]
                .map(|(k, n)| (k.clone(), n)),
        );
        text = names.iter().fold(text, |text, (value, name)| text.replace(value.as_str(), name));
        // What the gateway puts in the place of another's, and ids of new batches.
        uuids(&text).iter().fold(text.clone(), |text, id| text.replace(id, "<fresh>"))
    }

    async fn suspended(&self) -> BTreeSet<String> {
        let mut asleep = BTreeSet::new();
        for key in [&self.key, &self.their_key] {
            let lists = [
                format!("/process-definition?suspended=true&key={key}"),
                format!("/process-instance?suspended=true&processDefinitionKey={key}"),
                format!("/job?suspended=true&processDefinitionKey={key}"),
                format!("/job-definition?suspended=true&processDefinitionKey={key}"),
            ];
            for list in lists {
                asleep.extend(self.engine.get(&list).await.ok().ids());
            }
        }
        let all = self.sides.iter().flat_map(|(whose, side)| side.ids().map(|(what, id)| (*whose, what, id)));
        all.filter(|(_, _, id)| asleep.contains(*id))
            .map(|(whose, what, _)| format!("{whose} {what}"))
            .collect()
    }

    /// Everything as before.
    async fn wake(&self) {
        for key in [&self.key, &self.their_key] {
            let body = |more: &str| {
                let mut body = json!({"suspended": false, KEY: key});
                body[more] = json!(true);
                body
            };
            for (path, body) in [
                ("/process-definition/suspended", body("includeProcessInstances")),
                ("/job-definition/suspended", body("includeJobs")),
                ("/process-instance/suspended", body("x")),
                ("/job/suspended", body("x")),
            ] {
                self.engine.put(path, body).await.ok();
            }
        }
        assert!(self.suspended().await.is_empty());
    }
}
