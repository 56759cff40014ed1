//! Peers that say what a script wants, right or wrong.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use netipc::transport::link::{BindOptions, LinkError, SessionPlan};
use netipc::transport::{Abort, Baseline, Link, Listener, NativeTransport, Transport, Wait};
use netipc::wire::{Flags, Header, Hello, HelloAck, Kind, Opcode, Profiles, Status};

use super::{SOON, Stage, TOKEN, soon};

/// A listener that answers nobody by itself.
pub(crate) struct Host {
    listener: Box<dyn Listener>,
    ended: Abort,
}

impl Host {
    pub(crate) fn new(stage: &Stage) -> Self {
        Self::with_backlog(stage, 16)
    }

    pub(crate) fn with_backlog(stage: &Stage, backlog: u16) -> Self {
        let mut options = BindOptions::default();
        options.backlog = Some(backlog);
        let listener = NativeTransport::new().bind(&stage.endpoint, &options);
        Self {
            listener: listener.unwrap(),
            ended: Abort::new(),
        }
    }

    /// Runs a script in a thread, which ends with the play.
    pub(crate) fn play(mut self, script: impl FnOnce(&mut Self) + Send + 'static) -> Play {
        let ended = self.ended.clone();
        let thread = Some(thread::spawn(move || script(&mut self)));
        Play { thread, ended }
    }

    /// Keeps the endpoint, and accepts nobody, until the play is ended.
    pub(crate) fn stay(&self) {
        let _ = soon().or_abort(&self.ended).sleep(SOON);
    }

    /// Whether nobody has come whom no [`accept`](Self::accept) has taken.
    pub(crate) fn is_alone(&mut self) -> bool {
        let none = self.listener.accept(&Wait::timeout(Duration::ZERO));
        matches!(none, Err(LinkError::Timeout))
    }

    /// Lets time pass, as a slow server would.
    pub(crate) fn linger_for(&self, time: Duration) {
        Wait::forever().sleep(time).unwrap();
    }

    /// The next client, which has said nothing yet.
    pub(crate) fn accept(&mut self) -> Guest {
        Guest {
            link: self.listener.accept(&soon()).unwrap(),
        }
    }

    /// The next client, with a session on the baseline and what it has asked for.
    pub(crate) fn welcome(&mut self) -> (Line, Hello) {
        let mut guest = self.accept();
        let hello = guest.hello();
        (guest.admit(&terms(&hello)), hello)
    }
}

/// A script that runs; waits for its end when dropped. No wait of a script is longer than
/// [`SOON`](super::SOON).
pub(crate) struct Play {
    thread: Option<JoinHandle<()>>,
    ended: Abort,
}

impl Play {
    /// Waits until it has come to its end, without a mistake of the other side.
    pub(crate) fn end(mut self) {
        self.join();
    }

    fn join(&mut self) {
        self.ended.raise();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the script failed");
        }
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        self.join();
    }
}

/// One end of a connection before the handshake.
pub(crate) struct Guest {
    pub(crate) link: Box<dyn Baseline>,
}

impl Guest {
    /// A connection of ours, to whoever serves the stage.
    pub(crate) fn connect(stage: &Stage) -> Self {
        let link = NativeTransport::new().connect(&stage.endpoint, &soon());
        Self {
            link: link.unwrap(),
        }
    }

    /// Receives a HELLO.
    pub(crate) fn hello(&mut self) -> Hello {
        let (header, payload) = receive(&mut *self.link).unwrap();
        assert_eq!((header.kind, header.code), (Kind::CONTROL, 1));
        Hello::decode(&payload).unwrap()
    }

    /// Accepts a session on the baseline.
    pub(crate) fn admit(mut self, ack: &HelloAck) -> Line {
        self.answer(Status::OK, ack);
        Line(self.link.into_link())
    }

    /// Accepts a session on a region, whose areas hold `extra` bytes more than agreed.
    pub(crate) fn admit_to_region(mut self, ack: &HelloAck, extra: u64) -> Line {
        self.link.offer(&region(ack, extra)).unwrap();
        self.answer(Status::OK, ack);
        Line(self.link.switch())
    }

    /// Makes the region of a session that was accepted before.
    pub(crate) fn prepare_region(mut self, ack: &HelloAck) -> Line {
        self.link.offer(&region(ack, 0)).unwrap();
        Line(self.link.switch())
    }

    /// Turns a session down, and closes.
    pub(crate) fn refuse(mut self, status: Status) {
        self.answer(status, &HelloAck::refusal());
        self.link.linger();
    }

    /// Sends a HELLO_ACK.
    pub(crate) fn answer(&mut self, status: Status, ack: &HelloAck) {
        let header = control(Opcode::HELLO_ACK, status);
        self.link
            .send(&header.encode(), &ack.encode(), &soon())
            .unwrap();
    }

    /// Sends a HELLO and `more` bytes behind it; gives the answer.
    pub(crate) fn greet(&mut self, hello: &Hello, more: usize) -> (Status, HelloAck) {
        let mut payload = hello.encode().to_vec();
        payload.resize(payload.len() + more, 0xee);
        let header = control(Opcode::HELLO, Status::OK);
        self.link.send(&header.encode(), &payload, &soon()).unwrap();
        let (header, payload) = receive(&mut *self.link).unwrap();
        assert_eq!((header.kind, header.code), (Kind::CONTROL, 2));
        (header.status, HelloAck::decode(&payload).unwrap())
    }

    /// A session with the limits of `hello`, on the data plane that the server selects.
    pub(crate) fn open(self, hello: &Hello) -> (Line, HelloAck) {
        self.open_beyond(hello, 0)
    }

    /// The same; `extra` bytes more than agreed fit the packets of a region.
    pub(crate) fn open_beyond(mut self, hello: &Hello, extra: u64) -> (Line, HelloAck) {
        let (status, ack) = self.greet(hello, 0);
        assert_eq!(status, Status::OK);
        let link = match ack.selected {
            Profiles::BASELINE => self.link.into_link(),
            _ => self.link.attach(&region(&ack, extra), &soon()).unwrap(),
        };
        (Line(link), ack)
    }
}

/// One end of a session, as packets.
#[derive(Debug)]
pub(crate) struct Line(pub(crate) Box<dyn Link>);

impl Line {
    /// Receives a message of one packet.
    pub(crate) fn hear(&mut self) -> (Header, Vec<u8>) {
        receive(&mut *self.0).unwrap()
    }

    /// Receives nothing any more.
    pub(crate) fn hear_end(&mut self) {
        let heard = receive(&mut *self.0);
        let ended = matches!(heard, Err(LinkError::Disconnected | LinkError::Reset(_)));
        assert!(ended, "{heard:?}");
    }

    /// Sends a message of one packet, whose header may lie.
    pub(crate) fn say(&mut self, header: &Header, payload: &[u8]) {
        self.0.send(&header.encode(), payload, &soon()).unwrap();
    }

    /// Answers a request as it should be.
    pub(crate) fn answer(&mut self, request: &Header, status: Status, payload: &[u8]) {
        self.say(&with_len(request.answer(status), payload), payload);
    }

    /// Answers a request for the number after the one that came.
    pub(crate) fn increment(&mut self) {
        let (request, payload) = self.hear();
        let n = u64::from_le_bytes(payload.try_into().unwrap());
        self.answer(&request, Status::OK, &(n + 1).to_le_bytes());
    }

    /// Asks, and gives the answer.
    pub(crate) fn ask(&mut self, request: Header, payload: &[u8]) -> (Header, Vec<u8>) {
        self.say(&with_len(request, payload), payload);
        self.hear()
    }

    /// Closes once the last packet has been taken.
    pub(crate) fn close(mut self) {
        self.0.linger();
    }
}

/// What a server of the baseline agrees on.
pub(crate) fn terms(hello: &Hello) -> HelloAck {
    HelloAck {
        layout_version: 1,
        supported: Profiles::BASELINE,
        intersection: Profiles::BASELINE,
        selected: Profiles::BASELINE,
        max_request_payload_bytes: hello.max_request_payload_bytes,
        max_request_batch_items: hello.max_request_batch_items,
        max_response_payload_bytes: 65_536,
        max_response_batch_items: hello.max_request_batch_items,
        packet_size: hello.packet_size,
        session_id: 1,
        ..HelloAck::default()
    }
}

/// What a server of shared memory agrees on.
pub(crate) fn shm_terms(hello: &Hello) -> HelloAck {
    let all = Profiles(super::WITH_SHM);
    HelloAck {
        supported: all,
        intersection: all,
        selected: all.highest(),
        ..terms(hello)
    }
}

/// What a deployed client of the baseline proposes.
pub(crate) fn proposal(profiles: u32) -> Hello {
    Hello {
        layout_version: 1,
        supported: Profiles(profiles),
        max_request_payload_bytes: 1024,
        max_request_batch_items: 1,
        max_response_payload_bytes: 65_536,
        max_response_batch_items: 1,
        auth_token: TOKEN,
        packet_size: 212_992,
        ..Hello::default()
    }
}

/// The header with the length of `payload`.
pub(crate) fn with_len(header: Header, payload: &[u8]) -> Header {
    Header {
        payload_len: u32::try_from(payload.len()).unwrap(),
        ..header
    }
}

pub(crate) fn control(opcode: Opcode, status: Status) -> Header {
    Header {
        kind: Kind::CONTROL,
        flags: Flags::NONE,
        code: opcode.0,
        status,
        payload_len: if opcode == Opcode::HELLO { 44 } else { 48 },
        item_count: 1,
        message_id: 0,
    }
}

fn region(ack: &HelloAck, extra: u64) -> SessionPlan {
    SessionPlan {
        session_id: ack.session_id,
        profile: ack.selected.0,
        auth_token: TOKEN,
        request_bytes: 32 + u64::from(ack.max_request_payload_bytes) + extra,
        response_bytes: 32 + u64::from(ack.max_response_payload_bytes) + extra,
    }
}

fn receive(link: &mut (impl Link + ?Sized)) -> Result<(Header, Vec<u8>), LinkError> {
    let mut packet = vec![0; 2 << 20];
    let size = link.receive(&mut packet, &soon())?;
    let payload = packet.get(Header::LEN..size).unwrap_or_default();
    Ok((Header::decode(&packet).unwrap(), payload.to_vec()))
}
