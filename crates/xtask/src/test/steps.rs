//! What is run, as data.

use super::needs::{self, Need};

/// One line of the summary.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// Without one of these it is skipped.
    pub(crate) needs: &'static [&'static Need],
    /// Without one of these, words are added, and what they leave out is told as skipped.
    pub(crate) without: &'static [Without],
    /// Commands, one after the other until one fails. Words in front with a `=` are environment,
    /// words in `'` may have blanks, `{target}` is cargo's target directory, `{go}` the go command, `{wine}` Wine's program.
    pub(crate) run: &'static [&'static str],
    /// Where, below the workspace.
    pub(crate) dir: &'static str,
    pub(crate) kind: Kind,
    pub(crate) lane: Lane,
}

/// What a step leaves out where something is missing.
#[derive(Debug)]
pub(crate) struct Without {
    pub(crate) needs: &'static [&'static Need],
    pub(crate) words: &'static str,
    pub(crate) skips: &'static str,
}

/// Which commands run a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// `cargo xtask test --checks` alone.
    Check,
    /// Each `cargo xtask test`.
    Test,
}

/// Steps of one lane run one after the other, beside those of the other: most of what takes long is
/// waiting, and building for one platform does not need what was built for another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lane {
    /// What is built for this machine.
    Host,
    /// What is built for others, in a directory of its own: a lane would otherwise wait for builds of the other.
    Platforms,
}

impl Lane {
    pub(crate) const ALL: [Self; 2] = [Self::Host, Self::Platforms];
}

/// What every command finds in its environment: how programs for other platforms are linked and run.
/// (Wine's part of it comes with its prefix.)
pub(crate) const ENVIRONMENT: [(&str, &str); 4] = [
    (
        "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
        "aarch64-linux-gnu-gcc",
    ),
    (
        "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER",
        "qemu-aarch64 -L /usr/aarch64-linux-gnu",
    ),
    (
        "CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_LINKER",
        "i686-linux-gnu-gcc",
    ),
    (
        "CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_RUNNER",
        "qemu-i386 -L /usr/i686-linux-gnu",
    ),
];

/// How many tests of a Rust program run at once, and where to say otherwise: most of what takes long
/// is waiting, for deadlines that are to pass and for peers.
pub(crate) const TESTS_AT_ONCE: (&str, usize) = ("RUST_TEST_THREADS", 4);

const CHECK: Step = Step {
    kind: Kind::Check,
    ..TEST
};
const TEST: Step = Step {
    name: "",
    needs: &[&needs::GCC],
    without: &[],
    run: &[],
    dir: "",
    kind: Kind::Test,
    lane: Lane::Host,
};
/// A step for another platform.
const PLATFORM: Step = Step {
    lane: Lane::Platforms,
    ..TEST
};
/// A step of the Go module for other platforms, as it is whatever workspace or flags somebody works with.
const GO: Step = Step {
    needs: &[&needs::GO],
    dir: "go",
    ..PLATFORM
};

/// Every step, in order.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "format",
        needs: &[&needs::RUSTFMT],
        run: &[
            "cargo fmt --all --check",
            "cargo fmt --manifest-path crates/bridge/Cargo.toml --check",
        ],
        ..CHECK
    },
    Step {
        name: "lints",
        needs: &[&needs::GCC, &needs::CLIPPY],
        run: &["cargo clippy --workspace --all-targets -- -D warnings"],
        ..CHECK
    },
    Step {
        name: "docs",
        run: &["RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps"],
        ..CHECK
    },
    Step {
        name: "stated versions",
        needs: &[&needs::GCC, &needs::GO],
        run: &[".ci/msrv"],
        ..CHECK
    },
    Step {
        name: "sizes",
        run: &[".ci/sizes"],
        ..CHECK
    },
    Step {
        name: "layers",
        run: &[".ci/layers"],
        ..CHECK
    },
    Step {
        name: "platform names",
        run: &[
            ".ci/platform crates/proto/src crates/transport/src crates/netipc/src crates/conformance/src \
             crates/capi/src crates/cli crates/bench crates/schema/src crates/bridge/src",
        ],
        ..CHECK
    },
    Step {
        name: "proofs",
        run: &[".ci/proofs"],
        ..CHECK
    },
    Step {
        name: "lines of one service",
        run: &[".ci/service-names"],
        ..CHECK
    },
    Step {
        name: "rules of the contract",
        run: &[".ci/rules"],
        ..CHECK
    },
    Step {
        name: "promises",
        run: &[".ci/promises"],
        ..CHECK
    },
    Step {
        name: "supply chain",
        needs: &[&needs::GO],
        run: &[".ci/supply-chain"],
        ..CHECK
    },
    Step {
        name: "staticcheck",
        needs: &[&needs::GO],
        run: &[".ci/staticcheck"],
        ..CHECK
    },
    Step {
        name: "instruction counts",
        needs: &[&needs::GCC, &needs::VALGRIND],
        run: &[".ci/instructions"],
        ..CHECK
    },
    Step {
        name: "workspace",
        without: &[
            Without {
                needs: &[&needs::GO],
                words: "--exclude xtask --exclude netipc-interop --exclude netipc-schema",
                skips: "the tests of xtask, which run those of Go, of schemas, and the matrix",
            },
            Without {
                needs: &[&needs::PYTHON],
                words: "--exclude netipc-schema",
                skips: "the tests of schemas",
            },
            Without {
                needs: &[
                    &needs::GXX,
                    &needs::MAKE,
                    &needs::CMAKE,
                    &needs::PKG_CONFIG,
                    &needs::BINUTILS,
                    &needs::VALGRIND,
                ],
                words: "--exclude netipc-capi",
                skips: "the tests of the C library",
            },
            Without {
                needs: &[&needs::SPIN],
                words: "",
                skips: "the model of the ring",
            },
        ],
        run: &["cargo test --workspace --no-fail-fast"],
        ..TEST
    },
    Step {
        // A workspace of its own, so that nobody compiles zenoh who builds the rest: some three minutes of a processor,
        // without optimisation and debug information, in a directory of its own.
        name: "bridge: services of other hosts",
        without: &[Without {
            needs: &[&needs::IPROUTE2],
            words: "",
            skips: "hosts of their own, with cables and routers",
        }],
        run: &["cargo test --locked --no-fail-fast --target-dir {target}/bridge"],
        dir: "crates/bridge",
        ..TEST
    },
    Step {
        name: "bridge: every language asks every other on another host",
        needs: &[&needs::GCC, &needs::GO],
        // The program that the step before it has built.
        run: &[
            "cargo run -p netipc-interop -- --bridge {target}/bridge/debug/netipc-bridge --jobs 4 --only ', socket'",
        ],
        ..TEST
    },
    Step {
        name: "FreeBSD, checked",
        needs: &[&needs::RUST_FREEBSD],
        run: &["cargo check -p netipc -p netipc-host --target x86_64-unknown-freebsd"],
        ..PLATFORM
    },
    Step {
        name: "macOS, checked",
        needs: &[&needs::RUST_MACOS],
        run: &["cargo check -p netipc -p netipc-host --target aarch64-apple-darwin"],
        ..PLATFORM
    },
    Step {
        name: "Go: the collector for Prometheus, a module of its own",
        run: &["{go} vet ./...", "{go} test ./..."],
        dir: "go/prometheus",
        ..GO
    },
    Step {
        name: "Go for FreeBSD and macOS, vetted",
        run: &[
            "GOOS=freebsd {go} vet ./...",
            "GOOS=darwin GOARCH=arm64 {go} vet ./...",
        ],
        ..GO
    },
    Step {
        name: "musl: a static program and its demo",
        needs: &[&needs::GCC, &needs::BINUTILS, &needs::RUST_MUSL],
        run: &[
            "cargo build -p netipc-cli --target x86_64-unknown-linux-musl",
            ".ci/is-static {target}/x86_64-unknown-linux-musl/debug/netipc",
            "{target}/x86_64-unknown-linux-musl/debug/netipc demo",
        ],
        ..PLATFORM
    },
    Step {
        name: "aarch64",
        needs: &[&needs::GCC_ARM64, &needs::QEMU, &needs::RUST_ARM64],
        run: &[
            "cargo test --no-fail-fast --target aarch64-unknown-linux-gnu -p netipc-proto -p netipc --test vectors",
            "cargo test --no-fail-fast --target aarch64-unknown-linux-gnu -p netipc-transport -p netipc --test conformance",
            // What starts itself again does so by the emulator.
            "'NETIPC_TEST_RUNNER=qemu-aarch64 -L /usr/aarch64-linux-gnu' cargo test --no-fail-fast \
             --target aarch64-unknown-linux-gnu -p netipc-transport -p netipc --test processes",
            "'NETIPC_TEST_RUNNER=qemu-aarch64 -L /usr/aarch64-linux-gnu' cargo test --no-fail-fast \
             --target aarch64-unknown-linux-gnu -p netipc-transport --test defects",
        ],
        ..PLATFORM
    },
    Step {
        name: "i686",
        needs: &[&needs::GCC_I686, &needs::QEMU, &needs::RUST_I686],
        run: &[
            "cargo check --target i686-unknown-linux-gnu -p netipc-cli",
            "cargo test --no-fail-fast --target i686-unknown-linux-gnu -p netipc-proto -p netipc --test vectors",
        ],
        ..PLATFORM
    },
    Step {
        name: "Go for 386 and arm",
        needs: &[&needs::GO, &needs::QEMU],
        run: &[
            "GOARCH=386 {go} build ./...",
            // Processors of 64 bits run it as it is; below qemu-i386 the runtime of Go crashes at signals.
            "GOARCH=386 {go} test ./protocol/",
            "GOARCH=arm {go} build ./...",
            "GOARCH=arm GODEBUG=asyncpreemptoff=1 {go} test -exec qemu-arm ./protocol/",
        ],
        ..GO
    },
    Step {
        name: "aarch64: the matrix, Rust to Go and C to Rust",
        needs: &[
            &needs::GCC_ARM64,
            &needs::QEMU,
            &needs::RUST_ARM64,
            &needs::GO,
        ],
        run: &[
            "cargo run -p netipc-interop -- --platform aarch64 --jobs 1 --only 'rust -> go, shm 0x02' --only 'c -> rust, shm 0x04'",
        ],
        ..PLATFORM
    },
    Step {
        name: "Windows: Rust",
        needs: &[&needs::MINGW, &needs::WINE, &needs::RUST_WINDOWS],
        run: &[
            "cargo test --no-fail-fast --target x86_64-pc-windows-gnu -p netipc-proto -p netipc-transport",
            "cargo test --no-fail-fast --target x86_64-pc-windows-gnu -p netipc -p netipc-cli",
        ],
        ..PLATFORM
    },
    Step {
        name: "Windows: C",
        needs: &[
            &needs::GCC,
            &needs::MINGW,
            &needs::WINE,
            &needs::RUST_WINDOWS,
            &needs::MAKE,
            &needs::CMAKE,
            &needs::PKG_CONFIG,
        ],
        run: &["cargo test --no-fail-fast -p netipc-capi --test windows"],
        ..PLATFORM
    },
    Step {
        name: "Windows: Go",
        needs: &[&needs::GO, &needs::MINGW, &needs::WINE],
        run: &[
            "GOOS=windows {go} test -exec {wine} ./connection/... ./protocol/... ./transport/... ./internal/... ./service/... ./netdata/... \
             ./cmd/netipc-go/internal/call/ ./cmd/netipc-go/internal/cli/ ./cmd/netipc-go/internal/kinds/ ./cmd/netipc-go/internal/peer/",
        ],
        ..GO
    },
    Step {
        name: "Windows: the matrix",
        needs: &[
            &needs::GO,
            &needs::MINGW,
            &needs::WINE,
            &needs::RUST_WINDOWS,
        ],
        // Every pair over the pipe. The C library is Rust inside: each of its pairs with another
        // language has only one of the two kinds of shared memory.
        run: &[
            "cargo run -p netipc-interop -- --platform windows --jobs 4 --only ', pipe' \
             --only 'rust -> rust' --only 'rust -> go' --only 'go -> rust' \
             --only 'rust -> c, shm 0x02' --only 'c -> rust, shm 0x04' \
             --only 'c -> go, shm 0x02' --only 'go -> c, shm 0x04'",
        ],
        ..PLATFORM
    },
];
