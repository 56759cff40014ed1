use std::fmt;

/// One mistake in a schema: where it is, what is wrong, and what to write instead.
///
/// It reads as compilers' errors do: `services/x.toml:14:9: what; what to write instead`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub instead: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            what,
            instead,
        } = self;
        write!(f, "{file}:{line}:{column}: {what}; {instead}")
    }
}

/// Why there is no schema.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The file cannot be read.
    #[error("cannot read {file}")]
    Unreadable {
        /// The file, as it was named.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// What is wrong with the schema, in the order of the lines.
    #[error("{}", lines(.0))]
    Wrong(Vec<Problem>),
}

impl SchemaError {
    /// What is wrong with the schema; nothing where the file could not be read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Unreadable { .. } => &[],
            Self::Wrong(problems) => problems,
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}

/// Which of the known words is likely to be meant by `word`, as advice.
pub(crate) fn instead<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let alike = |known: &&str| strsim::normalized_damerau_levenshtein(word, known);
    let close = known
        .iter()
        .max_by(|a, b| alike(a).total_cmp(&alike(b)))
        .filter(|known| alike(known) >= 0.5);
    if let Some(close) = close {
        return format!("write `{close}`");
    }
    if known.is_empty() {
        return "delete it: there is nothing to choose from".to_owned();
    }
    let known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
    format!("write one of {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likely_word_is_advised_else_all() {
        assert_eq!(instead("abuot", ["name", "about"]), "write `about`");
        assert_eq!(
            instead("zzz", ["name", "type"]),
            "write one of `name`, `type`"
        );
    }
}
