//! Typed dispatch: a request's bytes in, an answer's bytes out, for any service.

use std::panic::{AssertUnwindSafe, catch_unwind};

use netipc_proto::session::Message;
use netipc_proto::wire::{Decode, Packed, Status, WireError, WireErrorKind, write_batch};

use crate::handler::{Handler, HandlerFailed};
use crate::kind::Service;
use crate::untyped::Answered;

impl<S: Service> Handler<S> {
    /// Answers one request into `buf`, which is as long as an answer may be. Servers do this for
    /// every request; it is for those who drive a [`Connection`](crate::connection::Connection)
    /// themselves.
    pub fn dispatch(&self, request: Message<'_>, buf: &mut [u8]) -> Answered {
        dispatch(request, buf, self)
    }

    /// The status that is sent in place of an answer that may not be sent.
    fn status_of(&self, error: WireError) -> Status {
        if error.kind() == WireErrorKind::Overflow {
            return Status::LIMIT_EXCEEDED;
        }
        if let Some(times) = self.parts.invalid_answers.count() {
            tracing::warn!(service = S::METHOD.name, %error, times, "the handler's answer may not be sent");
        }
        Status::INTERNAL_ERROR
    }
}

fn dispatch<S: Service>(request: Message<'_>, buf: &mut [u8], handler: &Handler<S>) -> Answered {
    if request.header().code != S::METHOD.code.0 {
        return Answered::failed(Status::UNSUPPORTED);
    }
    let single = !request.header().flags.is_batch();
    let answered = catch_unwind(AssertUnwindSafe(|| {
        if single {
            return answer(request.payload(), buf, handler);
        }
        match request.items() {
            Some(items) if S::METHOD.batches => answer_batch(items, buf, handler),
            _ => Err(Status::BAD_ENVELOPE),
        }
    }));
    match answered {
        Ok(Ok(len)) => Answered::ok(len),
        Ok(Err(status)) => Answered::failed(status),
        Err(_) => {
            if let Some(times) = handler.parts.panics.count() {
                tracing::error!(service = S::METHOD.name, times, "the handler panicked");
            }
            Answered::failed(Status::INTERNAL_ERROR)
        }
    }
}

#[inline(always)]
fn answer<S: Service>(
    payload: &[u8],
    buf: &mut [u8],
    handler: &Handler<S>,
) -> Result<usize, Status> {
    // Both borrows are made as long as the shorter one here, because an answer may keep the request.
    #[inline(always)]
    fn inner<'a, S: Service>(
        payload: &'a [u8],
        buf: &'a mut [u8],
        handler: &Handler<S>,
    ) -> Result<usize, Status> {
        let request = S::Request::<'a>::decode(payload).map_err(bad_envelope)?;
        let status_of = |error| handler.status_of(error);
        // Not `map_err`: an answer beside a status is moved in pieces, and read back too soon.
        let mut answer = match S::answer(&request, buf) {
            Ok(answer) => answer,
            Err(error) => return Err(status_of(error)),
        };
        let handled = handler.call(&request, &mut answer);
        match (S::finish(answer), handled) {
            (Ok(len), Ok(())) => Ok(len),
            // An answer that did not fit says so, whatever the handler made of it.
            (Err(error), _) if error.kind() == WireErrorKind::Overflow => Err(status_of(error)),
            (finished, Err(failed)) => Err(status_of_failure(handler, &failed, finished.err())),
            (Err(error), Ok(())) => Err(status_of(error)),
        }
    }
    inner(payload, buf, handler)
}

/// Runs the handler for each item; the first that fails decides.
fn answer_batch<S: Service>(
    items: Packed<'_>,
    buf: &mut [u8],
    handler: &Handler<S>,
) -> Result<usize, Status> {
    let status_of = |error| handler.status_of(error);
    write_batch(
        buf,
        items.iter(),
        |item, out| answer(item, out, handler),
        status_of,
    )
}

#[cold]
fn status_of_failure<S: Service>(
    handler: &Handler<S>,
    failed: &HandlerFailed,
    refused: Option<WireError>,
) -> Status {
    let status = failed.status();
    if let Some(times) = handler.parts.failures.count() {
        let error = with_refused(failed.reason(), refused);
        tracing::warn!(service = S::METHOD.name, %status, error, times, "the handler failed");
    }
    status
}

/// Why a handler failed, and what it tried to answer that may not be sent.
fn with_refused(reason: &str, refused: Option<WireError>) -> String {
    match refused {
        // That answers are missing follows from the failure.
        Some(error) if error.kind() != WireErrorKind::BadItemCount => {
            let refused = error.to_string();
            if reason.contains(&refused) {
                reason.to_owned()
            } else {
                format!("{reason}: {refused}")
            }
        }
        _ => reason.to_owned(),
    }
}

fn bad_envelope(error: WireError) -> Status {
    tracing::debug!(%error, "a request could not be decoded");
    Status::BAD_ENVELOPE
}

#[cfg(test)]
mod tests {
    use netipc_proto::wire::{Encode, Header, MethodCode, Writer};

    use super::*;
    use crate::lookup::LookupItem;
    use crate::service::apps_lookup::{AppsLookupItem, AppsLookupKey};
    use crate::service::increment::Increment;

    /// What one request with the number `n` is answered, with room for `room` bytes.
    fn ask(handler: &Handler<Increment>, n: u64, room: usize) -> Answered {
        let (header, payload) = (Header::request(MethodCode::INCREMENT, 1), n.to_le_bytes());
        let request = Message::new(header, &payload).unwrap();
        handler.dispatch(request, &mut vec![0; room])
    }

    #[test]
    fn a_handler_says_which_status_its_failure_has() {
        let handler = Handler::<Increment>::new(|n, _answer| {
            let status = Status(u16::try_from(*n)?);
            Err(HandlerFailed::with_status(status, "as asked"))
        });
        for (asked, status, ends) in [
            (Status::UNSUPPORTED, Status::UNSUPPORTED, false),
            (Status::BAD_ENVELOPE, Status::BAD_ENVELOPE, true),
            (Status::LIMIT_EXCEEDED, Status::LIMIT_EXCEEDED, true),
            (Status::INTERNAL_ERROR, Status::INTERNAL_ERROR, true),
            // Nothing that a handler could mean.
            (Status::OK, Status::INTERNAL_ERROR, true),
            (Status::AUTH_FAILED, Status::INTERNAL_ERROR, true),
            (Status(77), Status::INTERNAL_ERROR, true),
        ] {
            let answered = ask(&handler, asked.0.into(), 8);
            assert_eq!(answered, Answered::failed(status), "{asked}");
            assert_eq!(answered.ends_session(), ends, "{asked}");
        }
        let broken = ask(&handler, u64::MAX, 8);
        assert_eq!(broken.status, Status::INTERNAL_ERROR, "any other error");
    }

    #[test]
    fn a_handler_that_returns_false_is_told_of_with_what_it_could_not_answer() {
        let refused = WireError::rule("cgroup_status: known needs cgroup_path", 0);
        let words = "the handler returned false: cgroup_status is 0: known needs cgroup_path";
        let reason = "the handler returned false";
        assert_eq!(with_refused(reason, Some(refused)), words);
        assert_eq!(with_refused(words, Some(refused)), words, "said once");
        let missing = WireError::new(WireErrorKind::BadItemCount, "answered keys", 2, 1);
        assert_eq!(with_refused(reason, Some(missing)), reason);
        assert_eq!(with_refused(reason, None), reason);
    }

    #[test]
    fn an_item_of_apps_lookup_that_may_not_be_sent_says_which_rule_it_breaks() {
        let item = AppsLookupItem {
            comm: "init".into(),
            ..AppsLookupItem::bare(AppsLookupKey(1), 0)
        };
        let error = item.encode(&mut Writer::new(&mut [0; 200])).unwrap_err();
        let words = "cgroup_status is 0: known needs cgroup_path";
        assert_eq!(
            (error.field(), &*error.to_string()),
            ("cgroup_status", words)
        );
        let nameless = AppsLookupItem {
            comm: "".into(),
            ..item
        };
        let error = nameless
            .encode(&mut Writer::new(&mut [0; 200]))
            .unwrap_err();
        assert_eq!(error.to_string(), "length of comm is 0: allowed is 1 to 15");
    }

    #[test]
    fn an_answer_that_did_not_fit_says_so_whatever_the_handler_says() {
        let handler = Handler::<Increment>::new(|n, answer| {
            let _ = answer.put(n);
            Err(HandlerFailed::with_status(Status::UNSUPPORTED, "unlucky"))
        });
        assert_eq!(ask(&handler, 1, 7).status, Status::LIMIT_EXCEEDED);
        assert_eq!(ask(&handler, 1, 8).status, Status::UNSUPPORTED);
    }
}
