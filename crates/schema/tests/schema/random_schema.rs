//! Schemas from a seed, as text: every kind, every type, rules, and reserved fields where needed.

use std::fmt::Write;

use netipc_schema::random::Random;

/// A field as it is drawn: its type, bytes, alignment, and more words.
struct Drawn {
    form: &'static str,
    size: usize,
    align: usize,
}

const fn drawn(form: &'static str, size: usize, align: usize) -> Drawn {
    Drawn { form, size, align }
}

const FIXED: [Drawn; 14] = [
    drawn("u8", 1, 1),
    drawn("u16", 2, 2),
    drawn("u32", 4, 4),
    drawn("u64", 8, 8),
    drawn("i8", 1, 1),
    drawn("i16", 2, 2),
    drawn("i32", 4, 4),
    drawn("i64", 8, 8),
    drawn("Closed", 2, 2),
    drawn("Open", 1, 1),
    drawn("Bits", 4, 4),
    drawn("char[3]", 3, 1),
    drawn("u8[5]", 5, 1),
    drawn("ip", 18, 2),
];
const TEXT: Drawn = drawn("text", 8, 4);
const LABELS: Drawn = drawn("labels", 2, 2);

/// A valid schema.
pub(crate) fn random_schema(random: &mut Random) -> String {
    let kind = ["value", "snapshot", "lookup"][random.below(3)];
    let method = 0x8000 + random.below(0x8000);
    let mut text = format!(
        "service = \"s-{method}\"\nmethod = {method}\nkind = \"{kind}\"\nabout = \"Drawn.\"\nlayout = {}\n",
        1 + random.below(9)
    );
    let mut fields = Fields::default();
    // In front of the tables, which begin here.
    let head = text.len();
    match kind {
        "value" => {
            if random.once_in(2) {
                text.push_str("batch = true\n");
            }
            for part in ["request", "response"] {
                fields.start(2);
                fields.add_some(random, true, 0);
                fields.write(&mut text, part, true);
            }
        }
        "snapshot" => {
            fields.start(8);
            fields.add_header(random);
            fields.write(&mut text, "header", true);
            fields.start(2);
            let first = fields.names + 1;
            fields.add_some(random, true, 0);
            let last = (first + random.below(3)).min(fields.names);
            fields.pad(4);
            fields.write(&mut text, "item", true);
            if random.once_in(2) {
                let keys: Vec<String> = (first..=last).map(|nth| format!("\"f{nth}\"")).collect();
                text.insert_str(head, &format!("cache = [{}]\n", keys.join(", ")));
            }
        }
        _ => {
            lookup(random, &mut fields, &mut text);
            if random.once_in(2) {
                text.insert_str(head, "cache = \"key\"\n");
            }
        }
    }
    types(&fields.all, &mut text);
    text
}

/// Lookups by one text, with each combination of the words that a key may have, cached and not: libraries have
/// a key of their own for one of them.
#[allow(dead_code, reason = "tests that compile what is made need them")]
pub(crate) fn text_keys() -> Vec<String> {
    let mut schemas = Vec::new();
    for nth in 0..24 {
        let pick = |step: usize, words: &[&'static str]| words[nth / step % words.len()];
        let cache = pick(1, &["", "cache = \"key\"\n"]);
        let nul = pick(2, &["", ", nul = true"]);
        let max = pick(4, &["", ", max = 12"]);
        let min = pick(8, &["", ", min = 1", ", min = 3"]);
        schemas.push(format!(
            "service = \"t-{nth}\"\nmethod = {}\nkind = \"lookup\"\nabout = \"Drawn.\"\nlayout = 1\n{cache}\n\
             [key]\nfields = [{{ name = \"f1\", type = \"text\", about = \"Drawn.\"{min}{max}{nul} }}]\n\n\
             [item]\nabout = \"Drawn.\"\nfields = [\n  \
             {{ name = \"status\", type = \"Status\", about = \"Whether.\" }},\n  {{ key = \"f1\" }},\n]\n",
            0x8000 + nth
        ));
    }
    for text in &mut schemas {
        types(&[], text);
    }
    schemas
}

fn lookup(random: &mut Random, fields: &mut Fields, text: &mut String) {
    fields.start(0);
    let mut keys = Vec::new();
    match random.below(4) {
        0 => {
            let min = [", min = 1", ", min = 2", ""][random.below(3)];
            let max = if random.once_in(2) { ", max = 12" } else { "" };
            let nul = if random.once_in(4) {
                ", nul = true"
            } else {
                ""
            };
            keys.push(fields.push(&TEXT, &format!("{min}{max}{nul}")));
        }
        1 => keys.push(fields.push(&drawn("ip", 18, 2), "")),
        // Not an address, which stands alone.
        n => {
            for _ in 1..n {
                let at = random.below(FIXED.len() - 1);
                keys.push(fields.push(&FIXED[at], ""));
            }
        }
    }
    let shapes: Vec<&'static str> = fields.forms.clone();
    fields.write(text, "key", false);
    fields.start(2);
    fields.push_line(
        2,
        2,
        "{ name = \"status\", type = \"Status\", about = \"Whether.\" }",
    );
    for (name, form) in keys.iter().zip(shapes) {
        let Drawn { size, align, .. } = *FIXED
            .iter()
            .chain([&TEXT])
            .find(|d| d.form == form)
            .unwrap();
        fields.push_line(size, align, &format!("{{ key = \"{name}\" }}"));
    }
    fields.add_some(random, true, 1);
    fields.pad(4);
    fields.write(text, "item", true);
    let rule = |other: &str, word: &str| {
        format!("[item.rules.ruling]\nsecond = {{ {word} = [\"{other}\"] }}\n")
    };
    if let (true, Some(other)) = (fields.ruled, fields.free.first()) {
        let word = if random.once_in(2) { "set" } else { "unset" };
        text.push_str(&rule(other, word));
    }
}

/// The fields of the record that is being drawn.
#[derive(Default)]
struct Fields {
    lines: Vec<String>,
    offset: usize,
    names: usize,
    /// Types of the fields of this record.
    forms: Vec<&'static str>,
    /// Types of all fields.
    all: Vec<&'static str>,
    /// Fields that a rule may name, and whether one may.
    free: Vec<String>,
    ruled: bool,
}

impl Fields {
    fn start(&mut self, offset: usize) {
        self.lines.clear();
        self.forms.clear();
        self.free.clear();
        self.offset = offset;
    }

    fn add_some(&mut self, random: &mut Random, texts: bool, labels: usize) {
        if labels > 0 && random.once_in(2) {
            self.push_line(
                2,
                2,
                "{ name = \"ruling\", type = \"Closed\", about = \"Rules.\" }",
            );
            self.all.push("Closed");
            self.ruled = true;
        }
        for _ in 0..1 + random.below(6) {
            let at = random.below(FIXED.len() + if texts { 3 } else { 0 });
            let (drawn, more) = match FIXED.get(at) {
                Some(drawn) => (drawn, String::new()),
                None if random.once_in(4) => {
                    (&TEXT, format!(", min = {}, max = 12", random.below(5)))
                }
                None if random.once_in(4) => (&TEXT, ", nul = true".to_owned()),
                None => (&TEXT, String::new()),
            };
            let more = match drawn.form {
                "u32" if random.once_in(3) => ", unset = 0xffffffff, unit = \"bytes\"".to_owned(),
                "i16" if random.once_in(3) => ", min = -3, max = 400".to_owned(),
                _ => more,
            };
            let name = self.push(drawn, &more);
            if more.is_empty() {
                self.free.push(name);
            }
        }
        if labels > 0 && random.once_in(2) {
            let name = self.push(&LABELS, "");
            self.free.push(name);
        }
    }

    /// Adds 8 bytes, which is what the libraries have room for in front of a snapshot.
    fn add_header(&mut self, random: &mut Random) {
        let forms: &[&str] = match random.below(5) {
            0 => &["u64"],
            1 => &["u32", "i16", "Closed"],
            2 => &["char[3]", "u8[5]"],
            3 => &["Bits", "Open"],
            _ => &["i64"],
        };
        for form in forms {
            let drawn = FIXED.iter().find(|drawn| drawn.form == *form).unwrap();
            self.push(drawn, "");
        }
        self.pad(8);
    }

    /// Adds a field with a new name.
    fn push(&mut self, drawn: &Drawn, more: &str) -> String {
        self.names += 1;
        let name = format!("f{}", self.names);
        let form = drawn.form;
        let line = format!("{{ name = \"{name}\", type = \"{form}\", about = \"Drawn.\"{more} }}");
        self.push_line(drawn.size, drawn.align, &line);
        self.forms.push(form);
        self.all.push(form);
        name
    }

    fn push_line(&mut self, size: usize, align: usize, line: &str) {
        self.pad(align);
        self.lines.push(line.to_owned());
        self.offset += size;
    }

    fn pad(&mut self, align: usize) {
        let gap = self.offset.next_multiple_of(align) - self.offset;
        let word = match gap {
            0 => return,
            1 => "u8".to_owned(),
            gap => format!("u8[{gap}]"),
        };
        self.lines.push(format!("{{ reserved = \"{word}\" }}"));
        self.offset += gap;
    }

    fn write(&self, text: &mut String, part: &str, about: bool) {
        let about = if about { "about = \"Drawn.\"\n" } else { "" };
        let lines = self.lines.join(",\n  ");
        write!(text, "\n[{part}]\n{about}fields = [\n  {lines},\n]\n").unwrap();
    }
}

/// The enums and flags that fields are of.
fn types(used: &[&str], text: &mut String) {
    let value =
        |name: &str, n: u8| format!("{{ name = \"{name}\", value = {n}, about = \"Drawn.\" }}");
    if text.contains("\"Status\"") {
        let values = ["known", "gone", "payload-exceeded", "oversized-item"];
        let values: Vec<String> = (0..).zip(values).map(|(n, name)| value(name, n)).collect();
        let values = values.join(", ");
        write!(
            text,
            "\n[enums.Status]\nabout = \"Drawn.\"\nvalues = [{values}]\n"
        )
        .unwrap();
    }
    if used.contains(&"Closed") {
        let values = [value("zero", 0), value("first", 1), value("second", 7)].join(", ");
        write!(
            text,
            "\n[enums.Closed]\nabout = \"Drawn.\"\nvalues = [{values}]\n"
        )
        .unwrap();
    }
    if used.contains(&"Open") {
        let values = [value("none", 0), value("some", 3)].join(", ");
        write!(
            text,
            "\n[enums.Open]\nabout = \"Drawn.\"\nopen = true\ntype = \"u8\"\nvalues = [{values}]\n"
        )
        .unwrap();
    }
    if used.contains(&"Bits") {
        text.push_str("\n[flags.Bits]\nabout = \"Drawn.\"\nbits = [{ name = \"one\", bit = 0, about = \"Drawn.\" }, { name = \"top\", bit = 31, about = \"Drawn.\" }]\n");
    }
}
