//! What the C library is built for, and the programs that link and strip it there.

use std::env;
use std::ffi::OsString;
use std::process::Command;

use crate::Error;

/// Targets of rustc that programs of MinGW link for, after the processor's name.
const MINGW: &str = "-pc-windows-gnu";
/// Targets of rustc that a cross compiler for Linux links for, after the processor's name.
const LINUX: &str = "-unknown-linux-gnu";

/// What the C library is built for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Target {
    /// This machine.
    #[default]
    Native,
    /// Windows, with MinGW.
    Mingw {
        /// The processor, such as `x86_64`.
        arch: String,
    },
    /// Linux on another processor, with a cross compiler.
    Linux {
        /// The processor, such as `aarch64`.
        arch: String,
    },
}

impl Target {
    /// The target of rustc that `name` names, such as `x86_64-pc-windows-gnu`.
    ///
    /// # Errors
    /// It is neither one for MinGW nor one for Linux.
    pub fn named(name: &str) -> Result<Self, Error> {
        let arch = |suffix| {
            let arch = name.strip_suffix(suffix).filter(|arch| !arch.is_empty());
            arch.map(str::to_owned)
        };
        let mingw = arch(MINGW).map(|arch| Self::Mingw { arch });
        mingw
            .or_else(|| arch(LINUX).map(|arch| Self::Linux { arch }))
            .ok_or_else(|| Error::Target { name: name.into() })
    }

    /// Its name, where it is not this machine.
    pub(crate) fn triple(&self) -> Option<String> {
        match self {
            Self::Native => None,
            Self::Mingw { arch } => Some(format!("{arch}{MINGW}")),
            Self::Linux { arch } => Some(format!("{arch}{LINUX}")),
        }
    }

    /// What tells cargo how to link for it, unless the environment does.
    pub(crate) fn linker(&self) -> Option<(String, OsString)> {
        let triple = self.triple()?.to_uppercase().replace('-', "_");
        let variable = format!("CARGO_TARGET_{triple}_LINKER");
        let linker = self.compiler().get_program().to_owned();
        env::var_os(&variable)
            .is_none()
            .then_some((variable, linker))
    }

    /// The C compiler, which knows how to call the linker: `$CC` or else `cc` for this machine.
    #[must_use]
    pub fn compiler(&self) -> Command {
        match self {
            Self::Native => Command::new(env::var_os("CC").unwrap_or("cc".into())),
            Self::Mingw { .. } | Self::Linux { .. } => self.tool("gcc"),
        }
    }

    /// What takes debug information out.
    pub(crate) fn strip(&self) -> Command {
        self.tool("strip")
    }

    /// One of the compiler's companions.
    fn tool(&self, name: &str) -> Command {
        match self {
            Self::Native => Command::new(name),
            Self::Mingw { arch } => Command::new(format!("{arch}-w64-mingw32-{name}")),
            Self::Linux { arch } => Command::new(format!("{arch}-linux-gnu-{name}")),
        }
    }
}
