use std::net::IpAddr;

use netipc_proto::wire::WireErrorKind;

use super::{Malformed, has_name};
use crate::model::{Field, Type};

/// What a field says.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Value {
    /// A number, with or without names.
    Number(i128),
    /// A text, of fixed size or behind the fixed part.
    Text(Vec<u8>),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An address, or none.
    Ip(Option<IpAddr>),
    /// Keys and values.
    Labels(Vec<(Vec<u8>, Vec<u8>)>),
}

impl Value {
    /// The value that says "not set".
    #[must_use]
    pub fn unset(field: &Field) -> Self {
        match field.form {
            Type::Unsigned(_) | Type::Signed(_) | Type::Enum(_) | Type::Flags(_) => {
                Self::Number(field.unset)
            }
            Type::Chars(_) | Type::Text => Self::Text(Vec::new()),
            Type::Bytes(size) => Self::Bytes(vec![0; size]),
            Type::Ip => Self::Ip(None),
            Type::Labels => Self::Labels(Vec::new()),
        }
    }

    pub(super) fn count(items: usize) -> Self {
        Self::Number(i128::try_from(items).unwrap_or(i128::MAX))
    }

    /// Adds the bytes of the fixed part to `out`; texts and labels are not of it.
    pub(super) fn put(&self, field: &Field, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let wrong = || Malformed::layout(format!("{}: no {}", field.label(), field.form.word()));
        match (&field.form, self) {
            (form, Self::Number(number)) if form.is_number() => {
                put_number(form, *number, out).ok_or_else(wrong)
            }
            (Type::Chars(size), Self::Text(text)) => {
                if text.len() > *size || text.contains(&0) {
                    return Err(wrong());
                }
                out.extend(text);
                out.resize(out.len() + size - text.len(), 0);
                Ok(())
            }
            (Type::Bytes(size), Self::Bytes(bytes)) if bytes.len() == *size => {
                out.extend(bytes);
                Ok(())
            }
            (Type::Ip, Self::Ip(address)) => {
                let bytes = address.map(|address| address_bytes(Some(address)));
                let bytes = bytes.unwrap_or_default();
                put_number(&Type::Unsigned(2), bytes.len() as i128, out).ok_or_else(wrong)?;
                out.extend(&bytes);
                out.resize(out.len() + 16 - bytes.len(), 0);
                Ok(())
            }
            _ => Err(wrong()),
        }
    }

    /// Reads the bytes of the fixed part; texts and labels are not of it.
    pub(super) fn take(field: &Field, bytes: &[u8]) -> Result<Self, Malformed> {
        match &field.form {
            Type::Chars(_) => {
                let end = bytes.iter().position(|byte| *byte == 0);
                let (text, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
                if rest.iter().any(|byte| *byte != 0) {
                    return Err(behind(field));
                }
                Ok(Self::Text(text.to_vec()))
            }
            Type::Bytes(_) => Ok(Self::Bytes(bytes.to_vec())),
            Type::Ip => {
                let (size, room) = bytes.split_at(2);
                let size = number(&Type::Unsigned(2), size);
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                let (held, rest) = room.split_at_checked(size).unwrap_or((room, &[]));
                let address = if size == 0 {
                    None
                } else if size > room.len() {
                    return Err(Malformed::layout(format!("{size} bytes of ip")));
                } else {
                    Some(address(held)?)
                };
                if rest.iter().any(|byte| *byte != 0) {
                    return Err(behind(field));
                }
                Ok(Self::Ip(address))
            }
            form => Ok(Self::Number(number(form, bytes))),
        }
    }

    /// Holds the value against what the field allows, whatever stands beside it.
    pub(super) fn check(&self, field: &Field) -> Result<(), Malformed> {
        let Self::Number(number) = self else {
            return Ok(());
        };
        if has_name(&field.form, *number) {
            return Ok(());
        }
        let why = format!("{}: {number} has no name", field.label());
        Err(Malformed::new(field.error, why))
    }

    /// Holds the value against `min` and `max`.
    pub(super) fn check_size(&self, field: &Field) -> Result<(), Malformed> {
        let size = match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.len() as i128,
            _ => return Ok(()),
        };
        let name = field.label();
        if let Some(min) = field.min.filter(|min| size < *min) {
            return Err(Malformed::layout(format!(
                "{name}: {size} is less than {min}"
            )));
        }
        if let Some(max) = field.max.filter(|max| size > *max) {
            return Err(Malformed::layout(format!(
                "{name}: {size} is more than {max}"
            )));
        }
        Ok(())
    }
}

fn behind(field: &Field) -> Malformed {
    Malformed::layout(format!("{}: other bytes behind it", field.label()))
}

fn put_number(form: &Type, number: i128, out: &mut Vec<u8>) -> Option<()> {
    let (least, most) = form.range();
    if !(least..=most).contains(&number) {
        return None;
    }
    out.extend(number.to_le_bytes().get(..form.size())?);
    Some(())
}

/// The number in as many bytes as the type has.
pub(super) fn number(form: &Type, bytes: &[u8]) -> i128 {
    let mut value = bytes
        .iter()
        .rev()
        .fold(0_i128, |value, byte| (value << 8) | i128::from(*byte));
    let (_, most) = form.range();
    if value > most {
        value -= 1 << (8 * bytes.len());
    }
    value
}

/// The 4 or 16 bytes of an address; none where there is none.
pub(super) fn address_bytes(address: Option<IpAddr>) -> Vec<u8> {
    match address {
        Some(IpAddr::V4(v4)) => v4.octets().to_vec(),
        Some(IpAddr::V6(v6)) => v6.octets().to_vec(),
        None => Vec::new(),
    }
}

pub(super) fn address(bytes: &[u8]) -> Result<IpAddr, Malformed> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Ok(IpAddr::from(v4));
    }
    match <[u8; 16]>::try_from(bytes) {
        Ok(v6) => Ok(IpAddr::from(v6)),
        Err(_) => {
            let why = format!("{} bytes of ip", bytes.len());
            Err(Malformed::new(WireErrorKind::BadLayout, why))
        }
    }
}
