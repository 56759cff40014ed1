//! Names of the package, clients and servers.

use super::super::names::camel;
use super::names::Go;
use super::types::{go_name, go_type};
use crate::model::{KeyForm, Kind, LookupKind};

/// What a package of its own begins with.
pub(super) fn of_package(go: &Go<'_>) -> String {
    match &go.schema.kind {
        Kind::Value(_) => fill(go, &[CONFIGS, VALUE, NEW_CLIENT, VALUE_SERVER], &[]),
        Kind::Snapshot(_) => fill(go, &[CONFIGS, SNAPSHOT, NEW_CLIENT, SERVER], &[]),
        Kind::Lookup(kind) => lookup(go, kind, &[CONFIGS, LOOKUP, NEW_LOOKUP_CLIENT, SERVER]),
    }
}

/// The package of a kind whose types are in the package `protocol`.
pub(super) fn of_library(go: &Go<'_>) -> String {
    match &go.schema.kind {
        Kind::Value(kind) => {
            let parts = [CONFIGS, PLAIN, NEW_CLIENT, PLAIN_HANDLER, WORKERS];
            super::plain::service(go, &kind.request, &fill(go, &parts, &[]))
        }
        Kind::Snapshot(_) => {
            let parts = [
                CONFIGS,
                SNAPSHOT_SERVICE,
                SNAPSHOT_CLIENT,
                HANDLER,
                WORKERS,
                BUILDER,
            ];
            let hint = "\t// SnapshotMaxItems is about how many items a snapshot has. It is a hint: nothing is reserved for\n\
                        \t// them, and nothing is left out beyond them.\n\tSnapshotMaxItems uint32\n";
            fill(go, &parts, &[("$hint", hint)]) + &super::cache::of_snapshot(go)
        }
        Kind::Lookup(kind) => {
            let parts = [
                CONFIGS,
                LOOKUP,
                NEW_LOOKUP_CLIENT,
                HANDLER,
                WORKERS,
                BUILDER,
            ];
            let mut out = lookup(go, kind, &parts);
            super::enricher::write(&mut out, go, kind);
            out
        }
    }
}

fn fill(go: &Go<'_>, parts: &[&str], more: &[(&str, &str)]) -> String {
    let batches = if go.schema.batches() {
        ", Batches: true"
    } else {
        ""
    };
    let code = if go.is_library() {
        format!("protocol.Method{}", camel(&go.schema.name))
    } else {
        format!("{:#06x}", go.schema.method)
    };
    let method = format!(
        "service.Method{{Code: {code}, Name: \"{}\"{batches}}}",
        go.schema.name
    );
    let start = match go.schema.kind {
        Kind::Lookup(_) => format!(
            "func(b *{}, request *{}, buf []byte) error {{ return b.Start(*request, buf) }}",
            go.builder(),
            go.request()
        ),
        _ => format!(
            "func(b *{}, _ *{}, buf []byte) error {{ return b.Start(buf) }}",
            go.builder(),
            go.request()
        ),
    };
    let mut names = more.to_vec();
    names.extend([
        ("$method", method.as_str()),
        ("$start", start.as_str()),
        ("$hint", ""),
    ]);
    go.fill(&parts.concat(), &names)
}

fn lookup(go: &Go<'_>, kind: &LookupKind, parts: &[&str]) -> String {
    let (argument, key) = argument(go, kind);
    fill(go, parts, &[("$argument", &argument), ("$made", &key)])
}

/// What callers name a key by, and the key of it.
pub(super) fn argument(go: &Go<'_>, kind: &LookupKind) -> (String, String) {
    let Some(field) = kind.alone() else {
        return ("Key".to_owned(), "named".to_owned());
    };
    let made = |field_name: &str, value: &str| format!("Key{{{field_name}: {value}}}");
    let name = go_name(field);
    match (kind.form(), go.is_library()) {
        (KeyForm::Text, true) => (
            "[]byte".to_owned(),
            "protocol.TextKey{CStringView: protocol.CString(named)}".to_owned(),
        ),
        (KeyForm::Text, false) => ("[]byte".to_owned(), made(&name, "protocol.CString(named)")),
        (KeyForm::Ip, _) => ("netip.Addr".to_owned(), made(&name, "named.WithZone(\"\")")),
        (_, true) => (go_type(go, field), "protocol.NumberKey(named)".to_owned()),
        (_, false) => (go_type(go, field), made(&name, "named")),
    }
}

const CONFIGS: &str = "
type (
	// ClientConfig is how a client connects and calls.
	ClientConfig = service.ClientConfig
	// ServerConfig is how a server accepts and answers.
	ServerConfig = service.ServerConfig
	// Server is a server of the service.
	Server = service.Server
)
";

const VALUE: &str = "
// Client is a client of the service. Responses borrow its buffer until the next call.
type Client = service.Client[Request, Response]

// Service is the request kind.
var Service = service.Service[Request, Response]{
	Method: $method,
	Request: service.Codec[Request]{Size: Request.Size, Encode: protocol.Encode[Request], Decode: DecodeRequest},
	Reply: service.Codec[Response]{Size: Response.Size, Encode: protocol.Encode[Response], Decode: DecodeResponse},
}
";

const VALUE_SERVER: &str = "
// NewServer returns a server of the endpoint name in runDir that answers with handle, with 8 workers. Sessions run
// it at the same time.
func NewServer(runDir, name string, config ServerConfig, handle func(Request) (Response, error)) *Server {
	return NewServerWithWorkers(runDir, name, config, handle, protocol.DefaultWorkers)
}

// NewServerWithWorkers returns a server with at most workers sessions at once.
func NewServerWithWorkers(runDir, name string, config ServerConfig, handle func(Request) (Response, error), workers int) *Server {
	return service.NewServerWithWorkers(runDir, name, config, service.ValueHandler(&Service, handle), workers)
}

// DecodeRequest reads and validates bytes, which it may borrow. It fails with [protocol.ErrTruncated],
// [protocol.ErrBadLayout], [protocol.ErrOutOfBounds] or [protocol.ErrMissingNul].
func DecodeRequest(bytes []byte) (request Request, err error) {
	if err = checkRequest(bytes); err == nil {
		request.read(bytes)
	}
	return request, err
}

// DecodeResponse reads and validates bytes, which it may borrow. It fails as DecodeRequest does.
func DecodeResponse(bytes []byte) (response Response, err error) {
	if err = checkResponse(bytes); err == nil {
		response.read(bytes)
	}
	return response, err
}
";

const PLAIN: &str = "
// Client is a client of the service. Replies borrow its buffer until the next call.
type Client = service.Client[$Value, $Value]

// Service is the request kind.
var Service = service.Service[$Value, $Value]{
	Method: $method,
	Request: value,
	Reply: value,
}
";

const PLAIN_HANDLER: &str = "
// Handler is what answers the requests of a server.
type Handler struct {
	// Handle answers one request, which is not its own to keep; false is a failure. Sessions run it at
	// the same time.
	Handle func($Value) ($Value, bool)
}

func (h Handler) service() service.Handler {
	return service.ValueHandler(&Service, service.Checked(h.Handle))
}
";

const SNAPSHOT_SERVICE: &str = "
// Service is the request kind.
var Service = service.Service[$Request, $Reply]{
	Method: $method,
	Request: service.Codec[$Request]{
		Size: $Request.Size,
		Encode: protocol.Encode[$Request],
		Decode: $DecodeRequest,
	},
	Reply: service.Codec[$Reply]{Decode: $DecodeReply},
}
";

const SNAPSHOT: &str = "
// Client is a client of the service. Replies borrow its buffer until the next call.
type Client = service.Client[$Request, $Reply]

// Service is the request kind.
var Service = service.Service[$Request, $Reply]{
	Method: $method,
	Request: service.Codec[$Request]{Size: $Request.Size, Encode: protocol.Encode[$Request], Decode: $DecodeRequest},
	Reply: service.Codec[$Reply]{Decode: $DecodeReply},
}
";

/// The calls of a snapshot, by the names that integrations know.
const SNAPSHOT_CLIENT: &str = "
// Client is a client of the service. Snapshots borrow its buffer until the next call.
type Client struct {
	*service.Client[$Request, $Reply]
	view $Reply
}

// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.
func NewClient(runDir, name string, config ClientConfig) *Client {
	return &Client{Client: service.NewClient(&Service, runDir, name, config)}
}

// CallSnapshot asks for the snapshot. It fails with a [*service.CallError].
func (c *Client) CallSnapshot() (*$Reply, error) {
	return c.CallSnapshotWithTimeout(0)
}

// CallSnapshotWithin is CallSnapshot within limit, whatever the client's own timeout is.
func (c *Client) CallSnapshotWithin(limit time.Duration) (*$Reply, error) {
	return c.keep(c.CallWithin(limit, $Request{}))
}

// CallSnapshotWithTimeout is CallSnapshot within ms milliseconds; 0 is the client's own timeout.
func (c *Client) CallSnapshotWithTimeout(ms uint32) (*$Reply, error) {
	return c.keep(c.CallWithTimeout($Request{}, ms))
}

// CallSnapshotContext is CallSnapshot, called off at once when ctx is done.
func (c *Client) CallSnapshotContext(ctx context.Context) (*$Reply, error) {
	return c.keep(c.CallContext(ctx, $Request{}))
}

func (c *Client) keep(view $Reply, err error) (*$Reply, error) {
	if err != nil {
		return nil, err
	}
	c.view = view
	return &c.view, nil
}
";

const LOOKUP: &str = "
// Client is a client of the service. Replies borrow its buffers until the next call.
type Client = service.LookupClient[$argument, $Key, $Reply, *$Reply]

// Service is the request kind.
var Service = service.Lookup[$argument, $Key, $Reply, *$Reply]{
	Method: $method,
	// What no key can be is found when it is encoded.
	Key: func(named $argument) ($Key, error) { return $made, nil },
}
";

const NEW_CLIENT: &str = "
// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.
func NewClient(runDir, name string, config ClientConfig) *Client {
	return service.NewClient(&Service, runDir, name, config)
}
";

const NEW_LOOKUP_CLIENT: &str = "
// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.
func NewClient(runDir, name string, config ClientConfig) *Client {
	return service.NewLookupClient(&Service, runDir, name, config)
}
";

const SERVER: &str = "
// NewServer returns a server of the endpoint name in runDir that answers with handle, with 8 workers. Sessions run
// it at the same time. What it gets is good until it returns.
func NewServer(runDir, name string, config ServerConfig, handle func(*$Request, *$Builder) error) *Server {
	return NewServerWithWorkers(runDir, name, config, handle, protocol.DefaultWorkers)
}

// NewServerWithWorkers returns a server with at most workers sessions at once.
func NewServerWithWorkers(runDir, name string, config ServerConfig, handle func(*$Request, *$Builder) error, workers int) *Server {
	handler := service.BuilderHandler(Service.Method, $DecodeRequest, builder, handle)
	return service.NewServerWithWorkers(runDir, name, config, handler, workers)
}

var builder = service.Builder[$Request, $Builder]{
	Start: $start,
	Finish: func(b *$Builder) (int, error) { return b.Finish() },
}
";

const HANDLER: &str = "
// Handler is what answers the requests of a server.
type Handler struct {
	// Handle fills in the answer; false is a failure. Sessions run it at the same time. What it gets is
	// good until it returns.
	Handle func(request *$Request, answer *$Builder) bool
$hint}
";

const WORKERS: &str = "
// NewServer returns a server of the endpoint name in runDir, with 8 workers.
func NewServer(runDir, name string, config ServerConfig, handler Handler) *Server {
	return NewServerWithWorkers(runDir, name, config, handler, protocol.DefaultWorkers)
}

// NewServerWithWorkers returns a server with at most workers sessions at once.
func NewServerWithWorkers(runDir, name string, config ServerConfig, handler Handler, workers int) *Server {
	return service.NewServerWithWorkers(runDir, name, config, handler.service(), workers)
}
";

const BUILDER: &str = "
var builder = service.Builder[$Request, $Builder]{
	Start: $start,
	Finish: func(b *$Builder) (int, error) { return b.Finish() },
}

func (h Handler) service() service.Handler {
	return service.BuilderHandler(Service.Method, $DecodeRequest, builder, service.Filled(h.Handle))
}
";
