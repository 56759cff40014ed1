//! Documentation of C functions as comments of Rust, which become those of the headers.

use std::fmt::Write;

/// How long a line may be.
const LINE: usize = 102;

/// The text with its comments broken into lines, parameters in columns.
pub(super) fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((indent, words)) = comment(line) else {
            let _ = writeln!(out, "{line}");
            continue;
        };
        let Some(parameter) = words.strip_prefix("\\param ") else {
            let behind = if words.starts_with("\\return ") { 8 } else { 0 };
            paragraph(&mut out, indent, words, behind);
            continue;
        };
        let mut parameters = vec![parameter];
        while let Some(next) = lines.peek().and_then(|line| comment(line)) {
            let Some(parameter) = next.1.strip_prefix("\\param ") else {
                break;
            };
            parameters.push(parameter);
            lines.next();
        }
        columns(&mut out, indent, &parameters);
    }
    out
}

/// What is in front of a comment for documentation, and its words.
fn comment(line: &str) -> Option<(&str, &str)> {
    let at = line.find("///")?;
    let (indent, comment) = line.split_at(at);
    let words = comment.strip_prefix("/// ")?;
    indent.trim().is_empty().then_some((indent, words))
}

/// Names in one column, what they are in another.
fn columns(out: &mut String, indent: &str, parameters: &[&str]) {
    let split = |parameter: &&str| {
        let (name, about) = parameter.split_once(' ').unwrap_or((parameter, ""));
        (name.to_owned(), about.trim().to_owned())
    };
    let parameters: Vec<_> = parameters.iter().map(split).collect();
    let widest = parameters.iter().map(|(name, _)| name.len()).max();
    let width = widest.unwrap_or_default();
    for (name, about) in parameters {
        // A name and its spaces are one word that is not broken.
        let name = format!("\\param {name:width$} ").replace(' ', "\u{1}");
        paragraph(
            out,
            indent,
            &format!("{name} {about}"),
            "\\param ".len() + width + 2,
        );
    }
}

/// Words, with `behind` spaces in front of all lines but the first.
fn paragraph(out: &mut String, indent: &str, words: &str, behind: usize) {
    let start = format!("{indent}///");
    let mut line = start.clone();
    for word in words.split_whitespace() {
        if line.len() + 1 + word.len() > LINE {
            let _ = writeln!(out, "{}", line.replace('\u{1}', " "));
            line = format!("{start}{}", " ".repeat(behind));
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(out, "{}", line.replace('\u{1}', " "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_broken_and_parameters_stand_in_columns() {
        let text = "fn a() {}\n/// Word.\n///\n/// \\param a  one\n/// \\param long  two\n/// \\return it\n";
        let columns = "fn a() {}\n/// Word.\n///\n/// \\param a     one\n/// \\param long  two\n/// \\return it\n";
        assert_eq!(wrapped(text), columns);
        let long = format!("    /// \\return {}\n", "word ".repeat(40).trim());
        let broken = wrapped(&long);
        assert!(broken.lines().count() == 3, "{broken}");
        assert!(broken.lines().all(|line| line.len() <= LINE), "{broken}");
        assert!(broken.contains("\n    ///         word"), "{broken}");
    }
}
