//! Screens that follow something: on a terminal with keys, else as lines.

mod table;
mod view;

use std::io::{self, IsTerminal, Stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::Duration;

use netipc::transport::{Abort, Wait};
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use crate::exit::{self, Exit, Failed};
use crate::platform::on_stop_request;
use crate::terminal;

pub(crate) use table::{footer, style, table};
pub(crate) use view::View;

/// How long until keys and news are looked for again.
const TICK: Duration = Duration::from_millis(50);

/// What is followed, and how it is shown.
pub(crate) trait Screen {
    /// What is learnt each time.
    type News: Send;

    /// Takes what was learnt.
    fn take(&mut self, news: Self::News);

    /// Shows all of it on a terminal.
    fn draw(&self, frame: &mut Frame<'_>, view: &View);

    /// Takes and tells what was learnt, where there is no terminal.
    ///
    /// # Errors
    /// What stdout says.
    fn tell(&mut self, news: Self::News) -> io::Result<()>;

    /// Names of the orders that there are.
    fn orders(&self) -> Vec<String>;
}

/// How often to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) interval: Duration,
    /// 0 for without end.
    pub(crate) count: u32,
}

/// Looks again and again until somebody quits or asks the program to stop.
///
/// # Errors
/// Where the terminal or stdout cannot be used, or `look` fails.
pub(crate) fn follow<S: Screen>(
    mut screen: S,
    pace: Pace,
    with_lines: bool,
    mut look: impl FnMut(&Abort) -> Result<S::News, Failed> + Send,
) -> Result<(), Failed> {
    let stop = Arc::new(Abort::new());
    let asked = Arc::clone(&stop);
    on_stop_request(move || asked.raise()).map_err(exit::cannot_wait_for_a_stop)?;
    if with_lines || !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        let mut told = Ok(());
        let looked = repeat(pace, &stop, &AtomicBool::new(false), || {
            told = screen.tell(look(&stop)?);
            Ok(told.is_ok())
        });
        return looked.and_then(|()| exit::printed(told));
    }
    let (tell, news) = mpsc::channel();
    let paused = AtomicBool::new(false);
    thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let tell = tell;
            repeat(pace, &stop, &paused, || Ok(tell.send(look(&stop)?).is_ok()))
        });
        let shown = show(&mut screen, &news, &paused, &stop);
        stop.raise();
        let looked = looking.join().unwrap_or(Ok(()));
        let failed = |error| Failed::new(Exit::Failed, format!("cannot use the terminal: {error}"));
        looked.and(shown.map_err(failed))
    })
}

/// Does something at a pace, while it says that it goes on.
fn repeat(
    pace: Pace,
    stop: &Abort,
    paused: &AtomicBool,
    mut once: impl FnMut() -> Result<bool, Failed>,
) -> Result<(), Failed> {
    let mut done = 0;
    loop {
        if !paused.load(Ordering::Relaxed) {
            if !once()? {
                return Ok(());
            }
            done += 1;
        }
        let pause = Wait::forever().or_abort(stop);
        if done == pace.count && pace.count != 0 || pause.sleep(pace.interval).is_err() {
            return Ok(());
        }
    }
}

/// Shows news and obeys keys.
fn show<S: Screen>(
    screen: &mut S,
    news: &Receiver<S::News>,
    paused: &AtomicBool,
    stop: &Abort,
) -> io::Result<()> {
    let mut terminal = Raw::begin()?;
    let mut view = View::new(screen.orders());
    while !stop.is_raised() {
        loop {
            match news.try_recv() {
                Ok(news) => screen.take(news),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Ok(()),
            }
        }
        terminal.fit()?;
        terminal.0.draw(|frame| screen.draw(frame, &view))?;
        if !event::poll(TICK)? {
            continue;
        }
        if let Event::Key(key) = event::read()?
            && key.kind != KeyEventKind::Release
            && view.obey(key.code, key.modifiers)
        {
            return Ok(());
        }
        paused.store(view.paused, Ordering::Relaxed);
    }
    Ok(())
}

/// The terminal while this program alone draws on it; as it was afterwards.
struct Raw(Terminal<CrosstermBackend<Stdout>>);

impl Raw {
    fn begin() -> io::Result<Self> {
        enable_raw_mode()?;
        // From here on whatever fails puts things right again.
        let options = TerminalOptions {
            viewport: Viewport::Fixed(screen()),
        };
        let terminal = Terminal::with_options(CrosstermBackend::new(io::stdout()), options);
        let terminal = terminal.inspect_err(|_| {
            let _ = disable_raw_mode();
        })?;
        let raw = Self(terminal);
        execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
        Ok(raw)
    }

    /// Follows the size of the terminal.
    fn fit(&mut self) -> io::Result<()> {
        let screen = screen();
        if self.0.get_frame().area() == screen {
            return Ok(());
        }
        self.0.resize(screen)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // What cannot be put right is told by nobody.
        let _ = execute!(io::stdout(), LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
    }
}

fn screen() -> Rect {
    let (columns, rows) = terminal::size_of_stdout().unwrap_or((80, 24));
    Rect::new(0, 0, columns, rows)
}
