//! The screen of `top`, and its lines.

use std::cmp::{Ordering, Reverse};
use std::io::{self, Write};

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};
use serde_json::json;

use super::model::{Look, Service};
use crate::json::since_1970;
use crate::plain::plain;
use crate::terminal::{age, clock, counted, cut};
use crate::tui::{Screen, View, footer, style, table};

const HEADERS: [&str; 8] = [
    "SERVICE", "STATE", "PID", "SESSIONS", "CALLS/S", "REFUSED", "HANDLER", "DATA",
];

/// Shows services.
#[derive(Default)]
pub(super) struct Top {
    json: bool,
    last: Option<Look>,
    services: Vec<Service>,
}

impl Top {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            ..Self::default()
        }
    }

    fn title(&self) -> String {
        let sum = |of: fn(&Service) -> usize| self.services.iter().map(of).sum::<usize>();
        let live = self
            .services
            .iter()
            .filter(|one| one.life == "live")
            .count();
        let calls: f64 = self
            .services
            .iter()
            .filter_map(|one| one.calls_per_second)
            .sum();
        // Of nothing it is a negative zero.
        let calls = calls + 0.0;
        format!(
            "{live} of {} live, {} ({} over shared memory), {calls:.1} calls/s",
            counted(self.services.len(), "service"),
            counted(sum(|one| one.sessions), "session"),
            sum(|one| one.shm),
        )
    }

    fn tell_table(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{} {}", clock(since_1970()), self.title())?;
        let mut table = Table::new();
        table.load_style(NOTHING).set_header(HEADERS);
        for service in &self.services {
            table.add_row(cells(service).map(|cell| plain(&cell)));
        }
        for line in table.lines() {
            writeln!(out, "{}", cut(line.trim()))?;
        }
        Ok(())
    }
}

fn cells(service: &Service) -> [String; 8] {
    let some = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let of = service
        .workers
        .map_or_else(String::new, |workers| format!("/{workers}"));
    let by = match (service.shm, service.socket) {
        (0, _) => String::new(),
        (shm, 0) => format!(" shm {shm}"),
        (shm, socket) => format!(" shm {shm} socket {socket}"),
    };
    let calls = service.calls_per_second.map(|calls| {
        let at_least = if service.at_least { ">=" } else { "" };
        format!("{at_least}{calls:.1}")
    });
    let handler = service.handler_us.map(|micros| format!("{micros:.1}µs"));
    let data = service.data_age_seconds.map(whole).map(age);
    [
        service.service.clone(),
        service.life.to_owned(),
        some(service.pid.map(|pid| pid.to_string())),
        format!("{}{of}{by}", service.sessions),
        some(calls),
        some(service.refused.map(|refused| refused.to_string())),
        some(handler),
        some(data),
    ]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a process's life, and never below 0"
)]
fn whole(seconds: f64) -> u64 {
    seconds.max(0.0) as u64
}

impl Screen for Top {
    type News = Look;

    fn take(&mut self, look: Look) {
        self.services = look.since(self.last.as_ref());
        self.last = Some(look);
    }

    fn draw(&self, frame: &mut Frame<'_>, view: &View) {
        let unseen = self.last.as_ref().and_then(|last| last.unseen.first());
        let [top, services, hidden, keys] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Min(2),
            Constraint::Length(if unseen.is_some() { 2 } else { 0 }),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        frame.render_widget(Paragraph::new(Line::from(self.title())), top);
        let mut sorted: Vec<&Service> = self.services.iter().collect();
        let more = |one: Option<f64>, other: Option<f64>| {
            other.partial_cmp(&one).unwrap_or(Ordering::Equal)
        };
        match view.order {
            1 => sorted.sort_by(|a, b| more(a.calls_per_second, b.calls_per_second)),
            2 => sorted.sort_by_key(|one| Reverse(one.sessions)),
            3 => sorted.sort_by(|a, b| more(a.handler_us, b.handler_us)),
            _ => {}
        }
        let rows = sorted.into_iter().map(|service| {
            let colour = match service.life {
                "live" => Style::default(),
                _ => style(Color::Red),
            };
            (colour, cells(service).to_vec())
        });
        let rows: Vec<_> = rows.filter(|(_, cells)| view.shows(cells)).collect();
        table(frame, services, view, &HEADERS.map(str::to_owned), &rows);
        if let Some(what) = unseen {
            let text = Paragraph::new(format!("Not seen: {what}")).wrap(Wrap { trim: true });
            frame.render_widget(text, hidden);
        }
        footer(frame, keys, view);
    }

    fn tell(&mut self, look: Look) -> io::Result<()> {
        let seconds = self
            .last
            .as_ref()
            .map(|last| look.at.duration_since(last.at).as_secs_f64());
        self.take(look);
        let mut out = io::stdout().lock();
        if self.json {
            let line = json!({
                "time": since_1970().as_secs_f64(),
                "seconds": seconds,
                "services": self.services,
            });
            writeln!(out, "{line}")?;
        } else {
            self.tell_table(&mut out)?;
        }
        out.flush()
    }

    fn orders(&self) -> Vec<String> {
        ["service", "calls", "sessions", "handler"]
            .map(str::to_owned)
            .to_vec()
    }
}
