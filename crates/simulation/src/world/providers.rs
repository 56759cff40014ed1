//! Providers: lives one after another, each ended in one of the ways there are.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use netipc::service::Service;
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::service::increment::{self, Increment};
use netipc::{Handler, HandlerFailed, Server, ServerConfig, simple_hash};
use netipc_transport::clock::{self, Newcomer};
use netipc_transport::simulation::{elapsed, random};

use super::{CALM, DIR, Fault, NOTICED, World, pause, sleep};

/// The endpoints.
pub(super) const NUMBERS: &str = "numbers";
pub(super) const SNAPSHOTS: &str = "snapshots";

/// Longest life of a provider in trouble, and how long there is none.
const LIFE: Duration = Duration::from_secs(6);
const DEATH: Duration = Duration::from_secs(2);
/// How long a handler may take.
const THOUGHT: Duration = Duration::from_millis(40);

/// Increments numbers.
pub(super) fn numbers(world: &World) {
    let fault = world.fault;
    live(world, NUMBERS, |_life| {
        Handler::<Increment>::new(move |n, answer| {
            think()?;
            let wrong = u64::from(fault == Fault::WrongAnswer && random(20) == 0);
            answer.put(&(increment::next(*n) + wrong))?;
            Ok::<_, HandlerFailed>(())
        })
    });
}

/// Gives snapshots, of a new generation in every life.
pub(super) fn snapshots(world: &World) {
    live(world, SNAPSHOTS, |life| {
        Handler::<CgroupsSnapshot>::new(move |_request, answer| {
            think()?;
            answer.set_header(u32::from(life % 2 == 1), life);
            for index in 0..items(life) {
                let name = name(life, index);
                let hash = simple_hash(name.as_bytes());
                answer.add(hash, index, 1, name.as_bytes(), b"/")?;
            }
            Ok::<_, HandlerFailed>(())
        })
    });
}

/// How many items a generation has, and their names.
pub(super) fn items(generation: u64) -> u32 {
    u32::try_from(generation * 7 % 30).unwrap_or_default()
}

pub(super) fn name(generation: u64, index: u32) -> String {
    format!("cgroup-{generation}-{index}")
}

/// Sometimes takes its time, and sometimes fails.
fn think() -> Result<(), &'static str> {
    if random(4) == 0 {
        pause(THOUGHT);
    }
    if random(50) == 0 {
        Err("it fails sometimes")
    } else {
        Ok(())
    }
}

fn live<S: Service>(world: &World, name: &str, handler: impl Fn(u64) -> Handler<S>) {
    for life in 1.. {
        let net = world.net.for_process();
        let config = ServerConfig {
            auth_token: 1,
            ..ServerConfig::default()
        };
        let handler = handler(life);
        let server = Server::with_workers(DIR, name, config, handler, world.workers)
            .over(Arc::new(net.clone()));
        let was_calm = world.is_calm();
        let ran = thread::scope(|scope| {
            let newcomer = Newcomer::new();
            let running = scope.spawn(|| newcomer.run(|| server.run()));
            if was_calm {
                stay_to_the_end(world, name, &server);
                server.stop();
            } else {
                pause(LIFE);
                end(&server, || net.kill());
            }
            clock::before_joining();
            running.join()
        });
        world.note(|run| run.lives += 1);
        match ran {
            Ok(Ok(())) => {}
            Ok(Err(error)) => world.hold(Err(netipc::chain(&error))),
            Err(_panic) => world.hold(Err(format!("the server of {name} panicked"))),
        }
        let left = server.stats().sessions_now;
        if left > 0 {
            world.hold(Err(format!(
                "{left} sessions of {name} outlive their server"
            )));
        }
        if was_calm {
            return;
        }
        if !world.is_calm() {
            pause(DEATH);
        }
    }
}

/// In one of the ways that there are.
fn end<S: Service>(server: &Server<S>, kill: impl FnOnce()) {
    match random(3) {
        0 => {
            kill();
            server.stop();
        }
        1 => server.stop(),
        _ => {
            server.drain(Duration::from_millis(random(500)));
        }
    }
}

/// Serves until the last consumer has left, and sees its session end.
fn stay_to_the_end<S: Service>(world: &World, name: &str, server: &Server<S>) {
    let began = elapsed();
    while world.present.load(Ordering::Relaxed) > 0 {
        if elapsed() - began > CALM * 2 {
            world.hold(Err(format!("consumers stay at {name} for ever")));
            return;
        }
        sleep(Duration::from_millis(50));
    }
    sleep(NOTICED);
    let left = server.stats().sessions_now;
    if left > 0 {
        world.hold(Err(format!(
            "{left} sessions of {name} are there without their clients"
        )));
    }
}
