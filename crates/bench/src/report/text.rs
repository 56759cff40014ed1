//! Text of others, made safe for where it goes.

/// Inline code in a cell of a Markdown table.
pub(crate) fn code(text: &str) -> String {
    let text = one_line(text).replace('`', "'").replace('|', "\\|");
    match text.trim() {
        "" => "–".to_owned(),
        text => format!("`{text}`"),
    }
}

/// Plain text in Markdown: nothing in it is markup.
pub(super) fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for symbol in one_line(text).chars() {
        match symbol {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '!' | '#' | '~' => {
                safe.push('\\');
                safe.push(symbol);
            }
            symbol => safe.push(symbol),
        }
    }
    safe
}

/// One line without characters that XML forbids.
pub(super) fn one_line(text: &str) -> String {
    text.replace(
        |symbol: char| symbol.is_control() || "\u{fffe}\u{ffff}".contains(symbol),
        " ",
    )
}

/// A part of a file name: lower-case letters, digits and dashes.
pub(super) fn slug(text: &str) -> String {
    let words = text.split(|symbol: char| !symbol.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}

/// A command line that tells nothing of the directories it was given in.
pub(super) fn without_directories(command: &str) -> String {
    let last = |path: &str| {
        let path = path.trim_end_matches('/');
        path.rsplit('/').next().unwrap_or(path).to_owned()
    };
    let shown = |word: &str| match word.split_once('=') {
        Some((option, value)) if option.starts_with('-') => format!("{option}={}", last(value)),
        _ => last(word),
    };
    let words: Vec<String> = command.split_whitespace().map(shown).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_only_text() {
        assert_eq!(code("a`b|c\nd"), "`a'b\\|c d`");
        assert_eq!(code(" "), "–");
        assert_eq!(plain("<b>*x*|y"), "&lt;b&gt;\\*x\\*\\|y");
        assert_eq!(one_line("a\u{0}b\u{ffff}"), "a b ");
        assert_eq!(slug("Round Trips/s"), "round-trips-s");
    }

    #[test]
    fn commands_lose_their_directories() {
        assert_eq!(
            without_directories("/opt/bin/netipc bench --runs 3 --report=/srv/x/out/ /tmp/y"),
            "netipc bench --runs 3 --report=out y"
        );
    }
}
