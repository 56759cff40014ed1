//! What README, the C guide and the page on enrichers show.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::programs::{Bench, run};

/// What every piece that is no whole program may use.
const INCLUDES: &str = "#include <netipc/netipc_any.h>\n#include <stdio.h>\n#include <string.h>\n";

#[test]
fn every_piece_compiles() {
    let bench = Bench::new();
    let mut seen = 0;
    for page in ["README.md", "docs/c.md", "docs/enricher.md"] {
        for piece in pieces(page, "c") {
            let source = bench.dir().join("piece.c");
            let whole = piece.contains("int main(");
            let text = format!("{}{piece}", if whole { "" } else { INCLUDES });
            fs::write(&source, text).unwrap();
            bench.check("cc", &["-std=c11"], &source);
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen} pieces");
}

#[test]
fn the_hello_programs_find_each_other_with_pkg_config() {
    let bench = Bench::new();
    write_hello(&bench);
    let [server, client] =
        ["hello_server.c", "hello_client.c"].map(|source| bench.program(&bench.dir().join(source)));
    hello(&bench, &server, &client);
}

#[test]
fn the_hello_programs_find_each_other_with_cmake() {
    let bench = Bench::new();
    write_hello(&bench);
    let [lists] = <[String; 1]>::try_from(pieces("docs/c.md", "cmake")).unwrap();
    fs::write(bench.dir().join("CMakeLists.txt"), lists).unwrap();
    let build = bench.dir().join("build");
    run(Command::new("cmake")
        .arg("-S")
        .arg(bench.dir())
        .arg("-B")
        .arg(&build)
        .arg(format!("-DCMAKE_PREFIX_PATH={}", bench.prefix().display())));
    run(Command::new("cmake").arg("--build").arg(&build));
    hello(
        &bench,
        &build.join("hello_server"),
        &build.join("hello_client"),
    );
}

#[test]
fn the_guide_names_the_system_libraries() {
    let bench = Bench::new();
    let config = fs::read_to_string(bench.prefix().join("lib/pkgconfig/netipc.pc")).unwrap();
    let (_, libraries) = config.split_once("Libs.private: ").unwrap();
    let libraries = libraries.lines().next().unwrap();
    let guide = fs::read_to_string(netipc_xtask::workspace().join("docs/c.md")).unwrap();
    assert!(guide.contains(&format!("`{libraries}`")), "{libraries}");
}

/// Runs both, from the directory that the guide makes.
fn hello(bench: &Bench, server: &Path, client: &Path) {
    let server = bench.start(server, &[]);
    server.wait_for("READY");
    let shown = bench.start_checked(client, &[]).succeed();
    assert_eq!(shown, "docker-abc123: /docker/abc123\n");
    server.kill();
}

/// Writes the two programs of the guide, which begin with their names.
fn write_hello(bench: &Bench) {
    let programs = pieces("docs/c.md", "c");
    for name in ["hello_server.c", "hello_client.c"] {
        let head = format!("/* {name}");
        let text = programs.iter().find(|piece| piece.starts_with(&head));
        fs::write(bench.dir().join(name), text.expect("the guide has it")).unwrap();
    }
}

/// The blocks of a page in a language.
fn pieces(page: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(netipc_xtask::workspace().join(page)).unwrap();
    let fence = format!("\n```{language}\n");
    let blocks = text.split(&fence).skip(1);
    blocks
        .map(|block| {
            block
                .split_once("\n```")
                .expect("a block ends")
                .0
                .to_owned()
                + "\n"
        })
        .collect()
}
