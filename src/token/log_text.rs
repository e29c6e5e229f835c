//! Text that others chose, made fit for the log.

/// At most 64 characters, without control characters and without the quote that goes around it.
pub(crate) fn for_log(text: &str) -> String {
    text.chars().take(64).map(|c| if c.is_ascii_graphic() && c != '`' { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::for_log;

    #[test]
    fn text_in_the_log_is_short_and_tame() {
        assert_eq!(for_log("key-1_A.z"), "key-1_A.z");
        assert_eq!(for_log("a\n`b` \u{202e}"), "a??b???");
        assert_eq!(for_log(&"k".repeat(300)).len(), 64);
    }
}
