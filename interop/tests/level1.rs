//! The Level 1 programs of every language, each as server and as client of every other: requests
//! pipelined by id, raw messages, and rules broken on purpose.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;

use netipc_xtask::Target;

/// A language, and how its programs are built into a directory, where they have the names of
/// [`PROGRAMS`].
struct Language {
    name: &'static str,
    build: fn(&Path),
}

/// Every language with these programs.
const LANGUAGES: &[Language] = &[
    Language {
        name: "rust",
        build: build_rust,
    },
    Language {
        name: "c",
        build: build_c,
    },
    Language {
        name: "go",
        build: build_go,
    },
];

const PROGRAMS: [&str; 3] = ["level1_server", "level1_pipeline", "level1_malformed"];

const PIPELINED: &str = "\
answer to 1: 101
answer to 2: 201
answer to 3: 301
";

const MALFORMED: &str = "\
another magic number: no answer, and a hang-up
a batch without items: status 1
more than was agreed: status 5
a response to nothing: no answer, and a hang-up
";

/// One of the pipeline, and one for each line of the malformed.
const CLIENTS: &str = "5";

const EXAMPLES_IN_C: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/capi/examples");

/// Where the programs of the languages are, in their order.
static BUILT: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
    let build = |(number, language): (usize, &Language)| {
        // Of the build: it is there for the next run, and nowhere else.
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("level1-{number}"));
        std::fs::create_dir_all(&dir).expect("a directory");
        (language.build)(&dir);
        dir
    };
    LANGUAGES.iter().enumerate().map(build).collect()
});

#[test]
fn every_language_talks_level_1_to_every_other() {
    for (server, served_by) in LANGUAGES.iter().zip(&*BUILT) {
        for (client, asked_by) in LANGUAGES.iter().zip(&*BUILT) {
            let pair = format!("{} asks {}", client.name, server.name);
            let run_dir = tempfile::tempdir().expect("a run directory");
            let mut serving = Serving::start(&program(served_by, 0), run_dir.path(), &pair);
            for (at, expected) in [(1, PIPELINED), (2, MALFORMED)] {
                let output = Command::new(program(asked_by, at))
                    .arg(run_dir.path())
                    .output()
                    .expect("a program");
                let said = String::from_utf8_lossy(&output.stdout);
                assert_eq!(said, expected, "{pair}: {output:?}");
                assert_success(&output, &pair);
            }
            let status = serving.0.wait().expect("a server");
            assert!(status.success(), "{pair}: the server ended with {status}");
        }
    }
}

/// A server, which ends after its connections, or is killed.
struct Serving(Child);

impl Serving {
    fn start(program: &Path, run_dir: &Path, pair: &str) -> Self {
        let mut child = Command::new(program)
            .args([run_dir, Path::new(CLIENTS)])
            .stdout(Stdio::piped())
            // It tells there why sessions ended.
            .stderr(Stdio::null())
            .spawn()
            .expect("a server");
        let stdout = child.stdout.take().expect("a pipe");
        let serving = Self(child);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert_eq!(line, "READY\n", "{pair}");
        serving
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // After an orderly end there is nobody to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(dir: &Path, at: usize) -> PathBuf {
    let name = PROGRAMS.get(at).expect("a program");
    dir.join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

fn build_rust(dir: &Path) {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--package",
        "netipc",
        "--message-format",
        "json-render-diagnostics",
    ]);
    for program in PROGRAMS {
        command.args(["--example", program]);
    }
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    assert_success(&output, "cargo build");
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: serde_json::Value = serde_json::from_str(line).expect("a message of cargo");
        let Some(made) = message["executable"].as_str().map(Path::new) else {
            continue;
        };
        let name = made.file_name().expect("a program has a name");
        std::fs::copy(made, dir.join(name)).expect("a copy of the program");
    }
}

/// As any C program is built against the library.
fn build_c(dir: &Path) {
    let target = Target::Native;
    let prefix = netipc_xtask::install_for_tests_of(&target).expect("the C library");
    let lib = prefix.join("lib");
    for program in PROGRAMS {
        let output = target
            .compiler()
            .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(dir.join(program))
            .arg(format!("{EXAMPLES_IN_C}/{program}.c"))
            .arg(format!("-I{}", prefix.join("include").display()))
            .arg(format!("-L{}", lib.display()))
            .arg(format!("-Wl,-rpath,{}", lib.display()))
            .arg("-lnetipc")
            .output()
            .expect("a C compiler");
        assert_success(&output, program);
    }
}

fn build_go(dir: &Path) {
    let go = env::var_os("GO").unwrap_or_else(|| "go".into());
    let output = Command::new(go)
        .args(["build", "-o"])
        .arg(dir)
        .args(PROGRAMS.map(|program| format!("./examples/{program}")))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../go"))
        .envs([("GOWORK", "off"), ("GOFLAGS", ""), ("CGO_ENABLED", "0")])
        .output()
        .expect("Go 1.24 or later, see https://go.dev/doc/install, or GO set to its go command");
    assert_success(&output, "go build");
}

fn assert_success(output: &Output, what: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {errors}");
}
