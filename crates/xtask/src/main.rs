//! `cargo xtask`: what the C library takes beyond `cargo build`.

use std::error::Error as _;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use netipc_xtask::{
    Covered, Error, FuzzOptions, Options, Profile, Target, TestOptions, Wine, bench, coverage,
    end_in_order, fuzz, headers, install, list_fuzz_targets, sbom, show_coverage, trial, uninstall,
};

/// What the C library takes beyond cargo build.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    /// Write the C headers from the sources of crates/capi.
    Headers {
        /// Write nothing; fail where the committed headers differ.
        #[arg(long)]
        check: bool,
    },
    /// Build the C library and install it with its headers, pkg-config and CMake files; and the program
    /// with its manual pages, and what completes its commands in bash, zsh and fish.
    Install(Install),
    /// Remove what install has put below a prefix, of any version.
    Uninstall(Uninstall),
    /// Install what the tests need, as far as it may, and run them all, out of the way of everything
    /// else on this machine. Ends with what ran, and with what was skipped and why.
    Test {
        /// Run only steps with TEXT in their names.
        #[arg(
            long,
            value_name = "TEXT",
            default_value = "",
            hide_default_value = true
        )]
        only: String,
        /// Run what else a change has to pass: format, lints, docs, versions, sizes, counts.
        #[arg(long)]
        checks: bool,
        /// Print the names of the steps and run nothing.
        #[arg(long)]
        list: bool,
        /// Install what is missing, say what still is, and run nothing.
        #[arg(long)]
        set_up_only: bool,
        /// Install nothing.
        #[arg(long)]
        no_install: bool,
        /// Run at the priority that this command was started with.
        #[arg(long)]
        no_nice: bool,
    },
    /// Feed the fuzz targets of Rust, C and Go with inputs that are made of golden ones, each for a while. A failure
    /// prints the input, and the command that tries it again.
    Fuzz(Fuzz),
    /// Run the tests of the crates and packages that count, and tell how much of each they run. Fails where that is too
    /// little.
    Coverage {
        /// Go alone.
        #[arg(long, conflicts_with = "rust")]
        go: bool,
        /// Rust alone, for which cargo-llvm-cov is needed.
        #[arg(long)]
        rust: bool,
    },
    /// Print what the crates, the C library and the Go module are made of, as CycloneDX in JSON.
    Sbom,
    /// Build the program and its peers in C and Go as they are released, and measure everything with
    /// netipc bench, which gets the arguments: --quick --floors --report DIR.
    Bench {
        /// Arguments of netipc bench.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Play providers and consumers under a moved clock, once for each seed: --seeds N --seed S.
    #[command(disable_help_flag = true)]
    Simulate {
        /// Arguments of netipc-simulate.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run providers and consumers of every service in every language while they are killed, stopped, restarted and
    /// starved: --minutes N --seed S.
    #[command(disable_help_flag = true)]
    Chaos {
        /// Arguments of netipc-chaos.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Have every system call of the library fail, in turn and for good, in peers of every language: --only TEXT.
    #[command(disable_help_flag = true)]
    Faults {
        /// Arguments of netipc-faults.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run a program for Windows in a Wine of its own, or a command that has such programs run,
    /// such as cargo test --target x86_64-pc-windows-gnu or go test -exec.
    Wine {
        /// The program and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
}

#[derive(clap::Args)]
struct Install {
    /// Where it will be.
    #[arg(long, default_value = "/usr/local")]
    prefix: PathBuf,
    /// What to put before the prefix while a package is made.
    #[arg(long)]
    destdir: Option<PathBuf>,
    /// Where libraries are below the prefix, such as lib64 or lib/x86_64-linux-gnu.
    #[arg(long, value_name = "NAME", default_value = "lib")]
    libdir: PathBuf,
    /// What to build it for, instead of this machine: x86_64-pc-windows-gnu.
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// How to build it.
    #[arg(long, default_value = "release")]
    profile: Build,
    /// Leave the program out.
    #[arg(long)]
    no_program: bool,
}

#[derive(clap::Args)]
struct Uninstall {
    /// Where it is.
    #[arg(long, default_value = "/usr/local")]
    prefix: PathBuf,
    /// What was put before the prefix.
    #[arg(long)]
    destdir: Option<PathBuf>,
    /// Where libraries are below the prefix.
    #[arg(long, value_name = "NAME", default_value = "lib")]
    libdir: PathBuf,
}

#[derive(clap::Args)]
struct Fuzz {
    /// Which targets; all of them where none is named.
    targets: Vec<String>,
    /// How long each is fed.
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u32,
    /// What the inputs of Rust and C are made from; the clock says where nothing is given.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Try this one input of a target of Rust instead: hex digits, or @ and the name of a file.
    #[arg(long, value_name = "HEX")]
    input: Option<String>,
    /// Add inputs that brought something new to the committed corpus.
    #[arg(long)]
    keep: bool,
    /// Print the names of the targets and run nothing.
    #[arg(long)]
    list: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Build {
    Release,
    Dev,
}

fn main() -> ExitCode {
    let error = match run(Command::parse()) {
        Ok(code) => return code,
        Err(error) => error,
    };
    eprint!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprint!(": {error}");
        cause = error.source();
    }
    eprintln!();
    ExitCode::FAILURE
}

fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Headers { check: true } => headers::check()?,
        Command::Headers { check: false } => headers::write()?,
        Command::Install(options) => run_install(options)?,
        Command::Uninstall(options) => run_uninstall(options)?,
        Command::Test {
            only,
            checks,
            list,
            set_up_only,
            no_install,
            no_nice,
        } => {
            let options = TestOptions {
                only,
                checks,
                install: !no_install,
                set_up_only,
                nice: !no_nice,
            };
            return run_tests(&options, list);
        }
        Command::Coverage { go, rust } => return run_coverage(!go, !rust),
        Command::Sbom => print!("{}", sbom()?),
        Command::Fuzz(options) => return run_fuzz(options),
        Command::Bench { arguments } => match bench(&arguments)? {},
        Command::Simulate { arguments } => {
            return try_out("netipc-simulation", "netipc-simulate", &arguments);
        }
        Command::Chaos { arguments } => {
            return try_out("netipc-interop", "netipc-chaos", &arguments);
        }
        Command::Faults { arguments } => {
            return try_out("netipc-interop", "netipc-faults", &arguments);
        }
        Command::Wine { words } => return run_in_wine(&words),
    }
    Ok(ExitCode::SUCCESS)
}

fn try_out(package: &str, program: &str, arguments: &[OsString]) -> Result<ExitCode, Error> {
    match trial(package, program, arguments)? {}
}

fn run_tests(options: &TestOptions, list: bool) -> Result<ExitCode, Error> {
    if list {
        netipc_xtask::list(options)
            .iter()
            .for_each(|name| println!("{name}"));
        return Ok(ExitCode::SUCCESS);
    }
    if netipc_xtask::list(options).is_empty() {
        eprintln!(
            "error: no step has {:?} in its name: see --list",
            options.only
        );
        return Ok(ExitCode::FAILURE);
    }
    let summary = netipc_xtask::test(options)?;
    println!("\n{summary}");
    Ok(if summary.failed() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run_install(arguments: Install) -> Result<(), Error> {
    let profile = match arguments.profile {
        Build::Release => Profile::Release,
        Build::Dev => Profile::Dev,
    };
    let target = arguments.target.as_deref().map(Target::named).transpose()?;
    let options = Options {
        prefix: arguments.prefix,
        destdir: arguments.destdir,
        lib_dir: arguments.libdir,
        target: target.unwrap_or_default(),
        profile,
        program: !arguments.no_program,
        tells: true,
    };
    install(&options)?;
    let root = options.root();
    println!(
        "installed netipc {}: headers in {}, libraries, pkg-config and CMake files in {}",
        env!("CARGO_PKG_VERSION"),
        root.join("include/netipc").display(),
        root.join(&options.lib_dir).display()
    );
    if options.installs_program() {
        println!(
            "installed the program: {}, manual pages and completions in {}",
            root.join("bin/netipc").display(),
            root.join("share").display()
        );
    }
    Ok(())
}

fn run_uninstall(arguments: Uninstall) -> Result<(), Error> {
    let options = Options {
        destdir: arguments.destdir,
        lib_dir: arguments.libdir,
        ..Options::new(arguments.prefix)
    };
    let removed = uninstall(&options)?;
    for path in &removed {
        println!("removed {}", path.display());
    }
    if removed.is_empty() {
        println!("nothing of netipc is in {}", options.root().display());
    }
    Ok(())
}

fn run_coverage(rust: bool, go: bool) -> Result<ExitCode, Error> {
    let all = coverage(rust, go)?;
    print!("\n{}", show_coverage(&all));
    Ok(if all.iter().all(Covered::is_enough) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run_fuzz(options: Fuzz) -> Result<ExitCode, Error> {
    if options.list {
        list_fuzz_targets()?;
        return Ok(ExitCode::SUCCESS);
    }
    let failed = fuzz(&FuzzOptions {
        targets: options.targets,
        seconds: options.seconds,
        seed: options.seed,
        keep: options.keep,
        input: options.input,
    })?;
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run_in_wine(words: &[OsString]) -> Result<ExitCode, Error> {
    let [program, arguments @ ..] = words else {
        return Ok(ExitCode::FAILURE);
    };
    end_in_order()?;
    let status = Wine::start()?.run(program, arguments)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
