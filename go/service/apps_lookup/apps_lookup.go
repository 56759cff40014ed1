// Package apps_lookup is `apps-lookup`: Process ids in; process, user and cgroup of each out.
//
// Made from apps-lookup.toml by netipc schema generate: change that file, not this one.
package apps_lookup

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
type Client = service.LookupClient[uint32, protocol.NumberKey, protocol.AppsLookupResponseView, *protocol.AppsLookupResponseView]

// Service is the request kind.
var Service = service.Lookup[uint32, protocol.NumberKey, protocol.AppsLookupResponseView, *protocol.AppsLookupResponseView]{
	Method: service.Method{Code: protocol.MethodAppsLookup, Name: "apps-lookup"},
	// What no key can be is found when it is encoded.
	Key: func(named uint32) (protocol.NumberKey, error) { return protocol.NumberKey(named), nil },
}

// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.
func NewClient(runDir, name string, config ClientConfig) *Client {
	return service.NewLookupClient(&Service, runDir, name, config)
}

// Handler is what answers the requests of a server.
type Handler struct {
	// Handle fills in the answer; false is a failure. Sessions run it at the same time. What it gets is
	// good until it returns.
	Handle func(request *protocol.AppsLookupRequestView, answer *protocol.AppsLookupBuilder) bool
}

// NewServer returns a server of the endpoint name in runDir, with 8 workers.
func NewServer(runDir, name string, config ServerConfig, handler Handler) *Server {
	return NewServerWithWorkers(runDir, name, config, handler, protocol.DefaultWorkers)
}

// NewServerWithWorkers returns a server with at most workers sessions at once.
func NewServerWithWorkers(runDir, name string, config ServerConfig, handler Handler, workers int) *Server {
	return service.NewServerWithWorkers(runDir, name, config, handler.service(), workers)
}

var builder = service.Builder[protocol.AppsLookupRequestView, protocol.AppsLookupBuilder]{
	Start: func(b *protocol.AppsLookupBuilder, request *protocol.AppsLookupRequestView, buf []byte) error {
		return b.Start(*request, buf)
	},
	Finish: func(b *protocol.AppsLookupBuilder) (int, error) { return b.Finish() },
}

func (h Handler) service() service.Handler {
	return service.BuilderHandler(Service.Method, protocol.DecodeAppsLookupRequest, builder, service.Filled(h.Handle))
}

// Enricher knows what was found for the keys that callers come across.
type Enricher = service.Enricher[uint32, protocol.AppsLookupItemView]

// NewEnricher returns an enricher of the endpoint name in runDir. It connects to nothing yet.
func NewEnricher(runDir, name string, client ClientConfig, config service.EnricherConfig) *Enricher {
	return service.NewEnricher(NewClient(runDir, name, client), enrichedItems, config)
}

var enrichedItems = service.EnrichedItems[uint32, uint32, protocol.AppsLookupItemView]{
	Named: func(key uint32) uint32 { return key },
	Read: func(valid protocol.Valid[protocol.AppsLookupItemView]) (item protocol.AppsLookupItemView) {
		item.Read(valid)
		return item
	},
	Parts: func(item *protocol.AppsLookupItemView, text func(*protocol.CStringView), labels func(*protocol.Labels)) {
		text(&item.Comm)
		text(&item.CgroupPath)
		text(&item.CgroupName)
		labels(&item.Labels)
	},
	Verdict: func(item *protocol.AppsLookupItemView) service.Verdict {
		switch item.Status {
		case protocol.PidStatusKnown:
			if item.CgroupStatus == protocol.AppsCgroupStatusUnknownRetryLater {
				return service.VerdictProvisional
			}
			return service.VerdictKnown
		case protocol.PidStatusOversizedItem:
			return service.VerdictOversized
		default:
			return service.VerdictForNow
		}
	},
	Identity: func(item *protocol.AppsLookupItemView) uint64 { return item.Starttime },
	Batch:    8192,
}

// PublishedHandler returns what answers each request with what is published at that moment: answer adds the item of one
// key. Sessions run it at the same time.
func PublishedHandler[M any](published *service.Published[M], answer func(data M, key uint32, answer *protocol.AppsLookupBuilder) error) Handler {
	return Handler{Handle: func(request *protocol.AppsLookupRequestView, builder *protocol.AppsLookupBuilder) bool {
		return service.AnswerPublished(published, builder, request.Keys(), func(data M, key protocol.NumberKey) error {
			return answer(data, uint32(key), builder)
		}) == nil
	}}
}
