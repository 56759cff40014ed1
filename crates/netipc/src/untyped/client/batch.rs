//! Several requests in one message.

use netipc_proto::internals::assume_valid;
use netipc_proto::wire::{
    ENTRY_LEN, Encode, Layout, List, MethodCode, Packed, WireError, Writer, align8, write_batch,
};
use netipc_transport::wait::Wait;

use super::AnyClient;
use super::exchange::{RequestKind, decode};
use crate::error::{CallError, Failure};

impl AnyClient {
    /// Asks `method` many requests in one message; the replies come in their order. No requests
    /// need no I/O.
    ///
    /// # Errors
    /// [`CallError`]; one request that fails fails the batch.
    pub fn call_batch<R: Layout>(
        &mut self,
        method: MethodCode,
        requests: &[impl Encode],
        wait: &Wait<'_>,
    ) -> Result<List<'_, R>, CallError> {
        let count = u32::try_from(requests.len()).unwrap_or(u32::MAX);
        if count > 0 {
            let kind = RequestKind::batch(method, count);
            let done = self.encode_batch(requests).and_then(|()| {
                self.perform(kind, wait, |reply| {
                    let items = reply.items().into_iter().flat_map(Packed::iter);
                    items.into_iter().try_for_each(decode::<R>)
                })
            });
            self.finish(done, wait)?;
        }
        let payload = if count > 0 { self.payload() } else { &[] };
        // The session has checked the directory, and every item was decoded when it came.
        Ok(assume_valid::<List<'_, R>>(payload).list(0, count))
    }

    fn encode_batch(&mut self, requests: &[impl Encode]) -> Result<(), Failure> {
        let packed = requests
            .iter()
            .fold(0, |sum, request| align8(sum) + request.size());
        let whole = requests.len() * ENTRY_LEN + align8(packed);
        self.request.resize(whole, 0);
        let write = |request: &_, out: &mut [u8]| {
            let mut out = Writer::new(out);
            Encode::encode(request, &mut out)?;
            Ok::<_, WireError>(out.len())
        };
        let written = write_batch(&mut self.request, requests.iter(), write, |error| error);
        written.map(drop).map_err(Failure::InvalidRequest)
    }
}
