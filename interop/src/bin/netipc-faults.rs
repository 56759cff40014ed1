//! Has system calls of peers fail, all in turn, and tells what came of each.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    sweep::run()
}

#[cfg(target_os = "linux")]
mod sweep {
    use std::process::ExitCode;
    use std::time::Instant;

    use clap::Parser;
    use netipc_interop::faults::{Side, Subject, once, refused};
    use netipc_interop::language::{Language, Peers};
    use netipc_interop::platform::Platform;

    /// Has every system call of the library fail, in turn and for good, in real processes of every language. Ends
    /// with status 1 where something is not as it has to be.
    #[derive(Parser)]
    #[command(name = "netipc-faults", bin_name = "cargo xtask faults")]
    struct Cli {
        /// Only subjects with TEXT in their names: "go server", "profile 0x10"
        #[arg(long, value_name = "TEXT", default_value = "")]
        only: String,
    }

    pub(super) fn run() -> ExitCode {
        let cli = Cli::parse();
        let peers = Peers::of(Platform::native());
        let mut code = ExitCode::SUCCESS;
        for language in Language::ALL {
            for side in [Side::Server, Side::Client] {
                for profile in [1, 2, 4, 16] {
                    let subject = Subject {
                        language,
                        side,
                        profile,
                    };
                    if !subject.to_string().contains(&cli.only) {
                        continue;
                    }
                    for (how, sweep) in [("once", once as fn(&_, _) -> _), ("for good", refused)] {
                        let began = Instant::now();
                        match sweep(&peers, subject) {
                            Ok(tally) => {
                                println!(
                                    "{subject}, {how}, in {:.1?}:\n{tally}\n",
                                    began.elapsed()
                                );
                            }
                            Err(error) => {
                                println!("{subject}, {how}: {error}\n");
                                code = ExitCode::FAILURE;
                            }
                        }
                    }
                }
            }
        }
        code
    }
}

#[cfg(not(target_os = "linux"))]
mod sweep {
    use std::process::ExitCode;

    pub(super) fn run() -> ExitCode {
        eprintln!("netipc-faults: only Linux has what makes system calls fail");
        ExitCode::FAILURE
    }
}
