//! A program on a terminal of its own, and what stands on it.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use shared_child::SharedChild;
use vt100::Parser;

use super::watched;

/// What no step takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal on which a program runs. The program is killed when this is dropped.
pub(crate) struct Screen {
    child: SharedChild,
    terminal: File,
    output: Receiver<Vec<u8>>,
    parser: Parser,
}

impl Screen {
    /// Starts `command` on a terminal of this size.
    pub(crate) fn start(mut command: Command, columns: u16, rows: u16) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let terminal = openpt(flags).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&terminal, size).unwrap();
        let inside = ioctl_tiocgptpeer(&terminal, flags).unwrap();
        command
            .stdin(inside.try_clone().unwrap())
            .stdout(inside.try_clone().unwrap())
            .stderr(inside);
        let child = SharedChild::spawn(&mut command).unwrap();
        // It holds the inner side, whose end is the end of the output.
        drop(command);
        let terminal = File::from(terminal);
        let mut reader = terminal.try_clone().unwrap();
        let (tell, output) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if tell.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            terminal,
            output,
            parser: Parser::new(some(rows), some(columns), 0),
        }
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }

    /// What stands on it, once it is as it should be.
    #[track_caller]
    pub(crate) fn once(&mut self, is_right: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if is_right(&text) {
                return text;
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(error) => panic!("{error}; on the screen is\n{text}"),
            }
        }
    }

    /// What stands on it, once this does.
    #[track_caller]
    pub(crate) fn shows(&mut self, part: &str) -> String {
        self.once(|text| text.contains(part))
    }

    /// What stands on it now, without blanks at the ends of lines.
    pub(crate) fn text(&self) -> String {
        let lines = self.parser.screen().contents();
        let lines: Vec<&str> = lines.lines().map(str::trim_end).collect();
        lines.join("\n")
    }

    /// Whether anything on it has a colour.
    pub(crate) fn is_coloured(&self) -> bool {
        let screen = self.parser.screen();
        let (rows, columns) = screen.size();
        let (rows, columns) = (rows.get(), columns.get());
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let mut cells = cells.filter_map(|(row, column)| screen.cell(row, column));
        cells.any(|cell| cell.fgcolor() != vt100::Color::Default)
    }

    /// Waits for the end of the program; whether it left the terminal as it was.
    pub(crate) fn end(mut self) -> (ExitStatus, bool) {
        let status = watched(&self.child, || self.child.wait()).unwrap();
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.parser.process(&bytes);
        }
        let screen = self.parser.screen();
        let is_left = !screen.alternate_screen() && !screen.hide_cursor();
        (status, is_left)
    }
}

fn some(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).unwrap()
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
