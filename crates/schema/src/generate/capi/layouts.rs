//! Sizes of structs, and where their fields are, so that a change of either is seen in what is committed and
//! is held against Rust and against every C compiler.

use std::fmt::Write;

/// The layout of every type that `code` makes for C: `layout! { name: size { field: offset, .. } }`, nothing
/// where it makes none.
///
/// # Errors
/// The type of a field whose size is not known here.
pub(super) fn of(code: &str) -> Result<String, String> {
    let mut layouts = String::new();
    for item in code.split("#[repr(C)]\n").skip(1) {
        // Other attributes, and then the type.
        let mut lines = item.lines().skip_while(|line| !line.starts_with("pub "));
        let head: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let name = head.get(2).copied().unwrap_or_default();
        if head.get(1) == Some(&"enum") {
            let _ = writeln!(layouts, "    {name}: 4 {{}}");
            continue;
        }
        let fields: Vec<&str> = lines
            .map(str::trim)
            .take_while(|line| *line != "}")
            .filter(|line| !line.starts_with("//"))
            .collect();
        layouts.push_str(&structure(name, &fields)?);
    }
    if layouts.is_empty() {
        return Ok(layouts);
    }
    Ok(format!("\nlayout! {{\n{layouts}}}\n"))
}

/// The layout of a struct by the lines of its fields, as C lays it out where pointers have 8 bytes.
fn structure(name: &str, fields: &[&str]) -> Result<String, String> {
    let (mut end, mut widest) = (0_usize, 1);
    let mut public = Vec::new();
    for field in fields {
        let (name, form) = field.split_once(": ").unwrap_or((field, ""));
        let form = form.trim_end_matches(',');
        let (size, align) = room(form).ok_or_else(|| form.to_owned())?;
        let start = end.next_multiple_of(align);
        if let Some(name) = name.strip_prefix("pub ") {
            public.push(format!("{name}: {start}"));
        }
        end = start + size;
        widest = widest.max(align);
    }
    let size = end.next_multiple_of(widest);
    Ok(format!("    {name}: {size} {{ {} }}\n", public.join(", ")))
}

/// Bytes of a type, and what it is aligned to.
fn room(form: &str) -> Option<(usize, usize)> {
    Some(match form {
        "u8" | "i8" => (1, 1),
        "u16" | "i16" => (2, 2),
        "u32" | "i32" | "nipc_error_t" => (4, 4),
        "u64" | "i64" | "usize" => (8, 8),
        "nipc_str_view_t" => (16, 8),
        "nipc_builder_state_t" => (208, 8),
        _ if form.starts_with('*') || form.ends_with("_fn") => (8, 8),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_those_of_c() {
        let code = "#[derive(Debug)]\n#[repr(C)]\npub struct a_t {\n    /// One.\n    pub one: u8,\n    \
                    pub(crate) two: *const u8,\n    pub three: u16,\n}\n\n#[repr(C)]\npub enum b_t {\n    X = 0,\n}\n";
        assert_eq!(
            of(code).unwrap(),
            "\nlayout! {\n    a_t: 24 { one: 0, three: 16 }\n    b_t: 4 {}\n}\n"
        );
        assert_eq!(of("pub fn f() {}\n").unwrap(), "");
    }

    #[test]
    fn a_type_without_a_known_size_is_told() {
        let code = "#[repr(C)]\npub struct a_t {\n    pub one: f80,\n}\n";
        assert_eq!(of(code).unwrap_err(), "f80");
    }
}
