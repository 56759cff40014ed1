//! Fields of fixed size, written and read. Numbers that stand side by side are written as one.

use std::fmt::Write;

use super::names::Go;
use super::types::{go_name, go_type};
use crate::model::{Field, Record, Type};

/// What is written of a field: a number, the bytes of a text, the number of labels, a slice or an address;
/// nothing where that is zero.
pub(super) type Written<'w> = &'w dyn Fn(&Field) -> Option<String>;

/// What is written of a field of the struct `of`.
pub(super) fn of_struct(of: &'static str) -> impl Fn(&Field) -> Option<String> {
    move |field| {
        let value = format!("{of}.{}", go_name(field));
        Some(match field.form {
            Type::Text | Type::Labels => value + ".Len()",
            Type::Chars(_) | Type::Bytes(_) => value + "[:]",
            _ => value,
        })
    }
}

/// Writes the fixed part to `dst`; places of texts are `{local}At`.
pub(super) fn put_all(record: &Record, values: Written<'_>, dst: &str) -> String {
    let mut out = String::new();
    let mut rest = record.fields.as_slice();
    while let Some(first) = rest.first() {
        let (group, bits) = group(rest);
        let (these, behind) = rest.split_at(group);
        if group == 1 {
            out.push_str(&put(first, values, dst));
        } else {
            let terms: Vec<String> = these
                .iter()
                .filter_map(|field| term(field, values, first.offset, bits))
                .collect();
            out.push_str(&put_number(bits / 8, first.offset, &sum(&terms), dst));
        }
        rest = behind;
    }
    out
}

fn sum(terms: &[String]) -> String {
    if terms.is_empty() {
        "0".to_owned()
    } else {
        terms.join(" | ")
    }
}

/// How many of the first fields are one number together, and the bits of that.
fn group(fields: &[Field]) -> (usize, usize) {
    for bits in [64, 32] {
        let mut size = 0;
        for (count, field) in (1..).zip(fields) {
            if !is_word(field) {
                break;
            }
            size += 8 * field.form.size();
            if size == bits {
                return (count, bits);
            }
        }
    }
    (1, 0)
}

fn is_word(field: &Field) -> bool {
    match field.form {
        Type::Labels => true,
        Type::Bytes(size) => field.name.is_none() && size <= 8,
        _ => field.form.is_number(),
    }
}

/// The part of a number of `bits` that a field is, or none where that is zero.
fn term(field: &Field, values: Written<'_>, start: usize, bits: usize) -> Option<String> {
    let size = field.form.size();
    let shift = 8 * (field.offset - start);
    let value = if field.has_value() {
        let value = values(field)?;
        match &field.form {
            Type::Labels => format!("uint{bits}(uint16({value}))"),
            Type::Unsigned(bytes) if 8 * bytes == bits => value,
            Type::Signed(_) => format!("uint{bits}(uint{}({value}))", 8 * size),
            _ => format!("uint{bits}({value})"),
        }
    } else {
        match unsigned(field.constant?, size) {
            0 => return None,
            constant => constant.to_string(),
        }
    };
    Some(if shift == 0 {
        value
    } else {
        format!("{value}<<{shift}")
    })
}

/// Writes one field.
fn put(field: &Field, values: Written<'_>, dst: &str) -> String {
    let (at, size) = (field.offset, field.form.size());
    let zeros = || {
        if matches!(size, 1 | 2 | 4 | 8) {
            put_number(size, at, "0", dst)
        } else {
            format!("clear({dst}[{at}:{}])\n", at + size)
        }
    };
    if !field.has_value() {
        return match (&field.form, field.constant) {
            (form, Some(constant)) if form.is_number() => {
                put_number(size, at, &unsigned(constant, size).to_string(), dst)
            }
            _ => zeros(),
        };
    }
    let value = values(field);
    if field.form == Type::Text {
        let (place, len) = (
            super::names::local(field) + "At",
            value.unwrap_or("0".to_owned()),
        );
        return format!("protocol.PutSpan({dst}[{at}:], {place}, {len})\n");
    }
    let Some(value) = value else {
        return zeros();
    };
    match &field.form {
        Type::Labels => put_number(2, at, &format!("uint16({value})"), dst),
        Type::Ip => format!("protocol.PutIP({dst}[{at}:], {value})\n"),
        Type::Chars(_) | Type::Bytes(_) => format!("copy({dst}[{at}:], {value})\n"),
        Type::Unsigned(_) => put_number(size, at, &value, dst),
        _ => put_number(size, at, &format!("uint{}({value})", 8 * size), dst),
    }
}

fn put_number(size: usize, at: usize, value: &str, dst: &str) -> String {
    if size == 1 {
        return format!("{dst}[{at}] = {value}\n");
    }
    format!(
        "binary.LittleEndian.PutUint{}({dst}[{at}:], {value})\n",
        8 * size
    )
}

/// A number as that many bytes without sign.
fn unsigned(number: i128, size: usize) -> u64 {
    let mask = if size == 8 {
        u64::MAX
    } else {
        (1 << (8 * size)) - 1
    };
    let bits = number.to_le_bytes();
    let low = bits
        .first_chunk::<8>()
        .map_or(0, |low| u64::from_le_bytes(*low));
    low & mask
}

/// What bytes of a field of fixed size must be, whatever stands beside it; where they are not, `fail`
/// begins the statement that says so.
pub(super) fn expect(field: &Field, bytes: &str, fail: &str) -> String {
    let (at, size) = (field.offset, field.form.size());
    let part = format!("{bytes}[{at}:{}]", at + size);
    let label = field.name.as_deref().unwrap_or("reserved");
    let refuse = |condition: &str, wanted: &str, found: &str| {
        format!(
            "if {condition} {{\n{fail}protocol.NewWireError(protocol.ErrBadLayout, \"{label}\", {wanted}, {found})\n}}\n"
        )
    };
    if !field.has_value() {
        let wanted = unsigned(field.constant.unwrap_or(0), size).to_string();
        if !matches!(size, 1 | 2 | 4 | 8) {
            return format!(
                "if err := protocol.CheckZeros({part}, \"{label}\"); err != nil {{\n{fail}err\n}}\n"
            );
        }
        let found = get_number(size, at, bytes);
        return refuse(
            &format!("found := {found}; found != {wanted}"),
            &wanted,
            "uint64(found)",
        );
    }
    match &field.form {
        Type::Ip => {
            let read = format!(
                "if address, err := protocol.ReadIP({part}, \"{label}\"); err != nil {{\n{fail}err\n}}"
            );
            if field.key {
                let none = refuse("!address.IsValid()", "16", "0");
                format!("{read} else {none}")
            } else {
                read.replace("address, err", "_, err") + "\n"
            }
        }
        Type::Chars(_) => refuse(&format!("!protocol.IsPadded({part})"), "0", "1"),
        _ => String::new(),
    }
}

pub(super) fn get_number(size: usize, at: usize, bytes: &str) -> String {
    if size == 1 {
        return format!("{bytes}[{at}]");
    }
    format!("binary.LittleEndian.Uint{}({bytes}[{at}:])", 8 * size)
}

/// The value of a field of fixed size, but an address, in bytes that were checked.
pub(super) fn get(go: &Go<'_>, field: &Field, bytes: &str) -> String {
    let (at, size) = (field.offset, field.form.size());
    let form = go_type(go, field);
    match &field.form {
        Type::Chars(_) | Type::Bytes(_) => format!("{form}({bytes}[{at}:{}])", at + size),
        _ => {
            let number = get_number(size, at, bytes);
            if form == format!("uint{}", 8 * size) {
                number
            } else {
                format!("{form}({number})")
            }
        }
    }
}

/// A statement that reads a field to `to`.
pub(super) fn read(go: &Go<'_>, field: &Field, bytes: &str, to: &str) -> String {
    let mut out = String::new();
    let (name, at) = (go_name(field), field.offset);
    let _ = match field.form {
        Type::Ip => writeln!(
            out,
            "{to}{name}, _ = protocol.ReadIP({bytes}[{at}:], \"{}\")",
            field.label()
        ),
        _ => writeln!(out, "{to}{name} = {}", get(go, field, bytes)),
    };
    out
}
