//! The rules of a connected link.

use std::thread;
use std::time::{Duration, Instant};

use netipc_transport::link::LinkError;
use netipc_transport::{Abort, Link, Wait};

use super::{AT_ONCE, Rig, SHORT, SOON, bytes, hear, pipelines, say, within};

/// What one send takes, one receive gives.
pub fn packets_arrive_whole_in_order_and_once(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    for (seed, size) in [1, 2, 31, 32, 33, 64, 1000, 4096].into_iter().enumerate() {
        let (request, response) = (bytes(size, seed), bytes(size, !seed));
        say(&mut *client, &request);
        assert_eq!(hear(&mut *server), request, "a request of {size} bytes");
        say(&mut *server, &response);
        assert_eq!(hear(&mut *client), response, "a response of {size} bytes");
    }
    if pipelines(client.info()) {
        (1..9).for_each(|seed| say(&mut *client, &bytes(seed, seed)));
        (1..9).for_each(|seed| assert_eq!(hear(&mut *server), bytes(seed, seed)));
    }
    for link in [&mut client, &mut server] {
        let again = link.receive(&mut [0; 32], &Wait::timeout(SHORT));
        assert!(
            matches!(again, Err(LinkError::Timeout)),
            "nothing comes twice: {again:?}"
        );
    }
}

/// `max_packet` is what it says, in both directions.
pub fn the_largest_packet_arrives(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    let request = bytes(client.info().max_packet, 1);
    say(&mut *client, &request);
    assert!(hear(&mut *server) == request, "the largest request");
    let response = bytes(server.info().max_packet, 2);
    say(&mut *server, &response);
    assert!(hear(&mut *client) == response, "the largest response");
}

/// Head and body are one packet, wherever they are cut, also where they are large.
pub fn a_packet_may_be_split_anywhere(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    for size in [100, 4900] {
        let packet = bytes(size, 3);
        for cut in [0, 1, 32, size - 1, size] {
            let (head, body) = packet.split_at(cut);
            client.send(head, body, &Wait::timeout(SOON)).expect("send");
            assert_eq!(hear(&mut *server), packet, "sent {cut} + rest");
            say(&mut *server, b"next");
            hear(&mut *client);
        }
    }
}

/// A packet larger than the buffers is cut, and says so.
pub fn a_packet_that_does_not_fit_tells_its_size(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    let packet = bytes(500, 4);
    say(&mut *client, &packet);
    let mut front = [0; 100];
    let size = server
        .receive(&mut front, &Wait::timeout(SOON))
        .expect("receive");
    assert_eq!(size, 500, "the full size");
    assert_eq!(front, packet[..100], "the first bytes");
    say(&mut *server, b"whole again");
    assert_eq!(hear(&mut *client), b"whole again");
}

// Rule L28.
/// There is no empty packet to send, and trying harms nothing.
pub fn an_empty_packet_is_refused(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    let sent = client.send(&[], &[], &Wait::timeout(SOON));
    assert!(matches!(sent, Err(LinkError::Empty)), "{sent:?}");
    say(&mut *client, b"x");
    assert_eq!(hear(&mut *server), b"x");
}

// Rule L28.
/// A packet beyond the limit does not leave, says the limit, and harms nothing.
pub fn a_packet_too_large_is_refused(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    let limit = client.info().max_packet;
    let sent = client.send(&[0], &vec![0; limit], &Wait::timeout(SOON));
    let refused = matches!(sent, Err(LinkError::TooLarge { size, limit: told }) if size == limit + 1 && told == limit);
    assert!(refused, "{sent:?}");
    say(&mut *client, b"x");
    assert_eq!(hear(&mut *server), b"x");
}

// Rule L12.
/// A receive ends at its deadline, neither early nor late, and the link lives on.
pub fn a_receive_ends_at_its_deadline(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    for link in [&mut client, &mut server] {
        let wait = Wait::timeout(SHORT);
        let received = within(SHORT + AT_ONCE, "the timeout", || {
            receive(&mut **link, &wait)
        });
        assert!(matches!(received, Err(LinkError::Timeout)), "{received:?}");
        assert_eq!(
            wait.remaining(),
            Some(Duration::ZERO),
            "not before the deadline"
        );
    }
    say(&mut *client, b"still here");
    assert_eq!(hear(&mut *server), b"still here");
}

/// A deadline that has passed forbids waiting, not taking.
pub fn a_passed_deadline_takes_what_is_there(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    let passed = Wait::timeout(Duration::ZERO);
    client.send(b"x", &[], &passed).expect("there is room");
    // A pipe hands a packet over a moment after it was sent.
    let until = Instant::now() + SOON;
    let mut received = receive(&mut *server, &passed);
    while matches!(received, Err(LinkError::Timeout)) && Instant::now() < until {
        received = receive(&mut *server, &passed);
    }
    assert_eq!(received.expect("it is there"), 1);
    let received = receive(&mut *server, &passed);
    assert!(matches!(received, Err(LinkError::Timeout)), "{received:?}");
}

// Rule L12.
/// An abort ends a receive of either side, however it waits.
pub fn an_abort_ends_a_waiting_receive(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    for link in [&mut client, &mut server] {
        // Rounds, because the abort may come before, while or after the receiver falls asleep.
        for _ in 0..20 {
            let abort = Abort::new();
            let received = thread::scope(|scope| {
                let waiting =
                    scope.spawn(|| receive(&mut **link, &Wait::forever().or_abort(&abort)));
                abort.raise();
                within(AT_ONCE, "the abort", || {
                    waiting.join().expect("the receiver")
                })
            });
            assert!(matches!(received, Err(LinkError::Aborted)), "{received:?}");
        }
    }
    say(&mut *client, b"still here");
    assert_eq!(hear(&mut *server), b"still here");
}

/// A raised abort ends every call until it is cleared; nothing is lost by it.
pub fn an_abort_is_sticky_and_harms_nothing(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    let abort = Abort::new();
    let wait = Wait::timeout(SOON).or_abort(&abort);
    say(&mut *client, b"kept");
    abort.raise();
    for _ in 0..2 {
        let received = receive(&mut *server, &wait);
        assert!(matches!(received, Err(LinkError::Aborted)), "{received:?}");
        let sent = server.send(b"x", &[], &wait);
        assert!(matches!(sent, Err(LinkError::Aborted)), "{sent:?}");
    }
    abort.clear();
    assert_eq!(receive(&mut *server, &wait).expect("receive"), 4);
}

/// Whoever does not receive makes the sender wait, or hear that the link is busy.
pub fn a_sender_never_overruns_a_receiver(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    let sent = fill(&mut *client);
    if let Some(window) = client.info().window {
        assert_eq!(sent, window as usize, "as many as the window");
    }
    for seed in 0..sent {
        assert_eq!(
            hear(&mut *server),
            bytes(1000, seed),
            "packet {seed} of {sent}"
        );
    }
    say(&mut *server, b"room again");
    assert_eq!(hear(&mut *client), b"room again");
    say(&mut *client, b"goes on");
    assert_eq!(hear(&mut *server), b"goes on");
}

// Rule L12.
/// A send that has to wait ends like every other call.
pub fn a_waiting_send_ends_at_deadline_and_abort(rig: &Rig) {
    let (mut client, _server) = rig.pair();
    fill(&mut *client);
    if !pipelines(client.info()) {
        let sent = client.send(b"x", &[], &Wait::forever());
        assert!(
            matches!(sent, Err(LinkError::Busy)),
            "never waits: {sent:?}"
        );
        return;
    }
    let sent = within(SHORT + AT_ONCE, "the timeout", || {
        client.send(&[0; 1000], &[], &Wait::timeout(SHORT))
    });
    assert!(matches!(sent, Err(LinkError::Timeout)), "{sent:?}");
    let abort = Abort::new();
    let sent = thread::scope(|scope| {
        let wait = Wait::forever().or_abort(&abort);
        let waiting = scope.spawn(move || client.send(&[0; 1000], &[], &wait));
        abort.raise();
        within(AT_ONCE, "the abort", || waiting.join().expect("the sender"))
    });
    assert!(matches!(sent, Err(LinkError::Aborted)), "{sent:?}");
}

// Rules L11, L30.
/// What a client sent before it left is received, then its leaving.
pub fn a_clients_last_words_are_received(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    say(&mut *client, b"last words");
    drop(client);
    assert_eq!(hear(&mut *server), b"last words");
    for _ in 0..2 {
        let received = receive(&mut *server, &Wait::timeout(SOON));
        assert!(
            matches!(received, Err(LinkError::Disconnected)),
            "{received:?}"
        );
    }
}

// Rules L11, L30.
/// What a server sent before it left is received, then its leaving.
pub fn a_servers_last_words_are_received(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    say(&mut *client, b"question");
    hear(&mut *server);
    say(&mut *server, b"last words");
    drop(server);
    assert_eq!(hear(&mut *client), b"last words");
    let received = receive(&mut *client, &Wait::timeout(SOON));
    assert!(
        matches!(received, Err(LinkError::Disconnected)),
        "{received:?}"
    );
}

/// Who waits for a packet hears of a hang-up at once.
pub fn a_hang_up_wakes_who_receives(rig: &Rig) {
    for client_leaves in [true, false] {
        let (client, server) = rig.pair();
        let (leaver, mut stayer) = if client_leaves {
            (client, server)
        } else {
            (server, client)
        };
        let received = thread::scope(|scope| {
            let waiting = scope.spawn(move || receive(&mut *stayer, &Wait::timeout(SOON)));
            drop(leaver);
            within(AT_ONCE, "the hang-up", || {
                waiting.join().expect("the receiver")
            })
        });
        assert!(
            matches!(received, Err(LinkError::Disconnected)),
            "{received:?}"
        );
    }
}

/// A check tells whether anything can come, and takes nothing away.
pub fn a_check_sees_the_end_and_consumes_nothing(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    client.check().expect("a quiet client");
    server.check().expect("a quiet server");
    say(&mut *client, b"kept");
    drop(client);
    server.check().expect("there is a packet to receive");
    assert_eq!(hear(&mut *server), b"kept");
    let checked = server.check();
    assert!(
        matches!(checked, Err(LinkError::Disconnected)),
        "{checked:?}"
    );
}

// Rule L11.
/// A last packet arrives although the sender leaves packets unread.
pub fn lingering_delivers_the_last_packet(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    say(&mut *client, b"question");
    if pipelines(client.info()) {
        say(&mut *client, b"never read");
    }
    hear(&mut *server);
    say(&mut *server, b"the last packet");
    thread::scope(|scope| {
        scope.spawn(move || {
            server.linger();
            drop(server);
        });
        assert_eq!(hear(&mut *client), b"the last packet");
        let received = receive(&mut *client, &Wait::timeout(SOON));
        assert!(
            matches!(received, Err(LinkError::Disconnected)),
            "an orderly end: {received:?}"
        );
        drop(client);
    });
}

// Rule L11.
/// Lingering ends when the peer goes, and soon if it never does.
pub fn lingering_ends(rig: &Rig) {
    let (client, mut server) = rig.pair();
    drop(client);
    within(AT_ONCE, "lingering for nobody", || server.linger());
    drop(server);
    let (_client, mut server) = rig.pair();
    within(AT_ONCE, "lingering for a peer that stays", || {
        server.linger()
    });
}

/// Talking to a peer that has left fails, by the answer at the latest.
pub fn a_departed_peer_is_reported(rig: &Rig) {
    let (mut client, server) = rig.pair();
    drop(server);
    let sent = client.send(b"anybody?", &[], &Wait::timeout(SOON));
    assert!(
        matches!(
            sent,
            Ok(()) | Err(LinkError::Disconnected | LinkError::Reset(_))
        ),
        "{sent:?}"
    );
    let received = receive(&mut *client, &Wait::timeout(SOON));
    assert!(
        matches!(received, Err(LinkError::Disconnected | LinkError::Reset(_))),
        "{received:?}"
    );
}

/// Both ends agree on what carries them.
pub fn both_ends_say_the_same_of_the_link(rig: &Rig) {
    let (client, server) = rig.pair();
    let (client, server) = (client.info(), server.info());
    assert_eq!(client.kind, server.kind);
    assert_eq!(client.window, server.window);
    assert_eq!(client.whole_messages, server.whole_messages);
    assert!(
        client.max_packet > 32 && server.max_packet > 32,
        "room for a header and a byte"
    );
}

// Rule L31.
/// Dropping both ends leaves no file.
pub fn nothing_is_left_behind(rig: &Rig) {
    let (mut client, mut server) = rig.pair();
    say(&mut *client, b"x");
    hear(&mut *server);
    drop(server);
    assert_eq!(
        rig.left_behind(),
        [""; 0],
        "what the server owns goes with the server"
    );
    drop(client);
    let (client, server) = rig.pair();
    drop((client, server));
    assert_eq!(rig.left_behind(), [""; 0], "whoever leaves first");
}

/// Two threads and many round trips, with nothing lost, repeated or torn.
pub fn a_long_conversation_in_two_threads(rig: &Rig) {
    const ROUNDS: usize = 2000;
    let (mut client, mut server) = rig.pair();
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..ROUNDS {
                let request = hear_small(&mut *server);
                say(&mut *server, &request);
            }
        });
        for round in 0..ROUNDS {
            let request = bytes(1 + round % 1500, round);
            say(&mut *client, &request);
            assert_eq!(hear_small(&mut *client), request, "round {round}");
        }
    });
}

fn receive(link: &mut dyn Link, wait: &Wait<'_>) -> Result<usize, LinkError> {
    link.receive(&mut [0; 132], wait)
}

/// Like `hear`, with a buffer that costs less to clear.
fn hear_small(link: &mut dyn Link) -> Vec<u8> {
    let mut packet = vec![0; 1500];
    let size = link
        .receive(&mut packet, &Wait::timeout(SOON))
        .expect("receive");
    packet.truncate(size);
    packet
}

/// Sends packets of 1000 bytes until no more go; gives their number.
fn fill(link: &mut dyn Link) -> usize {
    for sent in 0..10_000 {
        match link.send(&bytes(1000, sent), &[], &Wait::timeout(SHORT)) {
            Ok(()) => {}
            Err(LinkError::Timeout | LinkError::Busy) => return sent,
            Err(error) => panic!("a full link is no failure: {error:?}"),
        }
    }
    panic!("a link takes packets without end that nobody receives");
}
