//! Help of every command, manual pages and completions.

mod support;

use support::{Ended, netipc, run};

/// Names of the commands, as the help has them.
fn commands() -> Vec<String> {
    let help = run(netipc(["--help"]), b"");
    let lines = help.text().lines().skip_while(|line| *line != "Commands:");
    let lines = lines.skip(1).take_while(|line| !line.is_empty());
    let names = lines
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next());
    names
        .map(str::to_owned)
        .filter(|name| name != "help")
        .collect()
}

fn help(command: &str) -> Ended {
    run(netipc([command, "--help"]), b"")
}

#[test]
fn every_command_has_examples() {
    let commands = commands();
    assert!(commands.len() >= 16, "{commands:?}");
    for command in commands {
        let text = help(&command);
        let (_, examples) = text.text().split_once("Examples:\n").unwrap_or_default();
        let call = format!("netipc {command}");
        assert!(examples.contains(&call), "{command}: {}", text.stdout);
    }
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("man1");
    let out_text = out.display().to_string();
    run(netipc(["man", "--out", &out_text]), b"").text();
    let page = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    assert!(
        page("netipc.1").contains("netipc\\-call(1)"),
        "{}",
        page("netipc.1")
    );
    for command in commands() {
        let page = page(&format!("netipc-{command}.1"));
        assert!(
            page.contains(".TH netipc-") && page.contains("Examples:"),
            "{page}"
        );
    }
    assert!(run(netipc(["man"]), b"").text().contains(".TH netipc 1"));
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let ended = run(netipc(["man", "--out", &file.display().to_string()]), b"");
    ended.failed(1, "failed", "cannot write");
}

#[test]
fn shells_complete_commands_and_options() {
    for shell in ["bash", "zsh", "fish"] {
        let text = run(netipc(["completions", shell]), b"");
        let commands = commands();
        for part in commands.iter().map(String::as_str).chain(["run-dir"]) {
            assert!(text.text().contains(part), "{shell}: {part}");
        }
    }
    assert_eq!(run(netipc(["completions", "cmd.exe"]), b"").code, Some(2));
}
