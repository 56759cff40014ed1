//! Shared memory that the peer writes to as it likes, while both sides go on to talk over it: whatever is written, a
//! receiver gets messages within the agreed limits, or the session ends.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Duration;

use netipc::transport::link::{BindOptions, LinkError, SessionPlan};
use netipc::transport::{Baseline, Endpoint, Link, Listener, Transport, UnixTransport, Wait};
use tempfile::TempDir;

use crate::{Input, Seen, Target};

/// Bytes of the largest message, both ways.
const MOST: usize = 4128;
const REGION: u32 = 0x02;
const REGION_LOOKED_AT: u32 = 0x04;
const RING: u32 = 0x10;

/// Targets of all kinds of shared memory that this machine lets be written to from outside.
pub(super) fn targets() -> Vec<Target> {
    let mut all = vec![
        stage_target("region", scripts(), |stage, bytes| stage.region(bytes)),
        stage_target("region-header", headers(), |stage, bytes| {
            stage.header(bytes)
        }),
    ];
    if fs::read_dir("/proc/self/map_files").is_ok_and(|mut maps| {
        maps.any(|entry| entry.is_ok_and(|entry| File::open(entry.path()).is_ok()))
    }) {
        all.push(stage_target("ring", scripts(), |stage, bytes| {
            stage.ring(bytes)
        }));
    }
    all
}

fn stage_target(name: &str, seeds: Vec<Vec<u8>>, run: fn(&mut Stage, &[u8]) -> Seen) -> Target {
    let stage = OnceCell::new();
    Target::new(name, seeds, move |bytes| {
        let stage = stage.get_or_init(|| std::cell::RefCell::new(Stage::new()));
        run(&mut stage.borrow_mut(), bytes)
    })
}

/// Messages there and back, with a word of the header written in between.
fn scripts() -> Vec<Vec<u8>> {
    let talk = [0, 8, 1, 1, 9, 2];
    let mut seeds = Vec::new();
    for profile in [0, 1] {
        for word in 0..24 {
            for value in [0_u64, 1, 0xffff_ffff, u64::MAX] {
                let write = [&[3, word, 0, 4][..], &value.to_le_bytes()].concat();
                seeds.push([&[profile][..], &talk, &write, &talk].concat());
            }
        }
    }
    seeds
}

/// The first half of a header that is right.
fn headers() -> Vec<Vec<u8>> {
    let words = [
        0x4e53_484d,
        3 | 64 << 16,
        std::process::id(),
        1,
        64,
        4160,
        4224,
        4160_u32,
    ];
    let header: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    vec![
        [&8384_u16.to_le_bytes()[..], &header].concat(),
        [&64_u16.to_le_bytes()[..], &header].concat(),
    ]
}

fn now() -> Wait<'static> {
    Wait::timeout(Duration::ZERO)
}

/// A run directory with a listener.
struct Stage {
    dir: TempDir,
    endpoint: Endpoint,
    listener: Box<dyn Listener>,
    packet: Vec<u8>,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory for sockets");
        let endpoint = Endpoint::new(dir.path(), "svc").expect("a good name");
        let listener = UnixTransport::new().bind(&endpoint, &BindOptions::default());
        let listener = listener.expect("nobody else listens there");
        Self {
            dir,
            endpoint,
            listener,
            packet: vec![0; 2 * MOST],
        }
    }

    /// A client's and a server's end of a connection. One that has to wait is waited for.
    fn connection(&mut self) -> (Box<dyn Baseline>, Box<dyn Baseline>) {
        let soon = Wait::timeout(Duration::from_secs(60));
        let client = UnixTransport::new()
            .connect(&self.endpoint, &soon)
            .expect("somebody listens");
        (client, self.listener.accept(&soon).expect("it is there"))
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("svc-0000000000000001.ipcshm")
    }

    fn region(&mut self, bytes: &[u8]) -> Seen {
        let mut input = Input::new(bytes);
        let profile = [REGION, REGION_LOOKED_AT][usize::from(input.u8() & 1)];
        let (client, mut server) = self.connection();
        server
            .offer(&plan(profile))
            .expect("there is room for a region");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path())
            .expect("it is named");
        let client = client
            .attach(&plan(profile), &now())
            .expect("it is complete");
        self.talk(&mut input, client, server.switch(), &file)
    }

    fn ring(&mut self, bytes: &[u8]) -> Seen {
        let mut input = Input::new(bytes);
        input.u8();
        let (mut client, mut server) = self.connection();
        if let Err(error) = server.offer(&plan(RING)) {
            return Seen::of(("no ring", format!("{:?}", error.kind())));
        }
        server
            .send(b"accepted", &[], &now())
            .expect("there is room");
        client
            .receive(&mut self.packet, &now())
            .expect("it was sent");
        let file = mapped_ring().expect("it is mapped");
        let client = client.attach(&plan(RING), &now()).expect("it is complete");
        self.talk(&mut input, client, server.switch(), &file)
    }

    /// A region by a server of another make, with any header.
    fn header(&mut self, bytes: &[u8]) -> Seen {
        let mut input = Input::new(bytes);
        let size = usize::from(input.u16());
        let (client, server) = self.connection();
        let mut region = vec![0; size];
        for (place, byte) in region.iter_mut().zip(input.rest()) {
            *place = *byte;
        }
        fs::write(self.path(), &region).expect("there is room");
        let attached = client.attach(&plan(REGION), &now());
        let seen = match attached {
            Ok(mut link) => {
                let sent = link.send(b"head", b"body", &now());
                let file = fs::read(self.path()).expect("it is there");
                assert_eq!(file.len(), size, "nobody changes the size");
                let received = link.receive(&mut self.packet, &now());
                assert!(received.is_err() || received.is_ok_and(|len| len <= MOST));
                Seen::of(("attached", sent.is_ok()))
            }
            Err(error) => {
                let text = format!("{error:?}");
                Seen::of(
                    text.chars()
                        .filter(|c| c.is_ascii_alphabetic())
                        .collect::<String>(),
                )
            }
        };
        drop(server);
        let _ = fs::remove_file(self.path());
        seen
    }

    /// Operations of both sides, and bytes that somebody writes to their memory.
    fn talk(
        &mut self,
        input: &mut Input<'_>,
        mut client: Box<dyn Link>,
        mut server: Box<dyn Link>,
        memory: &File,
    ) -> Seen {
        let mut outcomes = BTreeSet::new();
        for _ in 0..64 {
            if input.is_empty() {
                break;
            }
            let outcome = match input.u8() % 6 {
                0 => client
                    .send(&vec![5; usize::from(input.u8()) * 17], &[], &now())
                    .map(|()| 0),
                1 => receive(&mut *server, &mut self.packet).and_then(|len| {
                    let answer = usize::from(input.u8()) * 17;
                    server
                        .send(&vec![6; answer.min(MOST)], &[], &now())
                        .map(|()| len)
                }),
                2 => receive(&mut *client, &mut self.packet),
                3 => {
                    let at = u64::from(input.u8()) * 4 + u64::from(input.u8() & 1) * 4096;
                    let len = usize::from(input.u8() % 9);
                    write(memory, input.take(len), at);
                    continue;
                }
                4 => {
                    let at = u64::from(input.u16() % 8192);
                    let len = usize::from(input.u8() % 16);
                    write(memory, input.take(len), at);
                    continue;
                }
                _ => client.check().and_then(|()| server.check()).map(|()| 0),
            };
            match outcome {
                Ok(len) => outcomes.insert(format!("ok {}", len > 32)),
                Err(LinkError::Timeout | LinkError::Busy | LinkError::TooLarge { .. }) => {
                    outcomes.insert("not now".to_owned())
                }
                Err(error) => {
                    let text = format!("{error:?}");
                    let words = text.chars().filter(|c| c.is_ascii_alphabetic());
                    outcomes.insert(words.collect());
                    break;
                }
            };
        }
        Seen::of(outcomes)
    }
}

/// What comes is never longer than what the peer may send.
fn receive(link: &mut dyn Link, packet: &mut [u8]) -> Result<usize, LinkError> {
    let len = link.receive(packet, &now())?;
    let most = link.info().max_packet;
    assert!((1..=most).contains(&len), "{len} bytes of {most}");
    Ok(len)
}

fn write(memory: &File, bytes: &[u8], at: u64) {
    // Never beyond the end: a region that grows is another thing than one that is written to.
    let len = memory.metadata().map_or(0, |file| file.len());
    if at + bytes.len() as u64 <= len {
        memory
            .write_all_at(bytes, at)
            .expect("it can be written to");
    }
}

fn plan(profile: u32) -> SessionPlan {
    SessionPlan {
        profile,
        session_id: 1,
        auth_token: 0,
        request_bytes: MOST as u64,
        response_bytes: MOST as u64,
    }
}

/// The memory of the newest ring of this process, by way of its mappings.
fn mapped_ring() -> Option<File> {
    let maps = fs::read_dir("/proc/self/map_files").ok()?;
    let rings = maps.flatten().map(|entry| entry.path()).filter(|path| {
        let target = fs::read_link(path).unwrap_or_default();
        target.to_string_lossy().contains("memfd:netipc-ring")
    });
    rings
        .filter_map(|path| OpenOptions::new().read(true).write(true).open(path).ok())
        .last()
}
