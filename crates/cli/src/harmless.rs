//! Questions that harm nobody.

use netipc_schema::codec::Message;
use netipc_schema::document::from_text;
use netipc_schema::{Kind, Schema};

/// What a number or a text of a request is, where nothing else is known.
const NUMBER: &[u8] = b"1";
const TEXT: &[u8] = b"netipc";

/// A request of the service: no keys, a number, a text. `None` where it wants something else.
pub(crate) fn request(schema: &Schema) -> Option<Message> {
    let head = match &schema.kind {
        Kind::Snapshot(_) | Kind::Lookup(_) => Vec::new(),
        Kind::Value(kind) => {
            let value = |field| {
                let number = from_text(field, NUMBER);
                number.or_else(|_| from_text(field, TEXT)).ok()
            };
            kind.request.named().map(value).collect::<Option<_>>()?
        }
    };
    Some(Message {
        head,
        items: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::built_in;

    #[test]
    fn every_service_of_the_program_can_be_asked() {
        for schema in built_in() {
            assert!(request(schema).is_some(), "{}", schema.name);
        }
    }
}
