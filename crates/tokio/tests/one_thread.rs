//! One thread serves and asks fifty clients. Alone in its program, as it counts threads.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what fails is a failed test")]

mod common;

use common::{Stage, run};

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn fifty_clients_and_their_server_share_one_thread() {
    const CLIENTS: u64 = 50;
    let stage = Stage::new();
    let before = threads();
    run(async {
        let mut server = stage.server(50);
        let mut asking = tokio::task::JoinSet::new();
        for number in 0..CLIENTS {
            let mut client = stage.client();
            asking.spawn(async move {
                while !client.refresh().await {}
                for n in 0..20 {
                    assert_eq!(
                        client.call(&(number * 100 + n)).await.unwrap(),
                        number * 100 + n + 1
                    );
                }
                // The sessions are all there at once.
                client
            });
        }
        let answered = async {
            let mut clients = Vec::new();
            while let Some(client) = asking.join_next().await {
                clients.push(client.unwrap());
            }
            (clients.len(), threads())
        };
        tokio::select! {
            ended = server.run() => panic!("{ended:?}"),
            (clients, now) = answered => assert_eq!((clients, now), (50, before)),
        }
        assert_eq!(server.counts().ok, 50 * 20);
    });
}
