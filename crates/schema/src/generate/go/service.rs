//! Names of the package, clients and servers.

use std::fmt::Write;

use super::types::{go_name, go_type};
use crate::model::{KeyForm, Kind, LookupKind, Schema};

const CONFIGS: &str = "\
// ClientConfig is how a client connects and calls.
ClientConfig = service.ClientConfig
// ServerConfig is how a server accepts and answers.
ServerConfig = service.ServerConfig
// Server is a server of the service.
Server = service.Server
";

/// Types, the service, `NewClient` and `NewServer`.
pub(super) fn write(out: &mut String, schema: &Schema) {
    match &schema.kind {
        Kind::Value(_) => value(out, schema),
        Kind::Snapshot(_) => snapshot(out, schema),
        Kind::Lookup(kind) => lookup(out, schema, kind),
    }
}

fn method(schema: &Schema) -> String {
    let batches = if schema.batches() {
        ", Batches: true"
    } else {
        ""
    };
    format!(
        "service.Method{{Code: {:#06x}, Name: \"{}\"{batches}}}",
        schema.method, schema.name
    )
}

fn value(out: &mut String, schema: &Schema) {
    let _ = write!(
        out,
        "\ntype (\n{CONFIGS}// Client is a client of the service. Responses borrow its buffer until the next call.\n\
         Client = service.Client[Request, Response]\n)\n\
         \n// Service is the request kind.\nvar Service = service.Service[Request, Response]{{\nMethod: {},\n\
         Request: service.Codec[Request]{{Size: Request.Size, Encode: protocol.Encode[Request], Decode: DecodeRequest}},\n\
         Reply: service.Codec[Response]{{Size: Response.Size, Encode: protocol.Encode[Response], Decode: DecodeResponse}},\n}}\n\
         \n// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.\n\
         func NewClient(runDir, name string, config ClientConfig) *Client {{\n\
         return service.NewClient(&Service, runDir, name, config)\n}}\n\
         \n// NewServer returns a server of the endpoint name in runDir that answers with handle. Sessions run it at the same\n\
         // time.\nfunc NewServer(runDir, name string, config ServerConfig, handle func(Request) (Response, error)) *Server {{\n\
         return service.NewServer(runDir, name, config, service.ValueHandler(&Service, handle))\n}}\n",
        method(schema)
    );
    for name in ["Request", "Response"] {
        let _ = write!(
            out,
            "\n// Decode{name} reads and validates bytes, which it may borrow. It fails with [protocol.ErrTruncated],\n\
             // [protocol.ErrBadLayout], [protocol.ErrOutOfBounds] or [protocol.ErrMissingNul].\n\
             func Decode{name}(bytes []byte) ({name}, error) {{\nif err := check{name}(bytes); err != nil {{\n\
             return {name}{{}}, err\n}}\nreturn read{name}(bytes), nil\n}}\n"
        );
    }
}

fn snapshot(out: &mut String, schema: &Schema) {
    let _ = write!(
        out,
        "\ntype (\n{CONFIGS}// Client is a client of the service. Replies borrow its buffer until the next call.\n\
         Client = service.Client[Request, Reply]\n)\n\
         \n// Service is the request kind.\nvar Service = service.Service[Request, Reply]{{\nMethod: {},\n\
         Request: service.Codec[Request]{{Size: Request.Size, Encode: protocol.Encode[Request], Decode: DecodeRequest}},\n\
         Reply: service.Codec[Reply]{{Decode: DecodeReply}},\n}}\n\
         \n// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.\n\
         func NewClient(runDir, name string, config ClientConfig) *Client {{\n\
         return service.NewClient(&Service, runDir, name, config)\n}}\n\
         \n// NewServer returns a server of the endpoint name in runDir that answers with handle. Sessions run it at the same\n\
         // time.\nfunc NewServer(runDir, name string, config ServerConfig, handle func(*Request, *Builder) error) *Server {{\n\
         builder := service.Builder[Request, Builder]{{\n\
         Start: func(b *Builder, _ *Request, buf []byte) error {{ return b.Start(buf) }},\nFinish: (*Builder).Finish,\n}}\n\
         handler := service.BuilderHandler(Service.Method, DecodeRequest, builder, handle)\n\
         return service.NewServer(runDir, name, config, handler)\n}}\n",
        method(schema)
    );
}

/// What callers name a key by, and the key of it.
pub(super) fn argument(kind: &LookupKind) -> (String, String) {
    match (kind.form(), kind.alone()) {
        (KeyForm::Text, Some(field)) => (
            "[]byte".to_owned(),
            format!("Key{{{}: protocol.CString(named)}}", go_name(field)),
        ),
        (KeyForm::Ip, Some(field)) => (
            "netip.Addr".to_owned(),
            format!("Key{{{}: named.WithZone(\"\")}}", go_name(field)),
        ),
        (KeyForm::One, Some(field)) => {
            (go_type(field), format!("Key{{{}: named}}", go_name(field)))
        }
        _ => ("Key".to_owned(), "named".to_owned()),
    }
}

fn lookup(out: &mut String, schema: &Schema, kind: &LookupKind) {
    let (argument, key) = argument(kind);
    let _ = write!(
        out,
        "\ntype (\n{CONFIGS}// Client is a client of the service. Replies borrow its buffers until the next call.\n\
         Client = service.LookupClient[{argument}, Key, Reply, *Reply]\n\
         // Request is the keys of a request.\nRequest = protocol.LookupRequest[Key]\n\
         // Reply is the items of a reply, in the order of the keys.\nReply = protocol.LookupResponse[Key, Item, *Item]\n\
         // Builder takes an item for each key.\nBuilder = protocol.LookupBuilder[Key, Item, *Item]\n)\n\
         \n// Service is the request kind.\nvar Service = service.Lookup[{argument}, Key, Reply, *Reply]{{\nMethod: {},\n\
         Key: func(named {argument}) (Key, error) {{ return {key}, nil }},\n}}\n\
         \n// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.\n\
         func NewClient(runDir, name string, config ClientConfig) *Client {{\n\
         return service.NewLookupClient(&Service, runDir, name, config)\n}}\n\
         \n// NewServer returns a server of the endpoint name in runDir that answers with handle. Sessions run it at the same\n\
         // time.\nfunc NewServer(runDir, name string, config ServerConfig, handle func(*Request, *Builder) error) *Server {{\n\
         builder := service.Builder[Request, Builder]{{\n\
         Start: func(b *Builder, request *Request, buf []byte) error {{ return b.Start(*request, buf) }},\n\
         Finish: (*Builder).Finish,\n}}\n\
         handler := service.BuilderHandler(Service.Method, protocol.DecodeLookupRequest[Key], builder, handle)\n\
         return service.NewServer(runDir, name, config, handler)\n}}\n",
        method(schema)
    );
}
