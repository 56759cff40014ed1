//! Plays many seeds, and tells of the first that something is wrong with.
#![forbid(unsafe_code)]

use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use clap::Parser;
use netipc_simulation::{Fault, Run, play};

/// Plays providers and consumers over a network that loses them, by a moved clock, once for each seed. Ends with
/// status 1 at a seed that something is wrong with, and says which.
#[derive(Parser)]
#[command(name = "netipc-simulate", bin_name = "cargo xtask simulate")]
struct Cli {
    /// How many seeds to play
    #[arg(long, value_name = "N", default_value_t = 1000)]
    seeds: u64,
    /// The first of them
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Prints what came of each seed
    #[arg(long)]
    trace: bool,
    /// Something to be wrong, to see that it is found: wrong-answer, forgetful-cache, late-answer or kept-session
    #[arg(long, value_name = "NAME", hide = true)]
    fault: Option<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let fault = match cli.fault.as_deref().map(Fault::named) {
        None => Fault::None,
        Some(Some(fault)) => fault,
        Some(None) => {
            eprintln!("error: there is no such fault");
            return ExitCode::FAILURE;
        }
    };
    let began = Instant::now();
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (sum, wrong) = (Mutex::new(Run::default()), Mutex::new(Vec::new()));
    let jobs = thread::available_parallelism().map_or(1, NonZero::get);
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= cli.seeds {
                return;
            }
            let seed = cli.seed.wrapping_add(number);
            let run = play(seed, fault);
            if cli.trace {
                println!("seed {seed}: trace {:016x}, {run}", run.trace);
            }
            if let Some(why) = &run.wrong {
                stop.store(true, Ordering::Relaxed);
                wrong.lock().expect("no panic").push((seed, why.clone()));
            }
            sum.lock().expect("no panic").add(&run);
        }
    };
    // A thread that panicked, as threads of a simulation that is stuck do, ends this with status 101.
    thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(work))));
    let mut wrong = wrong.into_inner().expect("no panic");
    wrong.sort();
    for (seed, why) in &wrong {
        println!("seed {seed}: {why}\nagain: cargo xtask simulate --seeds 1 --seed {seed}");
    }
    let sum = sum.into_inner().expect("no panic");
    println!("{} seeds in {:.1?}: {sum}", sum.seeds, began.elapsed());
    if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
