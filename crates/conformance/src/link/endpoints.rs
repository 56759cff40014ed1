//! The rules of connecting, listening and choosing the data plane.

use std::io;
use std::thread;

use netipc_transport::link::{
    AttachError, BindError, BindOptions, ConnectError, LinkError, SessionPlan,
};
use netipc_transport::{Abort, Endpoint, Link, Wait};

use crate::process::CONNECTIONS_KEEP_NAMES;

use super::{AT_ONCE, Rig, SHORT, SOON, bytes, hear, say, within};

/// Connecting to nobody says so, and where.
pub fn nobody_is_not_found(rig: &Rig) {
    let connected = rig
        .transport()
        .connect(rig.endpoint(), &Wait::timeout(SOON));
    let error = connected.expect_err("nobody is there");
    assert!(matches!(error, ConnectError::NotFound { .. }), "{error:?}");
    assert!(
        error.to_string().contains(&rig.endpoint().to_string()),
        "names the endpoint: {error}"
    );
}

// Rule L13.
/// A second owner is refused and the first one does not notice.
pub fn an_endpoint_has_one_owner(rig: &Rig) {
    let mut listener = rig.listener();
    assert_eq!(listener.endpoint(), rig.endpoint());
    for _ in 0..3 {
        let second = rig
            .transport()
            .bind(rig.endpoint(), &BindOptions::default());
        let error = second.expect_err("one owner");
        assert!(matches!(error, BindError::AddressInUse { .. }), "{error:?}");
    }
    let _client = rig.connect();
    // Attempts to bind may have knocked before the client.
    let accepted = (0..4).any(|_| {
        listener
            .accept(&Wait::timeout(SOON))
            .is_ok_and(|mut link| link.check().is_ok())
    });
    assert!(accepted, "the first owner goes on");
}

/// The name is free as soon as the listener is gone, also while connections live on; where these keep
/// it, as soon as they are gone, too.
pub fn a_dropped_listener_gives_its_name_back(rig: &Rig) {
    for _ in 0..3 {
        let (mut client, mut server) = rig.baselines();
        assert_eq!(rig.left_behind(), [""; 0], "nothing is left behind");
        if !CONNECTIONS_KEEP_NAMES {
            nobody_is_not_found(rig);
        }
        say(&mut *client, b"lives on");
        assert_eq!(hear(&mut *server), b"lives on");
        drop(server);
        nobody_is_not_found(rig);
    }
}

// Rule L17.
/// Servers that start at the same moment agree on one, which works.
pub fn of_many_starters_one_wins(rig: &Rig) {
    for _ in 0..10 {
        let starters: Vec<_> = thread::scope(|scope| {
            let start = || {
                rig.transport()
                    .bind(rig.endpoint(), &BindOptions::default())
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("a starter"))
                .collect()
        });
        let (mut winners, losers): (Vec<_>, Vec<_>) = starters.into_iter().partition(Result::is_ok);
        for error in losers.into_iter().filter_map(Result::err) {
            assert!(matches!(error, BindError::AddressInUse { .. }), "{error:?}");
        }
        assert_eq!(winners.len(), 1, "one owner");
        let mut listener = winners.pop().expect("the winner").expect("it has bound");
        let _client = rig.connect();
        listener
            .accept(&Wait::timeout(SOON))
            .expect("the winner accepts");
    }
}

/// Accepting ends like every other wait, and goes on afterwards.
pub fn accepting_ends_at_deadline_and_abort(rig: &Rig) {
    let mut listener = rig.listener();
    let accepted = within(SHORT + AT_ONCE, "the timeout", || {
        listener.accept(&Wait::timeout(SHORT))
    });
    assert!(matches!(accepted, Err(LinkError::Timeout)), "{accepted:?}");
    for _ in 0..20 {
        let abort = Abort::new();
        let accepted = thread::scope(|scope| {
            let waiting = scope.spawn(|| listener.accept(&Wait::forever().or_abort(&abort)));
            abort.raise();
            within(AT_ONCE, "the abort", || {
                waiting.join().expect("the listener")
            })
        });
        assert!(matches!(accepted, Err(LinkError::Aborted)), "{accepted:?}");
    }
    let _client = rig.connect();
    listener.accept(&Wait::timeout(SOON)).expect("accept");
}

/// Silent clients delay nobody.
pub fn accepting_never_waits_for_words(rig: &Rig) {
    let mut listener = rig.listener();
    let clients: Vec<_> = (0..4).map(|_| rig.connect()).collect();
    for _ in &clients {
        within(AT_ONCE, "accepting", || {
            listener.accept(&Wait::timeout(SOON)).expect("accept")
        });
    }
}

/// What a client says while it waits to be accepted is heard.
pub fn words_before_the_acceptance_arrive(rig: &Rig) {
    let mut listener = rig.listener();
    let mut client = rig.connect();
    say(&mut *client, b"hello");
    say(&mut *client, b"hello?");
    let mut server = listener.accept(&Wait::timeout(SOON)).expect("accept");
    assert_eq!(hear(&mut *server), b"hello");
    assert_eq!(hear(&mut *server), b"hello?");
}

/// A client that left before it was accepted is a link that ends; the next one is served.
pub fn a_visitor_that_left_harms_nobody(rig: &Rig) {
    let mut listener = rig.listener();
    drop(rig.connect());
    let mut left = listener
        .accept(&Wait::timeout(SOON))
        .expect("it did connect");
    let received = left.receive(&mut [0; 32], &Wait::timeout(SOON));
    assert!(
        matches!(received, Err(LinkError::Disconnected)),
        "{received:?}"
    );
    let mut client = rig.connect();
    let mut server = listener.accept(&Wait::timeout(SOON)).expect("accept");
    say(&mut *client, b"x");
    assert_eq!(hear(&mut *server), b"x");
}

/// A watch tells that the peer has hung up, or that our own end is closed, whoever has the connection.
pub fn a_watch_tells_of_a_hang_up(rig: &Rig) {
    let mut listener = rig.listener();
    let mut ends = || {
        let client = rig.connect();
        let server = listener.accept(&Wait::timeout(SOON)).expect("accept");
        let watch = server.peer_watch().expect("every transport can tell");
        assert!(!watch.has_hung_up());
        (client, server, watch)
    };
    let (client, mut server, watch) = ends();
    drop(client);
    let received = server.receive(&mut [0; 32], &Wait::timeout(SOON));
    assert!(
        matches!(received, Err(LinkError::Disconnected)),
        "{received:?}"
    );
    assert!(watch.has_hung_up(), "the peer has");
    let (_client, server, watch) = ends();
    drop(server);
    assert!(watch.has_hung_up(), "we have");
}

// Rule L12.
/// A connect that has to wait for room ends like every other wait, and succeeds once there is room.
pub fn connecting_to_a_full_backlog_ends_at_deadline_and_abort(rig: &Rig) {
    let mut options = BindOptions::default();
    options.backlog = Some(1);
    let mut listener = rig.listener_with(&options);
    let connect = |wait: &Wait<'_>| rig.transport().connect(rig.endpoint(), wait);
    let mut waiting = Vec::new();
    let full = loop {
        match within(SHORT + AT_ONCE, "connecting", || {
            connect(&Wait::timeout(SHORT))
        }) {
            Ok(client) => waiting.push(client),
            Err(error) => break error,
        }
        assert!(waiting.len() < 20, "a backlog of 1 is full at last");
    };
    assert!(
        matches!(
            full,
            ConnectError::Interrupted {
                source: LinkError::Timeout,
                ..
            }
        ),
        "{full:?}"
    );

    let abort = Abort::new();
    let aborted = thread::scope(|scope| {
        let waiting = scope.spawn(|| connect(&Wait::forever().or_abort(&abort)));
        abort.raise();
        within(AT_ONCE, "the abort", || waiting.join().expect("the client"))
    });
    let aborted = aborted.expect_err("aborted");
    assert!(
        matches!(
            aborted,
            ConnectError::Interrupted {
                source: LinkError::Aborted,
                ..
            }
        ),
        "{aborted:?}"
    );

    thread::scope(|scope| {
        let late = scope.spawn(|| connect(&Wait::timeout(SOON)));
        for _ in 0..=waiting.len() {
            listener.accept(&Wait::timeout(SOON)).expect("accept");
        }
        late.join().expect("the client").expect("there is room now");
    });
}

/// A raised abort stops a connect before it begins.
pub fn a_raised_abort_stops_a_connect(rig: &Rig) {
    let _listener = rig.listener();
    let abort = Abort::new();
    abort.raise();
    let connected = rig
        .transport()
        .connect(rig.endpoint(), &Wait::forever().or_abort(&abort));
    let error = connected.expect_err("aborted");
    assert!(
        matches!(
            error,
            ConnectError::Interrupted {
                source: LinkError::Aborted,
                ..
            }
        ),
        "{error:?}"
    );
}

/// Names that begin alike are different services.
pub fn services_of_one_directory_do_not_meet(rig: &Rig) {
    let other = Endpoint::new(rig.endpoint().run_dir(), "svc-extra").expect("an endpoint");
    let mut listener = rig.listener();
    let mut stranger = rig
        .transport()
        .bind(&other, &BindOptions::default())
        .expect("bind");
    let mut client = rig.connect();
    say(&mut *client, b"for svc");
    let accepted = stranger.accept(&Wait::timeout(SHORT));
    assert!(matches!(accepted, Err(LinkError::Timeout)), "{accepted:?}");
    let mut server = listener.accept(&Wait::timeout(SOON)).expect("accept");
    assert_eq!(hear(&mut *server), b"for svc");
}

/// The tests' own user may talk to itself.
pub fn our_own_user_is_allowed(rig: &Rig) {
    let (client, server) = rig.baselines();
    assert!(
        server.peer_allowed(),
        "the client, of {:?}",
        server.info().peer
    );
    assert!(
        client.peer_allowed(),
        "the server, of {:?}",
        client.info().peer
    );
    let own = std::process::id();
    assert!(
        server.info().peer.pid.is_none_or(|pid| pid == own),
        "{:?}",
        server.info().peer
    );
}

// Rule L9.
/// The packet size to propose is one that both directions carry.
pub fn the_packet_size_is_carried_both_ways(rig: &Rig) {
    let (mut client, mut server) = rig.baselines();
    let size = client.packet_size().min(server.packet_size()) as usize;
    assert!(size > 32, "room for a header and a byte");
    let packet = bytes(size, 5);
    say(&mut *client, &packet);
    assert!(hear(&mut *server) == packet, "towards the server");
    say(&mut *server, &packet);
    assert!(hear(&mut *client) == packet, "towards the client");
}

/// Without an offer the baseline goes on, whatever was said on it before.
pub fn a_baseline_without_an_offer_is_the_data_plane(rig: &Rig) {
    let (mut client, mut server) = rig.baselines();
    say(&mut *client, b"before");
    assert_eq!(hear(&mut *server), b"before");
    let kind = server.info().kind;
    let (mut client, mut server) = (client.into_link(), server.switch());
    assert_eq!(server.info().kind, kind);
    say(&mut *client, b"after");
    assert_eq!(hear(&mut *server), b"after");
}

/// A second offer replaces the first; where nothing can be offered, the baseline goes on.
pub fn an_offer_is_kept_or_harmless(rig: &Rig) {
    let (client, mut server) = rig.baselines();
    for session_id in [1, 2, 2] {
        if let Err(error) = server.offer(&plan(session_id)) {
            assert_eq!(error.kind(), io::ErrorKind::Unsupported, "{error:?}");
            converse(client.into_link(), server.switch());
            return;
        }
    }
    assert!(
        rig.left_behind().len() <= 1,
        "one region: {:?}",
        rig.left_behind()
    );
    let client = client
        .attach(&plan(2), &Wait::timeout(SOON))
        .expect("attach");
    converse(client, server.switch());
    assert_eq!(rig.left_behind(), [""; 0], "nothing is left behind");
}

/// A client that has been accepted may ask before the server has switched.
pub fn a_request_may_precede_the_switch(rig: &Rig) {
    let (client, mut server) = rig.baselines();
    let mut client = match server.offer(&plan(1)) {
        Ok(()) => client
            .attach(&plan(1), &Wait::timeout(SOON))
            .expect("attach"),
        Err(_) => client.into_link(),
    };
    say(&mut *client, b"already");
    assert_eq!(hear(&mut *server.switch()), b"already");
}

/// A region that was never offered is not usable, and that is known in bounded time.
pub fn a_missing_region_is_not_usable(rig: &Rig) {
    let (client, _server) = rig.baselines();
    let attached = within(SOON, "giving up", || {
        client.attach(&plan(9), &Wait::forever())
    });
    let error = attached.expect_err("there is none");
    assert!(matches!(error, AttachError::Unusable { .. }), "{error:?}");
}

fn converse(mut client: Box<dyn Link>, mut server: Box<dyn Link>) {
    say(&mut *client, b"question");
    assert_eq!(hear(&mut *server), b"question");
    say(&mut *server, b"answer");
    assert_eq!(hear(&mut *client), b"answer");
}

fn plan(session_id: u64) -> SessionPlan {
    SessionPlan {
        session_id,
        profile: 0x02,
        auth_token: 7,
        request_bytes: 100,
        response_bytes: 1000,
    }
}
