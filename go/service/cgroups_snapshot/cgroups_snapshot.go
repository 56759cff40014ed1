// Package cgroups_snapshot is `cgroups-snapshot`: All cgroups of the host, at once.
//
// Made from cgroups-snapshot.toml by netipc schema generate: change that file, not this one.
package cgroups_snapshot

import (
	"context"
	"time"

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

// Service is the request kind.
var Service = service.Service[protocol.CgroupsRequest, protocol.CgroupsResponseView]{
	Method: service.Method{Code: protocol.MethodCgroupsSnapshot, Name: "cgroups-snapshot"},
	Request: service.Codec[protocol.CgroupsRequest]{
		Size:   protocol.CgroupsRequest.Size,
		Encode: protocol.Encode[protocol.CgroupsRequest],
		Decode: protocol.DecodeCgroupsRequest,
	},
	Reply: service.Codec[protocol.CgroupsResponseView]{Decode: protocol.DecodeCgroupsResponse},
}

// Client is a client of the service. Snapshots borrow its buffer until the next call.
type Client struct {
	*service.Client[protocol.CgroupsRequest, protocol.CgroupsResponseView]
	view protocol.CgroupsResponseView
}

// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.
func NewClient(runDir, name string, config ClientConfig) *Client {
	return &Client{Client: service.NewClient(&Service, runDir, name, config)}
}

// CallSnapshot asks for the snapshot. It fails with a [*service.CallError].
func (c *Client) CallSnapshot() (*protocol.CgroupsResponseView, error) {
	return c.CallSnapshotWithTimeout(0)
}

// CallSnapshotWithin is CallSnapshot within limit, whatever the client's own timeout is.
func (c *Client) CallSnapshotWithin(limit time.Duration) (*protocol.CgroupsResponseView, error) {
	return c.keep(c.CallWithin(limit, protocol.CgroupsRequest{}))
}

// CallSnapshotWithTimeout is CallSnapshot within ms milliseconds; 0 is the client's own timeout.
func (c *Client) CallSnapshotWithTimeout(ms uint32) (*protocol.CgroupsResponseView, error) {
	return c.keep(c.CallWithTimeout(protocol.CgroupsRequest{}, ms))
}

// CallSnapshotContext is CallSnapshot, called off at once when ctx is done.
func (c *Client) CallSnapshotContext(ctx context.Context) (*protocol.CgroupsResponseView, error) {
	return c.keep(c.CallContext(ctx, protocol.CgroupsRequest{}))
}

func (c *Client) keep(view protocol.CgroupsResponseView, err error) (*protocol.CgroupsResponseView, error) {
	if err != nil {
		return nil, err
	}
	c.view = view
	return &c.view, nil
}

// Handler is what answers the requests of a server.
type Handler struct {
	// Handle fills in the answer; false is a failure. Sessions run it at the same time. What it gets is
	// good until it returns.
	Handle func(request *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool
	// SnapshotMaxItems is about how many items a snapshot has. It is a hint: nothing is reserved for
	// them, and nothing is left out beyond them.
	SnapshotMaxItems uint32
}

// NewServer returns a server of the endpoint name in runDir, with 8 workers.
func NewServer(runDir, name string, config ServerConfig, handler Handler) *Server {
	return NewServerWithWorkers(runDir, name, config, handler, protocol.DefaultWorkers)
}

// NewServerWithWorkers returns a server with at most workers sessions at once.
func NewServerWithWorkers(runDir, name string, config ServerConfig, handler Handler, workers int) *Server {
	return service.NewServerWithWorkers(runDir, name, config, handler.service(), workers)
}

var builder = service.Builder[protocol.CgroupsRequest, protocol.CgroupsBuilder]{
	Start:  func(b *protocol.CgroupsBuilder, _ *protocol.CgroupsRequest, buf []byte) error { return b.Start(buf) },
	Finish: func(b *protocol.CgroupsBuilder) (int, error) { return b.Finish() },
}

func (h Handler) service() service.Handler {
	return service.BuilderHandler(Service.Method, protocol.DecodeCgroupsRequest, builder, service.Filled(h.Handle))
}

// CacheItem is an item of a snapshot that outlives its cache.
type CacheItem struct {
	// Hash: the provider's hash of the name.
	Hash uint32
	// Options: what was found out about it.
	Options uint32
	// Enabled: whether it is to be monitored; any number but 0 is yes.
	Enabled uint32
	// Name: its name; may be empty.
	Name string
	// Path: its path in the file system; may be empty.
	Path string
}

// Key is what a cache finds an item by.
type Key struct {
	// Hash: the provider's hash of the name.
	Hash uint32
	// Name: its name; may be empty.
	Name string
}

// Cache keeps the last good snapshot.
type Cache struct {
	*service.Cache[Key, protocol.CgroupsItemView]
}

// NewCache returns a cache of the endpoint name in runDir. It connects to nothing yet.
func NewCache(runDir, name string, config ClientConfig) *Cache {
	client := service.NewClient(&Service, runDir, name, config)
	return &Cache{service.NewCache(client, protocol.CgroupsRequest{}, cached)}
}

// Lookup returns a copy of the first item with this key; false where there is none.
func (c *Cache) Lookup(hash uint32, name string) (CacheItem, bool) {
	guard := c.ReadLock()
	item, found := guard.Get(hash, name)
	if !found {
		return CacheItem{}, false
	}
	return guard.Dup(item), true
}

// ReadLock pins the snapshot of this moment. It locks nothing: no refresh waits for it.
func (c *Cache) ReadLock() Guard { return Guard{c.Cache.ReadLock()} }

// Status tells what the cache holds, and how its refreshes went. It never waits for one.
func (c *Cache) Status() CacheStatus {
	guard := c.ReadLock()
	return CacheStatus{CacheStatus: c.Cache.Status(), CgroupsHeader: guard.Header()}
}

// CacheStatus is what a cache holds, and how its refreshes went.
type CacheStatus struct {
	service.CacheStatus
	protocol.CgroupsHeader
}

// Guard is the snapshot of one moment, pinned. The zero value has no items.
type Guard struct {
	service.Guard[Key, protocol.CgroupsItemView]
}

// Get returns the first item with this key; false where there is none. Memory only, and nothing is copied or
// allocated.
func (g *Guard) Get(hash uint32, name string) (protocol.CgroupsItemView, bool) {
	return g.Guard.Get(Key{hash, name})
}

// Header returns what the snapshot says besides its items; zeros while there is none.
func (g *Guard) Header() protocol.CgroupsHeader {
	header, _ := g.Extra().(protocol.CgroupsHeader)
	return header
}

// SystemdEnabled tells what the snapshot says besides its items: whether systemd runs the host; any number but 0 is yes.
func (g *Guard) SystemdEnabled() uint32 { return g.Header().SystemdEnabled }

// Dup returns a copy of item that does not hold the snapshot's memory.
func (g *Guard) Dup(item protocol.CgroupsItemView) CacheItem {
	return CacheItem{Hash: item.Hash, Options: item.Options, Enabled: item.Enabled, Name: item.Name.String(), Path: item.Path.String()}
}

var cached = service.Cached[protocol.CgroupsResponseView, Key, protocol.CgroupsItemView]{
	Fetched: func(reply protocol.CgroupsResponseView) service.Fetched {
		return service.Fetched{Generation: reply.Generation, Extra: reply.CgroupsHeader, List: reply.List()}
	},
	Items: service.CachedItems[Key, protocol.CgroupsItemView]{
		Decode: protocol.DecodeCgroupsItem,
		View:   protocol.ReadCgroupsItem,
		Key:    func(item protocol.CgroupsItemView) Key { return Key{Hash: item.Hash, Name: item.Name.String()} },
		// A cache hashes keys itself where many have the same hash.
		Hash: func(key Key) uint32 { return key.Hash },
		Match: func(valid protocol.Valid[protocol.CgroupsItemView], key Key) (protocol.CgroupsItemView, bool) {
			item := protocol.ReadCgroupsItem(valid)
			return item, item.Hash == key.Hash && string(item.Name.Bytes()) == key.Name
		},
	},
}
