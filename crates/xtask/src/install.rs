//! Installing the C library where pkg-config, CMake and compilers find it, and the program beside it.
//!
//! ```text
//! include/netipc/*.h               lib/libnetipc.a
//! lib/libnetipc.so.0.1.0           and its links libnetipc.so.0, libnetipc.so
//! lib/pkgconfig/netipc.pc          lib/cmake/netipc/netipc-config{,-version}.cmake
//! ```
//!
//! For Windows, `bin/netipc.dll` and the import library `lib/libnetipc.dll.a` take the place of
//! `libnetipc.so`. `lib` is as the system has it: packagers name another.
//!
//! No file says where it is: the whole prefix can be moved.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use rustix::fs::{FlockOperation, flock};

use crate::build::{self, Built};
use crate::progress::during;
use crate::target::Target;
use crate::{Error, headers, program, tool};

/// The version of the library, which is that of the workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Changes when programs that were built against an older library can no longer use this one. The
/// functions and public fields of the C API are fixed, also while the version begins with 0: so it is
/// the first number of the version alone. `build.rs` of the crate and `netipc.map` name it, too.
const SONAME: &str = concat!("libnetipc.so.", env!("CARGO_PKG_VERSION_MAJOR"));

const PKG_CONFIG: &str = include_str!("../../capi/packaging/netipc.pc.in");
const CMAKE_CONFIG: &str = include_str!("../../capi/packaging/netipc-config.cmake.in");
const CMAKE_VERSION: &str = include_str!("../../capi/packaging/netipc-config-version.cmake.in");

/// What CMake is told of the shared library, on Unix and on Windows.
const SHARED_ON_UNIX: &str =
    "  IMPORTED_LOCATION \"${_netipc_prefix}/@LIB_DIR@/libnetipc.so.@VERSION@\"
  IMPORTED_SONAME \"@SONAME@\"";
const SHARED_ON_WINDOWS: &str = "  IMPORTED_LOCATION \"${_netipc_prefix}/bin/netipc.dll\"
  IMPORTED_IMPLIB \"${_netipc_prefix}/@LIB_DIR@/libnetipc.dll.a\"";

/// Where libraries are below the prefix unless somebody says otherwise.
const LIB: &str = "lib";

const FILE: u32 = 0o644;
pub(crate) const LIBRARY: u32 = 0o755;

/// What is installed where.
///
/// ```no_run
/// netipc_xtask::install(&netipc_xtask::Options::new("/opt/netipc"))?;
/// # Ok::<(), netipc_xtask::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the library will be, such as `/usr/local`.
    pub prefix: PathBuf,
    /// What stands before the prefix while a package is made. None: nothing.
    pub destdir: Option<PathBuf>,
    /// Where libraries are below the prefix, such as `lib64` or `lib/x86_64-linux-gnu`.
    pub lib_dir: PathBuf,
    /// What it is built for.
    pub target: Target,
    /// How it is built.
    pub profile: Profile,
    /// Whether the program, its manual pages and completions of shells are installed, too; for another target than this machine they
    /// are not.
    pub program: bool,
    /// Whether stderr is told what is done, while it is done.
    pub tells: bool,
}

impl Options {
    /// A release build of the library alone, installed in `prefix` with its libraries in `lib`, in silence.
    #[must_use]
    pub fn new(prefix: impl Into<PathBuf>) -> Self {
        Self {
            prefix: prefix.into(),
            destdir: None,
            lib_dir: LIB.into(),
            target: Target::Native,
            profile: Profile::Release,
            program: false,
            tells: false,
        }
    }

    /// Where files are written: the prefix, below the destdir.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        match &self.destdir {
            Some(destdir) => destdir.join(self.prefix.strip_prefix("/").unwrap_or(&self.prefix)),
            None => self.prefix.clone(),
        }
    }

    /// Whether the program is installed, too.
    #[must_use]
    pub const fn installs_program(&self) -> bool {
        self.program && matches!(self.target, Target::Native)
    }

    /// The way from the libraries up to the prefix.
    fn lib_dir_to_prefix(&self) -> Result<String, Error> {
        let step = |component| matches!(component, Component::Normal(_)).then_some("..");
        let steps: Option<Vec<_>> = self.lib_dir.components().map(step).collect();
        match steps {
            Some(steps) if !steps.is_empty() => Ok(steps.join("/")),
            _ => Err(Error::LibDir {
                path: self.lib_dir.clone(),
            }),
        }
    }
}

/// How the library is built.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Profile {
    /// Optimised, and without debug information.
    Release,
    /// As tests are.
    Dev,
}

impl Profile {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "dev",
        }
    }

    pub(crate) const fn strips(self) -> bool {
        matches!(self, Self::Release)
    }
}

/// Builds the C library and installs it. Files that are there and equal stay untouched, and others
/// are replaced at once, so that programs can go on using them.
///
/// # Errors
/// The build fails, a C compiler is missing, a file cannot be written, or `lib_dir` is not below the
/// prefix.
pub fn install(options: &Options) -> Result<(), Error> {
    let to_prefix = options.lib_dir_to_prefix()?;
    build::check_compiler(&options.target)?;
    let root = options.root();
    let lib_dir = root.join(&options.lib_dir);
    if options.tells {
        // Whoever does not listen misses nothing.
        let _ = writeln!(
            io::stderr(),
            "installing netipc {VERSION} to {}",
            root.display()
        );
    }
    tool::make_dir(&lib_dir)?;
    for header in headers::NAMES.into_iter().chain([headers::WRITTEN]) {
        let source = headers::directory().join(header);
        tool::copy(&source, &root.join("include/netipc").join(header), FILE)?;
    }
    let lib = during(options.tells, "building the C library", || {
        build::libraries(&options.target, options.profile)
    })?;
    install_libraries(&lib, options, &lib_dir)?;
    if options.installs_program() {
        during(options.tells, "building the program", || {
            program::install(options, &root)
        })?;
    }
    let text = |template: &str| {
        configure(template, &options.target, &lib.system_libs)
            .replace("@LIB_DIR@", &options.lib_dir.to_string_lossy())
            .replace("@TO_PREFIX@", &to_prefix)
    };
    let pkg_config = lib_dir.join("pkgconfig/netipc.pc");
    tool::put(&pkg_config, text(PKG_CONFIG).as_bytes(), FILE)?;
    let cmake = lib_dir.join("cmake/netipc");
    tool::put(
        &cmake.join("netipc-config.cmake"),
        text(CMAKE_CONFIG).as_bytes(),
        FILE,
    )?;
    tool::put(
        &cmake.join("netipc-config-version.cmake"),
        text(CMAKE_VERSION).as_bytes(),
        FILE,
    )
}

/// Installs the library below cargo's target directory, built like the calling test, and returns the
/// prefix. Tests of several programs may call it at once: they share one installation, which changes
/// only when the sources did.
///
/// # Errors
/// As for [`install`]; the error of the first call is that of all.
pub fn try_install_for_tests() -> Result<PathBuf, &'static Error> {
    static PREFIX: LazyLock<Result<PathBuf, Error>> =
        LazyLock::new(|| install_below_target(&Target::Native));
    PREFIX.as_ref().cloned()
}

/// As [`install_for_tests`], for another target than this machine.
///
/// # Errors
/// As for [`install`].
pub fn install_for_tests_of(target: &Target) -> Result<PathBuf, Error> {
    install_below_target(target)
}

/// As [`try_install_for_tests`], for tests that cannot go on without it.
///
/// # Panics
/// As [`install`] fails.
#[must_use]
pub fn install_for_tests() -> PathBuf {
    try_install_for_tests()
        .unwrap_or_else(|error| panic!("cannot install the C library for tests: {error}"))
}

fn install_below_target(target: &Target) -> Result<PathBuf, Error> {
    let profile = if cfg!(debug_assertions) {
        Profile::Dev
    } else {
        Profile::Release
    };
    let prefix = build::target_dir()?
        .join(target.triple().unwrap_or_default())
        .join("capi-tests")
        .join(profile.name());
    tool::make_dir(&prefix)?;
    let _lock = lock(&prefix.join("lock"))?;
    install(&Options {
        target: target.clone(),
        profile,
        ..Options::new(&prefix)
    })?;
    Ok(prefix)
}

/// Both libraries: made aside, then put in place.
fn install_libraries(lib: &Built, options: &Options, lib_dir: &Path) -> Result<(), Error> {
    let scratch = tempfile::tempdir().map_err(Error::file("make a directory in", "TMPDIR"))?;
    match &options.target {
        Target::Native | Target::Linux { .. } => {
            install_shared(lib, options, scratch.path(), lib_dir)?;
        }
        Target::Mingw { .. } => install_dll(lib, options, scratch.path(), lib_dir)?,
    }
    let archive = scratch.path().join("libnetipc.a");
    tool::copy(lib.archive()?, &archive, FILE)?;
    // MinGW's strip gives up at members without sections, which rustc's archives for Windows have.
    if options.profile.strips() && !matches!(options.target, Target::Mingw { .. }) {
        build::strip(&options.target, &archive)?;
    }
    tool::copy(&archive, &lib_dir.join("libnetipc.a"), FILE)
}

/// `libnetipc.so` under each of its names.
fn install_shared(
    lib: &Built,
    options: &Options,
    scratch: &Path,
    lib_dir: &Path,
) -> Result<(), Error> {
    let shared = scratch.join("libnetipc.so");
    build::shared_lib(lib, SONAME, &options.target, options.profile, &shared)?;
    let file = format!("libnetipc.so.{VERSION}");
    tool::copy(&shared, &lib_dir.join(&file), LIBRARY)?;
    tool::link(&file, &lib_dir.join(SONAME))?;
    tool::link(SONAME, &lib_dir.join("libnetipc.so"))
}

/// The DLL is where programs are, as Windows looks for it beside them; libraries for the linker are
/// where others are. Symbols have no versions there, so the one that cargo builds is it.
fn install_dll(
    lib: &Built,
    options: &Options,
    scratch: &Path,
    lib_dir: &Path,
) -> Result<(), Error> {
    let dll = scratch.join(build::DLL);
    tool::copy(lib.file(build::DLL)?, &dll, LIBRARY)?;
    if options.profile.strips() {
        build::strip(&options.target, &dll)?;
    }
    tool::copy(&dll, &options.root().join("bin").join(build::DLL), LIBRARY)?;
    let import = lib.file(build::IMPORT_LIB)?;
    tool::copy(import, &lib_dir.join(build::IMPORT_LIB), FILE)
}

/// Fills in what a template leaves open.
fn configure(template: &str, target: &Target, system_libs: &[String]) -> String {
    let names = system_libs.iter().map(|flag| flag.trim_start_matches("-l"));
    let shared = match target {
        Target::Native | Target::Linux { .. } => SHARED_ON_UNIX,
        Target::Mingw { .. } => SHARED_ON_WINDOWS,
    };
    template
        .replace("@SHARED@", shared)
        .replace("@VERSION@", VERSION)
        .replace("@VERSION_MAJOR@", env!("CARGO_PKG_VERSION_MAJOR"))
        .replace("@SONAME@", SONAME)
        .replace("@SYSTEM_LIBS@", &system_libs.join(" "))
        .replace("@SYSTEM_LIB_NAMES@", &names.collect::<Vec<_>>().join(";"))
}

/// Held until it is dropped, or the process ends.
fn lock(path: &Path) -> Result<File, Error> {
    let file = File::create(path).map_err(Error::file("write", path))?;
    flock(&file, FlockOperation::LockExclusive)
        .map_err(|errno| Error::file("lock", path)(errno.into()))?;
    Ok(file)
}
