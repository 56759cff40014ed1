//! Bytes from structs and structs from bytes.

use std::fmt::Write;

use super::rules;
use super::types::ident;
use crate::model::{Family, Field, Record, Type};

/// A struct and what makes its bytes.
#[derive(Clone, Copy)]
pub(super) struct Coded<'s> {
    /// Its name without prefix and `_t`.
    pub(super) name: &'s str,
    pub(super) record: &'s Record,
}

impl Coded<'_> {
    /// Declarations, for the header.
    pub(super) fn declarations(&self) -> String {
        let name = self.name;
        format!(
            "/** Bytes of the {name} on the wire. */\n\
             uint64_t @p@_{name}_size(const @p@_{name}_t *{name});\n\n\
             /**\n * Writes the {name} to buf, of which it takes len bytes: NIPC_ERR_OVERFLOW where it needs more \
             than size,\n * NIPC_ERR_BAD_LAYOUT where it may not be sent.\n */\n\
             nipc_error_t @p@_{name}_encode(const @p@_{name}_t *{name}, void *buf, size_t size, size_t *len);\n\n\
             /**\n * Reads and checks the {name} in len bytes, into which its texts point. What is in out after a \
             failure\n * means nothing.\n */\n\
             nipc_error_t @p@_{name}_decode(const void *ptr, size_t len, @p@_{name}_t *out);\n\n"
        )
    }

    /// `_init`, `_size`, the check of values, `_encode` and `_decode`. The status of what was
    /// initialised is `status`, if it has one.
    pub(super) fn functions(&self, status: Option<&str>) -> String {
        let (name, record) = (self.name, self.record);
        init(name, record, status) + &self.without_init()
    }

    /// The same, but for `_init`.
    pub(super) fn without_init(&self) -> String {
        let (name, record) = (self.name, self.record);
        let check = rules::check(name, record);
        let mut out = size(name, record);
        out.push_str(&check);
        out.push_str(&self.encode(!check.is_empty()));
        out.push_str(&self.decode(!check.is_empty()));
        out
    }

    fn encode(&self, checked: bool) -> String {
        let (name, record) = (self.name, self.record);
        let mut out = format!(
            "nipc_error_t @p@_{name}_encode(const @p@_{name}_t *{name}, void *buf, size_t size, size_t *len) {{\n    \
             const uint64_t whole = @p@_{name}_size({name});\n    uint8_t *out = (uint8_t *)buf;\n"
        );
        let labels = record.labels().map(ident);
        match (checked, &labels) {
            (true, _) => {
                let _ = writeln!(out, "    nipc_error_t error = check_{name}({name});");
                if let Some(labels) = &labels {
                    let _ = write!(
                        out,
                        "    if (error == NIPC_OK) {{\n        error = nipc_made_check_sent_labels(&{name}->{labels});\n    }}\n"
                    );
                }
            }
            (false, Some(labels)) => {
                let _ = writeln!(
                    out,
                    "    const nipc_error_t error = nipc_made_check_sent_labels(&{name}->{labels});"
                );
            }
            (false, None) => {}
        }
        if checked || labels.is_some() {
            out.push_str("    if (error != NIPC_OK) {\n        return error;\n    }\n");
        }
        for text in record.texts().filter(|text| !text.nul) {
            let _ = write!(
                out,
                "    if (nipc_made_has_nul({name}->{})) {{\n        return NIPC_ERR_BAD_LAYOUT;\n    }}\n",
                ident(text)
            );
        }
        for text in record.texts().filter(|text| text.nul) {
            let _ = write!(
                out,
                "    if (nipc_made_is_missing({name}->{})) {{\n        return NIPC_ERR_BAD_LAYOUT;\n    }}\n",
                ident(text)
            );
        }
        let fixed = record.size;
        let _ = write!(
            out,
            "    if (whole > size || whole > UINT32_MAX) {{\n        return NIPC_ERR_OVERFLOW;\n    }}\n    \
             memset(out, 0, {fixed});\n"
        );
        for field in &record.fields {
            out.push_str(&put(field, &format!("{name}->")));
        }
        self.put_rest(&mut out);
        out.push_str("    *len = (size_t)whole;\n    return NIPC_OK;\n}\n\n");
        out
    }

    /// Writes texts and labels.
    fn put_rest(&self, out: &mut String) {
        let (name, record) = (self.name, self.record);
        let last = record.texts().last();
        if last.is_some() || record.labels().is_some() {
            let constant = if last.is_some() { "" } else { "const " };
            let _ = writeln!(out, "    {constant}size_t end = {};", record.size);
        }
        for text in record.texts() {
            let unused = record.labels().is_none() && last.is_some_and(|last| last == text);
            let assign = if unused { "" } else { "end = " };
            let _ = writeln!(
                out,
                "    {assign}nipc_made_put_text(out, {}, end, {name}->{});",
                text.offset,
                ident(text)
            );
        }
        if let Some(labels) = record.labels() {
            let _ = writeln!(
                out,
                "    nipc_made_put_labels(out, end, &{name}->{});",
                ident(labels)
            );
        }
    }

    fn decode(&self, checked: bool) -> String {
        let (name, record) = (self.name, self.record);
        let mut out = format!(
            "nipc_error_t @p@_{name}_decode(const void *ptr, size_t len, @p@_{name}_t *out) {{\n    \
             const uint8_t *bytes = (const uint8_t *)ptr;\n"
        );
        let fails = record
            .named()
            .any(|field| matches!(field.form, Type::Ip | Type::Text | Type::Labels));
        if fails {
            out.push_str("    nipc_error_t error;\n");
        }
        out.push_str(&head(record, "out->"));
        texts(&mut out, record);
        labels(&mut out, record);
        if checked {
            let _ = write!(out, "    return check_{name}(out);\n}}\n\n");
        } else {
            out.push_str("    return NIPC_OK;\n}\n\n");
        }
        out
    }
}

/// Fails where there are too few bytes or a constant is another, and reads what is of fixed size.
pub(super) fn head(record: &Record, to: &str) -> String {
    let mut out = format!(
        "    if (len < {}) {{\n        return NIPC_ERR_TRUNCATED;\n    }}\n",
        record.size
    );
    for field in &record.fields {
        out.push_str(&take(field, to));
    }
    out
}

fn init(name: &str, record: &Record, status: Option<&str>) -> String {
    let mut out = format!(
        "void @p@_{name}_init(@p@_{name}_t *{name}) {{\n    memset({name}, 0, sizeof(*{name}));\n"
    );
    if let Some(status) = status {
        let _ = writeln!(out, "    {name}->status = {status};");
    }
    for field in record.named().filter(|field| field.unset != 0) {
        let big = format!("{name}_{}", field.label()).to_ascii_uppercase();
        let _ = writeln!(out, "    {name}->{} = @P@_{big}_UNSET;", ident(field));
    }
    out.push_str("}\n\n");
    out
}

fn size(name: &str, record: &Record) -> String {
    let mut out = format!("uint64_t @p@_{name}_size(const @p@_{name}_t *{name}) {{\n");
    let mut sum = record.size.to_string();
    for text in record.texts() {
        let _ = write!(sum, " + (uint64_t){name}->{}.len + 1", ident(text));
    }
    if let Some(labels) = record.labels() {
        sum = format!("nipc_made_end_of_labels({sum}, &{name}->{})", ident(labels));
    } else if record.texts().next().is_none() {
        let _ = writeln!(out, "    (void){name};");
    }
    let _ = write!(out, "    return {sum};\n}}\n\n");
    out
}

/// Writes a field of the fixed part, which is zero so far; `of` stands before its name.
pub(super) fn put(field: &Field, of: &str) -> String {
    let (at, size) = (field.offset, field.form.size());
    let place = if at == 0 {
        "out".to_owned()
    } else {
        format!("out + {at}")
    };
    if !field.has_value() {
        return match field.constant {
            Some(constant) if field.form.is_number() && constant != 0 => {
                put_number(size, at, &place, &raw(constant, size))
            }
            _ => String::new(),
        };
    }
    let value = format!("{of}{}", ident(field));
    match &field.form {
        Type::Text => String::new(),
        Type::Labels => put_number(2, at, &place, &format!("(uint16_t){value}.count")),
        Type::Ip => format!("    nipc_made_put_ip({place}, &{value});\n"),
        Type::Chars(_) | Type::Bytes(_) => format!("    memcpy({place}, {value}, {size});\n"),
        Type::Signed(_) => put_number(size, at, &place, &format!("(uint{}_t){value}", 8 * size)),
        _ => put_number(size, at, &place, &value),
    }
}

fn put_number(size: usize, at: usize, place: &str, value: &str) -> String {
    if size == 1 {
        return format!("    out[{at}] = {value};\n");
    }
    format!("    nipc_made_put_u{}({place}, {value});\n", 8 * size)
}

/// A number as that many bytes without sign.
fn raw(number: i128, size: usize) -> String {
    let mask = (1_i128 << (8 * size.min(8))) - 1;
    match size {
        8 => format!("UINT64_C({})", number & mask),
        4 => format!("{}u", number & mask),
        _ => (number & mask).to_string(),
    }
}

/// Reads a field of fixed size, or fails where another number stands for a constant.
fn take(field: &Field, to: &str) -> String {
    let (at, size) = (field.offset, field.form.size());
    let place = if at == 0 {
        "bytes".to_owned()
    } else {
        format!("bytes + {at}")
    };
    let found = if size == 1 {
        format!("bytes[{at}]")
    } else {
        format!("nipc_made_get_u{}({place})", 8 * size)
    };
    let refuse = |condition: &str| {
        format!("    if ({condition}) {{\n        return NIPC_ERR_BAD_LAYOUT;\n    }}\n")
    };
    if !field.has_value() {
        return match field.constant {
            Some(constant) if field.form.is_number() => {
                refuse(&format!("{found} != {}", raw(constant, size)))
            }
            _ => refuse(&format!("!nipc_made_is_zero({place}, {size})")),
        };
    }
    let value = format!("{to}{}", ident(field));
    match &field.form {
        Type::Text | Type::Labels => String::new(),
        Type::Ip => {
            let mut out = format!("    error = nipc_made_get_ip({place}, &{value});\n");
            out.push_str("    if (error != NIPC_OK) {\n        return error;\n    }\n");
            if field.key {
                out.push_str(&refuse(&format!("{value}.size == 0")));
            }
            out
        }
        Type::Chars(_) => {
            let read = format!("    memcpy({value}, {place}, {size});\n");
            refuse(&format!("!nipc_made_is_padded({place}, {size})")) + &read
        }
        Type::Bytes(_) => format!("    memcpy({value}, {place}, {size});\n"),
        Type::Signed(_) => format!("    {value} = (int{}_t){found};\n", 8 * size),
        _ => format!("    {value} = {found};\n"),
    }
}

/// Reads the texts.
fn texts(out: &mut String, record: &Record) {
    let (fixed, family) = (record.size, record.family);
    let texts: Vec<&Field> = record.texts().collect();
    for (nth, text) in texts.iter().enumerate() {
        if family == Family::Value {
            let start = match nth.checked_sub(1).and_then(|nth| texts.get(nth)) {
                Some(before) => format!("nipc_made_end_of(bytes, out->{})", ident(before)),
                None => fixed.to_string(),
            };
            let _ = write!(
                out,
                "    if (nipc_made_get_u32(bytes + {}) != {start}) {{\n        return NIPC_ERR_BAD_LAYOUT;\n    }}\n",
                text.offset
            );
        }
        let _ = write!(
            out,
            "    error = nipc_made_get_text(bytes, len, {}, {fixed}, &out->{});\n    \
             if (error != NIPC_OK) {{\n        return error;\n    }}\n",
            text.offset,
            ident(text)
        );
    }
    for (nth, text) in texts.iter().enumerate() {
        for other in texts.get(..nth).unwrap_or_default() {
            if family != Family::Value {
                let _ = write!(
                    out,
                    "    if (!nipc_made_are_apart(out->{}, out->{})) {{\n        return NIPC_ERR_BAD_LAYOUT;\n    }}\n",
                    ident(text),
                    ident(other)
                );
            }
        }
    }
    let nul_allowed = |text: &&&Field| text.nul || family == Family::Snapshot;
    for text in texts.iter().filter(|text| !nul_allowed(text)) {
        let _ = write!(
            out,
            "    if (nipc_made_has_nul(out->{})) {{\n        return NIPC_ERR_BAD_LAYOUT;\n    }}\n",
            ident(text)
        );
    }
}

/// Reads the labels, and checks that nothing stands behind them.
fn labels(out: &mut String, record: &Record) {
    if record.family != Family::Lookup {
        return;
    }
    let texts: Vec<String> = record.texts().map(ident).collect();
    if texts.is_empty() && record.labels().is_none() {
        let _ = write!(
            out,
            "    if (len != {}) {{\n        return NIPC_ERR_BAD_LAYOUT;\n    }}\n",
            record.size
        );
        return;
    }
    let _ = writeln!(out, "    uint64_t end = {};", record.size);
    for text in texts {
        let _ = write!(
            out,
            "    if (end < nipc_made_end_of(bytes, out->{text})) {{\n        end = nipc_made_end_of(bytes, out->{text});\n    }}\n"
        );
    }
    if let Some(labels) = record.labels() {
        let (at, labels) = (labels.offset, ident(labels));
        let _ = write!(
            out,
            "    memset(&out->{labels}, 0, sizeof(out->{labels}));\n    \
             out->{labels}.count = nipc_made_get_u16(bytes + {at});\n    \
             if (out->{labels}.count > 0) {{\n        \
             out->{labels}.item = bytes;\n        \
             out->{labels}.table = bytes + nipc_made_align8(end);\n        \
             error = nipc_made_check_labels(bytes, len, out->{labels}.count, &end);\n        \
             if (error != NIPC_OK) {{\n            return error;\n        }}\n    }}\n"
        );
    }
    out.push_str("    if (end != len) {\n        return NIPC_ERR_BAD_LAYOUT;\n    }\n");
}
