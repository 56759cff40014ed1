//! `codec`: encode a lookup request, dispatch it to a handler, decode the reply, look at each item.

use netipc::Handler;
use netipc::connection::Message;
use netipc::lookup::{Key, Lookup, LookupReply, encode_request};
use netipc::wire::{Decode, Header, Status};

use super::bench_lookup::{self, BenchLookup};
use super::{ENVELOPE, Keys, LOOKUP_ITEM, Mix};
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

/// Asks for keys, and answers, as often as [`calls_per_op`] says.
pub(super) fn op<S: BenchLookup>(keys: Keys) -> BoxedOp
where
    Key<'static, S>: Send,
{
    let mut codec = Codec::<S>::new(keys);
    let times = calls_per_op(keys.count);
    Box::new(move || {
        for _ in 0..times {
            codec.call()?;
        }
        Ok(times.into())
    })
}

/// Bytes of a request and its reply together.
pub(super) fn bytes<S: BenchLookup>(keys: Keys) -> Result<usize, BenchError> {
    let mut codec = Codec::<S>::new(keys);
    Ok(codec.call()? + codec.request.len())
}

/// The reply to a request for keys.
pub(super) fn reply<S: BenchLookup>(keys: Keys) -> Result<Vec<u8>, BenchError> {
    let mut codec = Codec::<S>::new(keys);
    let len = codec.call()?;
    codec.reply.truncate(len);
    Ok(codec.reply)
}

/// Both sides of a lookup.
struct Codec<S: BenchLookup> {
    keys: Vec<Key<'static, S>>,
    mix: Mix,
    handler: Handler<S>,
    request: Vec<u8>,
    reply: Vec<u8>,
}

impl<S: BenchLookup> Codec<S> {
    fn new(keys: Keys) -> Self {
        Self {
            keys: bench_lookup::keys::<S>(keys.count, keys.mix),
            mix: keys.mix,
            handler: S::handler(),
            request: Vec::new(),
            reply: vec![0; (ENVELOPE + keys.count * LOOKUP_ITEM) as usize],
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
    use super::super::Service;
    use super::super::bench_lookup::with_type;
    use super::*;

    #[test]
    fn every_mix_is_answered_and_checked() {
        for service in [Service::Cgroups, Service::Apps] {
            for (mix, other) in [
                (Mix::Known, Mix::Mixed),
                (Mix::Unknown, Mix::Known),
                (Mix::Mixed, Mix::Unknown),
            ] {
                let keys = Keys {
                    service,
                    count: 17,
                    mix,
                };
                with_type!(service, S => {
                    let mut codec = Codec::<S>::new(keys);
                    let len = codec.call().unwrap();
                    assert_eq!(bytes::<S>(keys).unwrap(), len + codec.request.len());
                    // What one mix takes for right, another one does not.
                    codec.mix = other;
                    assert!(matches!(codec.call(), Err(BenchError::Wrong(_))));
                });
            }
        }
    }
}
