// Package cgroups_lookup is `cgroups-lookup`: Cgroup paths in; orchestrator, name and labels of each out.
//
// Made from cgroups-lookup.toml by netipc schema generate: change that file, not this one.
package cgroups_lookup

import (
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
)

type (
	// ClientConfig is how a client connects and calls.
	ClientConfig = service.ClientConfig
	// ServerConfig is how a server accepts and answers.
	ServerConfig = service.ServerConfig
	// Server is a server of the service.
	Server = service.Server
)

// Client is a client of the service. Replies borrow its buffers until the next call.
type Client = service.LookupClient[[]byte, protocol.TextKey, protocol.CgroupsLookupResponseView, *protocol.CgroupsLookupResponseView]

// Service is the request kind.
var Service = service.Lookup[[]byte, protocol.TextKey, protocol.CgroupsLookupResponseView, *protocol.CgroupsLookupResponseView]{
	Method: service.Method{Code: protocol.MethodCgroupsLookup, Name: "cgroups-lookup"},
	// What no key can be is found when it is encoded.
	Key: func(named []byte) (protocol.TextKey, error) {
		return protocol.TextKey{CStringView: protocol.CString(named)}, nil
	},
}

// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.
func NewClient(runDir, name string, config ClientConfig) *Client {
	return service.NewLookupClient(&Service, runDir, name, config)
}

// Handler is what answers the requests of a server.
type Handler struct {
	// Handle fills in the answer; false is a failure. Sessions run it at the same time. What it gets is
	// good until it returns.
	Handle func(request *protocol.CgroupsLookupRequestView, answer *protocol.CgroupsLookupBuilder) bool
}

// NewServer returns a server of the endpoint name in runDir, with 8 workers.
func NewServer(runDir, name string, config ServerConfig, handler Handler) *Server {
	return NewServerWithWorkers(runDir, name, config, handler, protocol.DefaultWorkers)
}

// NewServerWithWorkers returns a server with at most workers sessions at once.
func NewServerWithWorkers(runDir, name string, config ServerConfig, handler Handler, workers int) *Server {
	return service.NewServerWithWorkers(runDir, name, config, handler.service(), workers)
}

var builder = service.Builder[protocol.CgroupsLookupRequestView, protocol.CgroupsLookupBuilder]{
	Start: func(b *protocol.CgroupsLookupBuilder, request *protocol.CgroupsLookupRequestView, buf []byte) error {
		return b.Start(*request, buf)
	},
	Finish: func(b *protocol.CgroupsLookupBuilder) (int, error) { return b.Finish() },
}

func (h Handler) service() service.Handler {
	return service.BuilderHandler(Service.Method, protocol.DecodeCgroupsLookupRequest, builder, service.Filled(h.Handle))
}

// Enricher knows what was found for the keys that callers come across.
type Enricher = service.Enricher[string, protocol.CgroupsLookupItemView]

// NewEnricher returns an enricher of the endpoint name in runDir. It connects to nothing yet.
func NewEnricher(runDir, name string, client ClientConfig, config service.EnricherConfig) *Enricher {
	return service.NewEnricher(NewClient(runDir, name, client), enrichedItems, config)
}

var enrichedItems = service.EnrichedItems[[]byte, string, protocol.CgroupsLookupItemView]{
	Named: func(key string) []byte { return []byte(key) },
	Read: func(valid protocol.Valid[protocol.CgroupsLookupItemView]) (item protocol.CgroupsLookupItemView) {
		item.Read(valid)
		return item
	},
	Parts: func(item *protocol.CgroupsLookupItemView, text func(*protocol.CStringView), labels func(*protocol.Labels)) {
		text(&item.Path)
		text(&item.Name)
		labels(&item.Labels)
	},
	Verdict: func(item *protocol.CgroupsLookupItemView) service.Verdict {
		switch item.Status {
		case protocol.CgroupStatusKnown:
			return service.VerdictKnown
		case protocol.CgroupStatusUnknownPermanent:
			return service.VerdictForGood
		case protocol.CgroupStatusOversizedItem:
			return service.VerdictOversized
		default:
			return service.VerdictForNow
		}
	},
	Batch: 256,
}

// PublishedHandler returns what answers each request with what is published at that moment: answer adds the item of one
// key. Sessions run it at the same time.
func PublishedHandler[M any](published *service.Published[M], answer func(data M, key string, answer *protocol.CgroupsLookupBuilder) error) Handler {
	return Handler{Handle: func(request *protocol.CgroupsLookupRequestView, builder *protocol.CgroupsLookupBuilder) bool {
		return service.AnswerPublished(published, builder, request.Keys(), func(data M, key protocol.TextKey) error {
			return answer(data, key.String(), builder)
		}) == nil
	}}
}
