//! Checks that ask, and compare each answer with what it must be.

use netipc::Client;
use netipc::lookup::Key;
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::service::increment::Increment;
use netipc::service::string_reverse::{StringReverse, Text};
use netipc::wire::{Encode, Writer};
use netipc_interop::data;
use netipc_interop::known::Known;

use super::check::{Carried, carried, connected};
use super::{Options, Wrong, same};

pub(super) fn increments(options: &Options) -> Result<Carried, Wrong> {
    let mut client = connected::<Increment>(options)?;
    ask_increments(&mut client, options)?;
    carried(&client.status(), options)
}

/// Asks for each value, one by one.
pub(super) fn ask_increments(
    client: &mut Client<Increment>,
    options: &Options,
) -> Result<(), Wrong> {
    values(options)
        .into_iter()
        .try_for_each(|value| same("an answer", client.call(&value)?, value.wrapping_add(1)))
}

pub(super) fn increment_batch(options: &Options) -> Result<Carried, Wrong> {
    let mut client = connected::<Increment>(options)?;
    let values = values(options);
    let found: Vec<u64> = client.call_batch(&values)?.iter().collect();
    same("the batch", found, next(&values))?;
    carried(&client.status(), options)
}

pub(super) fn increments_pipelined(options: &Options) -> Result<Carried, Wrong> {
    let mut client = connected::<Increment>(options)?;
    let values = values(options);
    let mut found = vec![0; values.len()];
    let mut times = vec![0; values.len()];
    client.call_pipelined(&values, options.window, |index, answer| {
        found[index] = answer;
        times[index] += 1;
    })?;
    same("the answers", found, next(&values))?;
    same("how often each came", times, vec![1; values.len()])?;
    carried(&client.status(), options)
}

pub(super) fn text_reversed(options: &Options) -> Result<Carried, Wrong> {
    let mut client = connected::<StringReverse>(options)?;
    ask_reversed(&mut client, options)?;
    carried(&client.status(), options)
}

/// Asks for the text of so many bytes.
pub(super) fn ask_reversed(
    client: &mut Client<StringReverse>,
    options: &Options,
) -> Result<(), Wrong> {
    let text = data::text(options.count as usize);
    let reversed: Vec<u8> = text.iter().rev().copied().collect();
    same(
        "the text",
        client.call(&Text::new(&text))?,
        Text::new(&reversed),
    )
}

pub(super) fn snapshot(options: &Options) -> Result<Carried, Wrong> {
    let mut client = connected::<CgroupsSnapshot>(options)?;
    let (expected, reply) = (options.snapshot(), client.call_snapshot()?);
    same("the number of items", reply.item_count, expected.items)?;
    same("the generation", reply.generation, expected.generation)?;
    same(
        "systemd_enabled",
        reply.systemd_enabled,
        expected.systemd_enabled(),
    )?;
    for (index, item) in (0..).zip(reply.iter()) {
        let item = item?;
        expected.with_item(index, |expected| same("an item", item, *expected))?;
    }
    carried(&client.status(), options)
}

pub(super) fn items_found<L: Known>(options: &Options) -> Result<Carried, Wrong> {
    let mut client = connected::<L>(options)?;
    ask_items(&mut client, options)?;
    carried(&client.status(), options)
}

/// Asks for the item of each key.
pub(super) fn ask_items<L: Known>(client: &mut Client<L>, options: &Options) -> Result<(), Wrong> {
    let owned: Vec<L::Owned> = numbers(options).map(L::owned).collect();
    let keys: Vec<Key<'_, L>> = owned.iter().map(L::key).collect();
    let reply = client.lookup(&keys)?;
    same("the number of items", reply.len(), keys.len())?;
    same("the generation", reply.generation, options.generation)?;
    for (key, item) in keys.iter().zip(reply.iter()) {
        L::with_item(*key, options.small(), |expected| {
            same("an item", encoded(&item)?, encoded(expected)?)
        })?;
    }
    Ok(())
}

/// The bytes of an item say all of it, whatever it borrows.
pub(super) fn encoded(item: &impl Encode) -> Result<Vec<u8>, Wrong> {
    let mut bytes = vec![0; item.size()];
    item.encode(&mut Writer::new(&mut bytes))?;
    Ok(bytes)
}

fn values(options: &Options) -> Vec<u64> {
    (0..options.count.into()).map(data::value).collect()
}

fn next(values: &[u64]) -> Vec<u64> {
    values.iter().map(|value| value.wrapping_add(1)).collect()
}

fn numbers(options: &Options) -> impl Iterator<Item = u32> {
    (options.first..options.first + options.count).map(data::number)
}
