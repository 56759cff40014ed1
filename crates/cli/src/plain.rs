//! Text that others chose, for a terminal.

/// Characters that are invisible and change how others are shown: Unicode's format characters, among them those that turn the
/// direction of writing, and its separators of lines.
const FORMAT: [(char, char); 22] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{2064}'),
    ('\u{2066}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0001}', '\u{e0001}'),
    ('\u{e0020}', '\u{e007f}'),
    ('\u{e0100}', '\u{e01ef}'),
];

/// The text without what a terminal would obey, and what would make it look like another text.
pub(crate) fn plain(text: &str) -> String {
    if !text.contains(misleads) {
        return text.to_owned();
    }
    let escaped = |c: char| {
        if misleads(c) {
            c.escape_default().to_string()
        } else {
            c.to_string()
        }
    };
    text.chars().map(escaped).collect()
}

fn misleads(c: char) -> bool {
    let is_format = |(first, last): &(char, char)| (*first..=*last).contains(&c);
    c.is_control() || (!c.is_ascii() && FORMAT.iter().any(is_format))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        assert_eq!(plain("nginx"), "nginx");
        assert_eq!(plain("müll 漢字"), "müll 漢字");
        for c in [
            '\u{202e}',
            '\u{2066}',
            '\u{200b}',
            '\u{feff}',
            '\u{e0041}',
            '\u{2028}',
        ] {
            assert_eq!(
                plain(&format!("a{c}b")),
                format!("a{}b", c.escape_unicode())
            );
        }
        assert_eq!(plain("a\x1b[2Jb\nc\u{9b}é"), r"a\u{1b}[2Jb\nc\u{9b}é");
    }
}
