use std::borrow::Cow;

/// Characters of a whole container id: a SHA-256 or as many random bits.
const WHOLE_ID: usize = 64;
const SHORT_ID: usize = 12;

/// What an id or a name in a path can be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// 1 to 64 hexadecimal digits.
    Hex,
    /// 64 hexadecimal digits, which nothing but a container has for a name.
    Whole,
    /// 32 hexadecimal digits of the task, a dash, and a number for the container.
    Task,
    /// 20 to 32 lower-case letters and digits.
    Base36,
    /// What Kubernetes calls a pod: a UUID with dashes or underscores, or 32 hexadecimal digits for a static pod.
    PodUid,
    /// A UUID, a dot, and a name.
    UuidName,
    /// Decimal digits.
    Number,
    /// Anything, with systemd's escapes.
    Name,
    /// A number, a dash, and a name.
    NumberedName,
}

/// An id or a name that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// The id; of what only has a name, that name.
    pub(super) id: Cow<'a, [u8]>,
    /// What people call it, where the path tells.
    pub(super) name: Option<&'a [u8]>,
}

impl Alphabet {
    /// Reads a word of this alphabet, which has to be all of `text`.
    pub(super) fn read(self, text: &[u8]) -> Option<Word<'_>> {
        let of = |id, name| {
            let id = Cow::Borrowed(id);
            Some(Word { id, name })
        };
        match self {
            Self::Hex if is_hex(text, 1, WHOLE_ID) => of(text, None),
            Self::Whole if is_hex(text, WHOLE_ID, WHOLE_ID) => of(text, None),
            Self::Task => {
                let (task, number) = split(text, b'-')?;
                (is_hex(task, 32, 32) && is_number(number)).then_some(())?;
                of(text, None)
            }
            Self::Base36 if is_base36(text) => of(text, None),
            Self::PodUid => pod_uid(text).map(|id| Word { id, name: None }),
            Self::UuidName => {
                let (uuid, name) = split(text, b'.')?;
                (is_uuid(uuid) && !name.is_empty()).then_some(())?;
                of(uuid, Some(name))
            }
            Self::Number if is_number(text) => of(text, Some(text)),
            Self::Name if !text.is_empty() => of(text, Some(text)),
            Self::NumberedName => {
                let (number, name) = split(text, b'-')?;
                (is_number(number) && !name.is_empty()).then_some(())?;
                of(name, Some(name))
            }
            _ => None,
        }
    }

    /// As the documentation writes it.
    pub(super) const fn notation(self) -> &'static str {
        match self {
            Self::Hex => "HEX",
            Self::Whole => "HEX64",
            Self::Task => "HEX32-DIGITS",
            Self::Base36 => "BASE36",
            Self::PodUid => "UID",
            Self::UuidName => "UUID.NAME",
            Self::Number => "N",
            Self::Name => "NAME",
            Self::NumberedName => "N-NAME",
        }
    }
}

/// As much of an id as people use to name a container; of a task's container also its number, of a UUID the first group.
pub(crate) fn short_id(id: &[u8]) -> Vec<u8> {
    match split(id, b'-') {
        Some((task, number)) if is_hex(task, 32, 32) && is_number(number) => {
            [&task[..SHORT_ID], b"-", number].concat()
        }
        Some((first, _)) if is_uuid(id) => first.to_vec(),
        _ => id[..id.len().min(SHORT_ID)].to_vec(),
    }
}

fn split(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(at, text)?;
    Some((&text[..at], &text[at + 1..]))
}

fn is_hex(text: &[u8], least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.iter().all(u8::is_ascii_hexdigit)
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

fn is_base36(text: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    (20..=32).contains(&text.len()) && text.iter().all(digit)
}

fn is_uuid(text: &[u8]) -> bool {
    let lengths = text.split(|byte| *byte == b'-').map(<[u8]>::len);
    lengths.eq([8, 4, 4, 4, 12])
        && text
            .split(|byte| *byte == b'-')
            .all(|part| is_hex(part, 4, 12))
}

/// systemd takes a dash for nesting, so it gets underscores.
fn pod_uid(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    let digit = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b'_');
    if !((8..=64).contains(&text.len()) && text.iter().all(digit)) {
        return None;
    }
    if !text.contains(&b'_') {
        return Some(Cow::Borrowed(text));
    }
    let dash = |byte: &u8| if *byte == b'_' { b'-' } else { *byte };
    Some(Cow::Owned(text.iter().map(dash).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabets_take_their_own_words() {
        let hex = "0123456789abcdef";
        let (hex32, hex64) = (hex.repeat(2), hex.repeat(4));
        let uuid = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
        for (alphabet, text, taken) in [
            (Alphabet::Hex, "a", true),
            (Alphabet::Hex, "g", false),
            (Alphabet::Hex, "", false),
            (Alphabet::Hex, &format!("{hex64}0"), false),
            (Alphabet::Whole, &hex64, true),
            (Alphabet::Whole, &hex32, false),
            (Alphabet::Task, &format!("{hex32}-12"), true),
            (Alphabet::Task, &format!("{hex32}-"), false),
            (Alphabet::Task, &format!("{hex32}-x"), false),
            (Alphabet::Base36, "qz1f4cvnqzkrxmm0k3w1kd0x2", true),
            (Alphabet::Base36, "Qz1f4cvnqzkrxmm0k3w1kd0x2", false),
            (Alphabet::Base36, "short", false),
            (Alphabet::PodUid, uuid, true),
            (Alphabet::PodUid, &uuid.replace('-', "_"), true),
            (Alphabet::PodUid, &hex32, true),
            (Alphabet::PodUid, "dle", false),
            (Alphabet::UuidName, &format!("{uuid}.web"), true),
            (Alphabet::UuidName, &format!("{uuid}."), false),
            (Alphabet::UuidName, "x.web", false),
            (Alphabet::Number, "100", true),
            (Alphabet::Number, "1a", false),
            (Alphabet::Name, "any thing", true),
            (Alphabet::Name, "", false),
            (Alphabet::NumberedName, "1-a-b", true),
            (Alphabet::NumberedName, "1-", false),
            (Alphabet::NumberedName, "a-b", false),
        ] {
            let found = alphabet.read(text.as_bytes()).is_some();
            assert_eq!(found, taken, "{alphabet:?} {text}");
        }
    }

    #[test]
    fn short_ids_tell_containers_of_one_task_apart() {
        assert_eq!(short_id(b"0123456789abcdef"), b"0123456789ab");
        let id = [&b"0123456789abcdef".repeat(2)[..], b"-77"].concat();
        assert_eq!(short_id(&id), b"0123456789ab-77");
    }
}
