//! What is sent beside messages of one payload: batches, and last words.

use netipc_proto::wire::{ENTRY_LEN, Flags, Header, Status, WireError, align8, write_batch};
use netipc_transport::wait::Wait;

use super::{Connection, ConnectionError};

impl Connection {
    /// Sends `items` as one message; `header` is that of [`Header::request`], or of [`Header::answer`]
    /// where they are the answers to a batch.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`ConnectionError::Batch`] where there are no items.
    pub fn send_batch(
        &mut self,
        header: Header,
        items: &[&[u8]],
        wait: &Wait<'_>,
    ) -> Result<(), ConnectionError> {
        let item_bytes: usize = items.iter().map(|item| align8(item.len())).sum();
        let mut payload = std::mem::take(&mut self.batch);
        payload.resize(items.len() * ENTRY_LEN + item_bytes, 0);
        let written = write_batch(&mut payload, items.iter(), copy, |error| error);
        let sent = match written {
            Ok(len) => {
                let header = Header {
                    flags: Flags::BATCH,
                    item_count: u32::try_from(items.len()).unwrap_or(u32::MAX),
                    ..header
                };
                self.send(header, payload.get(..len).unwrap_or_default(), wait)
            }
            Err(error) => Err(ConnectionError::Batch(error)),
        };
        self.batch = payload;
        sent
    }

    /// Sends what a server owes for the request whose broken rule is `error`, where the contract has an
    /// answer, and makes sure that it arrives before the connection is dropped. Returns the status that
    /// was sent. The session has ended.
    pub fn answer_violation(&mut self, error: &ConnectionError, wait: &Wait<'_>) -> Option<Status> {
        let ConnectionError::Session(error) = error else {
            return None;
        };
        let answer = error.answer()?;
        self.send_packet(&answer.encode(), &[], wait).ok()?;
        self.linger();
        Some(answer.status)
    }
}

fn copy(item: &&[u8], out: &mut [u8]) -> Result<usize, WireError> {
    let room = out.len();
    let place = out.get_mut(..item.len());
    let place = place.ok_or(WireError::overflow("batch", room, item.len()))?;
    place.copy_from_slice(item);
    Ok(item.len())
}
