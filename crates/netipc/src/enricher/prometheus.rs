//! Statistics as Prometheus reads them: the text format, with HELP and TYPE of each metric.

use std::fmt::{self, Write};

use super::outcome::REASONS;
use super::stats::{EnricherStats, LATENCY_ENDS_MS};

/// The reasons in the order of their numbers.
const REASON_NAMES: [&str; REASONS] = [
    "queued",
    "pending",
    "for_now",
    "for_good",
    "absent",
    "oversized",
    "reused",
    "invalid",
];

impl EnricherStats {
    /// The statistics in the text format of Prometheus, each with the label `service`.
    ///
    /// ```
    /// let text = netipc::enricher::EnricherStats::default().prometheus("names");
    /// assert!(text.contains("netipc_enricher_hits_total{service=\"names\"} 0\n"));
    /// ```
    #[must_use]
    pub fn prometheus(&self, service: &str) -> String {
        let service = service
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        let mut out = Text {
            text: String::new(),
            service,
        };
        // Writing to a string does not fail.
        let _ = self.write(&mut out);
        out.text
    }

    fn write(&self, out: &mut Text) -> fmt::Result {
        let results = [
            ("requested", self.requested),
            ("answered", self.answered),
            ("failed", self.failed),
            ("timed_out", self.timed_out),
            ("given_up", self.given_up),
        ];
        let what = "Keys that were asked, by what became of them.";
        out.counters("keys", what, "result", &results)?;
        let misses: Vec<_> = REASON_NAMES.into_iter().zip(self.misses).collect();
        let what = "Looks that gave no item, by reason.";
        out.counters("misses", what, "reason", &misses)?;
        let causes = [
            ("capacity", self.evicted_capacity),
            ("age", self.evicted_age),
        ];
        let what = "Answers that were dropped, by cause.";
        out.counters("evictions", what, "cause", &causes)?;
        for (name, help, value) in self.counters() {
            out.counter(name, help, value)?;
        }
        for (name, help, value) in self.gauges() {
            out.gauge(name, help, value)?;
        }
        self.write_latency(out)
    }

    /// Name, help and value of each counter without labels of its own.
    const fn counters(&self) -> [(&'static str, &'static str, u64); 9] {
        [
            ("calls", "Calls that were answered.", self.calls),
            ("probes", "Calls for the generation only.", self.probes),
            ("hits", "Looks that gave an item.", self.hits),
            ("stale_hits", "Hits without a provider.", self.stale_hits),
            ("reused", "Items of new owners of a key.", self.reused),
            (
                "intake_dropped",
                "Keys dropped unasked.",
                self.intake_dropped,
            ),
            ("connects", "Sessions there have been.", self.connects),
            ("disconnects", "Sessions that ended.", self.disconnects),
            (
                "connect_failures",
                "Attempts without a session.",
                self.connect_failures,
            ),
        ]
    }

    /// As above, of each gauge.
    const fn gauges(&self) -> [(&'static str, &'static str, u64); 6] {
        [
            (
                "intake_depth",
                "Keys that wait to be asked.",
                self.intake_depth,
            ),
            ("entries", "Answers that are kept.", self.entries),
            ("pinned", "Keys that are pinned.", self.pinned),
            ("bytes", "Bytes of what readers see.", self.bytes),
            ("generation", "The provider's generation.", self.generation),
            (
                "absent",
                "Whether the provider is absent.",
                self.absent as u64,
            ),
        ]
    }

    fn write_latency(&self, out: &mut Text) -> fmt::Result {
        out.head("call_seconds", "histogram", "Time that calls took.")?;
        let mut sum = 0;
        let ends = LATENCY_ENDS_MS
            .iter()
            .map(|ms| format!("{}.{:03}", ms / 1000, ms % 1000));
        let ends = ends.chain(std::iter::once("+Inf".to_owned()));
        for (end, count) in ends.zip(self.latency) {
            sum += count;
            out.labelled("call_seconds_bucket", "le", &end, sum)?;
        }
        let micros = self.latency_sum_us;
        let seconds = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        out.plain("call_seconds_sum", &seconds)?;
        out.plain("call_seconds_count", &sum.to_string())
    }
}

struct Text {
    text: String,
    service: String,
}

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        writeln!(self.text, "# HELP netipc_enricher_{name} {help}")?;
        writeln!(self.text, "# TYPE netipc_enricher_{name} {kind}")
    }

    fn plain(&mut self, name: &str, value: &str) -> fmt::Result {
        let service = &self.service;
        writeln!(
            self.text,
            "netipc_enricher_{name}{{service=\"{service}\"}} {value}"
        )
    }

    fn labelled(&mut self, name: &str, label: &str, which: &str, value: u64) -> fmt::Result {
        let service = &self.service;
        writeln!(
            self.text,
            "netipc_enricher_{name}{{service=\"{service}\",{label}=\"{which}\"}} {value}"
        )
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let name = format!("{name}_total");
        self.head(&name, "counter", help)?;
        self.plain(&name, &value.to_string())
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.head(name, "gauge", help)?;
        self.plain(name, &value.to_string())
    }

    fn counters(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: &[(&str, u64)],
    ) -> fmt::Result {
        let name = format!("{name}_total");
        self.head(&name, "counter", help)?;
        values
            .iter()
            .try_for_each(|(which, value)| self.labelled(&name, label, which, *value))
    }
}
