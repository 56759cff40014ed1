//! Dispatch of the module's own kinds without a server, and replies without their request.

use super::super::names::camel;
use super::names::Go;
use crate::model::Kind;

/// In the package `protocol`, behind the codec of a kind.
pub(super) fn write(out: &mut String, go: &Go<'_>) {
    let template = match (&go.schema.kind, go.plain()) {
        (Kind::Lookup(_), _) => [LOOKUP, REPLY_BUILDER].concat(),
        (Kind::Snapshot(_), _) => SNAPSHOT.to_owned(),
        (Kind::Value(_), Some("Number")) => NUMBER.to_owned(),
        (Kind::Value(_), Some(_)) => TEXT.to_owned(),
        (Kind::Value(_), None) => String::new(),
    };
    let name = camel(&go.schema.name);
    let key = go.key().replace("protocol.", "");
    let words = [
        ("$Kind", name.as_str()),
        ("$Key", &key),
        ("$Plain", go.plain().unwrap_or_default()),
        ("$P", go.prefix()),
    ];
    let mut text = template;
    for (mark, word) in words {
        text = text.replace(mark, word);
    }
    out.push_str(&text);
}

const LOOKUP: &str = "
// Dispatch$Kind answers a request of [Method$Kind].
func Dispatch$Kind(payload, answer []byte, handle func(*$PRequestView, *$PBuilder) bool) (int, Status) {
	return dispatch(payload, Decode$PRequest, func(request *$PRequestView) (int, error) {
		var builder $PBuilder
		if err := builder.Start(*request, answer); err != nil {
			return 0, err
		}
		return finish(handle(request, &builder), builder.Finish)
	})
}
";

const REPLY_BUILDER: &str = "
// $PReplyBuilder writes a reply of [Method$Kind].
type $PReplyBuilder = LookupReplyBuilder[$Key, $PItemView, *$PItemView]
";

const SNAPSHOT: &str = "
// Dispatch$Kind answers a request of [Method$Kind].
func Dispatch$Kind(payload, answer []byte, handle func(*$PRequest, *$PBuilder) bool) (int, Status) {
	return dispatch(payload, Decode$PRequest, func(request *$PRequest) (int, error) {
		var builder $PBuilder
		if err := builder.Start(answer); err != nil {
			return 0, err
		}
		return finish(handle(request, &builder), builder.Finish)
	})
}
";

const NUMBER: &str = "
// Dispatch$Kind answers a request of [Method$Kind].
func Dispatch$Kind(payload, answer []byte, handle func(n uint64) (uint64, bool)) (int, Status) {
	return dispatch(payload, Decode$P, func(n *uint64) (int, error) {
		next, ok := handle(*n)
		return ifHandled(ok, func() (int, error) { return Encode$P(answer, next) })
	})
}
";

const TEXT: &str = "
// Dispatch$Kind answers a request of [Method$Kind].
func Dispatch$Kind(payload, answer []byte, handle func(text []byte) ([]byte, bool)) (int, Status) {
	return dispatch(payload, Decode$P, func(text *$Plain) (int, error) {
		made, ok := handle(text.Bytes())
		return ifHandled(ok, func() (int, error) { return Encode$P(answer, made) })
	})
}
";
