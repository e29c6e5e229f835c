//! The checks over the elements of a model, each with what it makes sure of.
//!
//! In: an element and the lists of `policies/models.yaml`. Out: what is wrong with it. Never looks at more than one
//! element, so a check can't be confused by where an element stands.

use super::data::{Line, Lists, Treatment};
use super::expression;
use super::feel;
use super::finding::shortened;
use super::xml::{Attribute, Element};
use super::{Deployer, ModelKind};
use crate::config::{Code, SharedResources};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XINCLUDE: &str = "http://www.w3.org/2001/XInclude";
const PLAIN_EXPRESSIONS: &str = "write expressions of bare names, literals, operators, `?:` and parentheses only; move \
                                 the rest to an external task";

/// What a check found: the attribute (none: the element or its text), a code, what, and the remedy.
pub(super) struct Found<'a> {
    pub(super) attribute: Option<&'a Attribute>,
    pub(super) code: &'static str,
    pub(super) what: String,
    pub(super) remedy: String,
}

/// What the checks need to know.
pub(super) struct CheckContext<'a> {
    pub(super) lists: &'a Lists,
    pub(super) kind: ModelKind,
    pub(super) code: Code,
    pub(super) shared: SharedResources,
    pub(super) deployer: Deployer<'a>,
    /// The namespace of the root element.
    pub(super) root: &'a str,
}

type Check = for<'a> fn(&CheckContext<'_>, &'a Element, &mut Vec<Found<'a>>);

/// The checks under every setting.
const ALWAYS: &[Check] = &[schema_locations, other_documents];
/// The checks under `code: deny`.
const UNDER_DENY: &[Check] = &[expressions, extensions, decision_texts];

/// Carries out every check on an element.
pub(super) fn all<'a>(context: &CheckContext<'_>, element: &'a Element) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    listed(context, element, &mut found);
    for check in ALWAYS {
        check(context, element, &mut found);
    }
    if context.code == Code::Deny {
        for check in UNDER_DENY {
            check(context, element, &mut found);
        }
    }
    found
}

/// Makes sure that nothing on the list `refused` is there.
fn listed<'a>(context: &CheckContext<'_>, element: &'a Element, found: &mut Vec<Found<'a>>) {
    let in_force = |line: &&Line| line.always || context.code == Code::Deny;
    for line in context.lists.lines(context.kind).filter(in_force) {
        if line.is_about_element(&element.local) {
            let what = format!("`{}` is code, and code in models is not allowed", shortened(&element.local));
            found.push(Found { attribute: None, code: "code", what, remedy: line.instead.clone() });
        }
        for attribute in &element.attributes {
            if !line.is_about_attribute(&element.local, &attribute.local) {
                continue;
            }
            if let Some((code, what)) = treated(context, line, element, attribute) {
                found.push(Found { attribute: Some(attribute), code, what, remedy: line.instead.clone() });
            }
        }
    }
}

fn treated(
    context: &CheckContext<'_>,
    line: &Line,
    element: &Element,
    attribute: &Attribute,
) -> Option<(&'static str, String)> {
    let value = attribute.value.as_str();
    let listed = || line.values.iter().any(|one| one == value);
    match line.treatment {
        Treatment::Code => Some(("code", "it runs code, and code in models is not allowed".into())),
        Treatment::Tenant => tenant(context, value).map(|what| ("foreign-tenant", what)),
        Treatment::Only if listed() => None,
        Treatment::Only => Some((
            "value",
            format!("the value `{}` is not allowed, only {}", shortened(value), spelled_out(&line.values)),
        )),
        Treatment::Never if listed() => {
            Some(("value", format!("the value `{}` is not allowed", shortened(value))))
        }
        Treatment::Never => None,
        Treatment::With => {
            let present = |name: &String| element.attributes.iter().any(|other| other.local == *name);
            let missing = line.values.iter().find(|name| !present(name))?;
            Some(("value", format!("it is not allowed without `{missing}`")))
        }
    }
}

/// Makes sure that a named tenant is the deploying one.
fn tenant(context: &CheckContext<'_>, value: &str) -> Option<String> {
    if expression::find_start(value).is_some() {
        if value == "${null}" && context.shared == SharedResources::Readable {
            return None;
        }
        return Some("a computed tenant may turn out to be another one".into());
    }
    match context.deployer {
        Deployer::Tenant(own) if own == value => None,
        Deployer::Tenant(_) => Some(format!("`{}` is another tenant", shortened(value))),
        Deployer::Unknown => Some(format!(
            "it names the tenant `{}`, taken from that tenant's own deployments only",
            shortened(value)
        )),
    }
}

fn spelled_out(values: &[String]) -> String {
    values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
}

/// Makes sure that the engine's XML parser fetches nothing: it does so for every namespace named in
/// `xsi:schemaLocation` that it has no schema for, and the address may be its own REST interface.
fn schema_locations<'a>(context: &CheckContext<'_>, element: &'a Element, found: &mut Vec<Found<'a>>) {
    for attribute in element.attributes.iter().filter(|a| a.local.ends_with("chemaLocation")) {
        let words: Vec<&str> = attribute.value.split_ascii_whitespace().collect();
        // INVARIANT: the root's namespace was checked to be one that the engine has the schema of.
        let is_known = |pair: &[&str]| matches!(pair, [namespace, address] if *namespace == context.root && is_harmless(address));
        if attribute.namespace == XSI && attribute.local == "schemaLocation" && words.chunks(2).all(is_known)
        {
            continue;
        }
        found.push(Found {
            attribute: Some(attribute),
            code: "schema-location",
            what: "the engine would fetch the address".into(),
            remedy: "leave the attribute out, or name the model's own namespace only".into(),
        });
    }
}

/// A file name, or the address of the standard's own publisher.
fn is_harmless(address: &str) -> bool {
    ["http://www.omg.org/", "https://www.omg.org/"].iter().any(|start| address.starts_with(start))
        || address.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Makes sure that no other document is drawn in (XInclude, `xml:base`).
fn other_documents<'a>(_: &CheckContext<'_>, element: &'a Element, found: &mut Vec<Found<'a>>) {
    let remedy = || "write the model in one document".to_owned();
    if element.namespace == XINCLUDE {
        let what = "XInclude is not allowed".to_owned();
        found.push(Found { attribute: None, code: "other-document", what, remedy: remedy() });
    }
    for attribute in &element.attributes {
        let plain = matches!(attribute.local.as_str(), "lang" | "space" | "id");
        if (attribute.namespace == XML && !plain) || attribute.namespace == XINCLUDE {
            let what = format!("`{}` is not allowed", shortened(&attribute.written));
            found.push(Found { attribute: Some(attribute), code: "other-document", what, remedy: remedy() });
        }
    }
}

/// Makes sure that every `${…}` and `#{…}`, wherever it stands, stays in the small language.
fn expressions<'a>(context: &CheckContext<'_>, element: &'a Element, found: &mut Vec<Found<'a>>) {
    let forbidden = |name: &str| context.lists.is_engine_name(name);
    let look = |attribute: Option<&'a Attribute>, text: &str, found: &mut Vec<Found<'a>>| {
        if let Err(what) = expression::check(text, &forbidden) {
            let what = format!("in `{}`: {what}", shortened(text.trim()));
            found.push(Found { attribute, code: "expression", what, remedy: PLAIN_EXPRESSIONS.into() });
        }
    };
    // The engine reads some texts without those of their children and some with them (DOM `getTextContent`), so
    // `${empty '<i>' ? a.b : '</i>'}` is a harmless string for the one reader and reaches further for the other.
    if element.has_children && expression::find_start(&element.text).is_some() {
        found.push(Found {
            attribute: None,
            code: "expression",
            what: "an expression in a text that has elements in it".into(),
            remedy: "write the text without elements".into(),
        });
    } else {
        look(None, &element.text, found);
    }
    for attribute in &element.attributes {
        look(Some(attribute), &attribute.value, found);
    }
}

/// Makes sure that the engine's extension namespaces hold listed names only: what a later engine adds is refused
/// until somebody has looked at it.
fn extensions<'a>(context: &CheckContext<'_>, element: &'a Element, found: &mut Vec<Found<'a>>) {
    let remedy =
        || "leave it out, or ask the gateway's operator to list it in policies/models.yaml".to_owned();
    let own = context.lists.is_extension(&element.namespace);
    if own && !context.lists.knows_element(context.kind, &element.local) {
        let what = format!("the engine's extension `{}` is not known here", shortened(&element.local));
        found.push(Found { attribute: None, code: "unknown-extension", what, remedy: remedy() });
    }
    for attribute in &element.attributes {
        let extends =
            context.lists.is_extension(&attribute.namespace) || (own && attribute.namespace.is_empty());
        let kin = attribute.local.ends_with("TenantId");
        if extends && !kin && !context.lists.knows_attribute(context.kind, &attribute.local) {
            let what = format!("the engine's extension `{}` is not known here", shortened(&attribute.local));
            found.push(Found {
                attribute: Some(attribute),
                code: "unknown-extension",
                what,
                remedy: remedy(),
            });
        }
    }
}

/// Makes sure that no FEEL text reaches into an object. Prose in an annotation is no FEEL.
fn decision_texts<'a>(context: &CheckContext<'_>, element: &'a Element, found: &mut Vec<Found<'a>>) {
    if context.kind != ModelKind::Dmn || element.local != "text" || element.parent == "textAnnotation" {
        return;
    }
    let what = if element.has_children {
        // The engine joins the texts of all elements inside (DOM `getTextContent`).
        Err("it has elements in it".into())
    } else {
        feel::check(&element.text)
    };
    if let Err(what) = what {
        let what = format!("in `{}`: {what}", shortened(element.text.trim()));
        let remedy = "write FEEL of names, literals, operators, lists and the usual functions".to_owned();
        found.push(Found { attribute: None, code: "feel", what, remedy });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_file_names_and_the_publisher_are_harmless_addresses() {
        for address in ["BPMN20.xsd", "http://www.omg.org/spec/BPMN/2.0/20100501/BPMN20.xsd"] {
            assert!(is_harmless(address), "{address}");
        }
        for address in
            ["http://localhost/x", "//localhost/x", "/etc/passwd", "file:x", "http://www.omg.org.evil/x"]
        {
            assert!(!is_harmless(address), "{address}");
        }
    }
}
