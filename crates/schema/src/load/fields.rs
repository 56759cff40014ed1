//! Records and their fields.

use netipc_proto::wire::WireErrorKind;

use super::Loader;
use crate::model::{Family, Field, Record, Type};
use crate::problem::instead;
use crate::source::Table;
use crate::words;

/// A record that is being read: where its fields may be, and what may be in it.
pub(super) struct Plan<'p> {
    pub(super) family: Family,
    /// Fields that the kind of the service brings along, in front and behind.
    pub(super) before: Vec<Field>,
    pub(super) after: Vec<Field>,
    /// The key, whose fields an item echoes.
    pub(super) key: Option<&'p Record>,
    /// Whether it is `[key]`, `[item]`, or any other.
    pub(super) place: Place,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    Key,
    Item,
    Other,
}

impl Plan<'_> {
    /// A record of fixed fields.
    pub(super) const fn fixed() -> Self {
        Self {
            family: Family::Fixed,
            before: Vec::new(),
            after: Vec::new(),
            key: None,
            place: Place::Other,
        }
    }

    /// What it is called in errors.
    fn what(&self) -> &'static str {
        match (self.family, self.place) {
            (Family::Snapshot, _) => "a snapshot's [item]",
            (Family::Lookup, _) => "a lookup's [item]",
            (Family::Value, _) => "a value",
            (Family::Fixed, Place::Key) => "a [key]",
            (Family::Fixed, _) => "a record of fixed size",
        }
    }

    /// Whether a text may be a field of it.
    fn has_texts(&self) -> bool {
        self.family != Family::Fixed || self.place == Place::Key
    }

    /// Whether labels may be a field of it.
    fn has_labels(&self) -> bool {
        self.family == Family::Lookup && self.place == Place::Item
    }
}

/// A field that comes with the kind of a service.
pub(super) fn own(name: &str, form: Type) -> Field {
    Field {
        name: Some(name.to_owned()),
        ..reserved(form)
    }
}

/// The number of the layout, in front of headers and items.
pub(super) fn layout(number: u16) -> Field {
    Field {
        constant: Some(number.into()),
        ..own("layout", Type::Unsigned(2))
    }
}

/// A field that is zero.
pub(super) const fn reserved(form: Type) -> Field {
    Field {
        name: None,
        form,
        offset: 0,
        about: String::new(),
        unit: None,
        min: None,
        max: None,
        unset: 0,
        nul: false,
        constant: None,
        error: WireErrorKind::BadLayout,
        key: false,
    }
}

/// What to write for a gap of so many bytes.
fn reserve(gap: usize) -> String {
    let word = match gap {
        1 => "u8".to_owned(),
        2 => "u16".to_owned(),
        4 => "u32".to_owned(),
        _ => format!("u8[{gap}]"),
    };
    format!("write {{ reserved = \"{word}\" }}")
}

impl Loader<'_> {
    pub(super) fn fixed_record(&mut self, table: &Table) -> Record {
        self.record(Some(table), Plan::fixed())
    }

    /// The record that `table` describes, if there is one, between the fields of the plan.
    pub(super) fn record(&mut self, table: Option<&Table>, mut plan: Plan<'_>) -> Record {
        let (before, after) = (
            std::mem::take(&mut plan.before),
            std::mem::take(&mut plan.after),
        );
        let at = table.map_or(0, |table| table.at("fields"));
        let mut record = Record {
            family: plan.family,
            about: text(table, "about"),
            ..Record::default()
        };
        let mut known = true;
        for field in before {
            self.place(&mut record, field, at, known);
        }
        for words in table.iter().flat_map(|table| table.tables("fields")) {
            match self.field(words, &plan) {
                Some(field) => self.place(&mut record, field, words.at, known),
                // Where the fields behind it start is not known.
                None => known = false,
            }
        }
        for field in after {
            self.place(&mut record, field, at, known);
        }
        if plan.place == Place::Item && known && !record.size.is_multiple_of(4) {
            let end = record.size;
            let what = format!("the fixed fields end at byte {end}, which is no multiple of 4");
            self.wrong(at, what, format!("{} after them", reserve(4 - end % 4)));
        }
        let labels = |field: &&Field| field.form == Type::Labels;
        if record.fields.iter().filter(labels).count() > 1 {
            let instead = "write one field of type labels";
            self.wrong(at, "there are labels twice", instead);
        }
        let rules = table.and_then(|table| table.table("rules"));
        if let (Some(rules), true) = (rules, known) {
            record.rules = self.rules(rules, &record);
        }
        record.typical = table.and_then(|table| self.typical(table));
        record
    }

    /// Adds a field to the record, behind the others.
    fn place(&mut self, record: &mut Record, mut field: Field, at: usize, known: bool) {
        let align = field.form.align();
        let gap = record.size.next_multiple_of(align) - record.size;
        if known && gap != 0 {
            let (name, start) = (field.name.as_deref().unwrap_or("reserved"), record.size);
            let what =
                format!("`{name}` would start at byte {start}, which is no multiple of {align}");
            self.wrong(at, what, format!("{} before it", reserve(gap)));
        }
        if let Some(name) = &field.name
            && record.fields.iter().any(|other| other.is(name))
        {
            let what = format!("there is a field `{name}` already");
            self.wrong(at, what, "write another name");
        }
        field.offset = record.size + gap;
        record.size = field.offset + field.form.size();
        record.fields.push(field);
    }

    fn field(&mut self, words: &Table, plan: &Plan<'_>) -> Option<Field> {
        if words.has("reserved") {
            return self.reserved_field(words);
        }
        if words.has("key") {
            return self.key_field(words, plan);
        }
        if !self.words(words, &words::FIELD) {
            return None;
        }
        let form = self.type_of(words.text("type")?, words.at("type"))?;
        let stands = match form {
            Type::Labels => plan.has_labels(),
            Type::Text => plan.has_texts(),
            _ => true,
        };
        if !stands {
            let what = match form {
                Type::Labels => {
                    format!("{} has no labels: only a lookup's [item] has", plan.what())
                }
                form => format!("{} cannot stand here", form.word()),
            };
            let instead = if plan.has_texts() {
                "write a text"
            } else {
                "write a field of fixed size"
            };
            self.wrong(words.at("type"), what, instead);
            return None;
        }
        self.senseless(words, &form);
        let (min, max) = (words.number("min"), words.number("max"));
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            let what = format!("nothing is at least {min} and at most {max}");
            self.wrong(words.at("min"), what, "write min below max");
        }
        Some(Field {
            name: words.text("name").map(str::to_owned),
            offset: 0,
            about: words.text("about").unwrap_or_default().to_owned(),
            unit: words.text("unit").map(str::to_owned),
            min,
            max,
            unset: words.number("unset").unwrap_or(0),
            nul: words.bool("nul").unwrap_or(false),
            constant: words.number("is"),
            error: self.error_of(words),
            key: plan.place == Place::Key,
            form,
        })
    }

    fn reserved_field(&mut self, words: &Table) -> Option<Field> {
        if !self.words(words, &words::RESERVED) {
            return None;
        }
        let at = words.at("reserved");
        let form = self.type_of(words.text("reserved")?, at)?;
        match form {
            Type::Text | Type::Labels | Type::Ip | Type::Enum(_) | Type::Flags(_) => {
                let what = format!("{} cannot stand here", form.word());
                self.wrong(at, what, "write a number, or `u8[N]`");
                None
            }
            form => Some(reserved(form)),
        }
    }

    fn key_field(&mut self, words: &Table, plan: &Plan<'_>) -> Option<Field> {
        if !self.words(words, &words::KEY_FIELD) {
            return None;
        }
        let name = words.text("key")?;
        let known: Vec<&Field> = plan.key.iter().flat_map(|key| key.named()).collect();
        match known.iter().find(|field| field.is(name)) {
            Some(field) => Some((*field).clone()),
            None => {
                let what = format!("`{name}` is no field of [key]");
                let known = known.iter().map(|field| field.label());
                self.wrong(words.at("key"), what, instead(name, known));
                None
            }
        }
    }

    /// Finds words that say nothing of a field of that type, and numbers that it cannot hold.
    fn senseless(&mut self, words: &Table, form: &Type) {
        let plain = matches!(form, Type::Unsigned(_) | Type::Signed(_));
        let said = [
            ("nul", *form == Type::Text),
            ("unit", plain),
            ("min", plain || *form == Type::Text),
            ("max", plain || *form == Type::Text),
            ("unset", form.is_number()),
            ("is", form.is_number()),
        ];
        for (word, says) in said {
            if words.has(word) && !says {
                let what = format!("`{word}` says nothing of {}", form.word());
                self.wrong(words.at(word), what, format!("delete `{word}`"));
            }
        }
        let (least, most) = match form {
            Type::Text => (0, u32::MAX.into()),
            form => form.range(),
        };
        for word in ["min", "max", "unset", "is"] {
            if let Some(number) = words.number(word)
                && !(least..=most).contains(&number)
            {
                let what = format!("{number} is no {}", form.word());
                self.wrong(words.at(word), what, format!("write {least} to {most}"));
            }
        }
        if let Type::Enum(names) = form
            && let Some(number) = words.number("unset")
            && !names.open
            && !u64::try_from(number).is_ok_and(|number| names.name_of(number).is_some())
        {
            let what = format!("{number} is no value of {}", names.name);
            self.wrong(words.at("unset"), what, "write the number of one");
        }
    }

    fn error_of(&mut self, words: &Table) -> WireErrorKind {
        const KINDS: [(&str, WireErrorKind); 6] = [
            ("BadLayout", WireErrorKind::BadLayout),
            ("BadMagic", WireErrorKind::BadMagic),
            ("BadVersion", WireErrorKind::BadVersion),
            ("BadHeaderLen", WireErrorKind::BadHeaderLen),
            ("BadKind", WireErrorKind::BadKind),
            ("BadItemCount", WireErrorKind::BadItemCount),
        ];
        let Some(word) = words.text("error") else {
            return WireErrorKind::BadLayout;
        };
        if let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == word) {
            return *kind;
        }
        let instead = instead(word, KINDS.iter().map(|(name, _)| *name));
        self.wrong(words.at("error"), format!("`{word}` is no error"), instead);
        WireErrorKind::BadLayout
    }

    fn typical(&mut self, table: &Table) -> Option<u32> {
        let number = table.number("typical")?;
        let bytes = u32::try_from(number).ok().filter(|bytes| *bytes > 0);
        if bytes.is_none() {
            let instead = "write the bytes that an item is likely to take";
            self.wrong(
                table.at("typical"),
                format!("{number} bytes are no item"),
                instead,
            );
        }
        bytes
    }
}

fn text(table: Option<&Table>, word: &str) -> String {
    let text = table.and_then(|table| table.text(word));
    text.unwrap_or_default().to_owned()
}
