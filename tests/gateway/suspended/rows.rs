//! The rows of the table: which selectors stand side by side, and whose values they have.

use std::fmt;

/// Whose a value is. `Own` of a key or a query is one that fits everybody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    Own,
    Foreign,
    /// Without tenant.
    Shared,
    /// Nobody's.
    Missing,
    /// JSON `null`.
    Null,
    /// An empty text.
    Empty,
    True,
    False,
}
use Whose::{Empty, False, Foreign, Missing, Null, Own, Shared, True};

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", format!("{self:?}").to_lowercase())
    }
}

/// One operation and the selectors that its body knows, or might be thought to know.
pub struct Operation {
    pub method: &'static str,
    /// `<…>` stands for an id, key or tenant; `KEY` for the key that all have.
    pub path: &'static str,
    pub selectors: &'static [&'static str],
    /// What stands in every body.
    pub always: &'static str,
}

pub const TENANT: &str = "processDefinitionTenantId";
pub const WITHOUT: &str = "processDefinitionWithoutTenantId";
pub const KEY: &str = "processDefinitionKey";

/// After the DTOs of the engine's REST layer; what a DTO does not know is sent all the same.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "PUT",
        path: "/process-instance/suspended",
        selectors: &[
            "processDefinitionId",
            KEY,
            "processInstanceIds",
            "processInstanceQuery",
            "historicProcessInstanceQuery",
        ],
        always: "{}",
    },
    Operation {
        method: "POST",
        path: "/process-instance/suspended-async",
        selectors: &["processInstanceIds", "processInstanceQuery", "historicProcessInstanceQuery"],
        always: "{}",
    },
    Operation {
        method: "PUT",
        path: "/process-definition/suspended",
        selectors: &["processDefinitionId", KEY],
        always: r#"{"includeProcessInstances":true}"#,
    },
    Operation {
        method: "PUT",
        path: "/job-definition/suspended",
        selectors: &["jobDefinitionId", "processDefinitionId", KEY],
        always: r#"{"includeJobs":true}"#,
    },
    Operation {
        method: "PUT",
        path: "/job/suspended",
        selectors: &["jobId", "jobDefinitionId", "processInstanceId", "processDefinitionId", KEY],
        always: "{}",
    },
    Operation {
        method: "PUT",
        path: "/process-definition/<processDefinitionId>/suspended",
        selectors: &["processDefinitionId", KEY],
        always: r#"{"includeProcessInstances":true}"#,
    },
    Operation {
        method: "PUT",
        path: "/process-definition/key/<processDefinitionKey>/suspended",
        selectors: &["processDefinitionId", KEY],
        always: r#"{"includeProcessInstances":true}"#,
    },
    Operation {
        method: "PUT",
        path: "/process-definition/key/KEY/tenant-id/<processDefinitionTenantId>/suspended",
        selectors: &["processDefinitionId", KEY],
        always: r#"{"includeProcessInstances":true}"#,
    },
    Operation {
        method: "PUT",
        path: "/process-instance/<processInstanceId>/suspended",
        selectors: &["processDefinitionId", KEY, "processInstanceIds", "processInstanceQuery"],
        always: "{}",
    },
    Operation {
        method: "PUT",
        path: "/job-definition/<jobDefinitionId>/suspended",
        selectors: &["jobDefinitionId", "processDefinitionId", KEY],
        always: r#"{"includeJobs":true}"#,
    },
    Operation {
        method: "PUT",
        path: "/job/<jobId>/suspended",
        selectors: &["jobId", "jobDefinitionId", "processInstanceId", "processDefinitionId", KEY],
        always: "{}",
    },
];

/// What is sent: whose the path's id is, and the body's selectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub path: Option<Whose>,
    pub body: Vec<(&'static str, Whose)>,
}

impl Row {
    /// Nothing in it but the caller's own, or what is for everybody: it has to work as at the engine.
    pub fn is_own(&self) -> bool {
        let asked = self.path.iter().chain(self.body.iter().map(|(_, whose)| whose));
        asked.into_iter().all(|whose| matches!(whose, Own | Null | False))
    }

    /// Something in it is nobody's.
    pub fn is_nobodys(&self) -> bool {
        self.path == Some(Missing) || self.body.iter().any(|(_, whose)| *whose == Missing)
    }

    /// The same with what nobody has in the place of what another has; none where nothing differs.
    pub fn missing(&self) -> Option<Self> {
        let swap = |whose: Whose| if whose == Foreign { Missing } else { whose };
        let body = self.body.iter().map(|&(name, whose)| (name, swap(whose))).collect();
        let other = Self { path: self.path.map(swap), body };
        (other != *self).then_some(other)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.map(|whose| format!("path {whose}"));
        let body = self.body.iter().map(|(name, whose)| format!("{name} {whose}"));
        let all: Vec<String> = path.into_iter().chain(body).collect();
        write!(f, "{}", if all.is_empty() { "none".into() } else { all.join(", ") })
    }
}

/// All rows of an operation.
pub fn rows(operation: &Operation) -> Vec<Row> {
    let mut bodies: Vec<Vec<(&'static str, Whose)>> = vec![vec![]];
    let in_path = operation.path.contains('<');
    let all = operation.selectors;
    for (i, &one) in all.iter().enumerate() {
        bodies.extend([Own, Foreign, Missing, Shared, Null].map(|whose| vec![(one, whose)]));
        let others = all.iter().skip(i + 1).filter(|_| !in_path);
        for &other in others {
            let pairs = [(Own, Own), (Own, Foreign), (Foreign, Own), (Own, Missing), (Missing, Own)];
            bodies.extend(pairs.map(|(a, b)| vec![(one, a), (other, b)]));
            bodies.push(vec![(one, Own), (other, Null)]);
        }
        // A tenant selector counts beside a key only; it must not be taken for a pin elsewhere.
        for tenant in [Own, Foreign, Missing] {
            bodies.push(vec![(one, Own), (TENANT, tenant)]);
        }
        bodies.push(vec![(one, Foreign), (TENANT, Own)]);
        bodies.push(vec![(one, Missing), (TENANT, Own)]);
        bodies.push(vec![(one, Own), (WITHOUT, True)]);
        bodies.push(vec![(one, Own), (WITHOUT, False)]);
        if one == KEY {
            bodies.push(vec![(one, Own), (WITHOUT, Null)]);
            for tenant in [Null, Empty] {
                bodies.push(vec![(one, Own), (TENANT, tenant)]);
            }
            for tenant in [Own, Foreign, Missing, Null, Empty] {
                bodies.push(vec![(one, Own), (TENANT, tenant), (WITHOUT, True)]);
            }
            bodies.push(vec![(one, Own), (TENANT, Own), (WITHOUT, False)]);
        }
    }
    bodies.extend([
        vec![(TENANT, Own)],
        vec![(TENANT, Foreign)],
        vec![(TENANT, Missing)],
        vec![(WITHOUT, True)],
    ]);
    // Three at once: what the engine takes of them is the same as of two.
    if !in_path && let [first, second, third, ..] = all {
        bodies.push(vec![(first, Own), (second, Own), (third, Foreign)]);
        bodies.push(vec![(first, Own), (second, Own), (third, Missing)]);
    }
    let paths: &[Option<Whose>] = match in_path {
        true => &[Some(Own), Some(Foreign), Some(Missing)],
        false => &[None],
    };
    let fits = |path: Option<Whose>, body: &[(&str, Whose)]| {
        // Behind what is not the caller's, one selector of its own each is enough.
        path.is_none_or(|whose| whose == Own)
            || body.len() <= 1 && body.iter().all(|(_, whose)| *whose == Own)
    };
    let pairs = paths.iter().flat_map(|path| bodies.iter().map(move |body| (*path, body)));
    pairs
        .filter(|(path, body)| fits(*path, body))
        .map(|(path, body)| Row { path, body: body.clone() })
        .collect()
}
