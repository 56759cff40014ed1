//! Random lives of an enricher, held step by step against a plain model of its rules.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::config::EnricherConfig;
use super::super::stats::EnricherStats;
use super::plain::Plain;
use super::sim::{Rig, Says};

/// Keys are few, so that they meet.
const PIDS: u32 = 10;

#[derive(Clone, Debug)]
enum Op {
    Get(u32, u64),
    Step,
    /// Somebody waits for this key.
    Now(u32),
    Pass(u64),
    /// The provider says something else, as another generation or not.
    Change(u32, Says, bool),
    /// Another process, or the same, or one that is not told, with a generation.
    Restart(u32, u64),
    HangUp,
    Stop,
    Pin(u32),
    Unpin(u32),
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    let says = prop_oneof![
        4 => (0_u64..3, 0_u32..5).prop_map(|(starttime, name)| Says::Known { starttime, name }),
        2 => (0_u64..3).prop_map(|starttime| Says::CgroupLater { starttime }),
        2 => Just(Says::Unknown),
        1 => Just(Says::Oversized),
    ];
    prop_oneof![
        10 => (0..PIDS, 0_u64..3).prop_map(|(pid, identity)| Op::Get(pid, identity)),
        8 => Just(Op::Step),
        2 => (0..PIDS).prop_map(Op::Now),
        4 => prop_oneof![
            2 => 1_u64..2500,
            // Just when something is due.
            2 => prop_oneof![Just(500), Just(1000), Just(8000), Just(9000), Just(20_000)],
            1 => 2500_u64..25_000,
        ]
        .prop_map(Op::Pass),
        4 => (0..PIDS, says, any::<bool>()).prop_map(|(pid, says, moves)| Op::Change(pid, says, moves)),
        1 => (0_u32..3, 0_u64..6).prop_map(|(pid, generation)| Op::Restart(pid, generation)),
        1 => Just(Op::HangUp),
        1 => Just(Op::Stop),
        2 => (0..PIDS).prop_map(Op::Pin),
        2 => (0..PIDS).prop_map(Op::Unpin),
        1 => Just(Op::Close),
    ]
}

fn config() -> impl Strategy<Value = EnricherConfig> {
    (1_usize..12, prop_oneof![1_usize..12, Just(100)]).prop_map(|(capacity, intake)| {
        EnricherConfig {
            capacity,
            intake,
            batch: 64,
            retry: Duration::from_secs(1),
            retry_most: Duration::from_secs(9),
            max_age: Duration::from_secs(20),
            backoff_first: Duration::from_secs(1),
            backoff_most: Duration::from_secs(4),
        }
    })
}

/// What depends on no clock but the moved one, and on no layout.
fn summary(stats: EnricherStats) -> EnricherStats {
    EnricherStats {
        bytes: 0,
        latency: [0; 8],
        latency_sum_us: 0,
        ..stats
    }
}

fn round(rig: &mut Rig, model: &mut Plain) -> Result<(), TestCaseError> {
    rig.calls();
    // A round changes nothing of the provider but its session, which the model foresees.
    let before = rig.provider().clone();
    rig.step();
    let calls = rig.calls();
    let expected = model.step(rig.now(), &before, &calls);
    prop_assert_eq!(calls, expected);
    Ok(())
}

fn live(config: EnricherConfig, ops: Vec<Op>) -> Result<(), TestCaseError> {
    let mut rig = Rig::new(config.clone());
    let mut model = Plain::new(config);
    let mut pins: BTreeMap<u32, Vec<_>> = BTreeMap::new();
    for op in ops {
        match op.clone() {
            Op::Get(pid, identity) => {
                let expected = model.get(rig.now(), pid, identity);
                prop_assert_eq!(rig.get_as(pid, identity), expected);
            }
            Op::Step => round(&mut rig, &mut model)?,
            Op::Now(pid) => {
                if !rig.reader.want_now(&[pid]).is_empty() {
                    rig.core.shared.impatient.store(true, Ordering::Relaxed);
                }
                model.want_now(pid);
                round(&mut rig, &mut model)?;
            }
            Op::Pass(ms) => rig.pass_ms(ms),
            Op::Change(pid, says, moves) => {
                let mut provider = rig.provider();
                provider.says.insert(pid, says);
                provider.generation += u64::from(moves);
            }
            Op::Restart(pid, generation) => {
                rig.provider().stop();
                rig.provider().start(pid, generation);
            }
            Op::HangUp => rig.provider().hang_up(),
            Op::Stop => rig.provider().stop(),
            Op::Pin(pid) => {
                pins.entry(pid).or_default().push(rig.reader.pin(pid));
                model.pin(pid);
            }
            Op::Unpin(pid) => {
                if pins.get_mut(&pid).and_then(Vec::pop).is_some() {
                    model.unpin(pid);
                }
            }
            Op::Close => {
                rig.core.close();
                model.close();
            }
        }
        prop_assert_eq!(summary(rig.stats()), model.summary(), "after {:?}", op);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_step_is_as_the_model_has_it(config in config(), ops in vec(op(), 1..150)) {
        live(config, ops)?;
    }
}
