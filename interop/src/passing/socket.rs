//! A packet socket without a library behind it, and what it passes.

use std::fs;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use netipc::wire::{Flags, Header, Hello, HelloAck, Kind, MethodCode, Opcode, Profiles, Status};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, epoll, eventfd, poll};
use rustix::fs::{MemfdFlags, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{
    self, AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    SocketAddrUnix, SocketFlags, SocketType,
};

use super::{Passed, TOKEN};
use crate::supervised::{FaultError, PATIENCE};

/// The most that the system passes at once.
const MOST: usize = 253;
/// The kinds of what is passed that nothing else is like.
const UNIQUE: usize = 3;
/// A packet, at most.
const PACKET: usize = 70_000;

/// What is passed.
pub(crate) struct Goods {
    kinds: Vec<(&'static str, OwnedFd)>,
}

impl Goods {
    /// One of each kind that there is.
    pub(crate) fn new() -> Result<Self, FaultError> {
        let (pipe, _) = std::io::pipe().map_err(FaultError::Control)?;
        let (pair, _) = net::socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(failed)?;
        let place = rustix::fs::open(
            ".",
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(failed)?;
        let device = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
            .map_err(failed)?;
        Ok(Self {
            kinds: vec![
                (
                    "memory",
                    rustix::fs::memfd_create(
                        "passed",
                        MemfdFlags::ALLOW_SEALING | MemfdFlags::CLOEXEC,
                    )
                    .map_err(failed)?,
                ),
                ("a pipe", pipe.into()),
                ("a socket", pair),
                ("a directory", place),
                ("a device", device),
                (
                    "an event",
                    eventfd(0, EventfdFlags::CLOEXEC).map_err(failed)?,
                ),
                (
                    "a poller",
                    epoll::create(epoll::CreateFlags::CLOEXEC).map_err(failed)?,
                ),
            ],
        })
    }

    /// Whether one of them is what the descriptors of a process lead to.
    pub(crate) fn are_among(&self, links: &[PathBuf]) -> bool {
        // Others have links that many descriptors have.
        let unique = self.kinds.iter().take(UNIQUE);
        unique
            .filter_map(|(_, kind)| {
                fs::read_link(format!("/proc/self/fd/{}", kind.as_raw_fd())).ok()
            })
            .any(|link| links.contains(&link))
    }

    /// Lists of what is passed at once, and their names: each kind alone, several, as many as can be, and the socket itself.
    pub(crate) fn lists<'g>(&'g self, own: &'g Socket) -> Vec<(String, Vec<BorrowedFd<'g>>)> {
        let mut lists: Vec<_> = self
            .kinds
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), vec![kind.as_fd()]))
            .collect();
        let all: Vec<_> = self.kinds.iter().map(|(_, kind)| kind.as_fd()).collect();
        lists.push(("two".to_owned(), all.iter().copied().take(2).collect()));
        lists.push((
            "as many as can be".to_owned(),
            all.iter().copied().cycle().take(MOST).collect(),
        ));
        lists.push(("the socket itself".to_owned(), vec![own.0.as_fd()]));
        lists
    }
}

/// A packet socket.
pub(crate) struct Socket(pub(crate) OwnedFd);

impl Socket {
    pub(crate) fn connect(path: &Path) -> Result<Self, FaultError> {
        let socket = socket()?;
        let address = SocketAddrUnix::new(path).map_err(failed)?;
        net::connect(&socket, &address).map_err(failed)?;
        Ok(Self(socket))
    }

    /// One that listens.
    pub(crate) fn listen(path: &Path) -> Result<Self, FaultError> {
        let socket = socket()?;
        let address = SocketAddrUnix::new(path).map_err(failed)?;
        net::bind(&socket, &address).map_err(failed)?;
        net::listen(&socket, 16).map_err(failed)?;
        Ok(Self(socket))
    }

    /// The next connection, or nothing where `other` is readable first.
    pub(crate) fn accept(&self, other: BorrowedFd<'_>) -> Result<Option<Self>, FaultError> {
        let mut fds = [
            PollFd::new(&self.0, PollFlags::IN),
            PollFd::from_borrowed_fd(other, PollFlags::IN),
        ];
        poll(&mut fds, None).map_err(failed)?;
        let [connection, _] = fds;
        if connection.revents().is_empty() {
            return Ok(None);
        }
        net::accept_with(&self.0, SocketFlags::CLOEXEC)
            .map(Self)
            .map(Some)
            .map_err(failed)
    }

    /// Sends a packet with descriptors. Where the system refuses them, it is sent without, unless it is only there for
    /// their sake. A peer that has gone is no failure.
    pub(crate) fn pass(
        &self,
        packet: &[u8],
        goods: &[BorrowedFd<'_>],
        passed: &mut Passed,
    ) -> Result<(), FaultError> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(goods)) {
            return Err(failed(Errno::NOBUFS));
        }
        let number = u32::try_from(goods.len()).unwrap_or(u32::MAX);
        match net::sendmsg(
            &self.0,
            &[IoSlice::new(packet)],
            &mut control,
            SendFlags::NOSIGNAL,
        ) {
            Ok(_) => passed.taken += number,
            Err(Errno::PERM) => {
                passed.refused += number;
                if packet.len() >= Header::LEN {
                    self.send(packet)?;
                }
            }
            Err(Errno::PIPE | Errno::CONNRESET) => {}
            Err(errno) => return Err(failed(errno)),
        }
        Ok(())
    }

    pub(crate) fn send(&self, packet: &[u8]) -> Result<(), FaultError> {
        match net::send(&self.0, packet, SendFlags::NOSIGNAL) {
            Ok(_) | Err(Errno::PIPE | Errno::CONNRESET) => Ok(()),
            Err(errno) => Err(failed(errno)),
        }
    }

    /// The next message of one packet; nothing where the peer has gone.
    pub(crate) fn hear(&self) -> Result<Option<(Header, Vec<u8>)>, FaultError> {
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        let patience = Timespec::try_from(PATIENCE).ok();
        if poll(&mut fds, patience.as_ref()).map_err(failed)? == 0 {
            return Err(FaultError::Wrong("the peer says nothing".to_owned()));
        }
        let mut packet = vec![0; PACKET];
        let size = match net::recv(&self.0, &mut *packet, RecvFlags::empty()) {
            Ok((size, _)) => size,
            Err(Errno::CONNRESET) => 0,
            Err(errno) => return Err(failed(errno)),
        };
        packet.truncate(size);
        match Header::decode(&packet) {
            Ok(header) => Ok(Some((header, packet.split_off(Header::LEN)))),
            Err(_) if size == 0 => Ok(None),
            Err(error) => Err(FaultError::Wrong(format!("the peer said {error}"))),
        }
    }
}

fn socket() -> Result<OwnedFd, FaultError> {
    net::socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .map_err(failed)
}

pub(crate) fn failed(errno: Errno) -> FaultError {
    FaultError::Control(errno.into())
}

/// A message of one packet.
pub(crate) fn message(header: Header, payload: &[u8]) -> Vec<u8> {
    let payload_len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let header = Header {
        payload_len,
        ..header
    };
    [&header.encode()[..], payload].concat()
}

/// The HELLO of a client that offers the baseline and `profile`.
pub(crate) fn hello(profile: u32) -> Vec<u8> {
    let hello = Hello {
        layout_version: 1,
        supported: Profiles(1 | profile),
        preferred: Profiles(profile),
        max_request_payload_bytes: 1024,
        max_request_batch_items: 1,
        max_response_payload_bytes: 65_536,
        max_response_batch_items: 1,
        auth_token: TOKEN,
        packet_size: 65_504,
        ..Hello::default()
    };
    message(control(Opcode::HELLO, Status::OK), &hello.encode())
}

/// The answer of a server to a HELLO, which selects `profile`.
pub(crate) fn acceptance(hello: &Hello, profile: u32) -> Vec<u8> {
    let ack = HelloAck {
        layout_version: 1,
        supported: Profiles(1 | profile),
        intersection: Profiles(1 | profile),
        selected: Profiles(profile),
        max_request_payload_bytes: hello.max_request_payload_bytes,
        max_request_batch_items: hello.max_request_batch_items,
        max_response_payload_bytes: 65_536,
        max_response_batch_items: hello.max_request_batch_items,
        packet_size: hello.packet_size,
        session_id: 1,
        ..HelloAck::default()
    };
    message(control(Opcode::HELLO_ACK, Status::OK), &ack.encode())
}

/// The answer of a server that turns everybody down.
pub(crate) fn refusal() -> Vec<u8> {
    message(
        control(Opcode::HELLO_ACK, Status::AUTH_FAILED),
        &HelloAck::refusal().encode(),
    )
}

fn control(opcode: Opcode, status: Status) -> Header {
    Header {
        kind: Kind::CONTROL,
        flags: Flags::NONE,
        code: opcode.0,
        status,
        payload_len: 0,
        item_count: 1,
        message_id: 0,
    }
}

/// A request for the number after `number`.
pub(crate) fn request(number: u64, message_id: u64) -> Vec<u8> {
    message(
        Header::request(MethodCode::INCREMENT, message_id),
        &number.to_le_bytes(),
    )
}

/// The answer to a request for the number after the one in it.
pub(crate) fn answer(request: &Header, payload: &[u8]) -> Vec<u8> {
    let number = payload.try_into().map_or(0, u64::from_le_bytes);
    message(
        request.answer(Status::OK),
        &number.wrapping_add(1).to_le_bytes(),
    )
}
