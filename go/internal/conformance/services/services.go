// Package services is what every service does over every transport: clients, servers, sessions and
// their ends.
package services

import (
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

// Token is the secret that clients and servers of a world share.
const Token = 0x0123_4567_89ab_cdef

const (
	endpointName = "svc"
	// shortMs is a deadline that is meant to pass, in milliseconds.
	shortMs = uint32(conformance.Short / time.Millisecond)
)

// silent is for what goes wrong on purpose.
var silent = slog.New(slog.DiscardHandler)

// Run checks every rule, each in a world of its own, where everybody uses a transport of backend and
// offers profiles.
func Run(t *testing.T, backend func() transport.Transport, profiles uint32) {
	for _, r := range slices.Concat(callRules, lookupRules, growthRules, failureRules, lifeRules, interruptionRules) {
		t.Run(r.name, func(t *testing.T) { r.check(NewWorld(t, backend(), profiles)) })
	}
}

type rule struct {
	name  string
	check func(*World)
}

// World is a transport to test, the profiles that both sides offer, and a directory of its own. What
// is made in it ends with its test.
type World struct {
	*testing.T
	// Transport is what everybody connects through.
	Transport transport.Transport
	// Dir is the run directory.
	Dir      string
	profiles uint32
}

// NewWorld makes a world for t.
func NewWorld(t *testing.T, backend transport.Transport, profiles uint32) *World {
	t.Helper()
	return &World{T: t, Transport: backend, Dir: rundir.New(t), profiles: profiles}
}

// ClientConfig is what every client has unless a rule is about it.
func (w *World) ClientConfig() service.ClientConfig {
	return service.ClientConfig{SupportedProfiles: w.profiles, AuthToken: Token, Transport: w.Transport, Logger: silent}
}

// ServerConfig is what every server has unless a rule is about it.
func (w *World) ServerConfig() service.ServerConfig {
	return service.ServerConfig{SupportedProfiles: w.profiles, AuthToken: Token, Transport: w.Transport, Logger: silent}
}

// Endpoint is where the one endpoint of the world is.
func (w *World) Endpoint() transport.Endpoint {
	w.Helper()
	endpoint, err := transport.NewEndpoint(w.Dir, endpointName)
	w.No(err)
	return endpoint
}

// No fails the test for any error.
func (w *World) No(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// Fails fails the test unless err has the number code.
func (w *World) Fails(err error, code service.ErrorCode) {
	w.Helper()
	if !errors.Is(err, code) {
		w.Fatalf("want %q, got %v", code.Error(), err)
	}
}

// Files checks how many names the directory has, on platforms where there is one.
func (w *World) Files(want int) {
	w.Helper()
	names, err := rundir.Names(w.Dir)
	w.No(err)
	if rundir.IsDirectory && len(names) != want {
		w.Fatalf("%d names are in the directory, want %d: %v", len(names), want, names)
	}
}

// AtOnce runs do, which must not take long.
func (w *World) AtOnce(what string, do func()) {
	w.Helper()
	w.Within(conformance.AtOnce, what, do)
}

// Within runs do, which must be done within limit.
func (w *World) Within(limit time.Duration, what string, do func()) {
	w.Helper()
	began := time.Now()
	do()
	if took := time.Since(began); took > limit {
		w.Fatalf("%s took %v, at most %v is fine", what, took, limit)
	}
}

// profile is what both sides choose.
func (w *World) profile() protocol.Profiles { return protocol.Profiles(w.profiles).Highest() }

// client is what every typed client has.
type client interface {
	Refresh() bool
	Ready() bool
	State() service.ClientState
	Status() service.ClientStatus
	Counters() service.Counters
	Abort()
	ClearAbort()
	Close() error
}

// Connected refreshes c until it has a session, and closes it when the test ends. On a busy machine,
// more than one handshake may be needed.
func Connected[C client](w *World, c C) C {
	w.Helper()
	closed(w, c)
	for limit := time.Now().Add(conformance.Soon); !c.Ready(); c.Refresh() {
		if time.Now().After(limit) {
			w.Fatalf("not connected: %+v", c.Status())
		}
	}
	return c
}

// closed closes c when the test ends.
func closed[C client](w *World, c C) C {
	w.Cleanup(func() { w.No(c.Close()) })
	return c
}

// Incrementer returns a connected client of increment.
func (w *World) Incrementer() *increment.Client {
	w.Helper()
	return Connected(w, increment.NewClient(w.Dir, endpointName, w.ClientConfig()))
}

// loose returns a client of increment that is not connected.
func (w *World) loose() *increment.Client {
	return closed(w, increment.NewClient(w.Dir, endpointName, w.ClientConfig()))
}

// IncrementServer returns a server of increment that does not listen yet.
func (w *World) IncrementServer() *service.Server {
	return w.incrementServer(increment.Next, 16)
}

func (w *World) incrementServer(handle func(uint64) (uint64, bool), workers int) *service.Server {
	return increment.NewServerWithWorkers(w.Dir, endpointName, w.ServerConfig(), increment.Handler{Handle: handle}, workers)
}

// increments checks that c answers n.
func (w *World) increments(c *increment.Client, n uint64) {
	w.Helper()
	got, err := c.Call(n)
	w.No(err)
	if got != n+1 {
		w.Fatalf("%d after %d", got, n)
	}
}

// Running is a server that runs, until it is finished or the test ends.
type Running struct {
	*service.Server
	w    *World
	done chan error
}

// Serve binds server and runs it.
func (w *World) Serve(server *service.Server) *Running {
	w.Helper()
	w.No(server.Bind())
	r := &Running{Server: server, w: w, done: make(chan error, 1)}
	go func() {
		r.done <- server.Run()
		close(r.done)
	}()
	w.Cleanup(func() { r.Finish() })
	return r
}

// Finish stops the server; it returns what it counted up to its end.
func (r *Running) Finish() service.ServerStats {
	r.w.Helper()
	r.Stop()
	r.Join()
	return r.Stats()
}

// Join waits until the server has ended.
func (r *Running) Join() {
	r.w.Helper()
	select {
	case err := <-r.done:
		r.w.No(err)
	case <-time.After(conformance.Soon):
		r.w.Fatal("the server does not end")
	}
}

// Turnstile is where a handler waits until the test lets it go.
type Turnstile struct{ entered, released chan struct{} }

// NewTurnstile returns a turnstile that lets everybody through once the test of w is over.
func NewTurnstile(w *World) *Turnstile {
	// Room for every step that a rule takes: nobody waits to tell.
	t := &Turnstile{make(chan struct{}, 16), make(chan struct{}, 16)}
	w.Cleanup(func() { close(t.released) })
	return t
}

// Pass waits to be let through.
func (t *Turnstile) Pass() {
	t.entered <- struct{}{}
	<-t.released
}

// Meet waits until somebody stands at the turnstile.
func (t *Turnstile) Meet(w *World) {
	w.Helper()
	select {
	case <-t.entered:
	case <-time.After(conformance.Soon):
		w.Fatal("nobody comes to the turnstile")
	}
}

// Release lets one through.
func (t *Turnstile) Release() { t.released <- struct{}{} }

// ReleaseWaiting lets the one through who stands there, and nobody who comes later.
func (t *Turnstile) ReleaseWaiting(w *World) {
	w.Helper()
	t.Release()
	for limit := time.Now().Add(conformance.Soon); len(t.released) > 0; runtime.Gosched() {
		if time.Now().After(limit) {
			w.Fatal("nobody stands at the turnstile")
		}
	}
}

// slow returns an increment that waits at a turnstile.
func (w *World) slow() (*Turnstile, func(uint64) (uint64, bool)) {
	t := NewTurnstile(w)
	return t, func(n uint64) (uint64, bool) {
		t.Pass()
		return n + 1, true
	}
}
