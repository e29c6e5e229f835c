//! The folder of rules → [`Policy`] and findings; the only file access of the policy.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use super::checks;
use super::rule::{
    Body, Family, FamilyId, Field, Forward, Guarded, How, KnownTypes, LookUp, Multipart, Part, Rule, Shape,
    ShapeId,
};
use super::written::{FamilyWritten, FieldWritten, LookUpWritten, RuleWritten};
use super::{Catalog, Operation};
use crate::json::scan;

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");
/// Data of the model inspector, which lies in the same folder.
const NOT_RULES: &[&str] = &["models.yaml"];

/// A fault in the rules, with its place and help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable name in kebab-case.
    pub code: &'static str,
    /// The file.
    pub file: String,
    /// The line from 1; 0 where the whole file is meant.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} [{}]; {}", self.file, self.line, self.what, self.code, self.help)
    }
}

/// All rules, shapes and families.
#[derive(Default)]
pub struct Policy {
    catalog: Catalog,
    shapes: Vec<Shape>,
    families: Vec<Family>,
    /// Types of ids that operations carried out by code need.
    pub types: KnownTypes,
}

impl Policy {
    /// The operation for a method and decoded segments.
    pub fn find(&self, method: &str, segments: &[String]) -> Option<Operation> {
        self.catalog.find(method, segments)
    }

    /// The methods that a path has.
    pub fn methods(&self, segments: &[String]) -> Vec<&str> {
        self.catalog.methods(segments)
    }

    /// All rules.
    pub fn rules(&self) -> &[Arc<Rule>] {
        self.catalog.rules()
    }

    /// A shape.
    pub fn shape(&self, id: ShapeId) -> &Shape {
        static NONE: Shape = Shape { name: String::new(), fields: Vec::new(), endings: Vec::new() };
        self.shapes.get(id.0).unwrap_or(&NONE)
    }

    /// A family; none for the pseudo family of tenants.
    pub fn family(&self, id: FamilyId) -> Option<&Family> {
        self.families.get(id.0)
    }

    /// All families.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// A shape by its name.
    #[cfg(test)]
    pub(crate) fn shape_named(&self, name: &str) -> Option<ShapeId> {
        self.shapes.iter().position(|s| s.name == name).map(ShapeId)
    }
}

/// Loads the rules of a folder, or the built-in ones.
///
/// # Errors
/// Every fault of the whole folder at once.
pub fn load(directory: Option<&Path>) -> Result<Policy, Vec<Finding>> {
    let files = match directory {
        None => BUILT_IN
            .files()
            .filter_map(|f| Some((f.path().to_str()?.to_owned(), f.contents_utf8()?.to_owned())))
            .collect(),
        Some(folder) => read_folder(folder)?,
    };
    let mut loader = Loader::default();
    for (name, text) in files.iter().filter(|(n, _)| n.ends_with(".yaml") && !NOT_RULES.contains(&n.as_str()))
    {
        loader.file(name, text);
    }
    loader.finish()
}

/// The built-in files of rules by name, as text.
#[cfg(test)]
pub(super) fn built_in() -> BTreeMap<String, String> {
    let text = |f: &include_dir::File<'_>| f.contents_utf8().map(str::to_owned);
    let named = BUILT_IN.files().filter_map(|f| Some((f.path().to_str()?.to_owned(), text(f)?)));
    named.filter(|(n, _)| n.ends_with(".yaml") && !NOT_RULES.contains(&n.as_str())).collect()
}

fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, Vec<Finding>> {
    let fault = |place: &Path, e: std::io::Error| {
        vec![Finding {
            code: "policy-unreadable",
            file: place.display().to_string(),
            line: 0,
            what: e.to_string(),
            help: "name a folder with the rule files in `policies.directory`".into(),
        }]
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| fault(folder, e))? {
        let path = entry.map_err(|e| fault(folder, e))?.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        // A ConfigMap's own folders begin with two dots.
        if name.ends_with(".yaml") && !name.starts_with("..") {
            files.push((name.to_owned(), std::fs::read_to_string(&path).map_err(|e| fault(&path, e))?));
        }
    }
    files.sort();
    Ok(files)
}

#[derive(Default)]
struct Loader {
    rules: Vec<(String, String, usize, RuleWritten)>,
    shapes: BTreeMap<String, (usize, BTreeMap<String, FieldWritten>)>,
    families: BTreeMap<String, FamilyWritten>,
    findings: Vec<Finding>,
}

impl Loader {
    fn find(&mut self, code: &'static str, (file, line): (&str, usize), what: impl Into<String>, help: &str) {
        self.findings.push(Finding { code, file: file.into(), line, what: what.into(), help: help.into() });
    }

    fn file(&mut self, name: &str, text: &str) {
        let syntax = "see policies/README.md for the form of a rule";
        match name {
            "shapes.yaml" => {
                match serde_saphyr::from_str::<BTreeMap<String, BTreeMap<String, FieldWritten>>>(text) {
                    Ok(shapes) => {
                        self.shapes = shapes.into_iter().enumerate().map(|(i, (n, f))| (n, (i, f))).collect()
                    }
                    Err(e) => self.find("policy-syntax", (name, line_of(&e)), e.to_string(), syntax),
                }
            }
            "ownership.yaml" => match serde_saphyr::from_str(text) {
                Ok(families) => self.families = families,
                Err(e) => self.find("policy-syntax", (name, line_of(&e)), e.to_string(), syntax),
            },
            _ => match serde_saphyr::from_str::<BTreeMap<String, RuleWritten>>(text) {
                Ok(rules) => {
                    for (operation, rule) in rules {
                        let line = text.lines().position(|l| l.starts_with(&format!("{operation}:")));
                        self.rules.push((operation, name.into(), line.map_or(0, |l| l + 1), rule));
                    }
                }
                Err(e) => self.find("policy-syntax", (name, line_of(&e)), e.to_string(), syntax),
            },
        }
    }

    fn family_id(&self, name: &str) -> Option<FamilyId> {
        if name == "tenant" {
            return Some(FamilyId::TENANT);
        }
        self.families.keys().position(|k| k == name).map(FamilyId)
    }

    fn shape_id(&self, name: &str) -> Option<ShapeId> {
        self.shapes.get(name).map(|(i, _)| ShapeId(*i))
    }

    fn finish(mut self) -> Result<Policy, Vec<Finding>> {
        let mut policy = Policy::default();
        for (name, family) in &self.families.clone() {
            match self.family(name, family) {
                Ok(family) => policy.families.push(family),
                Err(what) => {
                    let what = format!("`{name}`: {what}");
                    self.find("unknown-look-up", ("ownership.yaml", 0), what, "see policies/README.md");
                }
            }
        }
        let mut shapes: Vec<_> = self.shapes.clone().into_iter().collect();
        shapes.sort_by_key(|(_, (i, _))| *i);
        for (name, (_, fields)) in shapes {
            let mut shape = Shape { name: name.clone(), ..Shape::default() };
            for (field, written) in fields {
                match self.field(&written) {
                    Ok(meant) => match field.strip_prefix('*') {
                        Some(end) => shape.endings.push((end.to_owned(), meant)),
                        None => shape.fields.push((field, meant)),
                    },
                    Err(what) => {
                        let what = format!("`{name}.{field}`: {what}");
                        self.find(
                            "unknown-name",
                            ("shapes.yaml", 0),
                            what,
                            "name a shape or a family that is there",
                        );
                    }
                }
            }
            policy.shapes.push(shape);
        }
        policy.types = self.known_types();
        for (operation, file, line, written) in std::mem::take(&mut self.rules) {
            let place = (file.as_str(), line);
            for (code, what, help) in checks::rule(&operation, &written) {
                self.find(code, place, what, help);
            }
            match self.rule(&operation, &file, &written) {
                Ok(rule) => {
                    if let Err(e) = policy.catalog.insert(Arc::new(rule)) {
                        self.find("two-rules", place, e, "keep one of the two rules");
                    }
                }
                Err(what) => self.find("unknown-name", place, what, "name a shape or a family that is there"),
            }
        }
        if policy.catalog.rules().is_empty() {
            self.find(
                "no-rules",
                ("policies", 0),
                "no rule was found",
                "the folder holds the files of `policies/`",
            );
        }
        if self.findings.is_empty() { Ok(policy) } else { Err(self.findings) }
    }

    /// The types of ids that code needs, wherever a rule says that it is carried out by code.
    fn known_types(&mut self) -> KnownTypes {
        let mut known = |name: &str| {
            self.family_id(name).unwrap_or_else(|| {
                let what = format!("`{name}` is missing: operations that are carried out by code need it");
                self.find(
                    "missing-type",
                    ("ownership.yaml", 0),
                    what,
                    "say how the owner of such an id is found",
                );
                FamilyId(usize::MAX - 1)
            })
        };
        KnownTypes {
            deployment: known("deployment"),
            process_definition: known("process-definition"),
            process_instance: known("process-instance"),
            task: known("task"),
        }
    }

    fn family(&self, name: &str, written: &FamilyWritten) -> Result<Family, String> {
        let look_up = written.look_up.iter().map(look_up).collect::<Result<_, _>>()?;
        let pin = match written.owner.as_deref() {
            None => ("tenantIdIn", "tenantId"),
            Some("owner") => ("owner", "owner"),
            Some(other) => return Err(format!("`{other}` is no field that names an owner")),
        };
        Ok(Family {
            name: name.into(),
            look_up,
            shareable: written.shareable.clone(),
            handle: written.handle.clone(),
            pin,
        })
    }

    fn field(&self, written: &FieldWritten) -> Result<Field, String> {
        let family = |name: &str| self.family_id(name).ok_or_else(|| format!("there is no family `{name}`"));
        let shape = |name: &str| self.shape_id(name).ok_or_else(|| format!("there is no shape `{name}`"));
        Ok(match written {
            FieldWritten::Tenant => Field::Tenant,
            FieldWritten::TenantWith(other) => Field::TenantWith(other.clone()),
            FieldWritten::TenantWithout(other) => Field::TenantWithout(other.clone()),
            FieldWritten::Tenants => Field::Tenants,
            FieldWritten::TenantsNamed => Field::TenantsNamed,
            FieldWritten::Tenantless => Field::Tenantless,
            FieldWritten::IncludeTenantless => Field::IncludeTenantless,
            FieldWritten::TenantlessSelector => Field::TenantlessSelector,
            FieldWritten::BoundText => Field::BoundText,
            FieldWritten::Joins(_) => Field::Joins,
            FieldWritten::Drop => Field::Drop,
            FieldWritten::Handle(name) => Field::Handle(family(name)?),
            FieldWritten::Own(name) => Field::Own(family(name)?),
            FieldWritten::OwnList(name) => Field::OwnList(family(name)?),
            FieldWritten::Object(name) => Field::Object(shape(name)?),
            FieldWritten::Each(name) => Field::Each(shape(name)?),
            FieldWritten::Map(name) => Field::Map(shape(name)?),
            FieldWritten::Refuse(why) => Field::Refuse(why.clone()),
            FieldWritten::PathId(number) => {
                Field::PathId(number.parse().map_err(|_| "`path-id` takes a number")?)
            }
            FieldWritten::TaskId => Field::TaskId,
            FieldWritten::Pass(_) => Field::Pass,
        })
    }

    fn rule(&self, operation: &str, file: &str, written: &RuleWritten) -> Result<Rule, String> {
        let how = match (&written.deny, written.local) {
            (Some(reason), _) => How::Deny(reason.clone()),
            (None, Some(local)) => How::Local(local),
            (None, None) => How::Forward(self.forward(operation, written)?),
        };
        Ok(Rule { operation: operation.into(), file: file.to_owned(), kind: written.kind, how })
    }

    fn forward(&self, operation: &str, written: &RuleWritten) -> Result<Forward, String> {
        let template = operation.split_once(' ').map_or(operation, |(_, path)| path);
        let names: Vec<&str> = template.split('/').filter_map(parameter).collect();
        let mut to = Vec::new();
        for segment in written.to.as_deref().unwrap_or(template).split('/').skip(1) {
            to.push(match parameter(segment) {
                None => Part::Literal(segment.to_owned()),
                Some("T") => Part::CallerTenant,
                Some(name) => {
                    let number = names
                        .iter()
                        .position(|n| *n == name)
                        .ok_or_else(|| format!("`{{{name}}}` is no parameter of the operation's path"))?;
                    match written.path.get(name).map(String::as_str) {
                        None => return Err(format!("`path` does not say what `{{{name}}}` is")),
                        Some("free") => Part::Free(number),
                        Some("tenant") => Part::Tenant(number),
                        Some(what) => {
                            let (key, family) = match what.strip_prefix("key-of ") {
                                Some(family) => (true, family),
                                None => (false, what),
                            };
                            let id = self
                                .family_id(family)
                                .ok_or_else(|| format!("there is no family `{family}`"))?;
                            if key { Part::Key(number, id) } else { Part::Id(number, id) }
                        }
                    }
                }
            });
        }
        let shape = |name: &str| self.shape_id(name).ok_or_else(|| format!("there is no shape `{name}`"));
        let body = match written.body.as_deref() {
            None | Some("none") => Body::None,
            Some("attachment") => Body::Multipart(Multipart::Attachment),
            Some("variable-data") => Body::Multipart(Multipart::Variable),
            Some("deployment") => Body::Multipart(Multipart::Deployment),
            Some(name) => Body::Json(shape(name)?),
        };
        let answer: Vec<_> = written.answer.iter().map(|p| scan::position(p)).collect();
        let bound: Vec<_> = written.bound.iter().map(|p| scan::position(p)).collect();
        Ok(Forward {
            guarded: Guarded::new(&answer, &bound),
            to,
            query: written.query.as_deref().map(shape).transpose()?,
            body,
            answer,
            own_answer: written.own_answer,
            empty: written.empty,
            emulate: written.emulate,
            own_only: written.own_only,
            makes_batch: written.makes_batch,
            needs_one_of: written.needs_one_of.clone(),
            long_poll: written.long_poll,
        })
    }
}

fn line_of(error: &serde_saphyr::Error) -> usize {
    error.location().map_or(0, |l| usize::try_from(l.line()).unwrap_or_default())
}

fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn look_up(written: &LookUpWritten) -> Result<LookUp, String> {
    let (method, path) = written.ask.split_once(' ').ok_or("`ask` takes a method and a path")?;
    let param = written.ids.as_ref().or(written.id.as_ref()).cloned();
    let many = written.ids.is_some();
    match (method, path.split_once("{id}"), param) {
        ("GET", Some((before, after)), None) => {
            Ok(LookUp::One { before: before.into(), after: after.into() })
        }
        ("GET", None, Some(param)) => Ok(LookUp::GetList { path: path.into(), param, many }),
        ("POST", None, Some(field)) => Ok(LookUp::PostList { path: path.into(), field, many }),
        _ => Err(format!("`{}` needs a list with `id` or `ids`, or `GET …/{{id}}`", written.ask)),
    }
}
