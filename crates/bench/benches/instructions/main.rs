//! Counts the instructions of codecs, cache, enricher and session, and holds them against the stored counts.
//!
//! ```text
//! cargo bench -p netipc-bench                    compares; fails when a case takes 3 % more
//! cargo bench -p netipc-bench -- cache           only the cases whose names contain `cache`
//! cargo bench -p netipc-bench -- --update        stores what was counted
//! ```
//!
//! Each case runs in a process of its own under valgrind, so that no case changes another one's
//! heap. `cargo test --benches` runs every case once, without counting.
#![forbid(unsafe_code)]

mod cache;
mod case;
mod codec;
mod count;
mod enricher;
mod session;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;
use netipc::chain;
use netipc_bench::gate::{self, Counts, Verdict};

use case::Case;

const STORED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.json");
const UPDATE: &str = "cargo bench -p netipc-bench -- --update";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("instructions: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

#[derive(clap::Parser)]
struct Options {
    /// Counts, as cargo bench asks for.
    #[arg(long = "bench")]
    count: bool,
    /// Stores what was counted.
    #[arg(long)]
    update: bool,
    /// The case to run in this process, as the counting process asks for it.
    #[arg(long)]
    case: Option<String>,
    /// What the names of the cases contain.
    #[arg(default_value = "")]
    filter: String,
}

fn run() -> Result<bool, Box<dyn Error>> {
    let options = Options::parse();
    let mut cases = codec::cases();
    cases.extend(cache::cases());
    cases.extend(enricher::cases());
    cases.extend(session::cases());
    if let Some(name) = options.case {
        let case = cases.iter().find(|case| case.name == name);
        count::run(case.ok_or_else(|| format!("no case {name}"))?);
        return Ok(true);
    }
    cases.retain(|case| case.name.contains(&options.filter));
    if cases.is_empty() {
        return Err(format!("no case contains {}", options.filter).into());
    }
    if !options.count {
        cases.iter().for_each(Case::run_once);
        println!("{} cases ran once; cargo bench counts", cases.len());
        return Ok(true);
    }
    gate(&cases, &options)
}

/// Counts the cases, and compares or stores the counts. Whether nothing got worse.
fn gate(cases: &[Case], options: &Options) -> Result<bool, Box<dyn Error>> {
    let path = Path::new(STORED);
    let mut stored = gate::read(path)?;
    let platform = count::platform()?;
    if let Some(why) = count::hindrance()? {
        println!("SKIPPED the instruction counts: {why}");
        return Ok(!options.update);
    }
    if !stored.contains_key(&platform) && !options.update {
        println!("SKIPPED the instruction counts: none are stored for {platform}; store: {UPDATE}");
        return Ok(true);
    }
    let mut counted = Counts::new();
    for case in cases {
        counted.insert(case.name.clone(), count::count(case)?);
    }
    let known = stored.entry(platform.clone()).or_default();
    let mut selected = known.clone();
    selected.retain(|case, _| case.contains(&options.filter));
    let lines = gate::compare(&selected, &counted);
    let table = gate::table(&lines);
    println!("instructions for one key, item, lookup or message, {platform}\n\n{table}");
    if options.update {
        gate::store(known, &options.filter, counted);
        gate::write(&stored, path)?;
        println!("stored in crates/bench/benches/instructions.json");
        return Ok(true);
    }
    if lines.iter().any(|line| line.verdict() != Verdict::Same) {
        println!("where this is meant to be, store it: {UPDATE}");
    }
    Ok(!lines.iter().any(|line| line.verdict().fails()))
}
