//! A model's XML becomes a list of elements, read strictly.
//!
//! In: the text of a file. Out: every element with its namespace, its attributes as the engine's parser sees them
//! (entities decoded, white space normalised, XML 1.0 section 3.3.3) and its text, joined over comments, CDATA
//! sections and children, as the engine joins it; or the first place that can't be read in one way only. Never
//! expands an entity other than the five of XML, never reads a document type or a processing instruction.

use std::collections::HashSet;

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, QName, ResolveResult};

use super::finding::{NotTaken, shortened};

/// Deepest nesting of elements.
const DEPTH: usize = 100;
/// Most elements in a file.
const ELEMENTS: usize = 50_000;
/// Most attributes of an element, namespace declarations among them.
const ATTRIBUTES: usize = 200;

/// An element.
#[derive(Debug)]
pub(crate) struct Element {
    /// Byte offset of its start tag.
    pub(crate) offset: usize,
    /// Its namespace; empty: none.
    pub(crate) namespace: String,
    /// Its name without prefix.
    pub(crate) local: String,
    /// Its attributes, without namespace declarations.
    pub(crate) attributes: Vec<Attribute>,
    /// Its own text, whole.
    pub(crate) text: String,
    /// The local name of the element around it; empty: it is the root.
    pub(crate) parent: String,
    /// Whether it has elements inside.
    pub(crate) has_children: bool,
    /// Its id, or the nearest one around it, cut short: every element below carries it.
    pub(crate) id: Option<String>,
}

/// An attribute.
#[derive(Debug)]
pub(crate) struct Attribute {
    /// Its namespace; empty: none.
    pub(crate) namespace: String,
    /// Its name without prefix.
    pub(crate) local: String,
    /// Its name as written.
    pub(crate) written: String,
    /// Its value, decoded and normalised.
    pub(crate) value: String,
}

/// Why a file can't be read in one way only, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Byte offset in the text.
    pub(crate) offset: usize,
    /// What is wrong.
    pub(crate) what: NotTaken,
}

/// Reads a document. `skip`: bytes of the XML declaration, which was read before. Elements come in the order of
/// their start tags; the first is the root.
pub(crate) fn read(text: &str, skip: usize) -> Result<Vec<Element>, Unreadable> {
    if let Some((offset, _)) = text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
        return Err(Unreadable { offset, what: "contains a character that XML does not allow".into() });
    }
    let behind = text.get(skip..).unwrap_or_default();
    // The library would take it for a byte order mark; behind a declaration it is a character like any other.
    if behind.starts_with('\u{feff}') {
        return Err(Unreadable { offset: skip, what: "has a text outside the root element".into() });
    }
    let mut reader = NsReader::from_str(behind);
    let config = reader.config_mut();
    config.check_comments = true;
    config.check_end_names = true;
    config.allow_dangling_amp = false;
    config.allow_unmatched_ends = false;
    config.expand_empty_elements = true;
    let mut document = Document::default();
    loop {
        let offset = skip + usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX - skip);
        let at = |what: NotTaken| Unreadable { offset, what };
        let event =
            reader.read_event().map_err(|error| at(format!("is not well-formed XML: {error}").into()))?;
        if matches!(event, Event::Eof) {
            return document.finish().map_err(at);
        }
        document.event(offset, event, &reader).map_err(at)?;
    }
}

#[derive(Default)]
struct Document {
    elements: Vec<Element>,
    /// Indexes of the elements that are open.
    open: Vec<usize>,
    /// The last character of the last text, in whatever element.
    last: Option<char>,
}

impl Document {
    fn event(&mut self, offset: usize, event: Event<'_>, reader: &NsReader<&[u8]>) -> Result<(), NotTaken> {
        match event {
            Event::Start(start) => self.open(offset, &start, reader),
            // `expand_empty_elements` turns them into start and end.
            Event::Empty(_) => Err("is not well-formed XML".into()),
            Event::End(end) => {
                self.open.pop();
                check_name(end.name().into_inner())
            }
            Event::Text(raw) => {
                let raw = raw.into_inner();
                if raw.contains("]]>") {
                    return Err("`]]>` in a text is not well-formed XML".into());
                }
                self.text(&raw)
            }
            Event::CData(raw) => {
                self.inside()?;
                self.text(&raw.into_inner())
            }
            Event::GeneralRef(name) => {
                let c = reference(&name)?;
                self.inside()?;
                self.text(c.encode_utf8(&mut [0; 4]))
            }
            Event::Comment(_) => Ok(()),
            Event::Decl(_) => Err("the XML declaration is allowed at the very beginning only".into()),
            Event::PI(_) => Err("processing instructions are not allowed".into()),
            Event::DocType(_) => Err("document types (`<!DOCTYPE`) are not allowed".into()),
            // Read by `finish`.
            Event::Eof => Ok(()),
        }
    }

    fn finish(self) -> Result<Vec<Element>, NotTaken> {
        if self.elements.is_empty() {
            return Err("holds no element".into());
        }
        if !self.open.is_empty() {
            return Err("ends inside an element".into());
        }
        Ok(self.elements)
    }

    fn inside(&self) -> Result<(), NotTaken> {
        if self.open.is_empty() { Err("has text outside the root element".into()) } else { Ok(()) }
    }

    fn text(&mut self, text: &str) -> Result<(), NotTaken> {
        let Some(element) = self.open.last().and_then(|at| self.elements.get_mut(*at)) else {
            return if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
                Ok(())
            } else {
                self.inside()
            };
        };
        let Some(last) = text.chars().next_back() else { return Ok(()) };
        // The engine reads some texts with those of all children joined (DOM `getTextContent`): `<text>$<x/>{a.b}`.
        let joined = matches!(self.last, Some('$' | '#')) && text.starts_with('{');
        let own = element.text.ends_with(['$', '#']);
        if joined && !own {
            return Err("an expression begins in one element and goes on in another".into());
        }
        self.last = Some(last);
        element.text.push_str(text);
        Ok(())
    }

    fn open(
        &mut self,
        offset: usize,
        start: &BytesStart<'_>,
        reader: &NsReader<&[u8]>,
    ) -> Result<(), NotTaken> {
        if self.open.is_empty() && !self.elements.is_empty() {
            return Err("has two root elements".into());
        }
        if self.open.len() >= DEPTH {
            return Err(format!("nests elements more than {DEPTH} deep").into());
        }
        if self.elements.len() >= ELEMENTS {
            return Err(format!("has more than {ELEMENTS} elements").into());
        }
        check_name(start.name().into_inner())?;
        let (resolved, local) = reader.resolver().resolve_element(start.name());
        let namespace = namespace(&resolved)?;
        let attributes = attributes(start, reader)?;
        let around =
            self.open.last().and_then(|at| self.elements.get(*at)).and_then(|parent| parent.id.clone());
        let own = attributes
            .iter()
            .find(|a| a.local == "id" && a.namespace.is_empty())
            .map(|a| shortened(&a.value));
        let mut around_it = String::new();
        if let Some(parent) = self.open.last().and_then(|at| self.elements.get_mut(*at)) {
            parent.has_children = true;
            around_it.clone_from(&parent.local);
        }
        self.open.push(self.elements.len());
        self.elements.push(Element {
            offset,
            namespace,
            local: local.into_inner().to_owned(),
            attributes,
            text: String::new(),
            parent: around_it,
            has_children: false,
            id: own.or(around),
        });
        Ok(())
    }
}

fn attributes(start: &BytesStart<'_>, reader: &NsReader<&[u8]>) -> Result<Vec<Attribute>, NotTaken> {
    let mut attributes: Vec<Attribute> = Vec::new();
    let mut seen: HashSet<(String, String)> = HashSet::new();
    // Counted as they come: the library compares every attribute with all before it.
    for (count, attribute) in start.attributes().enumerate() {
        if count >= ATTRIBUTES {
            return Err(format!("has more than {ATTRIBUTES} attributes").into());
        }
        let attribute =
            attribute.map_err(|error| format!("has an attribute that is not well-formed: {error}"))?;
        check_name(attribute.key.into_inner())?;
        let value = attribute_value(&attribute.value)?;
        if let Some(binding) = attribute.key.as_namespace_binding() {
            check_binding(&binding, &attribute.value)?;
            continue;
        }
        let attribute = resolve(attribute.key, value, reader)?;
        if !seen.insert((attribute.namespace.clone(), attribute.local.clone())) {
            return Err(format!("has the attribute `{}` twice", attribute.written).into());
        }
        attributes.push(attribute);
    }
    Ok(attributes)
}

fn resolve(key: QName<'_>, value: String, reader: &NsReader<&[u8]>) -> Result<Attribute, NotTaken> {
    let (resolved, local) = reader.resolver().resolve_attribute(key);
    Ok(Attribute {
        namespace: namespace(&resolved)?,
        local: local.into_inner().to_owned(),
        written: key.into_inner().to_owned(),
        value,
    })
}

fn namespace(resolved: &ResolveResult<'_>) -> Result<String, NotTaken> {
    match resolved {
        ResolveResult::Bound(namespace) => Ok(namespace.into_inner().to_owned()),
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Unknown(prefix) => {
            Err(format!("uses the prefix `{prefix}` without declaring it").into())
        }
    }
}

/// The library binds namespaces to the raw text; the engine's parser to the decoded one. So only values that are
/// the same both ways are taken.
fn check_binding(binding: &PrefixDeclaration<'_>, raw: &str) -> Result<(), NotTaken> {
    if raw.contains(['&', ' ', '\t', '\r', '\n']) {
        return Err("declares a namespace with a reference or blank in it".into());
    }
    match binding {
        PrefixDeclaration::Default => Ok(()),
        PrefixDeclaration::Named(prefix) if raw.is_empty() || matches!(*prefix, "xml" | "xmlns") => {
            Err("declares a reserved prefix".into())
        }
        PrefixDeclaration::Named(_) => Ok(()),
    }
}

/// A name with at most one prefix. Narrower than XML: letters, digits, `_`, `-` and `.`.
fn check_name(name: &str) -> Result<(), NotTaken> {
    let part = |part: &str| {
        part.starts_with(|c: char| c == '_' || c.is_alphabetic())
            && part.chars().all(|c| matches!(c, '_' | '-' | '.') || c.is_alphanumeric())
    };
    let good = match name.split_once(':') {
        Some((prefix, local)) => part(prefix) && part(local),
        None => part(name),
    };
    if good { Ok(()) } else { Err("has an ambiguous name".into()) }
}

/// Decodes and normalises an attribute's value (XML 1.0 section 3.3.3).
fn attribute_value(raw: &str) -> Result<String, NotTaken> {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '<' => return Err("has `<` in an attribute".into()),
            '&' => {
                let (name, after) = rest.split_once(';').ok_or("has `&` without a reference")?;
                value.push(reference(name)?);
                rest = after;
            }
            '\t' | '\r' | '\n' => value.push(' '),
            other => value.push(other),
        }
    }
    Ok(value)
}

/// The character of `&name;` or `&#number;` (XML 1.0 sections 4.1 and 4.6).
fn reference(name: &str) -> Result<char, NotTaken> {
    let number = match name {
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "amp" => return Ok('&'),
        "apos" => return Ok('\''),
        "quot" => return Ok('"'),
        _ => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
            (Some(hex), _) if !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
                u32::from_str_radix(hex, 16).ok()
            }
            (None, Some(digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok()
            }
            _ => None,
        },
    };
    number
        .and_then(char::from_u32)
        .filter(|c| is_xml_char(*c))
        .ok_or_else(|| "uses an entity other than the five of XML".into())
}

/// XML 1.0, production 2.
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests;
