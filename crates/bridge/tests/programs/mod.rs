//! The program as a process.
#![allow(dead_code, reason = "every target uses a part")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use tempfile::TempDir;

use crate::common::{ASKER, Authority, HOST, PATIENCE, TOKEN, free_place, until};

/// A bridge that runs.
pub(crate) struct Program(Child);

/// One that has ended.
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program, in a network namespace where one is named.
pub(crate) fn command(namespace: Option<&str>) -> Command {
    const PROGRAM: &str = env!("CARGO_BIN_EXE_netipc-bridge");
    let mut command = match namespace {
        None => Command::new(PROGRAM),
        Some(name) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", name, PROGRAM]);
            command
        }
    };
    command.env("RUST_LOG", "error").stdin(Stdio::null());
    command
}

impl Program {
    /// Runs it to its end.
    pub(crate) fn run(args: &[&str]) -> Ended {
        let output = command(None).args(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended {
            status: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Starts `command`, which begins with whatever runs the program, and waits until it is ready.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut program = Self(command.stdout(Stdio::piped()).spawn().unwrap());
        let stdout = program.0.stdout.take().unwrap();
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            let _ = tell.send(line);
        });
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "READY\n");
        program
    }

    /// Starts `command`, and does not wait for anything.
    pub(crate) fn spawn(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// Asks it to stop; gives its exit status.
    pub(crate) fn stop(mut self) -> i32 {
        self.signal("-TERM");
        until("its end", || self.0.try_wait().unwrap())
            .code()
            .unwrap_or(-1)
    }

    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended where a test did not fail.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where two programs meet, and what each is given.
pub(crate) struct Place {
    dir: TempDir,
    pub(crate) authority: Authority,
    pub(crate) far: PathBuf,
    pub(crate) near: PathBuf,
    /// Where both meet.
    pub(crate) endpoint: String,
    /// The network namespaces of both, where they have some.
    pub(crate) namespaces: Option<[String; 2]>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let [far, near] = ["far", "near"].map(|name| dir.path().join(name));
        Self {
            dir,
            authority: Authority::new(),
            far,
            near,
            endpoint: free_place("quic"),
            namespaces: None,
        }
    }

    /// An exporter of [`HOST`] that listens.
    pub(crate) fn export(&self, args: &[&str]) -> Program {
        self.export_with(&[&["--listen", &self.endpoint], args].concat())
    }

    /// An exporter of [`HOST`].
    pub(crate) fn export_with(&self, args: &[&str]) -> Program {
        let mut command = command(self.namespaces.as_ref().map(|[far, _]| &**far));
        command.arg("export").arg("--run-dir").arg(&self.far);
        command.args(["--host", HOST]).args(args);
        self.with_certificates(&mut command, HOST);
        Program::start(command)
    }

    /// An importer of [`HOST`] that connects.
    pub(crate) fn import(&self, args: &[&str]) -> Program {
        let mut command = command(self.namespaces.as_ref().map(|[_, near]| &**near));
        command.arg("import").arg("--run-dir").arg(&self.near);
        command.args(["--name", ASKER, "--host", HOST, "--connect", &self.endpoint]);
        command.args(args);
        self.with_certificates(&mut command, ASKER);
        Program::start(command)
    }

    /// Waits until the importer says so of its one service.
    pub(crate) fn until(&self, standing: &str) {
        let dir = self.near.to_str().unwrap();
        let wanted = format!(": {standing}\n");
        until(standing, || {
            let told = Program::run(&["status", "--run-dir", dir]);
            told.stdout.contains(&wanted).then_some(())
        });
    }

    pub(crate) fn with_certificates(&self, command: &mut Command, name: &str) {
        let net = self.authority.net(name);
        let files = [
            ("--tls-ca", net.tls_ca),
            ("--tls-certificate", net.tls_certificate),
            ("--tls-key", net.tls_key),
        ];
        for (option, file) in files {
            command.arg(option).arg(file.unwrap());
        }
        command.env("NETIPC_AUTH_TOKEN", TOKEN.to_string());
    }
}
