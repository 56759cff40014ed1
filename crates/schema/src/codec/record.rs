//! Fixed fields, then the texts in their order, then the labels.

use netipc_proto::wire::WireErrorKind;

use super::labels::{self, position, span, u32_at};
use super::value::number;
use super::{Malformed, Value, need};
use crate::model::{Family, Field, Record, Type};

impl Record {
    /// The bytes of a record with these values, one for each field that has one.
    ///
    /// # Errors
    /// The rule that they break.
    pub fn encode(&self, values: &[Value]) -> Result<Vec<u8>, Malformed> {
        let expected = self.named().count();
        need(values.len() == expected, WireErrorKind::BadLayout, || {
            format!("{expected} values expected, {} given", values.len())
        })?;
        self.check(values)?;
        let (mut fixed, mut texts) = (Vec::with_capacity(self.size), Vec::new());
        let mut labelled: &[(Vec<u8>, Vec<u8>)] = &[];
        let mut values = values.iter();
        for field in &self.fields {
            let Some(value) = field.has_value().then(|| values.next()).flatten() else {
                constant_of(field).put(field, &mut fixed)?;
                continue;
            };
            match (&field.form, value) {
                (Type::Text, Value::Text(text)) => {
                    let good = field.nul || !text.contains(&0);
                    need(good, WireErrorKind::BadLayout, || {
                        format!("{}: NUL inside", field.label())
                    })?;
                    fixed.extend(span(self.size + texts.len(), text.len())?);
                    texts.extend(text);
                    texts.push(0);
                }
                (Type::Labels, Value::Labels(list)) => {
                    let why = || {
                        let why = format!("{}: {} labels", field.label(), list.len());
                        Malformed::new(WireErrorKind::BadItemCount, why)
                    };
                    let count = u16::try_from(list.len()).ok().ok_or_else(why)?;
                    fixed.extend(count.to_le_bytes());
                    labelled = list;
                }
                _ => value.put(field, &mut fixed)?,
            }
        }
        fixed.extend(texts);
        labels::write(labelled, &mut fixed)?;
        Ok(fixed)
    }

    /// The values of the record that begins `bytes`.
    ///
    /// # Errors
    /// The rule that they break.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<Value>, Malformed> {
        let (size, len) = (self.size, bytes.len());
        need(len >= size, WireErrorKind::Truncated, || {
            format!("{size} bytes expected, {len} found")
        })
        .map_err(|why| why.or_at(len))?;
        let mut values = Vec::new();
        for field in &self.fields {
            let here = |why: Malformed| why.or_at(field.offset);
            let part = bytes.get(field.offset..field.offset + field.form.size());
            let part = part.unwrap_or_default();
            match field.form {
                Type::Text => values.push(Value::Text(Vec::new())),
                Type::Labels => values.push(Value::Labels(Vec::new())),
                _ if field.has_value() => {
                    let value = Value::take(field, part).map_err(here)?;
                    let good = !field.key || value != Value::Ip(None);
                    need(good, WireErrorKind::BadLayout, || {
                        format!("{}: no address", field.label())
                    })
                    .map_err(here)?;
                    values.push(value);
                }
                _ => expect(field, part).map_err(here)?,
            }
        }
        let mut end = self.read_texts(bytes, &mut values)?;
        if let Some((at, field)) = self.behind(&Type::Labels).next() {
            let count = bytes
                .get(field.offset..field.offset + 2)
                .unwrap_or_default();
            let count = u64::try_from(number(&Type::Unsigned(2), count)).unwrap_or_default();
            let (list, after) = labels::read(bytes, count, end)?;
            if let Some(value) = values.get_mut(at) {
                *value = Value::Labels(list);
            }
            end = after;
        }
        let exact = self.family != Family::Lookup || end == len as u64;
        need(exact, WireErrorKind::BadLayout, || {
            format!("{end} bytes expected, {len} found")
        })
        .map_err(|why| why.or_at(len.min(position(end))))?;
        self.check(&values)?;
        Ok(values)
    }

    /// Reads the texts, and tells where they end.
    fn read_texts(&self, bytes: &[u8], values: &mut [Value]) -> Result<u64, Malformed> {
        let mut end = self.size as u64;
        let mut spans: Vec<(u64, u64)> = Vec::new();
        for (at, field) in self.behind(&Type::Text) {
            let offset = u32_at(bytes, field.offset as u64);
            let len = u32_at(bytes, field.offset as u64 + 4);
            let place = || format!("{} at {offset}", field.label());
            let here = |why: Malformed| why.or_at(field.offset);
            let in_place = self.family != Family::Value || offset == end;
            need(in_place, WireErrorKind::BadLayout, place).map_err(here)?;
            let behind = offset >= self.size as u64;
            need(behind, WireErrorKind::OutOfBounds, place).map_err(here)?;
            let text = text_at(bytes, offset, len).map_err(here)?;
            if let Some(value) = values.get_mut(at) {
                *value = Value::Text(text.to_vec());
            }
            end = end.max(offset + len + 1);
            spans.push((offset, len));
        }
        for (nth, (offset, len)) in spans.iter().enumerate() {
            let before = spans.get(..nth).unwrap_or_default();
            let apart =
                |(other, more): &(u64, u64)| offset + len < *other || other + more < *offset;
            need(before.iter().all(apart), WireErrorKind::BadLayout, || {
                format!("text at {offset} overlaps another")
            })
            .map_err(|why| why.or_at(position(*offset)))?;
        }
        for (at, field) in self.behind(&Type::Text) {
            let text = values.get(at);
            let nul = matches!(text, Some(Value::Text(text)) if text.contains(&0));
            let good = field.nul || self.family == Family::Snapshot || !nul;
            need(good, WireErrorKind::BadLayout, || {
                format!("{}: NUL inside", field.label())
            })
            .map_err(|why| why.or_at(field.offset))?;
        }
        Ok(end)
    }

    /// The rules that tie values to their types, and to one another.
    pub(super) fn check(&self, values: &[Value]) -> Result<(), Malformed> {
        let status = (self.family == Family::Lookup)
            .then(|| values.first())
            .flatten();
        let bare = status.is_some_and(|status| *status != Value::Number(0));
        for (field, value) in self.named().zip(values) {
            let here = |why: Malformed| why.or_at(field.offset);
            value.check(field).map_err(here)?;
            if bare && !field.key && !field.is("status") {
                need(
                    *value == Value::unset(field),
                    WireErrorKind::BadLayout,
                    || format!("{}: there is none unless known", field.label()),
                )
                .map_err(here)?;
            } else if field.key && *value == Value::Ip(None) {
                let why = format!("{}: no address", field.label());
                return Err(here(Malformed::layout(why)));
            } else {
                value.check_size(field).map_err(here)?;
            }
        }
        if bare {
            return Ok(());
        }
        self.rules.iter().try_for_each(|rule| {
            let subject = self.position(&rule.field).and_then(|at| values.get(at));
            if subject != Some(&Value::Number(rule.value.into())) {
                return Ok(());
            }
            self.check_set(values, &rule.set, true)?;
            self.check_set(values, &rule.unset, false)
        })
    }

    fn check_set(&self, values: &[Value], names: &[String], set: bool) -> Result<(), Malformed> {
        let named = self.named().zip(values);
        for (field, value) in named.filter(|(field, _)| names.iter().any(|name| field.is(name))) {
            let good = (*value != Value::unset(field)) == set;
            need(good, WireErrorKind::BadLayout, || {
                let not = if set { "" } else { "not " };
                format!("{} must {not}be set here", field.label())
            })
            .map_err(|why| why.or_at(field.offset))?;
        }
        Ok(())
    }

    /// The fields of that type that have a value, and which value.
    fn behind<'s>(&'s self, form: &'s Type) -> impl Iterator<Item = (usize, &'s Field)> {
        let fields = self.named().enumerate();
        fields.filter(move |(_, field)| field.form == *form)
    }
}

/// Holds the bytes of a reserved or constant field against what must be there.
fn expect(field: &Field, bytes: &[u8]) -> Result<(), Malformed> {
    let good = match constant_of(field) {
        Value::Number(constant) => number(&field.form, bytes) == constant,
        _ => bytes.iter().all(|byte| *byte == 0),
    };
    need(good, field.error, || {
        let name = field.name.as_deref().unwrap_or("reserved");
        format!("{name} at {}", field.offset)
    })
}

fn constant_of(field: &Field) -> Value {
    match field.constant {
        Some(constant) => Value::Number(constant),
        None => Value::unset(field),
    }
}

/// The text at `offset`, whose NUL is found in its place.
pub(super) fn text_at(bytes: &[u8], offset: u64, len: u64) -> Result<&[u8], Malformed> {
    let why = || format!("text at {offset} of length {len} in {} bytes", bytes.len());
    let end = offset + len;
    need(end < bytes.len() as u64, WireErrorKind::OutOfBounds, why)?;
    let nul = bytes.get(position(end)) == Some(&0);
    need(nul, WireErrorKind::MissingNul, why).map_err(|why| why.or_at(position(end)))?;
    Ok(bytes
        .get(position(offset)..position(end))
        .unwrap_or_default())
}
