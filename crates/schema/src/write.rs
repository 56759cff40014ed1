//! A schema as a file.

use std::fmt::Write;

use crate::model::{Enum, Field, Flags, Kind, Named, Record, Schema, Type};

impl Schema {
    /// The file that says the same.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "service = {}", quoted(&self.name));
        let _ = writeln!(out, "method  = {}", self.method);
        let _ = writeln!(out, "kind    = {}", quoted(self.kind.word()));
        if let Some(layout) = self.layout {
            let _ = writeln!(out, "layout  = {layout}");
        }
        if self.batches() {
            out.push_str("batch   = true\n");
        }
        match &self.kind {
            Kind::Snapshot(kind) if !kind.cache.is_empty() => {
                let _ = writeln!(out, "cache   = {}", list(&kind.cache));
            }
            Kind::Lookup(kind) if kind.cached => out.push_str("cache   = \"key\"\n"),
            _ => {}
        }
        let shared = self.shared();
        if !shared.is_empty() {
            let _ = writeln!(out, "use     = {}", list(&shared));
        }
        let _ = writeln!(out, "about   = {}", quoted(&self.about));
        for names in self.enums.iter().filter(|names| names.shared.is_none()) {
            write_enum(&mut out, names);
        }
        for names in self.flags.iter().filter(|names| names.shared.is_none()) {
            write_flags(&mut out, names);
        }
        self.write_parts(&mut out);
        out
    }

    /// The files that it shares types of.
    fn shared(&self) -> Vec<String> {
        let enums = self.enums.iter().filter_map(|names| names.shared.clone());
        let flags = self.flags.iter().filter_map(|names| names.shared.clone());
        let mut files: Vec<String> = enums.chain(flags).collect();
        files.sort();
        files.dedup();
        files
    }

    fn write_parts(&self, out: &mut String) {
        match &self.kind {
            Kind::Value(kind) => {
                write_record(out, "request", &kind.request, None);
                write_record(out, "response", &kind.response, None);
            }
            Kind::Snapshot(kind) => {
                // What the kind brings along is not written.
                if kind.response.fields.len() > 4 {
                    write_record(out, "header", &kind.response, None);
                }
                write_record(out, "item", &kind.item, None);
            }
            Kind::Lookup(kind) => {
                out.push_str("\n[key]\n");
                let usual = kind.alone().map(|field| format!("{}s", field.label()));
                if kind.plural != usual.unwrap_or_else(|| "keys".to_owned()) {
                    let _ = writeln!(out, "plural = {}", quoted(&kind.plural));
                }
                write_fields(out, &kind.key, None);
                write_record(out, "item", &kind.item, Some(&kind.key));
            }
        }
    }
}

fn write_enum(out: &mut String, names: &Enum) {
    let _ = writeln!(
        out,
        "\n[enums.{}]\nabout  = {}",
        names.name,
        quoted(&names.about)
    );
    if names.open {
        out.push_str("open   = true\n");
    }
    if names.size != 2 {
        let _ = writeln!(out, "type   = \"u{}\"", 8 * names.size);
    }
    write_named(out, "values", "value", &names.values);
}

fn write_flags(out: &mut String, names: &Flags) {
    let _ = writeln!(
        out,
        "\n[flags.{}]\nabout = {}",
        names.name,
        quoted(&names.about)
    );
    if names.size != 4 {
        let _ = writeln!(out, "type  = \"u{}\"", 8 * names.size);
    }
    write_named(out, "bits", "bit", &names.bits);
}

fn write_named(out: &mut String, list: &str, word: &str, named: &[Named]) {
    let _ = writeln!(out, "{list} = [");
    for Named {
        name,
        number,
        about,
    } in named
    {
        let _ = write!(out, "  {{ name = {}, {word} = {number}", quoted(name));
        if !about.is_empty() {
            let _ = write!(out, ", about = {}", quoted(about));
        }
        out.push_str(" },\n");
    }
    out.push_str("]\n");
}

fn write_record(out: &mut String, part: &str, record: &Record, key: Option<&Record>) {
    let _ = writeln!(out, "\n[{part}]\nabout  = {}", quoted(&record.about));
    if let Some(typical) = record.typical {
        let _ = writeln!(out, "typical = {typical}");
    }
    write_fields(out, record, key);
    let mut subject = "";
    for rule in &record.rules {
        if rule.field != subject {
            let _ = writeln!(out, "\n[{part}.rules.{}]", rule.field);
            subject = &rule.field;
        }
        let of = record.named().find(|field| field.is(&rule.field));
        let Some(Type::Enum(names)) = of.map(|field| &field.form) else {
            continue;
        };
        let words = [("set", &rule.set), ("unset", &rule.unset)];
        let words = words.iter().filter(|(_, names)| !names.is_empty());
        let words: Vec<String> = words
            .map(|(word, names)| format!("{word} = {}", list(names)))
            .collect();
        let value = names.name_of(rule.value).unwrap_or_default();
        let _ = writeln!(out, "{value} = {{ {} }}", words.join(", "));
    }
}

/// The fields that the file has: neither the layout nor what the kind of the service brings along.
fn write_fields(out: &mut String, record: &Record, key: Option<&Record>) {
    out.push_str("fields = [\n");
    let counted = record
        .fields
        .iter()
        .position(|field| field.is("item_count"));
    let own = record.fields.iter().skip(counted.map_or(0, |at| at + 1));
    let own = own.filter(|field| field.constant.is_none());
    for field in own.filter(|field| counted.is_none() || !field.is("generation")) {
        let line = if key.is_some() && field.key {
            format!("{{ key = {} }}", quoted(field.label()))
        } else {
            field_line(field)
        };
        let _ = writeln!(out, "  {line},");
    }
    out.push_str("]\n");
}

fn field_line(field: &Field) -> String {
    let form = quoted(&field.form.word());
    let Some(name) = &field.name else {
        return format!("{{ reserved = {form} }}");
    };
    let mut line = format!("{{ name = {}, type = {form}", quoted(name));
    let numbers = [("min", field.min), ("max", field.max)];
    let unset = Some(field.unset).filter(|unset| *unset != 0);
    for (word, number) in numbers.into_iter().chain([("unset", unset)]) {
        if let Some(number) = number {
            let _ = write!(line, ", {word} = {number}");
        }
    }
    if field.nul {
        line.push_str(", nul = true");
    }
    if let Some(unit) = &field.unit {
        let _ = write!(line, ", unit = {}", quoted(unit));
    }
    let _ = write!(line, ", about = {} }}", quoted(&field.about));
    line
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}]", names.join(", "))
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out + "\""
}
