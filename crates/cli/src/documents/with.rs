//! How the parts of documents that serde does not know by itself stand in JSON.

use std::fmt;

use serde::de::{MapAccess, Unexpected, Visitor};
use serde::{Deserializer, Serialize, Serializer};

/// A value that is always there when it is written.
pub(super) fn present<S: Serializer>(value: &Option<u32>, out: S) -> Result<S::Ok, S::Error> {
    value.unwrap_or_default().serialize(out)
}

/// A number of the protocol with names for some of its values.
pub(super) trait Code: Copy {
    /// What the number says.
    const WHAT: &'static str;
    fn from_number(number: u16) -> Self;
    fn from_name(name: &str) -> Option<Self>;
    fn number(self) -> u16;
    fn name(self) -> Option<&'static str>;
}

macro_rules! code {
    ($($code:path => $what:literal,)*) => {$(
        impl Code for $code {
            const WHAT: &'static str = $what;

            fn from_number(number: u16) -> Self {
                Self(number)
            }

            fn from_name(name: &str) -> Option<Self> {
                Self::from_name(name)
            }

            fn number(self) -> u16 {
                self.0
            }

            fn name(self) -> Option<&'static str> {
                self.name()
            }
        }
    )*};
}

code! {
    netipc::protocol::CgroupStatus => "a status of a cgroup, by name or number",
    netipc::protocol::PidStatus => "a status of a process, by name or number",
    netipc::protocol::AppsCgroupStatus => "a status of a process's cgroup, by name or number",
    netipc::protocol::Orchestrator => "an orchestrator, by name or number",
}

/// A code as its name, or as its number where it has none.
pub(super) mod code {
    use std::marker::PhantomData;

    use super::*;

    pub(in super::super) fn serialize<C: Code, S: Serializer>(
        code: &C,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match code.name() {
            Some(name) => out.serialize_str(name),
            None => out.serialize_u16(code.number()),
        }
    }

    pub(in super::super) fn deserialize<'de, C: Code, D: Deserializer<'de>>(
        input: D,
    ) -> Result<C, D::Error> {
        input.deserialize_any(Either(PhantomData))
    }

    struct Either<C>(PhantomData<C>);

    impl<C: Code> Visitor<'_> for Either<C> {
        type Value = C;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(C::WHAT)
        }

        fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<C, E> {
            C::from_name(name).ok_or_else(|| E::invalid_value(Unexpected::Str(name), &self))
        }

        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<C, E> {
            match u16::try_from(number) {
                Ok(number) => Ok(C::from_number(number)),
                Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
            }
        }
    }
}

/// Labels as an object whose members keep their order.
pub(super) mod pairs {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        pairs: &[(String, String)],
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.collect_map(pairs.iter().map(|(key, value)| (key, value)))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Vec<(String, String)>, D::Error> {
        input.deserialize_map(InOrder)
    }

    struct InOrder;

    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of strings")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
}

#[cfg(test)]
mod tests {
    use netipc::protocol::{CgroupStatus, Orchestrator};

    use crate::documents::CgroupItem;

    fn item(json: &str) -> Result<CgroupItem, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn codes_are_names_and_unknown_ones_numbers() {
        let read = item(r#"{"path": "/a", "status": 1, "orchestrator": 99}"#).unwrap();
        assert_eq!(read.status, CgroupStatus::UNKNOWN_RETRY_LATER);
        assert_eq!(read.orchestrator, Orchestrator(99));
        let json = serde_json::to_value(&read).unwrap();
        assert_eq!(json["status"], "unknown-retry-later");
        assert_eq!(json["orchestrator"], 99);
        for bad in [r#""gone""#, "65536", "-1", "true"] {
            let error = item(&format!(r#"{{"path": "/a", "status": {bad}}}"#)).unwrap_err();
            assert!(
                error.contains("a status of a cgroup, by name or number"),
                "{error}"
            );
        }
    }

    #[test]
    fn labels_keep_their_order() {
        let json = r#"{"z":"1","a":"","m":"3"}"#;
        let read = item(&format!(r#"{{"path": "/a", "labels": {json}}}"#)).unwrap();
        let keys: Vec<_> = read.labels.iter().map(|(key, _)| &key[..]).collect();
        assert_eq!(keys, ["z", "a", "m"]);
        assert!(serde_json::to_string(&read).unwrap().contains(json));
        let error = item(r#"{"path": "/a", "labels": [["k", "v"]]}"#).unwrap_err();
        assert!(error.contains("expected an object of strings"), "{error}");
    }
}
