// Package cgroups_snapshot is the service that answers all cgroups of the host at once, with a cache
// that keeps the last good answer.
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
	// Handle fills in the answer; false is a failure. Sessions run it at the same time. What it gets
	// is good until it returns.
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
	Finish: (*protocol.CgroupsBuilder).Finish,
}

func (h Handler) service() service.Handler {
	return service.BuilderHandler(Service.Method, protocol.DecodeCgroupsRequest, builder, service.Filled(h.Handle))
}

// CacheItem is an item of a snapshot that outlives its cache.
type CacheItem struct {
	// Hash is the producer's hash of the name.
	Hash uint32
	// Options are the protocol.Option bits.
	Options uint32
	// Enabled tells whether it is to be monitored; any value.
	Enabled uint32
	// Name is its name.
	Name string
	// Path is its path.
	Path string
}

// Key is what an item is found by.
type Key struct {
	// Hash is the producer's hash of the name.
	Hash uint32
	// Name is the name.
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

// Lookup returns a copy of the first item with this hash and name; false where there is none.
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
	return CacheStatus{CacheStatus: c.Cache.Status(), SystemdEnabled: guard.SystemdEnabled()}
}

// CacheStatus is what a cache holds, and how its refreshes went.
type CacheStatus struct {
	service.CacheStatus
	// SystemdEnabled tells whether systemd runs the host.
	SystemdEnabled uint32
}

// Guard is the snapshot of one moment, pinned. The zero value has no items.
type Guard struct {
	service.Guard[Key, protocol.CgroupsItemView]
}

// Get returns the first item with this hash and name; false where there is none. Memory only, and
// nothing is copied or allocated.
func (g *Guard) Get(hash uint32, name string) (protocol.CgroupsItemView, bool) {
	return g.Guard.Get(Key{hash, name})
}

// SystemdEnabled tells whether systemd runs the host; 0 while that is not known.
func (g *Guard) SystemdEnabled() uint32 {
	enabled, _ := g.Extra().(uint32)
	return enabled
}

// Dup returns a copy of item that does not hold the snapshot's memory.
func (g *Guard) Dup(item protocol.CgroupsItemView) CacheItem {
	return CacheItem{item.Hash, item.Options, item.Enabled, item.Name.String(), item.Path.String()}
}

var cached = service.Cached[protocol.CgroupsResponseView, Key, protocol.CgroupsItemView]{
	Fetched: func(view protocol.CgroupsResponseView) service.Fetched {
		return service.Fetched{Generation: view.Generation, Extra: view.SystemdEnabled, List: view.List()}
	},
	Items: service.CachedItems[Key, protocol.CgroupsItemView]{
		Decode: protocol.DecodeCgroupsItem,
		View:   protocol.ReadCgroupsItem,
		Key:    func(item protocol.CgroupsItemView) Key { return Key{item.Hash, item.Name.String()} },
		Hash:   func(key Key) uint32 { return key.Hash },
		Match: func(item protocol.Valid[protocol.CgroupsItemView], key Key) (protocol.CgroupsItemView, bool) {
			view := protocol.ReadCgroupsItem(item)
			return view, view.Hash == key.Hash && string(view.Name.Bytes()) == key.Name
		},
	},
}

// SimpleHash is the hash of names that producers use: 32-bit FNV-1a.
func SimpleHash(name string) uint32 {
	hash := uint32(0x811c_9dc5)
	for i := range len(name) {
		hash = (hash ^ uint32(name[i])) * 0x0100_0193
	}
	return hash
}
