//! Enrichers of lookups, and handlers that answer with what is published.

use std::fmt::Write;

use super::names::Go;
use super::service::argument;
use super::types::{enum_constant, go_name, go_type};
use crate::model::{Enum, KeyForm, LookupKind, Type};

/// What every lookup has beside client and server.
pub(super) fn write(out: &mut String, go: &Go<'_>, kind: &LookupKind) {
    let (named, _) = argument(go, kind);
    let (comparable, of_key) = match (kind.form(), kind.alone()) {
        (KeyForm::Text, _) => ("string".to_owned(), "[]byte(key)"),
        (_, Some(one)) => (go_type(go, one), "key"),
        _ => ("Key".to_owned(), "key"),
    };
    let of_wire = match (kind.form(), kind.alone(), go.is_library()) {
        (KeyForm::Text, Some(_), true) => "key.String()".to_owned(),
        (KeyForm::Text, Some(one), false) => format!("key.{}.String()", go_name(one)),
        (_, Some(_), true) => format!("{comparable}(key)"),
        (_, Some(one), false) => format!("key.{}", go_name(one)),
        (_, None, _) => "key".to_owned(),
    };
    let has_texts = kind.key.named().any(|field| field.form == Type::Text);
    let names: [(&str, &str); 8] = [
        ("$comparable", &comparable),
        ("$named", &named),
        ("$ofKey", of_key),
        ("$ofWire", &of_wire),
        ("$verdict", &verdict(go, kind)),
        ("$parts", &parts(kind)),
        ("$identity", identity(kind)),
        ("$batch", if has_texts { "256" } else { "8192" }),
    ];
    let handler = if go.is_library() {
        LIBRARY_HANDLER
    } else {
        HANDLER
    };
    out.push_str(&go.fill(&(ENRICHER.to_owned() + handler), &names));
}

/// What the statuses of an item mean for its key, as the body of a function.
fn verdict(go: &Go<'_>, kind: &LookupKind) -> String {
    let status = kind.status();
    let constants = |numbers: &dyn Fn(u64, &str) -> bool| -> String {
        let values = status.values.iter();
        let chosen = values.filter(|value| numbers(value.number, &value.name));
        let chosen: Vec<String> = chosen
            .map(|value| enum_constant(go, status, &value.name))
            .collect();
        chosen.join(", ")
    };
    let oversized = kind.oversized();
    let mut out = format!("switch item.{} {{\n", status_field(kind));
    let known = constants(&|number, _| number == 0);
    let _ = writeln!(out, "case {known}:");
    for (field, later) in later(kind) {
        let later = enum_constant(go, later.0, later.1);
        let _ = writeln!(
            out,
            "if item.{field} == {later} {{\nreturn service.VerdictProvisional\n}}"
        );
    }
    out.push_str("return service.VerdictKnown\n");
    let permanent = constants(&|number, name| {
        number != 0 && number != oversized && name.ends_with("permanent")
    });
    if !permanent.is_empty() {
        let _ = writeln!(out, "case {permanent}:\nreturn service.VerdictForGood");
    }
    let oversized = constants(&|number, _| number == oversized);
    let _ = write!(
        out,
        "case {oversized}:\nreturn service.VerdictOversized\ndefault:\nreturn service.VerdictForNow\n}}"
    );
    out
}

fn status_field(kind: &LookupKind) -> String {
    kind.item.named().next().map(go_name).unwrap_or_default()
}

/// Other fields of an item that may say that they are not known yet, and how they say so.
fn later(kind: &LookupKind) -> impl Iterator<Item = (String, (&Enum, &str))> {
    let others = kind.item.named().skip(1);
    others.filter_map(|field| {
        let Type::Enum(names) = &field.form else {
            return None;
        };
        let mut values = names.values.iter();
        let value = values.find(|value| value.name.ends_with("retry-later"))?;
        Some((go_name(field), (&**names, value.name.as_str())))
    })
}

/// What is done with everything that an item borrows.
fn parts(kind: &LookupKind) -> String {
    let (mut of_texts, mut of_labels) = (String::new(), String::new());
    for field in kind.item.texts() {
        let _ = write!(of_texts, "\n\t\ttext(&item.{})", go_name(field));
    }
    if let Some(field) = kind.item.labels() {
        let _ = write!(of_labels, "\n\t\tlabels(&item.{})", go_name(field));
    }
    if of_texts.is_empty() && of_labels.is_empty() {
        return String::new();
    }
    let name = |is_used: bool, name| if is_used { name } else { "_" };
    format!(
        "\n\tParts: func(item *$Item, {} func(*protocol.CStringView), {} func(*protocol.Labels)) {{{of_texts}{of_labels}\n\t}},",
        name(!of_texts.is_empty(), "text"),
        name(!of_labels.is_empty(), "labels")
    )
}

/// When what has the key began, which tells it from what had the key before.
fn identity(kind: &LookupKind) -> &'static str {
    let mut fields = kind.item.named();
    if fields.any(|field| field.is("starttime") && field.form == Type::Unsigned(8)) {
        "\n\tIdentity: func(item *$Item) uint64 { return item.Starttime },"
    } else {
        ""
    }
}

const ENRICHER: &str = "
// Enricher knows what was found for the keys that callers come across.
type Enricher = service.Enricher[$comparable, $Item]

// NewEnricher returns an enricher of the endpoint name in runDir. It connects to nothing yet.
func NewEnricher(runDir, name string, client ClientConfig, config service.EnricherConfig) *Enricher {
	return service.NewEnricher(NewClient(runDir, name, client), enrichedItems, config)
}

var enrichedItems = service.EnrichedItems[$named, $comparable, $Item]{
	Named: func(key $comparable) $named { return $ofKey },
	Read: func(valid protocol.Valid[$Item]) (item $Item) {
		item.Read(valid)
		return item
	},$parts
	Verdict: func(item *$Item) service.Verdict {
		$verdict
	},$identity
	Batch: $batch,
}
";

const HANDLER: &str = "
// PublishedHandler returns what answers each request with what is published at that moment: answer adds the item of one
// key. Sessions run it at the same time.
func PublishedHandler[M any](published *service.Published[M], answer func(data M, key $comparable, answer *Builder) error) func(*Request, *Builder) error {
	return func(request *Request, builder *Builder) error {
		return service.AnswerPublished(published, builder, request.Keys(), func(data M, key $Key) error {
			return answer(data, $ofWire, builder)
		})
	}
}
";

const LIBRARY_HANDLER: &str = "
// PublishedHandler returns what answers each request with what is published at that moment: answer adds the item of one
// key. Sessions run it at the same time.
func PublishedHandler[M any](published *service.Published[M], answer func(data M, key $comparable, answer *$Builder) error) Handler {
	return Handler{Handle: func(request *$Request, builder *$Builder) bool {
		return service.AnswerPublished(published, builder, request.Keys(), func(data M, key $Key) error {
			return answer(data, $ofWire, builder)
		}) == nil
	}}
}
";
