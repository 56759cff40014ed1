//! What is logged: state changes, the first answer, and every hundredth failure.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::super::config::EnricherConfig;
use super::super::source::AskError;
use super::sim::Rig;

/// Lines as they came: level, message and fields.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("netipc::enricher")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Heard {
    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// As many lines as are wanted, each with its parts, and with the service.
    fn says(&self, wanted: &[&[&str]]) {
        let lines = self.lines();
        assert_eq!(lines.len(), wanted.len(), "{lines:?}");
        for (line, parts) in lines.iter().zip(wanted) {
            assert!(line.contains("service=apps-lookup"), "{line}");
            assert!(
                parts.iter().all(|part| line.contains(part)),
                "{line}: {parts:?}"
            );
        }
    }
}

#[test]
fn changes_the_first_answer_and_every_hundredth_failure_are_logged() {
    let heard = Heard::default();
    tracing::subscriber::with_default(heard.clone(), || {
        let mut rig = Rig::without_provider(EnricherConfig::default());
        rig.reader.want(1);
        rig.step();
        heard.says(&[&["INFO", "the provider is absent", "simulated"]]);
        rig.pass(Duration::from_secs(60));
        rig.step();
        heard.says(&[]);
        rig.provider().start(7, 1);
        rig.settle();
        heard.says(&[
            &["INFO", "the provider is there", "pid=7"],
            &["INFO", "first answer", "keys=1"],
        ]);
        rig.reader.want(2);
        rig.settle();
        heard.says(&[]);
        for failure in 1..=201 {
            rig.provider().failures.push(AskError::Refused);
            rig.reader.want(1000 + failure);
            rig.step();
            if failure % 100 == 1 {
                let number = format!("number={failure}");
                heard.says(&[&["WARN", "keys were not answered", "simulated", &number]]);
            } else {
                heard.says(&[]);
            }
        }
        rig.provider().stop();
        rig.step();
        heard.says(&[&["INFO", "the provider is absent"]]);
    });
}
