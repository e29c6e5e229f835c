//! What the user id of a person looks like, in settings and in tokens.

use super::tenant_id::{is_reserved, tenant_id};

/// Longest user id: the engine's columns for assignees hold 255 characters.
const MAX_LEN: usize = 255;

/// Why a text can't be the user id of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UserIdFault {
    /// Empty, or too long for the engine.
    #[error("it must have 1 to 255 characters")]
    Length,
    /// A character that could mean more than itself.
    #[error("it may contain letters, digits and `_.-|:@+=/~`")]
    Characters,
    /// It is kept from everybody.
    #[error("it is reserved")]
    Reserved,
    /// An application could have it.
    #[error("it could also be an application's client id; set a prefix that contains `:`, such as `person:`")]
    OfApplications,
}

/// Whether a text may stand in a person's user id: a comma would widen `candidateUsers`, blanks and control characters
/// would end a header, quotes a log line.
pub(crate) fn in_user_id(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-|:@+=/~".contains(&b))
}

/// Takes the user id of a person.
///
/// # Errors
/// The text has another shape, is one of `reserved` (or `camunda-admin`), or is shaped like a client id: whoever reads the
/// identity headers, or an assignee, would take the person for that application.
pub(crate) fn user_id(text: &str, reserved: &[String]) -> Result<(), UserIdFault> {
    if text.is_empty() || text.len() > MAX_LEN {
        return Err(UserIdFault::Length);
    }
    if !in_user_id(text) {
        return Err(UserIdFault::Characters);
    }
    if is_reserved(text, reserved) {
        return Err(UserIdFault::Reserved);
    }
    match tenant_id(text, &[]) {
        Ok(()) => Err(UserIdFault::OfApplications),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_never_taken_for_an_application_or_several_people() {
        let long = "x".repeat(255);
        for good in
            ["auth0|4711", "person:8b0c", "samlp|acme|ada@example.com", "a:", ":a", "9~x", long.as_str()]
        {
            assert_eq!(user_id(good, &[]), Ok(()), "{good}");
        }
        let longer = "x".repeat(256);
        for (bad, fault) in [
            ("", UserIdFault::Length),
            (longer.as_str(), UserIdFault::Length),
            ("a,b:", UserIdFault::Characters),
            ("a b:", UserIdFault::Characters),
            ("a:\n", UserIdFault::Characters),
            ("a:\"", UserIdFault::Characters),
            ("ä:", UserIdFault::Characters),
            ("orders", UserIdFault::OfApplications),
            ("8b0c0f1e-0000-4000-8000-000000000000", UserIdFault::OfApplications),
            ("Camunda-Admin", UserIdFault::Reserved),
        ] {
            assert_eq!(user_id(bad, &[]), Err(fault), "{bad}");
        }
        assert_eq!(user_id("auth0|Root", &["auth0|root".to_owned()]), Err(UserIdFault::Reserved));
    }
}
