//! What the C library is built for, and the programs that link and strip it there.

use std::env;
use std::process::Command;

use crate::Error;

/// Targets of rustc that programs of MinGW link for, after the processor's name.
const MINGW: &str = "-pc-windows-gnu";

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
}

impl Target {
    /// The target of rustc that `name` names, such as `x86_64-pc-windows-gnu`.
    ///
    /// # Errors
    /// It is not one for MinGW.
    pub fn named(name: &str) -> Result<Self, Error> {
        match name.strip_suffix(MINGW) {
            Some(arch) if !arch.is_empty() => Ok(Self::Mingw { arch: arch.into() }),
            _ => Err(Error::Target { name: name.into() }),
        }
    }

    /// Its name, where it is not this machine.
    pub(crate) fn triple(&self) -> Option<String> {
        match self {
            Self::Native => None,
            Self::Mingw { arch } => Some(format!("{arch}{MINGW}")),
        }
    }

    /// The C compiler, which knows how to call the linker: `$CC` or else `cc` for this machine.
    #[must_use]
    pub fn compiler(&self) -> Command {
        match self {
            Self::Native => Command::new(env::var_os("CC").unwrap_or("cc".into())),
            Self::Mingw { .. } => self.tool("gcc"),
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
        }
    }
}
