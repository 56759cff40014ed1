//! Reports of made-up rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use strum::VariantNames as _;

use super::*;
use crate::error::BenchError;
use crate::{Layer, Row, Scenario, Transport};

fn row(scenario: Scenario, transport: Transport) -> Row {
    Row {
        throughput: 50_000.0,
        min: 48_000.0,
        max: 51_000.0,
        p50_us: Some(18.0),
        p95_us: Some(22.0),
        p99_us: Some(40.0),
        p999_us: Some(120.0),
        client_cpu: 0.5,
        server_cpu: 0.4,
        syscalls: Some(4.0),
        switches: Some(2.0),
        limit: Some("limits echo socket raw".to_owned()),
        share_of_limit: Some(0.93),
        ..Row::new(scenario, transport, Layer::Client, "calls")
    }
}

fn variant(of: Row, variant: impl ToString) -> Row {
    Row {
        variant: variant.to_string(),
        ..of
    }
}

/// Rows of every scenario, at full speed and at fixed rates.
fn rows() -> Vec<Row> {
    let scenarios = Scenario::VARIANTS.iter().map(|name| name.parse().unwrap());
    let mut rows: Vec<Row> = scenarios
        .map(|scenario| row(scenario, Transport::Socket))
        .collect();
    rows.extend([1, 16, 256, 8192, 32768].map(|keys| Row {
        throughput: 2e6 / f64::from(keys),
        ..variant(row(Scenario::Codec, Transport::None), keys)
    }));
    for rate in [1_000, 10_000, 100_000] {
        rows.extend(["", "blocking"].map(|word| Row {
            rate,
            ..variant(row(Scenario::Ping, Transport::Shm), word)
        }));
    }
    rows
}

/// A report in a directory of its own: the page, and the plots by name.
fn report(rows: &[Row]) -> (String, BTreeMap<String, String>) {
    let dir = tempfile::tempdir().unwrap();
    let outcome = Outcome {
        rows: rows.to_vec(),
        missing: Vec::new(),
    };
    let page = write(&dir.path().join("new"), &outcome, "/opt/x/netipc bench").unwrap();
    let files = fs::read_dir(page.parent().unwrap()).unwrap();
    let files = files
        .map(|file| file.unwrap().path())
        .filter(|path| *path != page);
    let named = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    let plots: BTreeMap<_, _> = files.map(named).collect();
    (fs::read_to_string(page).unwrap(), plots)
}

/// What every report must keep, whatever the rows.
fn check(rows: &[Row]) -> (String, BTreeMap<String, String>) {
    let (page, plots) = report(rows);
    for row in rows {
        let start = format!("| {} ", text::code(&row.name()));
        let full = |line: &&str| line.starts_with(&start) && line.matches(" | ").count() > 8;
        assert_eq!(page.lines().filter(full).count(), 1, "{start}\n{page}");
    }

    let links = page.split("](").skip(1);
    let links: BTreeSet<&str> = links.filter_map(|rest| rest.split(')').next()).collect();
    let names: BTreeSet<&str> = plots.keys().map(String::as_str).collect();
    assert_eq!(links, names, "what is shown, and what there is");
    plots.iter().for_each(|(name, svg)| check_plot(name, svg));
    for text in plots.values().chain([&page]) {
        let mut words = text.split(|symbol: char| !symbol.is_alphanumeric());
        assert!(!words.any(|word| matches!(word, "NaN" | "inf")), "{text}");
    }
    (page, plots)
}

/// Well-formed, and with nothing outside the canvas.
fn check_plot(name: &str, svg: &str) {
    let document =
        roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{name}: {error}"));
    let root = document.root_element();
    let number = |node: roxmltree::Node<'_, '_>, name: &str| -> f64 {
        node.attribute(name).unwrap().parse().unwrap()
    };
    let (width, height) = (number(root, "width"), number(root, "height"));
    for rect in root.children().filter(|node| node.has_tag_name("rect")) {
        let (x, y) = (number(rect, "x"), number(rect, "y"));
        assert!(x >= 0.0 && x + number(rect, "width") <= width, "{name}");
        assert!(y >= 0.0 && y + number(rect, "height") <= height, "{name}");
    }
    for text in root.children().filter(|node| node.has_tag_name("text")) {
        let long = text.text().unwrap_or_default().trim().chars().count();
        let long = f64::from(u32::try_from(long).unwrap()) * number(text, "font-size") * 0.61;
        let x = number(text, "x");
        let (left, right) = match text.attribute("text-anchor").unwrap() {
            "start" => (x, x + long),
            "end" => (x - long, x),
            _ => (x - long / 2.0, x + long / 2.0),
        };
        assert!(left >= 0.0 && right <= width, "{name}: {text:?} is cut");
    }
}

#[test]
fn a_report_has_every_row_and_a_plot_of_each_kind() {
    let (page, plots) = check(&rows());
    for scenario in ["ping", "batch", "pipeline", "codec", "limits"] {
        assert!(plots.contains_key(&format!("throughput-{scenario}-calls.svg")));
        assert!(plots.contains_key(&format!("latency-{scenario}.svg")));
    }
    assert!(plots.contains_key("cpu-ping-1000-a-second.svg"));
    for part in [
        "| command | `netipc bench` |",
        "93.0 % of echo socket",
        "| `ping shm client @1000` | 90.0 % | 90.0 % | 100 % |",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert_eq!(
        report(&rows()).1,
        plots,
        "the same rows give the same plots"
    );
}

#[test]
fn any_number_of_rows_is_enough() {
    let (page, plots) = check(&[]);
    assert!(page.contains("Nothing was measured."), "{page}");
    assert!(plots.is_empty());
    for row in rows() {
        check(&[row]);
    }
    // Many are split by what carried them.
    let many = [(Transport::Socket, 50), (Transport::Shm, 30)];
    let many = many.into_iter().flat_map(|(transport, count)| {
        (0..count).map(move |keys| variant(row(Scenario::Lookup, transport), keys))
    });
    let (_, plots) = check(&many.collect::<Vec<_>>());
    let latencies = plots.keys().filter(|name| name.starts_with("latency"));
    let wanted = ["shm-client", "socket-client-2", "socket-client"];
    let wanted = wanted.map(|part| format!("latency-lookup-{part}.svg"));
    assert_eq!(
        latencies.collect::<Vec<_>>(),
        wanted.iter().collect::<Vec<_>>()
    );
}

#[test]
fn who_asked_whom_is_a_table() {
    let asking = |client: &str, server: &str, throughput| Row {
        client: client.to_owned(),
        server: server.to_owned(),
        throughput,
        ..row(Scenario::Ping, Transport::Ring)
    };
    let (page, _) = check(&[
        asking("", "", 1e6),
        asking("c", "", 2e6),
        asking("", "c", 3e6),
        asking("c", "c", 4e6),
    ]);
    for line in [
        "| row | client | server `rust` | server `c` |",
        "| `ping ring client` | `rust` | 1.00 M | 3.00 M |",
        "| `ping ring client` | `c` | 2.00 M | 4.00 M |",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
}

#[test]
fn what_is_missing_or_below_its_floor_is_told_first() {
    let why = BenchError::Wrong("7 | <b>".to_owned());
    let low = Row {
        share_of_limit: Some(0.01),
        ..row(Scenario::Ping, Transport::Socket)
    };
    let outcome = Outcome {
        rows: vec![low],
        missing: vec![("batch socket client".to_owned(), why)],
    };
    let dir = tempfile::tempdir().unwrap();
    let page = write(dir.path(), &outcome, "netipc bench").unwrap();
    let page = fs::read_to_string(page).unwrap();
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}\n{page}"));
    let told = [
        "## This report is incomplete",
        "| `batch socket client` | wrong answer: 7 \\| &lt;b&gt; |",
        "| `ping socket client` | limit | 1.00 % | 55.0 % | **below** |",
        "## ping",
    ];
    assert!(told.map(place).is_sorted(), "{page}");

    let file = tempfile::NamedTempFile::new().unwrap();
    let nowhere = write(&file.path().join("report"), &outcome, "netipc bench");
    let error = nowhere.unwrap_err().to_string();
    assert!(error.contains("cannot write"), "{error}");
}

#[test]
fn figures_that_are_missing_or_no_numbers_are_dashes() {
    let missing = Row {
        p50_us: None,
        p95_us: None,
        p99_us: None,
        p999_us: None,
        syscalls: None,
        switches: None,
        limit: None,
        share_of_limit: None,
        ..row(Scenario::Cache, Transport::None)
    };
    let (page, plots) = check(&[missing]);
    let mut lines = page.lines().filter(|line| line.contains("`cache"));
    assert!(lines.any(|line| line.matches('–').count() >= 6), "{page}");
    assert!(plots.keys().all(|name| !name.starts_with("latency")));
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0] {
        for rate in [0, 1000] {
            let good = row(Scenario::Ping, Transport::Shm);
            let spoilt = Row {
                variant: "odd".to_owned(),
                rate,
                throughput: odd,
                min: odd,
                max: odd,
                p50_us: Some(odd),
                p999_us: Some(odd),
                client_cpu: odd,
                server_cpu: odd,
                syscalls: Some(odd),
                share_of_limit: Some(odd),
                ..good.clone()
            };
            check(std::slice::from_ref(&spoilt));
            check(&[spoilt, good]);
        }
    }
}

#[test]
fn names_are_only_text() {
    let markup = Row {
        variant: "<script>\"x\"</script>".to_owned(),
        unit: "<calls> & | \u{1}".to_owned(),
        load: "two <hogs> & `one` | more\n\u{0}".to_owned(),
        ..row(Scenario::Ping, Transport::Socket)
    };
    let (page, plots) = check(&[markup]);
    let lines = page.lines().filter(|line| line.contains("<script>"));
    assert!(
        lines
            .clone()
            .all(|line| line.starts_with("| `ping <script>")),
        "{page}"
    );
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let header = page.lines().find(|line| line.contains("PER SECOND |"));
    assert_eq!(lines.map(columns).max(), header.map(columns), "{page}");
    assert!(plots.values().all(|svg| !svg.contains("<script>")));
}
