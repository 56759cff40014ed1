// Package cgroups is the other name of package cgroups_snapshot.
package cgroups

import "github.com/netipc/netipc/go/service/cgroups_snapshot"

type (
	// ClientConfig is how a client connects and calls.
	ClientConfig = cgroups_snapshot.ClientConfig
	// ServerConfig is how a server accepts and answers.
	ServerConfig = cgroups_snapshot.ServerConfig
	// Client is a client of the service.
	Client = cgroups_snapshot.Client
	// Handler is what answers the requests of a server.
	Handler = cgroups_snapshot.Handler
	// Server is a server of the service.
	Server = cgroups_snapshot.Server
	// Cache keeps the last good snapshot.
	Cache = cgroups_snapshot.Cache
	// CacheItem is an item of a snapshot that outlives its cache.
	CacheItem = cgroups_snapshot.CacheItem
	// Guard is the snapshot of one moment, pinned.
	Guard = cgroups_snapshot.Guard
)

// NewClient returns a client of the endpoint name in runDir. It connects to nothing yet.
func NewClient(runDir, name string, config ClientConfig) *Client {
	return cgroups_snapshot.NewClient(runDir, name, config)
}

// NewServer returns a server of the endpoint name in runDir, with 8 workers.
func NewServer(runDir, name string, config ServerConfig, handler Handler) *Server {
	return cgroups_snapshot.NewServer(runDir, name, config, handler)
}

// NewServerWithWorkers returns a server with at most workers sessions at once.
func NewServerWithWorkers(runDir, name string, config ServerConfig, handler Handler, workers int) *Server {
	return cgroups_snapshot.NewServerWithWorkers(runDir, name, config, handler, workers)
}

// NewCache returns a cache of the endpoint name in runDir. It connects to nothing yet.
func NewCache(runDir, name string, config ClientConfig) *Cache {
	return cgroups_snapshot.NewCache(runDir, name, config)
}

// SimpleHash is the hash of names that producers use: 32-bit FNV-1a.
func SimpleHash(name string) uint32 { return cgroups_snapshot.SimpleHash(name) }
