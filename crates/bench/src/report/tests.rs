//! Reports of made-up rows.

use std::{collections::BTreeSet, fs};

use super::*;
use crate::{Layer, Row, Scenario, Transport};

fn row(scenario: Scenario, variant: &str, transport: Transport, layer: Layer) -> Row {
    Row {
        variant: variant.to_owned(),
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
        ..Row::new(scenario, transport, layer, "calls")
    }
}

/// Rows of every scenario, at full speed and at fixed rates.
fn rows() -> Vec<Row> {
    let socket = |scenario| row(scenario, "", Transport::Socket, Layer::Client);
    let mut rows: Vec<Row> = [
        Scenario::Ping,
        Scenario::Batch,
        Scenario::Pipeline,
        Scenario::PipelineBatch,
        Scenario::Snapshot,
        Scenario::Connect,
        Scenario::Limits,
    ]
    .map(socket)
    .into();
    for keys in [1, 16, 256, 8192, 32768] {
        rows.push(Row {
            throughput: 2e6 / f64::from(keys),
            ..row(
                Scenario::Codec,
                &format!("apps {keys} known"),
                Transport::None,
                Layer::Codec,
            )
        });
    }
    for rate in [1_000, 10_000, 100_000] {
        for variant in ["", "blocking"] {
            rows.push(Row {
                rate,
                ..row(Scenario::Ping, variant, Transport::Shm, Layer::Client)
            });
        }
    }
    rows
}

/// A report in a directory of its own: the page, and the plots by name.
fn report(rows: &[Row]) -> (String, Vec<(String, String)>) {
    let dir = tempfile::tempdir().unwrap();
    let outcome = Outcome {
        rows: rows.to_vec(),
        missing: Vec::new(),
    };
    let page = write(&dir.path().join("new"), &outcome, "/opt/x/netipc bench").unwrap();
    let mut plots: Vec<(String, String)> = fs::read_dir(page.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| *path != page)
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    plots.sort();
    (fs::read_to_string(page).unwrap(), plots)
}

/// What every report must keep, whatever the rows.
fn check(rows: &[Row]) -> (String, Vec<(String, String)>) {
    let (page, plots) = report(rows);
    for row in rows {
        let start = format!("| {} ", text::code(&row.name()));
        let full = |line: &&str| line.starts_with(&start) && line.matches(" | ").count() > 8;
        assert_eq!(page.lines().filter(full).count(), 1, "{start}\n{page}");
    }

    let targets: BTreeSet<&str> = page
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    for target in &targets {
        let found = match target.strip_prefix('#') {
            Some(heading) => page.lines().any(|line| line == format!("## {heading}")),
            None => plots.iter().any(|(name, _)| name == target),
        };
        assert!(found, "dead link {target}");
    }
    for (name, svg) in &plots {
        assert!(targets.contains(name.as_str()), "{name} is not shown");
        check_plot(name, svg);
    }
    for text in plots.iter().map(|(_, svg)| svg).chain([&page]) {
        let words = text.split(|symbol: char| !symbol.is_alphanumeric());
        for word in words {
            assert!(!matches!(word, "NaN" | "inf"), "{text}");
        }
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
    let names: Vec<&str> = plots.iter().map(|(name, _)| name.as_str()).collect();
    for scenario in ["ping", "batch", "pipeline", "codec", "limits"] {
        for name in [
            format!("throughput-{scenario}-calls.svg"),
            format!("latency-{scenario}.svg"),
        ] {
            assert!(names.contains(&name.as_str()), "{name} in {names:?}");
        }
    }
    assert!(names.contains(&"cpu-ping-1000-a-second.svg"), "{names:?}");
    assert!(page.contains("| command | `netipc bench` |"), "{page}");
    assert!(page.contains("93.0 % of echo socket"), "{page}");
    assert!(
        page.contains("| `ping shm client @1000` | 90.0 % | 90.0 % | 100 % |"),
        "{page}"
    );
}

#[test]
fn who_asked_whom_is_a_table() {
    let asking = |client: &str, server: &str, throughput| Row {
        client: client.to_owned(),
        server: server.to_owned(),
        throughput,
        ..row(Scenario::Ping, "", Transport::Ring, Layer::Client)
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
    let why = || crate::error::BenchError::Wrong("7 | <b>".to_owned());
    let low = Row {
        share_of_limit: Some(0.01),
        ..row(Scenario::Ping, "", Transport::Socket, Layer::Client)
    };
    let outcome = Outcome {
        rows: vec![low],
        missing: vec![("batch socket client".to_owned(), why())],
    };
    let dir = tempfile::tempdir().unwrap();
    let page = write(dir.path(), &outcome, "netipc bench").unwrap();
    let page = fs::read_to_string(page).unwrap();
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}\n{page}"));
    let missing = place("| `batch socket client` | wrong answer: 7 \\| &lt;b&gt; |");
    let fallen = place("| `ping socket client` | limit | 1.00 % | 55.0 % | **below** |");
    assert!(place("## This report is incomplete") < missing && missing < fallen);
    assert!(fallen < place("## ping"));
}

#[test]
fn the_same_rows_give_the_same_plots() {
    assert_eq!(report(&rows()).1, report(&rows()).1);
}

#[test]
fn no_rows_give_a_page_without_plots() {
    let (page, plots) = check(&[]);
    assert!(page.contains("Nothing was measured."), "{page}");
    assert!(plots.is_empty());
}

#[test]
fn one_row_or_one_scenario_is_enough() {
    for row in rows() {
        check(&[row]);
    }
}

#[test]
fn many_rows_are_split_by_what_carried_them() {
    let mut rows = Vec::new();
    for (transport, count) in [(Transport::Socket, 50), (Transport::Shm, 30)] {
        for keys in 0..count {
            let variant = format!("{keys}");
            rows.push(row(Scenario::Lookup, &variant, transport, Layer::Client));
        }
    }
    let (_, plots) = check(&rows);
    let names = plots.iter().map(|(name, _)| name.as_str());
    let names: Vec<&str> = names.filter(|name| name.starts_with("latency")).collect();
    assert_eq!(
        names,
        [
            "latency-lookup-shm-client.svg",
            "latency-lookup-socket-client-2.svg",
            "latency-lookup-socket-client.svg",
        ]
    );
}

#[test]
fn what_is_missing_is_a_dash() {
    let missing = Row {
        p50_us: None,
        p95_us: None,
        p99_us: None,
        p999_us: None,
        syscalls: None,
        switches: None,
        limit: None,
        share_of_limit: None,
        ..row(Scenario::Cache, "16", Transport::None, Layer::Cache)
    };
    let (page, plots) = check(&[missing]);
    let cells: Vec<_> = page
        .lines()
        .filter(|line| line.contains("`cache 16"))
        .collect();
    assert!(
        cells.iter().any(|line| line.matches('–').count() >= 6),
        "{page}"
    );
    assert!(plots.iter().all(|(name, _)| !name.starts_with("latency")));
}

#[test]
fn figures_that_are_no_numbers_are_not_drawn() {
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0] {
        for rate in [0, 1000] {
            let spoilt = Row {
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
                ..row(Scenario::Ping, "odd", Transport::Shm, Layer::Client)
            };
            check(std::slice::from_ref(&spoilt));
            check(&[
                spoilt,
                row(Scenario::Ping, "", Transport::Shm, Layer::Client),
            ]);
        }
    }
}

#[test]
fn names_are_only_text() {
    let markup = Row {
        unit: "<calls> & | \u{1}".to_owned(),
        load: "two <hogs> & `one` | more\n\u{0}".to_owned(),
        ..row(
            Scenario::Ping,
            "<script>\"x\"</script>",
            Transport::Socket,
            Layer::Client,
        )
    };
    let (page, plots) = check(&[markup]);
    assert!(
        !page.contains("<script>\"") || page.contains("`ping <script>"),
        "{page}"
    );
    let cells = page
        .lines()
        .find(|line| line.starts_with("| `ping"))
        .unwrap();
    let header = page
        .lines()
        .find(|line| line.contains("PER SECOND |"))
        .unwrap();
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    assert_eq!(columns(cells), columns(header), "{cells}");
    assert!(plots.iter().all(|(_, svg)| !svg.contains("<script>")));
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = write(
        &file.path().join("report"),
        &Outcome::default(),
        "netipc bench",
    )
    .unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
}
