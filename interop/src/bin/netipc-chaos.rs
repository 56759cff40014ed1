//! Kills, stops, restarts and starves providers and consumers of every service, and tells what came of it.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    chaos::main()
}

#[cfg(target_os = "linux")]
mod chaos {
    use std::process::ExitCode;
    use std::time::{Duration, Instant};

    use clap::Parser;
    use netipc_interop::chaos::{Options, run};
    use netipc_interop::language::Peers;
    use netipc_interop::platform::Platform;

    /// Runs providers and consumers of every service in Rust, C and Go over every transport while they are killed,
    /// stopped, restarted and starved. Ends with status 1 at the first thing that is wrong.
    #[derive(Parser)]
    #[command(name = "netipc-chaos", bin_name = "cargo xtask chaos")]
    struct Cli {
        /// For how many minutes, in rounds of ten seconds and more
        #[arg(long, value_name = "N", default_value_t = 1.0)]
        minutes: f64,
        /// What decides what is done to whom
        #[arg(long, value_name = "S", default_value_t = 0)]
        seed: u64,
        /// Tells what came of every round
        #[arg(long)]
        rounds: bool,
    }

    pub(super) fn main() -> ExitCode {
        let cli = Cli::parse();
        let Ok(duration) = Duration::try_from_secs_f64(cli.minutes * 60.0) else {
            eprintln!("error: {} minutes are no time", cli.minutes);
            return ExitCode::FAILURE;
        };
        let peers = Peers::of(Platform::native());
        let options = Options {
            duration,
            seed: cli.seed,
        };
        let began = Instant::now();
        let ran = run(&peers, options, |report| {
            if cli.rounds {
                println!("{report}\n");
            }
        });
        let lasted = began.elapsed();
        match ran {
            Ok(report) => {
                println!("seed {}, {lasted:.1?}, {report}", cli.seed);
                ExitCode::SUCCESS
            }
            Err(error) => {
                println!("seed {}, after {lasted:.1?}: {error}", cli.seed);
                ExitCode::FAILURE
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod chaos {
    use std::process::ExitCode;

    pub(super) fn main() -> ExitCode {
        eprintln!("netipc-chaos: its peers are killed and starved in the way of Linux");
        ExitCode::FAILURE
    }
}
