//! Fields of a form, each with a label, its help and what is wrong with it.

use maud::{Markup, html};

use super::task::Again;
use crate::forms::{Choice, Control, Field};

/// A field. `id` tells it from others on the page: keys are the application's.
pub(super) fn field(field: &Field, id: usize, again: &Again, usable: bool) -> Markup {
    let (id, name) = (format!("field-{id}"), format!("field.{}", field.key));
    let usable = usable && field.editable;
    let written = again.written.as_ref().filter(|_| field.is_sent());
    let value = match written {
        Some(written) => written.get(&field.key).map(String::as_str).unwrap_or_default(),
        None => &field.value,
    };
    let fault = again.faults.get(&field.key);
    let about = (fault.is_some() || field.help.is_some()).then(|| format!("{id}-about"));
    let box_ = Box { id: &id, name: &name, value, about: about.as_deref(), usable, fault: fault.is_some() };
    html! {
        div.field.wide.faulty[fault.is_some()] {
            @match &field.control {
                Control::Text => { p.form-text { (field.label.trim_start_matches('#').trim()) } }
                Control::NotSupported(what) => {
                    span.label { (field.label) }
                    p.unsupported { "Not supported here: " (what) ". It is left as it is." }
                }
                Control::Checkbox => {
                    label.tick for=(id) {
                        input id=(id) type="checkbox" name=(name) value="true" disabled[!usable]
                            checked[value == "true"] aria-describedby=[about.as_deref()]
                            aria-invalid=[fault.map(|_| "true")];
                        (field.label) (needed(field))
                    }
                }
                Control::Radio(all) => (radios(field, all, &box_)),
                _ => {
                    label for=(id) { (field.label) (needed(field)) }
                    (input(field, &box_))
                }
            }
            @if let Some(about) = &about {
                p.about id=(about) {
                    @if let Some(fault) = fault { strong.fault { (fault) ". " } }
                    @if let Some(help) = &field.help { (help) }
                }
            }
        }
    }
}

/// What the controls of a field have in common.
struct Box<'f> {
    id: &'f str,
    name: &'f str,
    value: &'f str,
    about: Option<&'f str>,
    usable: bool,
    fault: bool,
}

fn needed(field: &Field) -> Markup {
    html! { @if field.rules.required && field.editable { " " span.needed { "(required)" } } }
}

fn radios(field: &Field, all: &[Choice], of: &Box<'_>) -> Markup {
    html! {
        fieldset.radios aria-describedby=[of.about] disabled[!of.usable] {
            legend { (field.label) (needed(field)) }
            @for (i, choice) in all.iter().enumerate() {
                label.tick for={ (of.id) "-" (i) } {
                    input id={ (of.id) "-" (i) } type="radio" name=(of.name) value=(choice.value)
                        checked[choice.value == of.value];
                    (choice.label)
                }
            }
        }
    }
}

fn input(field: &Field, of: &Box<'_>) -> Markup {
    let (rules, wrong) = (&field.rules, of.fault.then_some("true"));
    html! {
        @match &field.control {
            Control::Lines => {
                textarea id=(of.id) name=(of.name) rows="4" disabled[!of.usable] aria-describedby=[of.about]
                    aria-invalid=[wrong] aria-required=[rules.required.then_some("true")] { "\n" (of.value) }
            }
            Control::Select(all) => {
                select id=(of.id) name=(of.name) disabled[!of.usable] aria-describedby=[of.about] aria-invalid=[wrong]
                    aria-required=[rules.required.then_some("true")] {
                    option value="" { "–" }
                    @for choice in all { option value=(choice.value) selected[choice.value == of.value] { (choice.label) } }
                }
            }
            control => {
                @let kind = match control { Control::Number => "number", Control::Day => "date", _ => "text" };
                input id=(of.id) type=(kind) name=(of.name) value=(of.value) disabled[!of.usable]
                    step=[(kind == "number").then_some("any")] min=[rules.min] max=[rules.max]
                    aria-describedby=[of.about] aria-invalid=[wrong] autocomplete="off"
                    aria-required=[rules.required.then_some("true")];
            }
        }
    }
}
