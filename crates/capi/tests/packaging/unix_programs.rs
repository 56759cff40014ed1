//! The projects of `examples/build`, as users copy them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use netipc_xtask::{Options, Profile, install, install_for_tests};
use tempfile::TempDir;

use crate::run;

/// What the program says where nobody serves.
const SAYS: &str = concat!("netipc ", env!("CARGO_PKG_VERSION"), ": not ready\n");

#[test]
fn pkg_config_finds_it_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let moved = dir.path().join("moved");
    symlink(install_for_tests(), &moved).unwrap();
    let said = |flags: &[&str]| run(pkg_config(&moved).args(flags).arg("netipc"));
    let at = |below: &str| {
        moved
            .join("lib/pkgconfig/../..")
            .join(below)
            .display()
            .to_string()
    };
    assert_eq!(said(&["--modversion"]).trim(), env!("CARGO_PKG_VERSION"));
    assert_eq!(said(&["--cflags"]).trim(), format!("-I{}", at("include")));
    assert_eq!(
        said(&["--libs"]).trim(),
        format!("-L{} -lnetipc", at("lib"))
    );
    assert!(said(&["--libs", "--static"]).contains(" -lnetipc -l"));
}

#[test]
fn libraries_may_be_elsewhere() {
    let prefix = tempfile::tempdir().unwrap();
    let lib_dir = "lib/some-machine";
    let options = Options {
        lib_dir: lib_dir.into(),
        profile: Profile::Dev,
        ..Options::new(prefix.path())
    };
    install(&options).unwrap();
    let lib = prefix.path().join(lib_dir);
    let mut pkg_config = Command::new("pkg-config");
    pkg_config.env("PKG_CONFIG_LIBDIR", lib.join("pkgconfig"));
    let flags = run(pkg_config.args(["--cflags", "--libs", "netipc"]));
    let up = lib.join("pkgconfig/../../..").display().to_string();
    assert_eq!(
        flags.trim(),
        format!("-I{up}/include -L{up}/{lib_dir} -lnetipc")
    );
    let project = project();
    let build = project.path().join("build");
    let mut configure = Command::new("cmake");
    configure
        .arg("-S")
        .arg(project.path().join("cmake"))
        .arg("-B")
        .arg(&build)
        .arg(format!(
            "-Dnetipc_DIR={}",
            lib.join("cmake/netipc").display()
        ));
    run(&mut configure);
    run(Command::new("cmake").arg("--build").arg(&build));
}

#[test]
fn programs_build_with_pkg_config() {
    let prefix = install_for_tests();
    let project = project();
    let dir = project.path().join("pkg-config");
    let mut make = Command::new("make");
    run(make
        .current_dir(&dir)
        .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")));
    let nobody = tempfile::tempdir().unwrap();
    for name in ["example", "example_static", "example_alone"] {
        let mut program = Command::new(dir.join(name));
        // Only the first one has to look for the library.
        if name == "example" {
            program.env("LD_LIBRARY_PATH", prefix.join("lib"));
        } else {
            program.env_remove("LD_LIBRARY_PATH");
        }
        assert_eq!(run(program.arg(nobody.path())), SAYS, "{name}");
    }
}

#[test]
fn programs_build_with_cmake() {
    let prefix = install_for_tests();
    let project = project();
    let build = project.path().join("build");
    let mut configure = Command::new("cmake");
    configure
        .arg("-S")
        .arg(project.path().join("cmake"))
        .arg("-B")
        .arg(&build);
    run(configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())));
    run(Command::new("cmake").arg("--build").arg(&build));
    let nobody = tempfile::tempdir().unwrap();
    for name in ["example", "example_static"] {
        assert_eq!(
            run(Command::new(build.join(name)).arg(nobody.path())),
            SAYS,
            "{name}"
        );
    }
}

#[test]
fn cmake_refuses_another_major_version() {
    let prefix = install_for_tests();
    let dir = tempfile::tempdir().unwrap();
    let script = "cmake_minimum_required(VERSION 3.13)\nproject(a C)\nfind_package(netipc 1.0)\n\
                  message(STATUS \"found: ${netipc_FOUND}\")\n";
    fs::write(dir.path().join("CMakeLists.txt"), script).unwrap();
    let mut configure = Command::new("cmake");
    configure
        .arg("-S")
        .arg(dir.path())
        .arg("-B")
        .arg(dir.path().join("build"));
    let said = run(configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())));
    assert!(said.contains("found: 0"), "{said}");
}

/// pkg-config, which knows of `prefix` alone.
fn pkg_config(prefix: &Path) -> Command {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_LIBDIR", prefix.join("lib/pkgconfig"));
    command
}

/// A copy of `examples/build`.
fn project() -> TempDir {
    let copy = tempfile::tempdir().expect("tests have a directory for temporary files");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/build");
    run(Command::new("cp")
        .arg("-r")
        .arg(examples.join("."))
        .arg(copy.path()));
    copy
}
