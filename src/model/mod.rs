//! Models are inspected before they are deployed: they run inside the shared engine.
//!
//! In: a file's name, its bytes and the deploying tenant. Out: everything in it that reaches another tenant or runs
//! code, each with its place and what to do instead; nothing found: it may be deployed. What counts is data, in
//! `policies/models.yaml`. Never changes a file, never sends one, never evaluates anything in it.
//!
//! - `encoding`: bytes become text, as the engine would decode them, or are refused;
//! - `xml`: text becomes elements, read strictly;
//! - `checks`: each element against the lists of `data`;
//! - `expression`: the small language of `${…}`;
//! - `feel`: the small language of decisions;
//! - `form`: forms are JSON;
//! - `inspections`: inspections beside the workers, bounded in number;
//! - `finding`: what was found, and the refusal made of it.

mod checks;
mod data;
mod encoding;
mod expression;
mod feel;
mod finding;
mod form;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod inspections;
mod xml;

use std::path::Path;

use serde::Deserialize;

pub use data::DataFault;
pub use finding::{ModelFinding, refusal};
pub(crate) use inspections::Inspections;

use finding::{sentence, shortened};

use crate::config::{Code, SharedResources};

/// The lists, as built into the binary.
const LISTS: &str = include_str!("../../policies/models.yaml");
/// Largest file that [`Inspector::inspect`] reads, in bytes. A smaller limit is the caller's.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Most findings of one file.
const MAX_FINDINGS: usize = 1000;

/// A kind of file that the engine parses when it is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// A process (BPMN 2.0).
    Bpmn,
    /// A decision (DMN 1.1 to 1.5).
    Dmn,
    /// A case (CMMN 1.0 and 1.1).
    Cmmn,
    /// A Camunda form (JSON).
    Form,
}

impl ModelKind {
    /// The kinds that are XML.
    pub const XML: &'static [ModelKind] = &[ModelKind::Bpmn, ModelKind::Dmn, ModelKind::Cmmn];

    /// The kind in lower case, as in the data file.
    pub const fn as_str(self) -> &'static str {
        match self {
            ModelKind::Bpmn => "bpmn",
            ModelKind::Dmn => "dmn",
            ModelKind::Cmmn => "cmmn",
            ModelKind::Form => "form",
        }
    }
}

/// Who deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deployer<'a> {
    /// This tenant.
    Tenant(&'a str),
    /// A check without tenant: a fixed tenant can't be told apart from a foreign one.
    Unknown,
}

/// Inspects files that are about to be deployed.
pub struct Inspector {
    lists: data::Lists,
    code: Code,
    shared: SharedResources,
}

impl Inspector {
    /// Builds the inspector from the lists in the binary.
    ///
    /// # Errors
    /// Every fault of the lists.
    pub fn new(code: Code, shared: SharedResources) -> Result<Self, Vec<DataFault>> {
        Ok(Self { lists: data::Lists::parse(LISTS)?, code, shared })
    }

    /// How the engine parses a resource of this name; none: it only stores it. The end counts, case-sensitive and
    /// without a dot before it (facts 6; `BpmnDeployer`, `DecisionDefinitionDeployer`, `CmmnDeployer`,
    /// `CamundaFormDefinitionDeployer`).
    pub fn kind(name: &str) -> Option<ModelKind> {
        const ENDS: &[(&str, ModelKind)] = &[
            ("bpmn20.xml", ModelKind::Bpmn),
            ("bpmn", ModelKind::Bpmn),
            ("dmn11.xml", ModelKind::Dmn),
            ("dmn", ModelKind::Dmn),
            ("cmmn11.xml", ModelKind::Cmmn),
            ("cmmn10.xml", ModelKind::Cmmn),
            ("cmmn", ModelKind::Cmmn),
            ("form", ModelKind::Form),
        ];
        ENDS.iter().find(|(end, _)| name.ends_with(end)).map(|(_, kind)| *kind)
    }

    /// Everything in a file that may not be deployed by `tenant`; empty: it may be deployed. Files that the engine
    /// only stores have no findings.
    pub fn inspect(&self, name: &str, bytes: &[u8], tenant: &str) -> Vec<ModelFinding> {
        self.inspect_as(name, bytes, Deployer::Tenant(tenant))
    }

    fn inspect_as(&self, name: &str, bytes: &[u8], deployer: Deployer<'_>) -> Vec<ModelFinding> {
        let Some(kind) = Self::kind(name) else { return Vec::new() };
        if bytes.len() > MAX_BYTES {
            return vec![unreadable(name, (1, 1), "too-large", format!("has more than {MAX_BYTES} bytes"))];
        }
        match kind {
            ModelKind::Form => match form::check(bytes) {
                Ok(()) => Vec::new(),
                Err((line, column, what)) => vec![unreadable(name, (line, column), "unreadable", what)],
            },
            ModelKind::Bpmn | ModelKind::Dmn | ModelKind::Cmmn => {
                self.inspect_xml(name, kind, bytes, deployer)
            }
        }
    }

    fn inspect_xml(
        &self,
        name: &str,
        kind: ModelKind,
        bytes: &[u8],
        deployer: Deployer<'_>,
    ) -> Vec<ModelFinding> {
        let decoded = match encoding::decode(bytes) {
            Ok(decoded) => decoded,
            Err(what) => return vec![unreadable(name, (1, 1), "encoding", what.into())],
        };
        let places = Places::new(&decoded.text);
        let elements = match xml::read(&decoded.text, decoded.declaration) {
            Ok(elements) => elements,
            Err(bad) => {
                return vec![unreadable(name, places.at(bad.offset), "unreadable", bad.what.to_string())];
            }
        };
        let root = elements.first().map(|element| element.namespace.as_str()).unwrap_or_default();
        if !self.lists.is_root(kind, root) {
            let what =
                format!("its root element is not {} of a version that the engine reads", kind.as_str());
            return vec![unreadable(name, (1, 1), "root", what)];
        }
        let context = checks::CheckContext {
            lists: &self.lists,
            kind,
            code: self.code,
            shared: self.shared,
            deployer,
            root,
        };
        let mut findings = Vec::new();
        for element in &elements {
            for found in checks::all(&context, element) {
                let (line, column) = places.at(element.offset);
                findings.push(ModelFinding {
                    file: name.to_owned(),
                    line,
                    column,
                    element: shortened(&element.local),
                    id: element.id.clone(),
                    attribute: found.attribute.map(|attribute| shortened(&attribute.written)),
                    code: found.code,
                    what: found.what,
                    remedy: found.remedy,
                });
            }
            if findings.len() >= MAX_FINDINGS {
                break;
            }
        }
        findings
    }
}

/// Inspects a file of the disk, for `tenantgate check --model FILE`. Without a tenant every fixed tenant id is a
/// finding. What can't be read is a finding, and so are faults of the lists.
pub fn check_file(
    path: &Path,
    tenant: Option<&str>,
    code: Code,
    shared: SharedResources,
) -> Vec<ModelFinding> {
    let name = path.to_string_lossy();
    let inspector = match Inspector::new(code, shared) {
        Ok(inspector) => inspector,
        Err(faults) => {
            let text =
                |fault: DataFault| format!("the built-in lists are broken: {}: {}", fault.place, fault.what);
            return faults.into_iter().map(|fault| unreadable(&name, (1, 1), "lists", text(fault))).collect();
        }
    };
    if Inspector::kind(&name).is_none() {
        let what =
            "the engine parses no file with this name (it must end in bpmn, dmn, cmmn, form or similar)"
                .to_owned();
        return vec![unreadable(&name, (1, 1), "not-a-model", what)];
    }
    match std::fs::read(path) {
        Ok(bytes) => inspector.inspect_as(&name, &bytes, tenant.map_or(Deployer::Unknown, Deployer::Tenant)),
        Err(error) => vec![unreadable(&name, (1, 1), "unreadable", format!("can't be read: {error}"))],
    }
}

/// A finding about a whole file.
fn unreadable(name: &str, (line, column): (usize, usize), code: &'static str, what: String) -> ModelFinding {
    ModelFinding {
        file: name.to_owned(),
        line,
        column,
        element: String::new(),
        id: None,
        attribute: None,
        code,
        what: sentence(&what),
        remedy: "save the model with a current modeler".into(),
    }
}

/// Byte offsets as lines and columns.
struct Places<'a> {
    text: &'a str,
    /// Offsets at which lines begin.
    lines: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, lines: std::iter::once(0).chain(ends).collect() }
    }

    fn at(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|begin| *begin <= offset).max(1);
        let begin = self.lines.get(line - 1).copied().unwrap_or_default();
        let column = self.text.get(begin..offset).map_or(0, |before| before.chars().count());
        (line, column + 1)
    }
}

#[cfg(test)]
mod beans;
#[cfg(test)]
mod tests;
