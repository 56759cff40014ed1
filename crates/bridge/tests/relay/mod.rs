//! A link between two hosts that loses, delays, and is cut: packets of QUIC, passed on by this process. It is there where the
//! kernel has no netem, too, and is cut after any packet.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::common::free_place;

/// What a link does to packets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weather {
    /// How long each is under way.
    pub(crate) delay: Duration,
    /// One in so many is lost; 0 is none.
    pub(crate) one_lost_in: u64,
}

/// The link.
pub(crate) struct Relay {
    endpoint: String,
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

struct State {
    weather: Weather,
    /// Packets that still pass; below 0 it is cut, and `i64::MAX` never is.
    left: AtomicI64,
    passed: AtomicU64,
    over: AtomicBool,
    under_way: Mutex<BinaryHeap<Reverse<(Instant, u64)>>>,
    packets: Mutex<HashMap<u64, Packet>>,
    more: Condvar,
}

struct Packet {
    bytes: Vec<u8>,
    from: Arc<UdpSocket>,
    to: SocketAddr,
}

impl Relay {
    /// Listens for who connects, and passes on to `place`.
    pub(crate) fn begin(place: &str, weather: Weather) -> Self {
        let target: SocketAddr = address(place);
        let endpoint = free_place("quic");
        let front = Arc::new(UdpSocket::bind(address(&endpoint)).unwrap());
        let state = Arc::new(State {
            weather,
            left: AtomicI64::new(i64::MAX),
            passed: AtomicU64::new(0),
            over: AtomicBool::new(false),
            under_way: Mutex::default(),
            packets: Mutex::default(),
            more: Condvar::new(),
        });
        let (listening, delivering) = (Arc::clone(&state), Arc::clone(&state));
        let threads = vec![
            thread::spawn(move || listening.listen(&front, target)),
            thread::spawn(move || delivering.deliver()),
        ];
        Self {
            endpoint,
            state,
            threads,
        }
    }

    /// Where to connect.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Lets `packets` more pass, and none after them.
    pub(crate) fn cut_after(&self, packets: i64) {
        self.state.left.store(packets, Ordering::SeqCst);
    }

    /// Is whole again.
    pub(crate) fn heal(&self) {
        self.cut_after(i64::MAX);
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.state.left.load(Ordering::SeqCst) <= 0
    }

    pub(crate) fn passed(&self) -> u64 {
        self.state.passed.load(Ordering::SeqCst)
    }
}

fn address(place: &str) -> SocketAddr {
    place.split('/').nth(1).unwrap().parse().unwrap()
}

impl State {
    /// Takes packets of everybody who connects, each of whom has a socket of its own behind it.
    fn listen(self: &Arc<Self>, front: &Arc<UdpSocket>, target: SocketAddr) {
        let mut behind: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
        let mut threads = Vec::new();
        self.each(front, |bytes, from| {
            let socket = behind.entry(from).or_insert_with(|| {
                let socket = Arc::new(UdpSocket::bind(("127.0.0.1", 0)).unwrap());
                let (state, back, front) =
                    (Arc::clone(self), Arc::clone(&socket), Arc::clone(front));
                threads.push(thread::spawn(move || {
                    state.each(&back, |bytes, _| state.take(bytes, &front, from));
                }));
                socket
            });
            self.take(bytes, socket, target);
        });
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    }

    /// Hands over what comes, until it is over.
    fn each(&self, socket: &UdpSocket, mut take: impl FnMut(&[u8], SocketAddr)) {
        socket
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        let mut bytes = vec![0; 65_536];
        while !self.over.load(Ordering::SeqCst) {
            // Who listened there may be gone; others may come.
            if let Ok((len, from)) = socket.recv_from(&mut bytes) {
                take(&bytes[..len], from);
            }
        }
    }

    fn take(&self, bytes: &[u8], from: &Arc<UdpSocket>, to: SocketAddr) {
        let left = self.left.load(Ordering::SeqCst);
        if left <= 0 {
            return;
        }
        if left != i64::MAX {
            self.left.fetch_sub(1, Ordering::SeqCst);
        }
        let number = self.passed.fetch_add(1, Ordering::SeqCst);
        let Weather { delay, one_lost_in } = self.weather;
        // Spread, so that no rhythm of the protocol meets it.
        if one_lost_in > 0
            && number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & 0xffff < 0x1_0000 / one_lost_in
        {
            return;
        }
        if delay.is_zero() {
            let _ = from.send_to(bytes, to);
            return;
        }
        let packet = Packet {
            bytes: bytes.to_vec(),
            from: Arc::clone(from),
            to,
        };
        self.packets.lock().unwrap().insert(number, packet);
        self.under_way
            .lock()
            .unwrap()
            .push(Reverse((Instant::now() + delay, number)));
        self.more.notify_one();
    }

    /// Delivers each packet when its time has come.
    fn deliver(&self) {
        let mut under_way = self.under_way.lock().unwrap();
        while !self.over.load(Ordering::SeqCst) {
            let now = Instant::now();
            let wait = match under_way.peek() {
                Some(Reverse((due, _))) if *due <= now => {
                    let number = under_way.pop().map(|Reverse((_, number))| number);
                    let packet =
                        number.and_then(|number| self.packets.lock().unwrap().remove(&number));
                    if let Some(Packet { bytes, from, to }) = packet {
                        let _ = from.send_to(&bytes, to);
                    }
                    continue;
                }
                Some(Reverse((due, _))) => *due - now,
                None => Duration::from_millis(20),
            };
            under_way = self.more.wait_timeout(under_way, wait).unwrap().0;
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            assert!(thread::panicking() || ended.is_ok(), "a relay that failed");
        }
    }
}
