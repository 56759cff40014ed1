//! Runs fuzz targets: `cargo xtask fuzz`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;
use netipc_fuzz::{Runner, Target, targets, unhex, write_corpus};

/// Feeds targets with inputs that are made of golden ones, until the time is over or one fails.
#[derive(Parser)]
#[command(bin_name = "cargo xtask fuzz")]
struct Options {
    /// Which targets; all of them where none is named.
    targets: Vec<String>,
    /// How long each is fed.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    seconds: f64,
    /// What the inputs are made from; the clock says where nothing is given.
    #[arg(long)]
    seed: Option<u64>,
    /// Try this one input instead: hex digits, or @ and the name of a file.
    #[arg(long, value_name = "HEX")]
    input: Option<String>,
    /// Add inputs that brought something new to the committed corpus.
    #[arg(long)]
    keep: bool,
    /// Write the corpus of each target to a directory of files below this one, as libFuzzer wants it.
    #[arg(long, value_name = "DIR")]
    unpack: Option<PathBuf>,
    /// Print the names of the targets.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut chosen = targets();
    for name in &options.targets {
        if !chosen.iter().any(|target| target.name() == name) {
            return Err(format!("no target is called {name:?}: see --list").into());
        }
    }
    if !options.targets.is_empty() {
        chosen.retain(|target| options.targets.iter().any(|name| name == target.name()));
    }
    if options.list {
        chosen
            .iter()
            .for_each(|target| println!("{}", target.name()));
    } else if let Some(input) = &options.input {
        let input = match input.strip_prefix('@') {
            Some(file) => std::fs::read(file)?,
            None => unhex(input).ok_or("the input is no hex digits")?,
        };
        for target in &chosen {
            println!("{}: {:?}", target.name(), target.run(&input));
        }
    } else if let Some(dir) = &options.unpack {
        for target in &chosen {
            unpack(target, &dir.join(target.name()))?;
        }
    } else {
        return feed(&chosen, options);
    }
    Ok(ExitCode::SUCCESS)
}

fn feed(chosen: &[Target], options: &Options) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let clock = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs())
    };
    let seed = options.seed.unwrap_or_else(clock);
    let time = Duration::try_from_secs_f64(options.seconds)?;
    println!("seed {seed}, {} s each", options.seconds);
    let mut failed = 0;
    for target in chosen {
        match Runner::new(target, seed).for_time(time) {
            Ok(report) => {
                let (rounds, seen, new) = (report.rounds, report.seen, report.found.len());
                println!(
                    "{:24} {rounds:>10} inputs, {seen:>5} things came up, {new} of them new",
                    target.name()
                );
                if options.keep {
                    write_corpus(target.name(), &report.found)?;
                }
            }
            Err(crash) => {
                println!("{crash}");
                failed += 1;
            }
        }
    }
    println!("{} targets, {failed} failed", chosen.len());
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn unpack(target: &Target, dir: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let kept = netipc_fuzz::read_corpus(target.name());
    for (number, input) in target.seeds().iter().chain(&kept).enumerate() {
        std::fs::write(dir.join(format!("seed-{number}")), input)?;
    }
    Ok(())
}
