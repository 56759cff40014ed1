//! `codec`: encode a lookup request, dispatch it to a handler, decode the reply, look at each item.

use netipc::Handler;
use netipc::connection::Message;
use netipc::lookup::{Key, Lookup, LookupReply, encode_request};
use netipc::wire::{Decode, Header, Status};

use super::bench_lookup::{self, BenchLookup};
use super::{ENVELOPE, LOOKUP_ITEM, Mix};
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// Keys between two looks at the clock, at least, so that it is not the clock that is measured.
const KEYS_PER_LOOK: u32 = 256;

/// Calls between two looks at the clock.
pub(super) const fn calls_per_op(keys: u32) -> u32 {
    match keys {
        0 => KEYS_PER_LOOK,
        keys => KEYS_PER_LOOK.div_ceil(keys),
    }
}

/// Asks for `keys`, and answers, as often as [`calls_per_op`] says.
pub(super) fn op<'k, S: BenchLookup>(
    keys: &'k [S::Owned],
    mix: Mix,
) -> Result<BoxedOp<'k>, BenchError>
where
    Key<'k, S>: Send,
{
    let mut codec = Codec::<S>::new(keys, mix);
    let times = calls_per_op(u32::try_from(keys.len()).unwrap_or(u32::MAX));
    Ok(Box::new(move || {
        for _ in 0..times {
            codec.call()?;
        }
        Ok(times.into())
    }))
}

/// Bytes of a request and its reply together.
pub(super) fn bytes<S: BenchLookup>(keys: &[S::Owned], mix: Mix) -> Result<usize, BenchError> {
    let mut codec = Codec::<S>::new(keys, mix);
    Ok(codec.call()? + codec.request.len())
}

/// The reply to a request for `keys`.
pub(super) fn reply<S: BenchLookup>(keys: &[S::Owned], mix: Mix) -> Result<Vec<u8>, BenchError> {
    let mut codec = Codec::<S>::new(keys, mix);
    let len = codec.call()?;
    codec.reply.truncate(len);
    Ok(codec.reply)
}

/// Both sides of a lookup.
struct Codec<'k, S: BenchLookup> {
    keys: Vec<Key<'k, S>>,
    mix: Mix,
    handler: Handler<S>,
    request: Vec<u8>,
    reply: Vec<u8>,
}

impl<'k, S: BenchLookup> Codec<'k, S> {
    fn new(keys: &'k [S::Owned], mix: Mix) -> Self {
        Self {
            keys: keys.iter().map(S::key).collect(),
            mix,
            handler: S::handler(),
            request: Vec::new(),
            reply: vec![0; ENVELOPE as usize + keys.len() * LOOKUP_ITEM as usize],
        }
    }

    /// Does all of it once; returns the bytes of the reply.
    fn call(&mut self) -> Result<usize, BenchError> {
        encode_request::<S>(&self.keys, &mut self.request)?;
        let header = Header::request(<S as Lookup>::METHOD.code, 1);
        let request = Message::new(header, &self.request)?;
        let answered = self.handler.dispatch(request, &mut self.reply);
        if answered.status != Status::OK {
            return Err(BenchError::wrong(format!(
                "a lookup was answered {}",
                answered.status
            )));
        }
        let reply = self.reply.get(..answered.len).unwrap_or_default();
        let reply = LookupReply::<S>::decode(reply)?;
        bench_lookup::check::<S>(&self.keys, self.mix, reply.iter())?;
        Ok(answered.len)
    }
}

#[cfg(test)]
mod tests {
    use netipc::service::apps_lookup::AppsLookup;
    use netipc::service::cgroups_lookup::CgroupsLookup;

    use super::super::bench_lookup::keys;
    use super::*;

    fn answers<S: BenchLookup>() {
        for mix in Mix::ALL {
            let own = keys::<S>(17, mix);
            let mut codec = Codec::<S>::new(&own, mix);
            let len = codec.call().unwrap();
            assert_eq!(bytes::<S>(&own, mix).unwrap(), len + codec.request.len());
            // What one mix takes for right, another one does not.
            for other in Mix::ALL.into_iter().filter(|other| *other != mix) {
                codec.mix = other;
                assert!(
                    matches!(codec.call(), Err(BenchError::Wrong(_))),
                    "{mix} as {other}"
                );
            }
        }
    }

    #[test]
    fn answers_are_checked() {
        answers::<CgroupsLookup>();
        answers::<AppsLookup>();
    }

    #[test]
    fn the_clock_is_read_after_many_keys() {
        assert_eq!([1, 16, 256, 8192].map(calls_per_op), [256, 16, 1, 1]);
    }
}
