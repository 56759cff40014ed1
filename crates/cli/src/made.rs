//! What is made of the program's own arguments: completions of shells, and manual pages.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;

use crate::Cli;
use crate::exit::{self, Exit, Failed};

const COMPLETIONS: &str = "\
`cargo xtask install` puts them where shells look.

Examples:
  netipc completions bash > ~/.local/share/bash-completion/completions/netipc
  netipc completions zsh > ~/.zfunc/_netipc
  netipc completions fish > ~/.config/fish/completions/netipc.fish";

const MAN: &str = "\
`cargo xtask install` puts them where man looks.

Examples:
  netipc man | man -l -
  netipc man --out ~/.local/share/man/man1";

/// Arguments of `completions`.
#[derive(Args, Debug)]
#[command(after_help = "See --help for examples.", after_long_help = COMPLETIONS)]
pub(crate) struct CompletionsArgs {
    /// For which shell
    shell: Shell,
}

/// Arguments of `man`.
#[derive(Args, Debug)]
#[command(after_help = "See --help for examples.", after_long_help = MAN)]
pub(crate) struct ManArgs {
    /// Writes a page for each command into this directory, instead of the first one to stdout
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints what completes commands.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<(), Failed> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "netipc", &mut text);
    exit::printed(io::stdout().lock().write_all(&text))
}

/// Prints or writes manual pages.
pub(crate) fn man(args: &ManArgs) -> Result<(), Failed> {
    let mut command = Cli::command();
    command.build();
    let page = |command: &Command| {
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(command.clone()).render(&mut page);
        rendered.map(|()| page)
    };
    let Some(dir) = &args.out else {
        return exit::printed(page(&command).and_then(|page| io::stdout().lock().write_all(&page)));
    };
    fs::create_dir_all(dir).map_err(|error| cannot_write(dir, &error))?;
    let pages = command
        .get_subcommands()
        .filter(|one| one.get_name() != "help");
    for command in std::iter::once(&command).chain(pages) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = dir.join(format!("{name}.1"));
        let written = page(command).and_then(|page| fs::write(&path, page));
        written.map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(())
}

fn cannot_write(path: &Path, error: &io::Error) -> Failed {
    let sentence = format!("cannot write {}: {error}", path.display());
    Failed::new(Exit::Failed, sentence)
}
