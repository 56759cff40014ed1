//! Replies for people.

use std::io::{self, Write};

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use netipc::service::cgroups::CgroupsItemView;

use crate::documents::{AppItem, Apps, CgroupItem, Cgroups, Number, Snapshot, SnapshotItem, Text};
use crate::plain::plain;

/// A reply that can be shown.
pub(super) trait Print {
    /// The table, or the value.
    fn print(&self, out: &mut impl Write) -> io::Result<()>;

    /// What to say of it in front of how it came; ends in a comma and a space unless empty.
    fn summary(&self) -> String {
        String::new()
    }
}

impl Print for Snapshot {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let header = ["HASH", "ENABLED", "OPTIONS", "NAME", "PATH"];
        let row = |item: &SnapshotItem| {
            let view = item.view();
            [
                format!("{:08x}", view.hash),
                view.enabled.to_string(),
                options(view.options),
                plain(&item.name),
                plain(&item.path),
            ]
        };
        table(out, header, self.items.iter().map(row))
    }

    fn summary(&self) -> String {
        let systemd = if self.systemd_enabled == 0 {
            "without"
        } else {
            "with"
        };
        let items = items(self.items.len(), self.generation);
        format!("{items}{systemd} systemd, ")
    }
}

impl Print for Cgroups {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let header = ["PATH", "STATUS", "ORCHESTRATOR", "NAME", "LABELS"];
        let row = |item: &CgroupItem| {
            [
                plain(&item.path),
                item.status.to_string(),
                item.orchestrator.to_string(),
                plain(&item.name),
                labels(&item.labels),
            ]
        };
        table(out, header, self.items.iter().map(row))
    }

    fn summary(&self) -> String {
        items(self.items.len(), self.generation)
    }
}

impl Print for Apps {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let header = [
            "PID",
            "STATUS",
            "PPID",
            "UID",
            "STARTED",
            "COMM",
            "CGROUP",
            "ORCHESTRATOR",
            "NAME",
            "PATH",
            "LABELS",
        ];
        let row = |item: &AppItem| {
            let view = item.view();
            let known = view.status == netipc::protocol::PidStatus::KNOWN;
            let known = |text: String| if known { text } else { String::new() };
            [
                item.pid.to_string(),
                item.status.to_string(),
                known(item.ppid.to_string()),
                known(item.uid.to_string()),
                known(item.starttime.to_string()),
                plain(&item.comm),
                known(item.cgroup_status.to_string()),
                known(item.orchestrator.to_string()),
                plain(&item.cgroup_name),
                plain(&item.cgroup_path),
                labels(&item.labels),
            ]
        };
        table(out, header, self.items.iter().map(row))
    }

    fn summary(&self) -> String {
        items(self.items.len(), self.generation)
    }
}

impl Print for Number {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{}", self.reply)
    }
}

impl Print for Text {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{}", plain(&self.reply))
    }
}

fn table<const N: usize>(
    out: &mut impl Write,
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header).add_rows(rows);
    for line in table.lines() {
        writeln!(out, "{}", line.trim())?;
    }
    Ok(())
}

fn items(count: usize, generation: u64) -> String {
    let noun = if count == 1 { "item" } else { "items" };
    format!("{count} {noun} of generation {generation}, ")
}

/// The bits by name, and what has none in hex.
fn options(bits: u32) -> String {
    let named = [
        (CgroupsItemView::OPTION_DISABLED_DUPLICATE, "duplicate"),
        (CgroupsItemView::OPTION_SYSTEMD_SERVICE, "service"),
        (CgroupsItemView::OPTION_UNIFIED, "unified"),
        (CgroupsItemView::OPTION_DISABLED_EXCLUDED, "excluded"),
    ];
    let set = named.iter().filter(|(bit, _)| bits & bit != 0);
    let mut names: Vec<String> = set.map(|(_, name)| (*name).to_owned()).collect();
    let rest = named.iter().fold(bits, |rest, (bit, _)| rest & !bit);
    if rest != 0 {
        names.push(format!("{rest:#x}"));
    }
    names.join(",")
}

fn labels(pairs: &[(String, String)]) -> String {
    let pair = |(key, value): &(String, String)| format!("{}={}", plain(key), plain(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_names() {
        assert_eq!(options(0), "");
        assert_eq!(options(0b0110), "service,unified");
        assert_eq!(options(0x8000_0009), "duplicate,excluded,0x80000000");
    }

    #[test]
    fn a_table_has_a_line_for_each_row() {
        let mut out = Vec::new();
        let rows = [["1", "long text"], ["22", "b"]].map(|row| row.map(str::to_owned));
        table(&mut out, ["A", "B"], rows.into_iter()).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "A   B\n1   long text\n22  b\n");
    }
}
