use crate::config::Limits;

/// One label: both parts are free of NUL, the key is never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    key: Box<[u8]>,
    value: Box<[u8]>,
}

impl Label {
    /// Never empty.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// May be empty.
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

/// Labels in a stable order, each key once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Vec<Label>);

impl Labels {
    /// Adds a label that the wire can carry. An empty key, a NUL, or a key that is there already leaves the set as it is.
    pub fn insert(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let (key, value) = (key.as_ref(), value.as_ref());
        let sound =
            !key.is_empty() && !key.contains(&0) && !value.contains(&0) && self.find(key).is_none();
        if sound {
            self.0.push(Label {
                key: key.into(),
                value: value.into(),
            });
        }
    }

    /// The value of `key`.
    pub fn find(&self, key: impl AsRef<[u8]>) -> Option<&[u8]> {
        let key = key.as_ref();
        self.iter()
            .find(|label| label.key() == key)
            .map(Label::value)
    }

    /// All labels.
    pub fn iter(&self) -> std::slice::Iter<'_, Label> {
        self.0.iter()
    }

    /// Number of labels.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what `others` has and this has not, as far as the limits for labels go.
    pub(crate) fn extend_within(&mut self, limits: &Limits, others: &Self) {
        let short = |label: &&Label| label.value.len() <= limits.label_value_bytes;
        for label in others.iter().filter(short) {
            if self.len() >= limits.labels {
                break;
            }
            self.insert(&label.key, &label.value);
        }
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = &'a Label;
    type IntoIter = std::slice::Iter<'a, Label>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_the_wire_cannot_carry() {
        let mut labels = Labels::default();
        labels.insert("", "value");
        labels.insert("a\0b", "value");
        labels.insert("key", "a\0b");
        assert!(labels.is_empty());
        labels.insert("key", "");
        labels.insert("key", "second");
        assert_eq!(labels.find("key"), Some(&b""[..]));
        assert_eq!(labels.len(), 1);
    }

    #[test]
    fn extends_within_limits() {
        let (mut labels, mut others) = (Labels::default(), Labels::default());
        labels.insert("a", "mine");
        for (key, value) in [("long", "12345"), ("a", "his"), ("b", "hers"), ("c", "its")] {
            others.insert(key, value);
        }
        let limits = Limits {
            labels: 2,
            label_value_bytes: 4,
            ..Limits::default()
        };
        labels.extend_within(&limits, &others);
        assert_eq!(labels.find("a"), Some(&b"mine"[..]));
        assert_eq!(labels.find("b"), Some(&b"hers"[..]));
        assert_eq!(labels.find("c"), None);
    }
}
