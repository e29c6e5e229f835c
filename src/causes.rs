//! Errors as one line of text.

use std::error::Error;

/// The error and its sources, in one line.
pub(crate) fn in_full(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What is wrong with a YAML text, without the place: whoever shows it shows the place by itself, once.
pub(crate) fn in_yaml(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let place = error.location().map(|at| format!(" at line {}, column {}", at.line(), at.column()));
    place.and_then(|place| text.strip_suffix(&place).map(str::to_owned)).unwrap_or(text)
}
