//! Builds the C programs of this directory against the installed library and runs each of them
//! plain, under Valgrind, and with the sanitizers of the C compiler.
//!
//! A program is a table of named tests. What it prints is shown where one fails; run it alone with
//! `cargo test -p netipc-capi --test c calls::plain`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod coverage;
mod peers;
mod programs;
mod vectors;

use programs::{Mode, run};

/// Makes a module of tests for each program, one for each mode.
macro_rules! programs {
    ($($program:ident),+ $(,)?) => {
        $(
            mod $program {
                use super::*;

                const SOURCE: &str = concat!(stringify!($program), ".c");

                #[test]
                fn plain() {
                    run(SOURCE, Mode::Plain);
                }

                #[test]
                fn valgrind() {
                    run(SOURCE, Mode::Valgrind);
                }

                #[test]
                fn sanitizers() {
                    run(SOURCE, Mode::Sanitizers);
                }
            }
        )+
    };
}

programs! {
    any,
    any_caches,
    arguments,
    caches,
    calls,
    closing,
    codec,
    dispatch,
    enrichers,
    facade,
    failures,
    interruptions,
    little_space,
    log,
    lookups,
    malformed,
    published,
    reuse,
    servers,
    session_ends,
    session_storage,
    sessions,
    storage,
    threads,
    unix_calls_back,
    unix_enrichers,
    unix_forks,
    unix_forks_in_calls,
    unix_hostile_providers,
    unix_netdata,
    unix_sessions,
    unix_stats,
    unix_thread_ends,
    unix_truncated,
    vectors_messages,
    vectors_services,
}

#[test]
fn every_function_of_the_headers_is_called() {
    coverage::check();
}

/// C++ programs include the headers, too.
mod cpp {
    use super::*;

    #[test]
    fn arguments() {
        run("arguments.c", Mode::Cpp);
    }

    #[test]
    fn session_storage() {
        run("session_storage.c", Mode::Cpp);
    }

    #[test]
    fn storage() {
        run("storage.c", Mode::Cpp);
    }
}
