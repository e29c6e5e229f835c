//! `policies/models.yaml`: what models may carry, as data.
//!
//! In: the text of the file. Out: [`Lists`], ready to be asked about a name, or every fault of the file at once.
//! Never read from a disk: the file is part of the binary.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::ModelKind;

/// One thing that is wrong with the data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFault {
    /// Where in the file: a line of a list, or a position that the parser tells.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    refused: Vec<Line>,
    expressions: Vec<Names>,
    inert: Vec<Names>,
    extension_namespaces: Vec<String>,
    root_namespaces: HashMap<ModelKind, Vec<String>>,
    engine_names: EngineNames,
}

/// A line of `refused`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    models: Vec<ModelKind>,
    #[serde(default)]
    pub(crate) attributes: Vec<String>,
    #[serde(default)]
    pub(crate) elements: Vec<String>,
    #[serde(rename = "as")]
    pub(crate) treatment: Treatment,
    #[serde(default)]
    pub(crate) values: Vec<String>,
    #[serde(default)]
    pub(crate) always: bool,
    source: String,
    pub(crate) instead: String,
}

/// How a name of `refused` is treated.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Treatment {
    /// May not be there.
    Code,
    /// The caller's own tenant id, nothing else.
    Tenant,
    /// One of the values.
    Only,
    /// None of the values.
    Never,
    /// Needs the attribute in the values beside it.
    With,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    models: Vec<ModelKind>,
    #[serde(default)]
    attributes: Vec<String>,
    #[serde(default)]
    elements: Vec<String>,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EngineNames {
    suffixes: Vec<String>,
    exact: Vec<String>,
}

/// The lists of the file.
pub(crate) struct Lists {
    lines: HashMap<ModelKind, Vec<Line>>,
    known_elements: HashMap<ModelKind, HashSet<String>>,
    known_attributes: HashMap<ModelKind, HashSet<String>>,
    extension_namespaces: HashSet<String>,
    root_namespaces: HashMap<ModelKind, Vec<String>>,
    engine_suffixes: Vec<String>,
    engine_names: HashSet<String>,
}

impl Lists {
    /// Reads the file.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<DataFault>> {
        let written: Written = serde_saphyr::from_str(text)
            .map_err(|error| vec![DataFault { place: "models.yaml".into(), what: error.to_string() }])?;
        let mut faults = Vec::new();
        for (number, line) in written.refused.iter().enumerate() {
            let place = format!("refused, line {}", number + 1);
            faults.extend(
                line.faults().into_iter().map(|what| DataFault { place: place.clone(), what: what.into() }),
            );
        }
        for (list, lines) in [("expressions", &written.expressions), ("inert", &written.inert)] {
            for (number, line) in lines.iter().enumerate() {
                if line.source.trim().is_empty() || line.models.is_empty() {
                    let place = format!("{list}, line {}", number + 1);
                    faults.push(DataFault { place, what: "`source` or `models` is empty".into() });
                }
            }
        }
        // An empty list would let every name pass, silently.
        for kind in ModelKind::XML {
            if written.root_namespaces.get(kind).is_none_or(Vec::is_empty) {
                let place = "root-namespaces".to_owned();
                faults.push(DataFault { place, what: format!("nothing for {}", kind.as_str()) });
            }
        }
        if written.extension_namespaces.is_empty() || written.engine_names.exact.is_empty() {
            faults.push(DataFault {
                place: "models.yaml".into(),
                what: "`extension-namespaces` or `engine-names` is empty".into(),
            });
        }
        if faults.is_empty() { Ok(Self::from_written(written)) } else { Err(faults) }
    }

    fn from_written(written: Written) -> Self {
        let mut lists = Self {
            lines: HashMap::new(),
            known_elements: HashMap::new(),
            known_attributes: HashMap::new(),
            extension_namespaces: written.extension_namespaces.into_iter().collect(),
            root_namespaces: written.root_namespaces,
            engine_suffixes: written.engine_names.suffixes,
            engine_names: written.engine_names.exact.into_iter().collect(),
        };
        for line in written.refused {
            for kind in &line.models {
                lists.know(*kind, &line.elements, &line.attributes);
                lists.lines.entry(*kind).or_default().push(line.clone());
            }
        }
        for names in written.expressions.into_iter().chain(written.inert) {
            for kind in &names.models {
                lists.know(*kind, &names.elements, &names.attributes);
            }
        }
        lists
    }

    fn know(&mut self, kind: ModelKind, elements: &[String], attributes: &[String]) {
        self.known_elements.entry(kind).or_default().extend(elements.iter().cloned());
        self.known_attributes.entry(kind).or_default().extend(attributes.iter().cloned());
    }

    /// The lines of `refused` for a kind of model.
    pub(crate) fn lines(&self, kind: ModelKind) -> impl Iterator<Item = &Line> {
        self.lines.get(&kind).into_iter().flatten()
    }

    /// Whether an element's name is on any list.
    pub(crate) fn knows_element(&self, kind: ModelKind, name: &str) -> bool {
        self.known_elements.get(&kind).is_some_and(|names| names.contains(name))
    }

    /// Whether an attribute's name is on any list.
    pub(crate) fn knows_attribute(&self, kind: ModelKind, name: &str) -> bool {
        self.known_attributes.get(&kind).is_some_and(|names| names.contains(name))
    }

    /// Whether every name of a namespace must be on a list.
    pub(crate) fn is_extension(&self, namespace: &str) -> bool {
        self.extension_namespaces.contains(namespace)
    }

    /// Whether a document of this kind may have its root element in `namespace`.
    pub(crate) fn is_root(&self, kind: ModelKind, namespace: &str) -> bool {
        self.root_namespaces.get(&kind).is_some_and(|all| all.iter().any(|one| one == namespace))
    }

    /// Whether a bare name is the engine's own.
    pub(crate) fn is_engine_name(&self, name: &str) -> bool {
        self.engine_names.contains(name)
            || self.engine_suffixes.iter().any(|suffix| name.ends_with(suffix.as_str()))
    }
}

impl Line {
    fn faults(&self) -> Vec<&'static str> {
        let mut faults = Vec::new();
        if self.models.is_empty() {
            faults.push("`models` is empty");
        }
        if self.models.contains(&ModelKind::Form) {
            faults.push("forms have no elements");
        }
        if self.attributes.is_empty() && self.elements.is_empty() {
            faults.push("names neither an element nor an attribute");
        }
        if self.source.trim().is_empty() || self.instead.trim().is_empty() {
            faults.push("`source` or `instead` is empty");
        }
        let takes_values = match self.treatment {
            Treatment::Only | Treatment::Never | Treatment::With => true,
            Treatment::Code | Treatment::Tenant => false,
        };
        if takes_values == self.values.is_empty() {
            faults.push("`values` does not fit `as`");
        }
        if self.treatment != Treatment::Code && self.attributes.is_empty() {
            faults.push("only `code` can be said of an element");
        }
        faults
    }

    /// Whether the line is about attributes of this name on this element.
    pub(crate) fn is_about_attribute(&self, element: &str, attribute: &str) -> bool {
        self.attributes.iter().any(|name| matches(name, attribute))
            && (self.elements.is_empty() || self.elements.iter().any(|name| name == element))
    }

    /// Whether the line is about elements of this name.
    pub(crate) fn is_about_element(&self, element: &str) -> bool {
        self.attributes.is_empty() && self.elements.iter().any(|name| name == element)
    }
}

/// A name of the file against a name of a model. A wildcard disregards case: kin that is not known yet.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) => name.to_ascii_lowercase().ends_with(&end.to_ascii_lowercase()),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT_IN: &str = include_str!("../../policies/models.yaml");

    #[test]
    fn the_built_in_file_has_no_fault() {
        assert!(Lists::parse(BUILT_IN).is_ok());
    }

    #[test]
    fn every_fault_is_found_in_one_run() {
        let broken = BUILT_IN
            .replacen("as: tenant", "as: only", 1)
            .replacen("instead: add `camunda:formRefBinding=\"deployment\"`", "instead: ''", 1)
            .replacen("    elements: [field]\n", "", 1);
        let faults = Lists::parse(&broken).map(|_| ()).unwrap_err();
        let places: Vec<_> = faults.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(places, ["refused, line 1", "refused, line 3", "refused, line 6"], "{faults:?}");
    }

    #[test]
    fn an_unknown_key_is_a_fault() {
        assert!(Lists::parse(&BUILT_IN.replacen("always: true", "allways: true", 1)).is_err());
    }

    #[test]
    fn kin_of_a_tenant_attribute_is_matched_whatever_its_case() {
        for name in ["calledElementTenantId", "fooTenantId", "tenantId", "tenantid"] {
            assert!(matches("*TenantId", name), "{name}");
        }
        assert!(!matches("*TenantId", "tenantIdent"));
    }
}
