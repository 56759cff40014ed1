//! `pid-traffic` in Go.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use netipc_schema::{Language, generate, load};
use tempfile::TempDir;

use crate::COUNT;
use crate::compile::succeed;

const PEER: &str = include_str!("peer.go.txt");

pub(crate) struct Program {
    dir: TempDir,
}

impl Program {
    /// Builds it beside the package that is made for it.
    pub(crate) fn build() -> Self {
        let program = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let (dir, root) = (program.dir.path(), root());
        let schema = load(root.join("services/pid-traffic.toml")).unwrap();
        for source in generate(&schema, Language::Go, "pid-traffic.toml").unwrap() {
            let file = dir.join(source.name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, source.text).unwrap();
        }
        fs::write(dir.join("main.go"), PEER).unwrap();
        let library = root.join("go");
        let module = fs::read_to_string(library.join("go.mod")).unwrap();
        let own = "module example.org/traffic";
        let module = module.replace("module github.com/netipc/netipc/go", own);
        let module = format!(
            "{module}\nrequire github.com/netipc/netipc/go v0.0.0\n\nreplace github.com/netipc/netipc/go => {}\n",
            library.display()
        );
        fs::write(dir.join("go.mod"), module).unwrap();
        fs::copy(library.join("go.sum"), dir.join("go.sum")).unwrap();
        let mut command = Command::new("go");
        let build = ["build", "-mod=mod", "-o", "traffic", "."];
        succeed(command.args(build).current_dir(dir));
        program
    }

    pub(crate) fn command(&self, run_dir: &Path, what: &str) -> Command {
        let mut command = Command::new(self.dir.path().join("traffic"));
        command.arg(run_dir).args([what, COUNT]);
        command
    }
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}
