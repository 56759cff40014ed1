//! The survey as people read it.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets::NOTHING};

use crate::inspect::{
    Endpoint, File, Life, Problem, Process, Region, RegionFile, RegionLife, RunDir, Session, Survey,
};
use crate::plain::plain;
use crate::terminal;

/// Columns before the command of a table of processes, which is cut where a terminal ends.
const COLUMNS: usize = 5;

/// Prints all of it.
pub(super) fn print(survey: &Survey, out: &mut impl Write) -> io::Result<()> {
    for (at, dir) in survey.run_dirs.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        run_dir(dir, out)?;
    }
    if !survey.unseen.is_empty() {
        writeln!(out)?;
    }
    for what in &survey.unseen {
        write!(out, "{}", terminal::wrapped(&format!("Not seen: {what}.")))?;
    }
    Ok(())
}

fn run_dir(dir: &RunDir, out: &mut impl Write) -> io::Result<()> {
    let path = plain(&dir.path.to_string_lossy());
    let file = dir.file.as_ref();
    let file = file.map_or_else(String::new, |file| {
        format!(", {}, mode {}", file.user, file.mode)
    });
    let state = match &dir.problem {
        Some(Problem::Missing) => "is not there".to_owned(),
        Some(Problem::NotADirectory) => "is no directory".to_owned(),
        Some(Problem::Unreadable(why)) => format!("cannot be read: {why}"),
        None if dir.endpoints.is_empty() => "has no endpoints".to_owned(),
        None => match dir.endpoints.len() {
            1 => "1 endpoint".to_owned(),
            many => format!("{many} endpoints"),
        },
    };
    writeln!(out, "{path}: {state}{file}")?;
    for one in &dir.endpoints {
        endpoint(one, out)?;
    }
    for region in dir
        .regions
        .iter()
        .filter(|region| region.life != RegionLife::InUse)
    {
        writeln!(out, "\n{}", region_line(region))?;
        write!(
            out,
            "{}",
            terminal::wrapped(&format!("  {}", region.evidence))
        )?;
    }
    Ok(())
}

fn endpoint(endpoint: &Endpoint, out: &mut impl Write) -> io::Result<()> {
    let Endpoint {
        service,
        life,
        file: socket,
        ..
    } = endpoint;
    let kind = endpoint
        .kind
        .map_or_else(String::new, |kind| format!(" ({kind})"));
    let File {
        user,
        mode,
        age_seconds,
        ..
    } = socket;
    let age = terminal::age(*age_seconds);
    let state = match life {
        Life::Live => terminal::painted(life.name(), terminal::Colour::Green),
        Life::Stale | Life::NotASocket => terminal::painted(life.name(), terminal::Colour::Red),
        Life::Unknown => life.name().to_owned(),
    };
    writeln!(
        out,
        "\n{}{kind}: {state}, {age} old, {user}, mode {mode}",
        plain(service),
    )?;
    if *life != Life::Live || endpoint.listeners.is_empty() {
        write!(
            out,
            "{}",
            terminal::wrapped(&format!("  {}", endpoint.evidence))
        )?;
    }
    let mut rows: Vec<[String; COLUMNS + 1]> = Vec::new();
    for server in &endpoint.listeners {
        rows.push(row("server", Some(server), String::new()));
    }
    for session in &endpoint.sessions {
        let role = if session.accepted { "client" } else { "waits" };
        let carried = carried(session);
        if session.client.is_empty() {
            rows.push(row(role, None, carried.clone()));
        }
        for client in &session.client {
            rows.push(row(role, Some(client), carried.clone()));
        }
    }
    table(&counted(rows), out)?;
    if let (Some(waiting @ 1..), Some(most)) = (endpoint.waiting, endpoint.backlog) {
        writeln!(
            out,
            "  waiting to be accepted: {waiting}, with a backlog of {most}"
        )?;
    }
    Ok(())
}

/// Each row once, with how many of it there are.
fn counted(rows: Vec<[String; COLUMNS + 1]>) -> Vec<[String; COLUMNS + 1]> {
    let mut counted = Vec::new();
    for same in rows.chunk_by(|one, next| one == next) {
        counted.extend(same.first().cloned().map(|mut row| {
            if let ([role, ..], count @ 2..) = (&mut row, same.len()) {
                role.push_str(&format!(" x{count}"));
            }
            row
        }));
    }
    counted
}

fn row(role: &str, process: Option<&Process>, carried: String) -> [String; COLUMNS + 1] {
    let Some(process) = process else {
        let role = format!("  {role}");
        return [
            role,
            "?".into(),
            "?".into(),
            carried,
            String::new(),
            "not seen".into(),
        ];
    };
    let state = match process.state {
        "alive" | "in the kernel" => String::new(),
        state => state.to_uppercase(),
    };
    [
        format!("  {role}"),
        process.pid.to_string(),
        plain(&process.user),
        carried,
        state,
        plain(&process.command),
    ]
}

fn carried(session: &Session) -> String {
    if !session.accepted {
        return String::new();
    }
    let Some(transport) = session.transport else {
        return "?".to_owned();
    };
    let room = session.region.as_ref().map_or_else(String::new, room);
    let counters = session.counters();
    let counters = counters.map_or_else(String::new, |(asked, answered)| {
        format!(" {asked}/{answered}")
    });
    format!("{transport}{room}{counters}")
}

/// The room of both directions.
fn room(region: &Region) -> String {
    match (region.request_bytes, region.response_bytes) {
        (Some(request), Some(response)) => {
            format!(" {}+{}", terminal::size(request), terminal::size(response))
        }
        _ => format!(" {}", terminal::size(region.bytes)),
    }
}

fn table(rows: &[[String; COLUMNS + 1]], out: &mut impl Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(NOTHING);
    for row in rows {
        table.add_row(row);
    }
    if let Some(pids) = table.column_mut(1) {
        pids.set_cell_alignment(CellAlignment::Right);
    }
    let empty = |at: usize| {
        rows.iter()
            .all(|row| row.get(at).is_some_and(String::is_empty))
    };
    for at in (0..COLUMNS).filter(|at| empty(*at)) {
        if let Some(column) = table.column_mut(at) {
            column.set_constraint(comfy_table::ColumnConstraint::Hidden);
        }
    }
    for line in table.lines() {
        writeln!(
            out,
            "{}",
            terminal::cut(line.strip_prefix(' ').unwrap_or(&line).trim_end())
        )?;
    }
    Ok(())
}

fn region_line(region: &RegionFile) -> String {
    let life = match region.life {
        RegionLife::InUse => "in use",
        RegionLife::Orphaned => "orphaned",
        RegionLife::Unknown => "unknown",
    };
    let File {
        user,
        mode,
        age_seconds,
        ..
    } = &region.file;
    let (size, age) = (
        terminal::size(region.region.bytes),
        terminal::age(*age_seconds),
    );
    format!(
        "{}: {life} region of {size}, {age} old, {user}, mode {mode}",
        plain(&region.name)
    )
}
