//! Functions by their names.

use std::collections::BTreeSet;

/// The functions of the library that C code declares or calls: its words before parentheses, outside
/// comments.
#[must_use]
pub fn functions(code: &str) -> BTreeSet<String> {
    let outside = code
        .split("/*")
        .map(|part| part.split_once("*/").map_or(part, |(_, code)| code));
    let before = outside.flat_map(|code| {
        let mut parts: Vec<_> = code.split('(').collect();
        // After the last parenthesis comes none.
        parts.pop();
        parts
    });
    before.filter_map(last_name).collect()
}

/// The name of the library that `code` ends with.
fn last_name(code: &str) -> Option<String> {
    let word = code
        .trim_end()
        .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
        .next()?;
    // A type stands there in front of a pointer to a function.
    let function = word.starts_with("nipc_") && !word.ends_with("_t");
    function.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_call_nothing() {
        let code = "nipc_a(nipc_b (1), nipc_value); /* nipc_c(2) */ other(nipc_d(/* nipc_e( */
            nipc_f_t (*nipc_g)(nipc_h_t h);";
        let names: Vec<_> = functions(code).into_iter().collect();
        assert_eq!(names, ["nipc_a", "nipc_b", "nipc_d"]);
    }
}
