//! What a schema says, read and found right.

use std::sync::Arc;

use netipc_proto::wire::WireErrorKind;

/// One service: its place on the wire, and the layout of its messages.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Schema {
    /// Name of the endpoint, and of the subcommand.
    pub name: String,
    /// Number of the method on the wire.
    pub method: u16,
    /// One sentence of meaning.
    pub about: String,
    /// First number of every header and item; only a value may do without.
    pub layout: Option<u16>,
    /// Enums that fields are of, in the order of their definition.
    pub enums: Vec<Arc<Enum>>,
    /// Flags that fields are of, in the order of their definition.
    pub flags: Vec<Arc<Flags>>,
    /// What is asked and answered.
    pub kind: Kind,
}

/// What is asked and answered. Records come with the fields that their place brings along.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Kind {
    /// One record in, one out.
    Value(ValueKind),
    /// Nothing in, a header and all items out.
    Snapshot(SnapshotKind),
    /// Keys in, an item for each out.
    Lookup(LookupKind),
}

/// One record in, one out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ValueKind {
    /// What is asked.
    pub request: Record,
    /// What is answered.
    pub response: Record,
    /// Whether one message may carry several requests.
    pub batches: bool,
}

/// Nothing in, a header and all items out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SnapshotKind {
    /// The whole request: it has no fields of its own.
    pub request: Record,
    /// What stands in front of the directory of a response.
    pub response: Record,
    /// One of the items.
    pub item: Record,
    /// Names of the fields that a client's cache finds an item by; none where there is no cache.
    pub cache: Vec<String>,
}

/// Keys in, an item for each out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LookupKind {
    /// What stands in front of the directory of a request.
    pub request: Record,
    /// What is looked up.
    pub key: Record,
    /// Name of the list of keys in documents.
    pub plural: String,
    /// What stands in front of the directory of a response.
    pub response: Record,
    /// What is known of a key.
    pub item: Record,
    /// Whether a client may cache items by their key.
    pub cached: bool,
}

/// How a key stands in a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyForm {
    /// The bytes of a text and a NUL.
    Text,
    /// The 4 or 16 bytes of an address.
    Ip,
    /// One field of fixed size, with whatever is reserved beside it.
    One,
    /// Several such fields.
    Several,
}

/// Fields in the order of the wire. Texts and labels lie behind the fixed part.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Record {
    /// What it is.
    pub about: String,
    /// How strict its reader is.
    pub family: Family,
    /// Every field of the fixed part.
    pub fields: Vec<Field>,
    /// Bytes of the fixed part.
    pub size: usize,
    /// What ties fields to the value of another.
    pub rules: Vec<Rule>,
    /// Bytes that one is likely to take, by which clients split calls.
    pub typical: Option<u32>,
}

/// Which rules hold for what lies behind the fixed part.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Family {
    /// Nothing lies there.
    #[default]
    Fixed,
    /// Texts exactly where writers put them; more bytes may follow.
    Value,
    /// Texts apart from each other, with NULs inside if they like; more bytes may follow.
    Snapshot,
    /// Texts apart from each other and without NULs, labels in their place, nothing behind.
    Lookup,
}

/// A field of the fixed part.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    /// Its name; none for a reserved one.
    pub name: Option<String>,
    /// What it holds.
    pub form: Type,
    /// Byte at which it starts.
    pub offset: usize,
    /// What it means; empty where the kind of the service says so.
    pub about: String,
    /// The unit of a number.
    pub unit: Option<String>,
    /// Least bytes of a text, least value of a number.
    pub min: Option<i128>,
    /// Most bytes of a text, largest value of a number.
    pub max: Option<i128>,
    /// The number that says "not set".
    pub unset: i128,
    /// Whether the text may hold NULs.
    pub nul: bool,
    /// The number that always stands here; such a field has no value of its own.
    pub constant: Option<i128>,
    /// What another number than the constant, or one without a name, is called.
    pub error: WireErrorKind,
    /// Whether it is echoed from the key, or belongs to it.
    pub key: bool,
}

/// What a field holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Type {
    /// A number without sign, of 1, 2, 4 or 8 bytes.
    Unsigned(usize),
    /// A number with a sign, of 1, 2, 4 or 8 bytes.
    Signed(usize),
    /// A number with names for its values.
    Enum(Arc<Enum>),
    /// A number with names for its bits.
    Flags(Arc<Flags>),
    /// A text of at most so many bytes, zeros behind it.
    Chars(usize),
    /// So many bytes, in hex in documents.
    Bytes(usize),
    /// An IPv4 or IPv6 address: among other fields u16 size and 16 bytes.
    Ip,
    /// A text behind the fixed part: u32 offset, u32 length.
    Text,
    /// Labels behind the texts: u16 count.
    Labels,
}

/// A number with names for its values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Enum {
    /// In `CamelCase`.
    pub name: String,
    /// What it says.
    pub about: String,
    /// Whether numbers without a name are kept.
    pub open: bool,
    /// Bytes of the number.
    pub size: usize,
    /// Its values.
    pub values: Vec<Named>,
    /// The file that several services share it from.
    pub shared: Option<String>,
}

/// A number with names for its bits. Bits without a name are kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Flags {
    /// In `CamelCase`.
    pub name: String,
    /// What it says.
    pub about: String,
    /// Bytes of the number.
    pub size: usize,
    /// Its bits, from 0.
    pub bits: Vec<Named>,
    /// The file that several services share it from.
    pub shared: Option<String>,
}

/// A value or a bit with a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// The value, or which bit.
    pub number: u64,
    /// What it says.
    pub about: String,
}

/// What must, or must not, be set beside a value of an enum.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// Name of the field that has the enum.
    pub field: String,
    /// The value beside which it holds.
    pub value: u64,
    /// Names of the fields that must be set.
    pub set: Vec<String>,
    /// Names of the fields that must not be set.
    pub unset: Vec<String>,
}

/// What several services share.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shared {
    /// Enums.
    pub enums: Vec<Arc<Enum>>,
    /// Flags.
    pub flags: Vec<Arc<Flags>>,
    /// Fixed records by name.
    pub records: Vec<(String, Record)>,
}

impl Schema {
    /// Its records by name, in the order in which files have them.
    #[must_use]
    pub fn parts(&self) -> Vec<(&'static str, &Record)> {
        match &self.kind {
            Kind::Value(kind) => vec![("request", &kind.request), ("response", &kind.response)],
            Kind::Snapshot(kind) => vec![
                ("request", &kind.request),
                ("response", &kind.response),
                ("item", &kind.item),
            ],
            Kind::Lookup(kind) => vec![
                ("request", &kind.request),
                ("key", &kind.key),
                ("response", &kind.response),
                ("item", &kind.item),
            ],
        }
    }

    /// Whether one message may carry several requests.
    #[must_use]
    pub const fn batches(&self) -> bool {
        match &self.kind {
            Kind::Value(kind) => kind.batches,
            Kind::Snapshot(_) | Kind::Lookup(_) => false,
        }
    }
}

impl Kind {
    /// The word for it in files.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Value(_) => "value",
            Self::Snapshot(_) => "snapshot",
            Self::Lookup(_) => "lookup",
        }
    }
}

impl LookupKind {
    /// How a key stands in a request.
    #[must_use]
    pub fn form(&self) -> KeyForm {
        let mut named = self.key.named();
        match (named.next(), named.next()) {
            (Some(field), None) => match field.form {
                Type::Text => KeyForm::Text,
                Type::Ip => KeyForm::Ip,
                _ => KeyForm::One,
            },
            _ => KeyForm::Several,
        }
    }

    /// The field that alone is the key, if there is no other.
    #[must_use]
    pub fn alone(&self) -> Option<&Field> {
        let mut named = self.key.named();
        named.next().filter(|_| named.next().is_none())
    }

    /// Bytes of the shortest key.
    #[must_use]
    pub fn shortest(&self) -> usize {
        match self.form() {
            KeyForm::Text => {
                let min = self.alone().and_then(|field| field.min).unwrap_or(0);
                usize::try_from(min).map_or(usize::MAX, |min| min.saturating_add(1))
            }
            KeyForm::Ip => 4,
            KeyForm::One | KeyForm::Several => self.key.size,
        }
    }

    /// The enum of the status.
    ///
    /// # Panics
    /// Where the model was not read from a file and has no status.
    #[must_use]
    pub fn status(&self) -> &Enum {
        match self.item.named().next().map(|field| &field.form) {
            Some(Type::Enum(status)) => status,
            _ => panic!("the checker lets no item begin without a status"),
        }
    }

    /// The number of the status that an item has in which nothing is set: the first that says that there
    /// is no data. Where there is none, the one that says that there is.
    #[must_use]
    pub fn unset_status(&self) -> u64 {
        let others = [0, self.exceeded(), self.oversized()];
        let mut numbers = self.status().values.iter().map(|value| value.number);
        numbers
            .find(|number| !others.contains(number))
            .unwrap_or_default()
    }

    /// The number of the status that says: no room, ask again.
    #[must_use]
    pub fn exceeded(&self) -> u64 {
        self.status().number("payload-exceeded").unwrap_or_default()
    }

    /// The number of the status that says: no answer can hold this item.
    #[must_use]
    pub fn oversized(&self) -> u64 {
        self.status().number("oversized-item").unwrap_or_default()
    }
}

impl Record {
    /// The fields that have a value: neither reserved nor constant.
    pub fn named(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.has_value())
    }

    /// The texts, in the order in which they lie behind the fixed part.
    pub fn texts(&self) -> impl Iterator<Item = &Field> {
        self.named().filter(|field| field.form == Type::Text)
    }

    /// The labels, if there are any.
    #[must_use]
    pub fn labels(&self) -> Option<&Field> {
        self.named().find(|field| field.form == Type::Labels)
    }

    /// The position among [`named`](Self::named) of the field of that name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.named().position(|field| field.is(name))
    }
}

impl Field {
    /// Whether it has a value: neither reserved nor constant.
    #[must_use]
    pub const fn has_value(&self) -> bool {
        self.name.is_some() && self.constant.is_none()
    }

    /// Whether it is called so.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }

    /// Its name; empty for a reserved one.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}

impl Type {
    /// The word for it in files.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Unsigned(size) => format!("u{}", size * 8),
            Self::Signed(size) => format!("i{}", size * 8),
            Self::Enum(names) => names.name.clone(),
            Self::Flags(names) => names.name.clone(),
            Self::Chars(size) => format!("char[{size}]"),
            Self::Bytes(size) => format!("u8[{size}]"),
            Self::Ip => "ip".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Labels => "labels".to_owned(),
        }
    }

    /// Bytes in the fixed part.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Unsigned(size) | Self::Signed(size) | Self::Chars(size) | Self::Bytes(size) => {
                *size
            }
            Self::Enum(names) => names.size,
            Self::Flags(names) => names.size,
            Self::Ip => 18,
            Self::Text => 8,
            Self::Labels => 2,
        }
    }

    /// Where it starts is a multiple of this.
    #[must_use]
    pub fn align(&self) -> usize {
        match self {
            Self::Chars(_) | Self::Bytes(_) => 1,
            Self::Ip | Self::Labels => 2,
            Self::Text => 4,
            Self::Unsigned(_) | Self::Signed(_) | Self::Enum(_) | Self::Flags(_) => self.size(),
        }
    }

    /// Whether it is a number, with or without names.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Unsigned(_) | Self::Signed(_) | Self::Enum(_) | Self::Flags(_)
        )
    }

    /// The numbers that it can hold, names aside.
    #[must_use]
    pub fn range(&self) -> (i128, i128) {
        let bits = 8 * self.size().min(8);
        match self {
            Self::Signed(_) => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
            _ => (0, (1 << bits) - 1),
        }
    }
}

impl Enum {
    /// Its numbers in order.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.values.iter().map(|value| value.number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The highest number, where they are 0, 1, 2 and so on without a gap: one comparison then tells whether
    /// a number has a name.
    pub(crate) fn last_in_a_row(&self) -> Option<u64> {
        let numbers = self.numbers();
        let in_a_row = (0..).zip(&numbers).all(|(at, number)| at == *number);
        numbers.last().copied().filter(|_| in_a_row)
    }

    /// The number of that name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        let value = self.values.iter().find(|value| value.name == name)?;
        Some(value.number)
    }

    /// The name of that number.
    #[must_use]
    pub fn name_of(&self, number: u64) -> Option<&str> {
        let value = self.values.iter().find(|value| value.number == number)?;
        Some(&value.name)
    }
}
