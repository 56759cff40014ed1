//! The one style of C that is written: four spaces, braces in the line of what they open, and lines of
//! at most 100 characters as far as names let them.

use std::cmp::Reverse;
use std::fmt::Write;

/// How long a line may be.
const LINE: usize = 100;

/// A comment for documentation, `indent` spaces from the left.
pub(super) fn comment(indent: usize, text: &str) -> String {
    let space = " ".repeat(indent);
    // Nothing in a schema ends the comment that it is in.
    let text = text.replace("*/", "* /");
    let short = format!("{space}/** {text} */\n");
    if short.len() <= LINE + 1 {
        return short;
    }
    let mut out = format!("{space}/**\n");
    let mut line = format!("{space} *");
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > LINE {
            let _ = writeln!(out, "{line}");
            line = format!("{space} *");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = write!(out, "{line}\n{space} */\n");
    out
}

/// Begins a line that is not broken, however long it is.
pub(super) const AS_IT_IS: char = '\u{1}';

/// The text with every line that is too long broken.
pub(super) fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines().map(str::to_owned).peekable();
    while let Some(line) = lines.next() {
        if let Some(line) = line.strip_prefix(AS_IT_IS) {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let mut rest = line;
        while let Some((head, tail)) = broken(&rest) {
            out.push_str(&head);
            out.push('\n');
            rest = match lines.next_if(|next| goes_on(&tail, next)) {
                Some(next) => joined(&tail, &next),
                None => tail,
            };
        }
        out.push_str(&rest);
        out.push('\n');
    }
    out
}

/// The words of a line of a comment, behind its star.
fn words(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("* ").map(str::trim_start)
}

/// Whether `next` goes on with the sentence of the comment that `tail` is the rest of a line of.
fn goes_on(tail: &str, next: &str) -> bool {
    let begins = |words: &str| words.is_empty() || words.starts_with('\\');
    words(tail).is_some() && words(next).is_some_and(|words| !begins(words))
}

/// The line `next` with the words of `tail` in front of its own.
fn joined(tail: &str, next: &str) -> String {
    let (tail, own) = (
        words(tail).unwrap_or_default(),
        words(next).unwrap_or_default(),
    );
    let space = next.strip_suffix(own).unwrap_or_default();
    format!("{space}{tail} {own}")
}

/// A line that is too long as one that is not and what remains of it; nothing where it is short
/// enough, or cannot be broken.
fn broken(line: &str) -> Option<(String, String)> {
    if line.chars().count() <= LINE {
        return None;
    }
    let indent = line.len() - line.trim_start().len();
    let trimmed = line.trim_start();
    if trimmed.starts_with("* ") || trimmed.starts_with("/*") {
        let at = line.get(..LINE)?.rfind(' ').filter(|at| *at > indent + 3)?;
        let (head, tail) = line.split_at(at);
        let mark = if trimmed.starts_with('*') {
            "* "
        } else {
            "   "
        };
        let tail = format!("{}{mark}{}", " ".repeat(indent), tail.trim_start());
        return Some((head.to_owned(), tail));
    }
    let head = line.get(..=LINE)?;
    let marks = [
        (", ", 1),
        (" && ", 3),
        (" || ", 3),
        (" + ", 2),
        (" ? ", 0),
        (" : ", 0),
    ];
    let places = marks.iter().flat_map(|(mark, before)| {
        let places = head.match_indices(mark);
        places.map(move |(at, _)| at + before)
    });
    // Rather between parentheses than in them.
    let at = places
        .filter(|at| *at > indent + 16 && !is_in_string(line.get(..*at)))
        .max_by_key(|at| (Reverse(open_parentheses(line.get(..*at)).len()), *at))?;
    let open = open_parentheses(line.get(..at)).pop();
    let column = open.map_or(indent + 4, |open| open + 1);
    if at <= column {
        return None;
    }
    let (head, tail) = line.split_at(at);
    let tail = format!("{}{}", " ".repeat(column), tail.trim_start());
    Some((head.to_owned(), tail))
}

/// Whether what comes behind the start of a line is in a string, which is not broken.
fn is_in_string(start: Option<&str>) -> bool {
    start.is_some_and(|start| start.matches('"').count() % 2 == 1)
}

/// Where the parentheses stand that are not closed.
fn open_parentheses(line: Option<&str>) -> Vec<usize> {
    let mut open = Vec::new();
    for (at, letter) in line.unwrap_or_default().char_indices() {
        match letter {
            '(' => open.push(at),
            ')' => drop(open.pop()),
            _ => {}
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_behind_the_parenthesis() {
        let (long, more) = ("a".repeat(40), "b".repeat(40));
        let line = format!("    f({long}, g({more}, c), {long});");
        let broken = format!("    f({long}, g({more}, c),\n      {long});\n");
        assert_eq!(wrapped(&line), broken);
        assert_eq!(wrapped("short, line"), "short, line\n");
    }

    #[test]
    fn what_is_broken_off_a_comment_goes_to_its_next_line() {
        let long = "a".repeat(86);
        let text = format!(" * \\param x  {long} bbb\n *          c\n * \\param y  d\n");
        let broken = format!(" * \\param x  {long}\n *          bbb c\n * \\param y  d\n");
        assert_eq!(wrapped(&text), broken);
    }

    #[test]
    fn comments_are_wrapped_and_end_where_they_should() {
        assert_eq!(comment(4, "One. */"), "    /** One. * / */\n");
        let text = "word ".repeat(30);
        let comment = comment(0, text.trim());
        assert!(comment.lines().all(|line| line.len() <= LINE), "{comment}");
        assert!(comment.lines().count() == 4, "{comment}");
    }
}
