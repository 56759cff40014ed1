//! Text that others chose, for a terminal.

/// The text without what a terminal would obey.
pub(crate) fn plain(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let escaped = |c: char| {
        if c.is_control() {
            c.escape_default().to_string()
        } else {
            c.to_string()
        }
    };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        assert_eq!(plain("nginx"), "nginx");
        assert_eq!(plain("a\x1b[2Jb\nc\u{9b}é"), r"a\u{1b}[2Jb\nc\u{9b}é");
    }
}
