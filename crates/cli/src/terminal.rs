//! Text that fits a terminal, where stdout is one.

use std::env;
use std::io::{self, IsTerminal};
use std::time::Duration;

use comfy_table::{ContentArrangement, Table};
use terminal_size::{Height, Width, terminal_size_of};

/// Columns where stdout is no terminal, for sentences; tables are as wide as they are there.
const WIDTH: usize = 80;

/// Columns of the terminal that stdout is.
fn columns() -> Option<usize> {
    let stdout = io::stdout();
    let size = stdout.is_terminal().then(|| terminal_size_of(stdout))?;
    size.map(|(Width(columns), _)| columns.into())
}

/// Columns and rows of the terminal that stdout is.
pub(crate) fn size_of_stdout() -> Option<(u16, u16)> {
    let (Width(columns), Height(rows)) = terminal_size_of(io::stdout())?;
    Some((columns, rows))
}

/// Makes a table as wide as the terminal, where stdout is one.
pub(crate) fn fit(table: &mut Table) {
    if let Some(columns) = columns().and_then(|columns| u16::try_from(columns).ok()) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(columns);
    }
}

/// Colours, by the numbers that terminals have for them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Colour {
    Red = 31,
    Green = 32,
    Yellow = 33,
}

/// Whether the user wants no colours, wherever they would be.
pub(crate) fn is_plain_wanted() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// A word in a colour, where stdout is a terminal and colours are wanted.
pub(crate) fn painted(word: &str, colour: Colour) -> String {
    if io::stdout().is_terminal() && !is_plain_wanted() {
        format!("\x1b[{}m{word}\x1b[0m", colour as u8)
    } else {
        word.to_owned()
    }
}

/// The start of a line that fits.
pub(crate) fn cut(line: &str) -> String {
    cut_to(line, columns())
}

fn cut_to(line: &str, columns: Option<usize>) -> String {
    match columns {
        Some(columns) if columns > 0 && line.chars().count() > columns => {
            line.chars().take(columns - 1).chain(['…']).collect()
        }
        _ => line.to_owned(),
    }
}

/// Sentences in lines that fit; each begins with the blanks that the text begins with.
pub(crate) fn wrapped(text: &str) -> String {
    wrapped_to(text, columns().unwrap_or(WIDTH))
}

fn wrapped_to(text: &str, columns: usize) -> String {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let blanks = " ".repeat(indent);
    let mut lines = blanks.clone();
    let mut column = indent;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > indent && column + 1 + width > columns {
            lines.push('\n');
            lines.push_str(&blanks);
            column = indent;
        }
        if column > indent {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines + "\n"
}

/// Seconds as a person says them: `7s`, `3m`, `5h`, `12d`.
pub(crate) fn age(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7199 => format!("{}m", seconds / 60),
        7200..=172_799 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// So many of something: `1 item`, `2 items`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// The time of day in UTC, of a time since 1970.
pub(crate) fn clock(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs() % 86_400;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}Z", seconds % 60)
}

/// Bytes as a person says them: `64K`, `1.1K`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(u64, char); 3] = [(1 << 30, 'G'), (1 << 20, 'M'), (1 << 10, 'K')];
    let unit = UNITS.into_iter().find(|(unit, _)| bytes >= *unit);
    let Some((unit, name)) = unit else {
        return format!("{bytes}B");
    };
    let tenths = bytes.saturating_mul(10) / unit;
    if tenths < 100 && !tenths.is_multiple_of(10) {
        format!("{}.{}{name}", tenths / 10, tenths % 10)
    } else {
        format!("{}{name}", tenths / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit() {
        assert_eq!(cut_to("abcdef", Some(4)), "abc…");
        assert_eq!(cut_to("abcd", Some(4)), "abcd");
        assert_eq!(cut_to("abcdef", None), "abcdef");
        assert_eq!(wrapped_to("  ab cd ef", 7), "  ab cd\n  ef\n");
        assert_eq!(wrapped_to("abcdefghij k", 4), "abcdefghij\nk\n");
    }

    #[test]
    fn ages_and_sizes_are_short() {
        for (seconds, said) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (7200, "2h"),
            (172_800, "2d"),
        ] {
            assert_eq!(age(seconds), said);
        }
        assert_eq!(
            clock(Duration::from_secs(86_400 + 3 * 3600 + 65)),
            "03:01:05Z"
        );
        for (bytes, said) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1K"),
            (1152, "1.1K"),
            (65600, "64K"),
            (3 << 20, "3M"),
        ] {
            assert_eq!(size(bytes), said);
        }
    }
}
