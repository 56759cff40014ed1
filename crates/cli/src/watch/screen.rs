//! The screen of `watch`, and its lines.

use std::io::{self, Write};

use netipc_schema::Schema;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Sparkline, Wrap};
use serde_json::{Value, json};

use super::model::{Changes, Difference, Mark, Model, Polled};
use super::rows::names;
use crate::plain::plain;
use crate::terminal::{age, clock, counted};
use crate::tui::{Screen, View, footer, style, table};

/// Shows what was seen.
pub(super) struct Watch {
    service: String,
    endpoint: String,
    json: bool,
    model: Model,
}

impl Watch {
    pub(super) fn new(schema: &Schema, endpoint: String, json: bool) -> Self {
        Self {
            service: schema.name.clone(),
            endpoint,
            json,
            model: Model::new(names(schema)),
        }
    }

    /// State, transport, sessions and what stands in front of the items.
    fn state(&self) -> String {
        let Some(last) = &self.model.last else {
            return "asking for the first time".to_owned();
        };
        let since = last.time.saturating_sub(self.model.state_since).as_secs();
        let mut said = format!("{} for {}", last.state, age(since));
        if let Some(carrier) = &last.carrier {
            said.push_str(&format!(", {carrier}"));
        }
        match self.model.reconnects() {
            0 => {}
            1 => said.push_str(", reconnected once"),
            times => said.push_str(&format!(", reconnected {times} times")),
        }
        for (name, value) in &self.model.head {
            said.push_str(&format!(", {name} {value}"));
        }
        said
    }

    fn counts(&self) -> String {
        let Model {
            asked,
            errors,
            added,
            removed,
            changed,
            ..
        } = &self.model;
        let items = counted(self.model.count(), "item");
        format!(
            "{items}: {added} added, {removed} removed, {changed} changed; asked {asked}, failed {errors}"
        )
    }

    fn latency(&self) -> String {
        let mut sorted: Vec<u64> = self.model.latencies.iter().copied().collect();
        sorted.sort_unstable();
        let [first, .., last] = &sorted[..] else {
            let only = sorted.first();
            return only.map_or_else(String::new, |only| format!("latency {only} µs"));
        };
        let now = self.model.latencies.front().unwrap_or(first);
        let median = sorted.get(sorted.len() / 2).unwrap_or(first);
        format!("latency {now} µs, min {first}, median {median}, max {last}")
    }

    fn rows(&self, view: &View) -> Vec<(Style, Vec<String>)> {
        let mut rows: Vec<(Option<Mark>, Vec<String>)> = self
            .model
            .items()
            .filter(|(row, _)| view.shows(&row.cells))
            .map(|(row, mark)| {
                let sign = mark.map_or("", Mark::sign).to_owned();
                (mark, [&[sign][..], &row.cells].concat())
            })
            .collect();
        match view.order {
            0 => {}
            1 => rows.sort_by_key(|(mark, _)| mark.is_none()),
            // The columns, without that of the marks.
            at => rows.sort_by(|(_, one), (_, other)| order(one.get(at - 1), other.get(at - 1))),
        }
        let coloured = |(mark, cells): (Option<Mark>, Vec<String>)| {
            let style = match mark {
                Some(Mark::Added) => style(Color::Green),
                Some(Mark::Removed) => style(Color::Red),
                Some(Mark::Changed) => style(Color::Yellow),
                None => Style::default(),
            };
            (style, cells)
        };
        rows.into_iter().map(coloured).collect()
    }

    fn tell_line(&self, changes: &Changes, out: &mut impl Write) -> io::Result<()> {
        let Some(last) = &self.model.last else {
            return Ok(());
        };
        let (time, state) = (clock(last.time), last.state);
        if let Err(why) = &last.outcome {
            return writeln!(out, "{time} {state}: {}", plain(why));
        }
        let carrier = last.carrier.as_deref().unwrap_or("?");
        let head = self.model.head.iter();
        let head: String = head
            .map(|(name, value)| format!(", {name} {value}"))
            .collect();
        let items = counted(self.model.count(), "item");
        writeln!(
            out,
            "{time} {state}, {carrier}{}, {items}, {:.1?}",
            plain(&head),
            last.took
        )?;
        for key in &changes.added {
            writeln!(out, "  + {}", plain(key))?;
        }
        for key in &changes.removed {
            writeln!(out, "  - {}", plain(key))?;
        }
        for (key, fields) in &changes.changed {
            let told = fields
                .iter()
                .map(|(name, old, new)| format!("{name} {old} -> {new}"));
            let told: Vec<String> = told.collect();
            let key = if key.is_empty() {
                String::new()
            } else {
                format!("{key}: ")
            };
            writeln!(out, "  ~ {}{}", plain(&key), plain(&told.join(", ")))?;
        }
        Ok(())
    }

    fn json_of(&self, changes: &Changes) -> Value {
        let Some(last) = &self.model.last else {
            return Value::Null;
        };
        let fields = |fields: &[Difference]| -> Value {
            let one = |(name, old, new): &Difference| (name.clone(), json!([old, new]));
            Value::Object(fields.iter().map(one).collect())
        };
        let changed = changes.changed.iter();
        let changed = changed.map(|(key, of)| json!({"key": key, "fields": fields(of)}));
        let head = self.model.head.iter().cloned();
        let head = head.map(|(name, value)| (name, Value::String(value)));
        json!({
            "time": last.time.as_secs_f64(),
            "service": self.service,
            "state": last.state.to_string(),
            "transport": last.carrier,
            "took_us": u64::try_from(last.took.as_micros()).ok(),
            "sessions": last.sessions,
            "head": Value::Object(head.collect()),
            "items": self.model.count(),
            "added": changes.added,
            "removed": changes.removed,
            "changed": changed.collect::<Vec<_>>(),
            "error": last.outcome.as_ref().err(),
        })
    }
}

impl Screen for Watch {
    type News = Polled;

    fn take(&mut self, polled: Polled) {
        self.model.take(polled);
    }

    fn draw(&self, frame: &mut Frame<'_>, view: &View) {
        let error = self
            .model
            .last
            .as_ref()
            .and_then(|last| last.outcome.as_ref().err());
        let [top, spark, items, trouble, keys] = Layout::vertical([
            Constraint::Length(4),
            Constraint::Length(2),
            Constraint::Min(2),
            Constraint::Length(if error.is_some() { 2 } else { 0 }),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let title = format!("{}  {}", self.service, plain(&self.endpoint));
        let lines = [title, plain(&self.state()), self.counts(), self.latency()];
        frame.render_widget(Paragraph::new(lines.map(Line::from).to_vec()), top);
        let latencies: Vec<u64> = self
            .model
            .latencies
            .iter()
            .copied()
            .take(spark.width.into())
            .collect();
        frame.render_widget(
            Sparkline::default()
                .data(&latencies)
                .style(style(Color::Cyan)),
            spark,
        );
        let headers = [&[String::new()][..], &self.model.columns].concat();
        table(frame, items, view, &headers, &self.rows(view));
        if let Some(why) = error {
            let text = Paragraph::new(plain(why)).wrap(Wrap { trim: true });
            frame.render_widget(text.style(style(Color::Red)), trouble);
        }
        footer(frame, keys, view);
    }

    fn tell(&mut self, polled: Polled) -> io::Result<()> {
        let changes = self.model.take(polled);
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", self.json_of(&changes))?;
        } else {
            self.tell_line(&changes, &mut out)?;
        }
        out.flush()
    }

    fn orders(&self) -> Vec<String> {
        let usual = ["key", "change"].map(str::to_owned);
        let columns = self.model.columns.iter().map(|name| name.to_lowercase());
        usual.into_iter().chain(columns).collect()
    }
}

/// By number where both are some.
fn order(one: Option<&String>, other: Option<&String>) -> std::cmp::Ordering {
    let number = |text: Option<&String>| text.and_then(|text| text.parse::<i128>().ok());
    match (number(one), number(other)) {
        (Some(one), Some(other)) => other.cmp(&one),
        _ => one.cmp(&other),
    }
}
