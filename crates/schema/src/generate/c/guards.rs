//! What the functions of a source do with NULL: they say that an argument is wrong, and touch nothing.

/// What may be NULL: what the caller's handler gets, and what the library checks by itself.
const FREE: [&str; 5] = ["user", "run_dir", "service", "config", "keeping"];

/// A pointer that may be NULL where the number behind it, which is called so, is 0.
const COUNTS: [&str; 4] = ["len", "ptr_len", "size", "count"];

/// Functions that look for NULL themselves, by how their names end: they have to leave something behind.
const OWN: [&str; 6] = [
    "_builder_init",
    "_call",
    "_call_batch",
    "_call_pipelined",
    "_last_error",
    "_lookup",
];

/// The source, with a check at the start of each function that others call. A definition is in one line.
pub(super) fn added(source: &str) -> String {
    let mut out = String::new();
    for line in source.lines() {
        out.push_str(line);
        out.push('\n');
        if let Some(guard) = guard(line) {
            out.push_str(&guard);
        }
    }
    out
}

/// The check for the function that this line begins.
fn guard(line: &str) -> Option<String> {
    let (head, rest) = line.split_once('(')?;
    let (result, name) = head.rsplit_once(' ')?;
    let parameters = rest.strip_suffix(") {")?;
    let is_public = name.starts_with("@p@_") && !result.starts_with("static");
    if !is_public || OWN.iter().any(|end| name.ends_with(end)) {
        return None;
    }
    let value = match result {
        "void" => "",
        "bool" => " false",
        "nipc_error_t" => " NIPC_ERR_INVALID_ARGUMENT",
        "size_t" | "uint64_t" => " 0",
        // A struct is made by hand.
        _ => return None,
    };
    let wrong = conditions(parameters);
    (!wrong.is_empty()).then(|| {
        let wrong = wrong.join(" || ");
        format!("    if ({wrong}) {{\n        return{value};\n    }}\n")
    })
}

/// What must not be, of each parameter that is a pointer.
fn conditions(parameters: &str) -> Vec<String> {
    let names = parameters.split(", ").map(|parameter| {
        let start = parameter.rfind([' ', '*']).map_or(0, |at| at + 1);
        let (form, name) = parameter.split_at(start);
        (form.ends_with('*'), name)
    });
    let names: Vec<(bool, &str)> = names.collect();
    let behind = names.iter().skip(1).map(Some).chain([None]);
    let pointers = names
        .iter()
        .zip(behind)
        .filter(|((is_pointer, name), _)| *is_pointer && !FREE.contains(name));
    let wrong = pointers.map(|((_, name), behind)| match behind {
        Some((false, count)) if COUNTS.contains(count) => {
            format!("({name} == NULL && {count} > 0)")
        }
        _ => format!("{name} == NULL"),
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_checked_as_their_counts_let_them() {
        let line = "nipc_error_t @p@_f(const @p@_t *one, const void *ptr, size_t len, void *user, uint32_t n) {";
        let wrong = "one == NULL || (ptr == NULL && len > 0)";
        let guard =
            format!("    if ({wrong}) {{\n        return NIPC_ERR_INVALID_ARGUMENT;\n    }}\n");
        assert_eq!(added(line), format!("{line}\n{guard}"));
    }

    #[test]
    fn nothing_else_is_touched() {
        for line in [
            "static bool @p@_f(void *one) {",
            "bool @p@_f(uint32_t one) {",
            "bool @p@_f(void *one);",
            "void @p@_builder_init(@p@_builder_t *builder) {",
            "    @p@_f(one);",
        ] {
            assert_eq!(added(line), format!("{line}\n"));
        }
    }
}
