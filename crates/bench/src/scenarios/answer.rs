//! `answer`: a short question and an answer of many bytes, on a bare Level 1 session.

use std::hint::black_box;

use netipc::connection::{Connection, ConnectionError};
use netipc::service::Service;
use netipc::service::increment::Increment;
use netipc::transport::Wait;
use netipc::wire::{Header, Status};

use super::open;
use super::serve::Route;
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// What every byte of an answer is.
const BYTE: u8 = 7;

/// Asks for one answer of `size` bytes after the other.
pub(super) fn op(route: &Route, size: usize) -> Result<BoxedOp, BenchError> {
    let mut session = open::session::<Increment>(route)?;
    let mut id = 0;
    Ok(Box::new(move || {
        id += 1;
        let question = Header::request(Increment::METHOD.code, id);
        session.send(question, &[0; 8], &Wait::forever())?;
        let header = session.receive(&Wait::forever())?;
        let payload = session
            .message()
            .map_or(&[][..], |message| message.payload());
        let ends = [payload.first(), payload.last()];
        if header.message_id == id && payload.len() == size && ends == [Some(&BYTE); 2] {
            black_box(payload);
            Ok(1)
        } else {
            Err(BenchError::wrong("not the answer that was asked for"))
        }
    }))
}

/// Answers one session until it ends, each question with `size` bytes.
pub(super) fn serve(mut session: Connection, size: usize) -> Result<(), ConnectionError> {
    let answer = vec![BYTE; size];
    let wait = Wait::forever();
    loop {
        let question = session.receive(&wait)?;
        session.send(question.answer(Status::OK), &answer, &wait)?;
    }
}
