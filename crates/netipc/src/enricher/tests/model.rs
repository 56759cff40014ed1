//! Random lives of an enricher, held against what it promises, with calls of few keys.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::config::EnricherConfig;
use super::super::outcome::{Missing, StepEnd};
use super::sim::{Rig, Says, shown};

/// Keys are few, so that they meet.
const PIDS: u32 = 12;

#[derive(Clone, Debug)]
enum Op {
    Get(u32),
    Step,
    Pass(u64),
    Change(u32, Says),
    Restart,
    Stop,
    Pin(u32),
    Unpin(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let says = prop_oneof![
        4 => (1_u64..4, 0_u32..5).prop_map(|(starttime, name)| Says::Known { starttime, name }),
        1 => (1_u64..4).prop_map(|starttime| Says::CgroupLater { starttime }),
        2 => Just(Says::Unknown),
        1 => Just(Says::Oversized),
    ];
    prop_oneof![
        8 => (0..PIDS).prop_map(Op::Get),
        5 => Just(Op::Step),
        3 => prop_oneof![1_u64..3000, Just(61_000_u64), Just(700_000_u64)].prop_map(Op::Pass),
        4 => (0..PIDS, says).prop_map(|(pid, says)| Op::Change(pid, says)),
        1 => Just(Op::Restart),
        1 => Just(Op::Stop),
        1 => (0..PIDS).prop_map(Op::Pin),
        1 => (0..PIDS).prop_map(Op::Unpin),
    ]
}

/// What is true of a key, whatever the enricher does.
#[derive(Debug, Default)]
struct Truth {
    /// Everything that the provider ever said, with when it stopped being so.
    said: HashMap<u32, Vec<Says>>,
}

impl Truth {
    /// Whether what a look gave is something that the provider said once, and of this key.
    fn allows(&self, pid: u32, got: &Result<String, Missing>) -> bool {
        let mut said = self
            .said
            .get(&pid)
            .into_iter()
            .flatten()
            .copied()
            .chain([Says::Unknown]);
        match got {
            Ok(name) => said.any(|says| shown(says, pid).as_ref() == Some(name)),
            Err(Missing::Oversized) => said.any(|says| says == Says::Oversized),
            Err(Missing::ForNow { .. }) => said.any(|says| says == Says::Unknown),
            Err(Missing::Queued | Missing::Pending | Missing::Absent) => true,
            Err(_) => false,
        }
    }
}

fn live(capacity: usize, ops: Vec<Op>) -> Result<(), TestCaseError> {
    let mut rig = Rig::new(EnricherConfig {
        capacity,
        batch: 4,
        ..EnricherConfig::default()
    });
    let (mut truth, mut pins, mut wanted) = (Truth::default(), HashMap::new(), 0);
    let mut next_pid = 100;
    for op in ops {
        match op {
            Op::Get(pid) => {
                let got = rig.get(pid);
                prop_assert!(truth.allows(pid, &got), "{pid}: {got:?}");
                wanted += 1;
            }
            Op::Step => {
                let up = rig.provider().up;
                let step = rig.step();
                if up && step.end == StepEnd::Idle {
                    prop_assert_eq!(step.waiting, 0);
                }
                if !up {
                    prop_assert_eq!(step.end, StepEnd::Absent);
                }
            }
            Op::Pass(ms) => rig.pass_ms(ms),
            Op::Change(pid, says) => {
                rig.provider().says.insert(pid, says);
                rig.provider().generation += 1;
                truth.said.entry(pid).or_default().push(says);
            }
            Op::Restart => {
                next_pid += 1;
                rig.provider().stop();
                rig.provider().start(next_pid, 1);
            }
            Op::Stop => rig.provider().stop(),
            Op::Pin(pid) => {
                pins.insert(pid, rig.reader.pin(pid));
            }
            Op::Unpin(pid) => drop(pins.remove(&pid)),
        }
        let stats = rig.stats();
        prop_assert!(stats.entries <= (capacity + PIDS as usize) as u64);
        prop_assert_eq!(stats.pinned, pins.len() as u64);
        prop_assert!(stats.requested == stats.answered + stats.failed + stats.timed_out);
        let looks = stats.hits + stats.misses.iter().sum::<u64>();
        prop_assert_eq!(looks, wanted);
    }
    come_to_rest(rig, capacity)
}

/// Whatever came before: with a provider that stays, every key gets its newest answer.
fn come_to_rest(mut rig: Rig, capacity: usize) -> Result<(), TestCaseError> {
    rig.provider().stop();
    rig.step();
    rig.provider().start(99, 1);
    rig.pass_ms(31_000);
    for pid in 0..PIDS.min(u32::try_from(capacity).unwrap()) {
        for _ in 0..3 {
            // What is due is asked once it is used; a round later it is answered.
            let _ = rig.get(pid);
            rig.step();
        }
        let says = rig.provider().answer(pid);
        let got = rig.get(pid);
        match shown(says, pid) {
            Some(name) => prop_assert_eq!(got, Ok(name), "{} says {:?}", pid, says),
            None if says == Says::Oversized => prop_assert_eq!(got, Err(Missing::Oversized)),
            None => prop_assert!(matches!(got, Err(Missing::ForNow { .. })), "{pid}: {got:?}"),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_life_keeps_the_promises(capacity in 1_usize..20, ops in vec(op(), 1..120)) {
        live(capacity, ops)?;
    }
}
