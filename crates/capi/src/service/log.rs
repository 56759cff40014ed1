//! What the library has to say, for C programs that want to hear it.

#![expect(unsafe_code, reason = "a function of C is called here")]

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_void};
use std::fmt::{self, Write};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};

use netipc::ErrorCode;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::border::catch_code;
use crate::error::nipc_error_t;

/// How much an event matters.
#[repr(C)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum nipc_log_level_t {
    /// A defect of the library: what must not happen at all.
    NIPC_LOG_ERROR = 1,
    /// Something is wrong, such as a handler that fails, and the library goes on. What repeats is
    /// told once in a hundred times.
    NIPC_LOG_WARN = 2,
    /// What happens once: a server listens, its first client comes.
    NIPC_LOG_INFO = 3,
    /// What happens to each session and each failed call.
    NIPC_LOG_DEBUG = 4,
}

/// Takes one event: a line without an end, made of a message and of field=value pairs. It is called
/// in whichever thread has something to say, in several at once, and must neither throw nor wait for
/// the library. The line is valid until it returns.
pub type nipc_log_fn = Option<
    unsafe extern "C" fn(user: *mut c_void, level: nipc_log_level_t, message: *const c_char),
>;

/// Hands the events of the library to a function, from now on until the process ends. Without one
/// nobody hears of them.
///
/// \param log   what takes them
/// \param user  what it gets as its first argument; must live as long as the process
/// \param most  the least important level to hand on
/// \return NIPC_OK; NIPC_ERR_BUSY where there is such a function already;
///         NIPC_ERR_INVALID_ARGUMENT for NULL and for a number that is no level
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_log_set(
    log: nipc_log_fn,
    user: *mut c_void,
    // C may pass any number.
    most: MaybeUninit<nipc_log_level_t>,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C passes a number; whether it is a level is looked at next.
        let most = match unsafe { most.as_ptr().cast::<u32>().read() } {
            1 => LevelFilter::ERROR,
            2 => LevelFilter::WARN,
            3 => LevelFilter::INFO,
            4 => LevelFilter::DEBUG,
            _ => return Err(ErrorCode::INVALID_ARGUMENT),
        };
        let log = log.ok_or(ErrorCode::INVALID_ARGUMENT)?;
        // Even a subscriber that comes too late would stay registered, and count for the levels.
        if TAKEN.swap(true, Ordering::Relaxed) {
            return Err(ErrorCode::BUSY);
        }
        tracing::subscriber::set_global_default(Log { log, user, most }).or(Err(ErrorCode::BUSY))
    })
}

/// Whether there is a function. No other memory goes with it: relaxed ordering is enough.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Where events go.
struct Log {
    log: unsafe extern "C" fn(*mut c_void, nipc_log_level_t, *const c_char),
    user: *mut c_void,
    most: LevelFilter,
}

// SAFETY: `user` is only handed to `log`, which the header asks to be fit for any thread.
unsafe impl Send for Log {}
// SAFETY: as above; several threads at once are asked for, too.
unsafe impl Sync for Log {}

thread_local! {
    /// Where lines are put together. A function that makes the library say more finds it empty.
    static LINE: Cell<String> = const { Cell::new(String::new()) };
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.most && metadata.target().starts_with("netipc")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most)
    }

    fn event(&self, event: &Event<'_>) {
        // The thread-local of a thread that is ending is gone: a new string is used then.
        let mut line = Line(LINE.try_with(Cell::take).unwrap_or_default());
        line.0.clear();
        event.record(&mut line);
        line.0.push('\0');
        let text = CStr::from_bytes_until_nul(line.0.as_bytes()).unwrap_or_default();
        // SAFETY: the header says what it is called with, and asks it to be fit for this.
        unsafe { (self.log)(self.user, level(*event.metadata().level()), text.as_ptr()) };
        let _ = LINE.try_with(|place| place.set(line.0));
    }

    // The library has no spans.

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn level(level: Level) -> nipc_log_level_t {
    match level {
        Level::ERROR => nipc_log_level_t::NIPC_LOG_ERROR,
        Level::WARN => nipc_log_level_t::NIPC_LOG_WARN,
        Level::INFO => nipc_log_level_t::NIPC_LOG_INFO,
        _ => nipc_log_level_t::NIPC_LOG_DEBUG,
    }
}

/// An event as text, in one line whatever peers have put into it.
struct Line(String);

impl Line {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let name = field.name();
        // Only values that refuse to be formatted can fail here; the line then ends early.
        let _ = match name {
            "message" => self.write_fmt(value),
            _ => write!(self, " {name}={value}"),
        };
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            let mut chars = part.chars();
            match chars.next_back() {
                Some(control) if control.is_control() => {
                    self.0.push_str(chars.as_str());
                    self.0.extend(control.escape_default());
                }
                _ => self.0.push_str(part),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::nipc_log_level_t::{NIPC_LOG_DEBUG, NIPC_LOG_INFO, NIPC_LOG_WARN};
    use super::*;

    type Lines = Mutex<Vec<(nipc_log_level_t, String)>>;

    unsafe extern "C" fn keep(user: *mut c_void, level: nipc_log_level_t, line: *const c_char) {
        // SAFETY: the test passes lines, which live as long as the process.
        let lines = unsafe { &*user.cast::<Lines>() };
        // SAFETY: the log passes a string.
        let line = unsafe { CStr::from_ptr(line) }.to_str().unwrap();
        lines.lock().unwrap().push((level, line.to_owned()));
    }

    #[test]
    fn a_function_hears_of_events_once_it_is_set_and_stays() {
        static LINES: Lines = Mutex::new(Vec::new());
        let user = (&raw const LINES).cast_mut().cast::<c_void>();
        // SAFETY: `keep` gets what it takes.
        let set = |log, most| unsafe { nipc_log_set(log, user, most) }.code();
        let info = MaybeUninit::new(NIPC_LOG_INFO);
        assert_eq!(set(None, info), ErrorCode::INVALID_ARGUMENT);
        for none in [0_u32, 5, u32::MAX] {
            let mut level = MaybeUninit::<nipc_log_level_t>::uninit();
            // SAFETY: a level has the size of this number.
            unsafe { level.as_mut_ptr().cast::<u32>().write(none) };
            assert_eq!(set(Some(keep), level), ErrorCode::INVALID_ARGUMENT);
        }
        assert_eq!(set(Some(keep), info), ErrorCode::OK);
        let debug = MaybeUninit::new(NIPC_LOG_DEBUG);
        assert_eq!(set(Some(keep), debug), ErrorCode::BUSY);

        tracing::warn!(path = "/a b", times = 3, why = ?Some("x"), "it\nbroke \u{0}");
        tracing::warn!(target: "somebody", "else broke");
        tracing::debug!("too much");
        // Other tests may have something to say meanwhile.
        let lines = LINES.lock().unwrap();
        let warned: Vec<_> = lines
            .iter()
            .filter(|(_, line)| line.contains("broke"))
            .collect();
        let whole = r#"it\nbroke \u{0} path=/a b times=3 why=Some("x")"#;
        assert_eq!(warned, [&(NIPC_LOG_WARN, whole.to_owned())]);
        assert!(lines.iter().all(|(level, _)| *level != NIPC_LOG_DEBUG));
    }
}
