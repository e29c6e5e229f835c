//! Placeholders → what one column asks for.

use std::collections::BTreeMap;

use super::cases::Ask;
use super::estate::{Estate, Made};
use crate::support::{missing_id, random};

/// Whose ids are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    Own,
    Foreign,
    Missing,
    Shared,
}

impl Column {
    pub fn name(self) -> &'static str {
        match self {
            Column::Own => "own",
            Column::Foreign => "foreign",
            Column::Missing => "missing",
            Column::Shared => "shared",
        }
    }
}

/// The sides that a lane works with.
#[derive(Clone, Copy)]
pub struct Sides<'a> {
    pub own: &'a Estate,
    pub foreign: &'a Estate,
    pub shared: &'a Estate,
}

/// Fills placeholders for one column, and remembers what was put in.
pub struct Filler<'a> {
    sides: Sides<'a>,
    column: Column,
    /// Value → the placeholder's name with the column.
    pub values: BTreeMap<String, String>,
    missing: BTreeMap<String, Made>,
}

impl<'a> Filler<'a> {
    pub fn new(sides: Sides<'a>, column: Column) -> Self {
        Self { sides, column, values: BTreeMap::new(), missing: BTreeMap::new() }
    }

    /// The request; none where the column has nothing to ask for.
    pub async fn ask(&mut self, template: &Ask) -> Option<Ask> {
        let mut form = Vec::new();
        for (name, value) in &template.form {
            form.push((name.clone(), self.text(value).await?));
        }
        let body = match &template.body {
            Some(body) => Some(self.text(body).await?),
            None => None,
        };
        let (path, query) = (self.text(&template.path).await?, self.text(&template.query).await?);
        Some(Ask { path, query, body, form })
    }

    /// A text with its placeholders filled.
    pub async fn text(&mut self, template: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('<') {
            let (name, after) = after.split_once('>').unwrap_or_else(|| panic!("not closed: {template}"));
            out.push_str(before);
            out.push_str(&self.value(name).await?);
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }

    async fn value(&mut self, name: &str) -> Option<String> {
        let (column, name) = match name.strip_prefix("own ") {
            Some(name) => (Column::Own, name),
            None if name == "T" => (Column::Own, "tenant"),
            None => (self.column, name),
        };
        let side = match column {
            Column::Own => self.sides.own,
            Column::Shared => self.sides.shared,
            Column::Foreign | Column::Missing => self.sides.foreign,
        };
        let value = if name == "tenant" {
            match column {
                Column::Missing => {
                    let fresh = || Made { id: format!("tM{}", random()), ..Made::default() };
                    self.missing.entry(name.to_owned()).or_insert_with(fresh).id.clone()
                }
                _ => side.tenant.clone()?,
            }
        } else if let Some(family) = name.strip_prefix("key ") {
            match column {
                Column::Missing => {
                    let fresh = || Made { id: key(family, column, side), ..Made::default() };
                    self.missing.entry(name.to_owned()).or_insert_with(fresh).id.clone()
                }
                _ => key(family, column, side),
            }
        } else {
            let (kind, part) = name.split_once('.').map_or((name, None), |(k, p)| (k, Some(p)));
            let (made, _) = side.kept(kind).await;
            let made = match column {
                Column::Missing => self.missing.entry(kind.to_owned()).or_insert_with(|| like(&made)).clone(),
                _ => made,
            };
            part.map_or(made.id, |part| made.parts[part].clone())
        };
        let label = if column == Column::Own { "own" } else { column.name() };
        self.values.insert(value.clone(), label.to_owned());
        Some(value)
    }
}

/// A definition's key: the one that all have, or one that a single side has, or nobody.
fn key(family: &str, column: Column, side: &Estate) -> String {
    let requirements = family == "decision-requirements-definition";
    let before = if requirements { "drd" } else { "" };
    match column {
        Column::Own if family == "process-definition" => "order".to_owned(),
        Column::Own if family == "case-definition" => "claim".to_owned(),
        Column::Own => format!("{before}pricing"),
        Column::Missing => format!("{before}soloM{}", random()),
        Column::Foreign | Column::Shared => format!("{before}{}", side.solo),
    }
}

/// Ids of the same shape that never existed.
fn like(made: &Made) -> Made {
    let like = |id: &str| match id.rsplit_once(':') {
        Some((key, _)) => format!("{key}:{}", missing_id()),
        None if id.starts_with("alone") => format!("alone{}", random()),
        None => missing_id(),
    };
    Made { id: like(&made.id), parts: made.parts.iter().map(|(n, id)| (*n, like(id))).collect() }
}
