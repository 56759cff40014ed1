//! A consumer that lives: it asks whenever it is told, whatever becomes of its provider meanwhile.

use std::io;
use std::time::Instant;

use netipc::service::Service;
use netipc::service::cgroups::CgroupsCache;
use netipc::service::increment::Increment;
use netipc::service::string_reverse::StringReverse;
use netipc::transport::link::LinkKind;
use netipc::{Client, ClientStatus};
use netipc_interop::data::Snapshot;
use netipc_interop::known_lookups;

use super::serve::{Kind, tell};
use super::{Options, Wrong, calls, check, lives};

macro_rules! askers {
    ($($lookup:ident: $service:path;)+) => {
        /// Who asks.
        enum Asker {
            Increment(Client<Increment>),
            Reverse(Client<StringReverse>),
            Snapshot(CgroupsCache),
            $($lookup(Client<$service>),)+
        }

        impl Asker {
            fn new(kind: Kind, options: &Options) -> Self {
                match kind {
                    Kind::Increment => Self::Increment(check::client(options)),
                    Kind::StringReverse => Self::Reverse(check::client(options)),
                    Kind::CgroupsSnapshot => Self::Snapshot(CgroupsCache::new(
                        &options.run_dir,
                        &options.service,
                        options.client_config(),
                    )),
                    $(Kind::$lookup => Self::$lookup(check::client(options)),)+
                }
            }

            /// Connects where it has to, once, and asks.
            fn ask(&mut self, options: &Options) -> Result<(), Wrong> {
                match self {
                    Self::Increment(client) => {
                        connect(client)?;
                        calls::ask_increments(client, options)
                    }
                    Self::Reverse(client) => {
                        connect(client)?;
                        calls::ask_reversed(client, options)
                    }
                    Self::Snapshot(cache) => refresh(cache, options),
                    $(Self::$lookup(client) => {
                        connect(client)?;
                        calls::ask_items(client, options)
                    })+
                }
            }

            fn status(&self) -> ClientStatus {
                match self {
                    Self::Increment(client) => client.status(),
                    Self::Reverse(client) => client.status(),
                    Self::Snapshot(cache) => cache.client_status(),
                    $(Self::$lookup(client) => client.status(),)+
                }
            }

            /// Ends its session; asking makes the next one. What a cache has goes with it.
            fn leave(&mut self) {
                match self {
                    Self::Increment(client) => client.close(),
                    Self::Reverse(client) => client.close(),
                    Self::Snapshot(cache) => cache.close(),
                    $(Self::$lookup(client) => client.close(),)+
                }
            }
        }
    };
}

known_lookups!(askers);

/// Does what each line of the input says until it ends.
pub(super) fn run(kind: Kind, options: &Options) -> Result<(), Wrong> {
    let mut asker = Asker::new(kind, options);
    tell("READY")?;
    for line in io::stdin().lines() {
        let line = line?;
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["leave"] => {
                asker.leave();
                tell("LEFT")?;
            }
            ["ask", first, count] => {
                let options = Options {
                    first: first.parse()?,
                    count: count.parse()?,
                    ..options.clone()
                };
                let began = Instant::now();
                let asked = asker.ask(&options);
                let took = began.elapsed().as_millis();
                tell(&outcome(&asked, &asker.status(), took))?;
            }
            _ => return Err(Wrong(format!("cannot do {line:?}"))),
        }
    }
    asker.leave();
    Ok(())
}

/// A comparison that failed is a wrong answer; anything else was no answer.
fn outcome(asked: &Result<(), Wrong>, status: &ClientStatus, took: u128) -> String {
    let transport = match status.session.map(|session| session.transport) {
        Some(LinkKind::SharedMemory) => "shm",
        Some(_) => "socket",
        None => "none",
    };
    match asked {
        Ok(()) => format!("RIGHT {took} {transport}"),
        Err(Wrong(why)) => {
            let word = if why.contains(" instead of ") {
                "WRONG"
            } else {
                "FAILED"
            };
            format!("{word} {took} {}", why.replace('\n', " "))
        }
    }
}

fn connect<S: Service>(client: &mut Client<S>) -> Result<(), Wrong> {
    client.refresh();
    match client.open_error() {
        Some(error) if !client.ready() => Err(Wrong(netipc::chain(error))),
        _ => Ok(()),
    }
}

/// Refreshes, and looks at everything in the cache: after a failure it has what it had before.
fn refresh(cache: &mut CgroupsCache, options: &Options) -> Result<(), Wrong> {
    let before = cache.read().generation();
    let had_any = cache.ready();
    let refreshed = cache.try_refresh();
    let now = cache.read().generation();
    if refreshed.is_err() {
        super::same("the generation after a failure", now, before)?;
        super::same(
            "whether there is data after a failure",
            cache.ready(),
            had_any,
        )?;
    }
    if cache.ready() {
        let kept = Snapshot {
            generation: now,
            ..options.snapshot()
        };
        lives::holds(cache, &kept)?;
    }
    Ok(refreshed?)
}
