package connection

import (
	"context"
	"sync/atomic"
	"time"

	driver "github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

const handshakeTimeout = protocol.DefaultHandshakeTimeoutMs * time.Millisecond

// Acceptor is a bound endpoint that gives sessions.
//
// One goroutine at a time waits for clients, and any number shake hands with those that came: where
// silent clients may not delay others, see [Acceptor.AcceptLink].
type Acceptor struct {
	listener transport.Listener
	config   ServerConfig
	backend  transport.Transport
	sessions atomic.Uint64
}

// Listen becomes the one owner of service in runDir. Clients can connect from here on, and wait until
// they are accepted. It fails with a [*transport.EndpointError] or a [*transport.BindError].
func Listen(runDir, service string, config ServerConfig) (*Acceptor, error) {
	endpoint, err := transport.NewEndpoint(runDir, service)
	if err != nil {
		return nil, err
	}
	backend := transportOrNative(config.Transport, config.Logger)
	listener, err := backend.Bind(endpoint, config.Listen)
	if err != nil {
		return nil, err
	}
	return &Acceptor{listener: listener, config: config, backend: backend}, nil
}

// Accept takes the next client and shakes hands with it, for at most 2 seconds once it has come. It fails
// as [Acceptor.AcceptLink] and [Incoming.Accept] do; the next call takes the next client.
func (a *Acceptor) Accept(wait transport.Wait) (*Connection, error) {
	link, err := a.AcceptLink(wait)
	if err != nil {
		return nil, err
	}
	wait = wait.AtMost(handshakeTimeout)
	incoming, err := a.Receive(link, wait)
	if err != nil {
		return nil, err
	}
	return incoming.Accept(wait)
}

// AcceptContext is [Acceptor.Accept], for as long as ctx allows.
func (a *Acceptor) AcceptContext(ctx context.Context) (*Connection, error) {
	return ofContext(ctx, a.Accept)
}

// AcceptLink takes the next client, and does not wait for what it has to say. It fails with
// [transport.ErrTimeout] and [transport.ErrAborted] as wait says; any other error is about one client or
// a passing shortage, and the acceptor goes on working.
//
// A goroutine of the client's own goes on with [Acceptor.Receive]:
//
//	link, err := acceptor.AcceptLink(wait)
//	go func() {
//		wait := transport.Timeout(2 * time.Second)
//		incoming, err := acceptor.Receive(link, wait)
//		session, err := incoming.Accept(wait)
//	}()
func (a *Acceptor) AcceptLink(wait transport.Wait) (transport.Baseline, error) {
	return a.listener.Accept(wait)
}

// Receive receives the HELLO of a client that came and checks it. Where there is no session, a refusal is
// sent and the link is closed; it fails with an error of the link, or with the [*Refusal]. Any goroutine
// may call it.
func (a *Acceptor) Receive(link transport.Baseline, wait transport.Wait) (*Incoming, error) {
	incoming, err := driver.Receive(link, a.config.policy(a.backend), wait, nil)
	if err != nil {
		return nil, err
	}
	return &Incoming{incoming, a}, nil
}

// Endpoint returns where it listens.
func (a *Acceptor) Endpoint() transport.Endpoint { return a.listener.Endpoint() }

// WaitObject returns what is ready when a client waits, or [transport.NoWaitObject].
func (a *Acceptor) WaitObject() transport.WaitObject { return a.listener.WaitObject() }

// Close ends listening and gives the endpoint back; sessions go on. Closing again does nothing.
func (a *Acceptor) Close() error { return a.listener.Close() }

// Incoming is a client whose HELLO was checked, and that waits to be accepted or refused. It is used up
// by Accept, TurnDown or Close.
type Incoming struct {
	driver   *driver.Incoming
	acceptor *Acceptor
}

// Accept accepts the session, over the best profile that can be prepared. It fails as [Acceptor.Receive]
// does.
func (i *Incoming) Accept(wait transport.Wait) (*Connection, error) {
	accepted, err := i.driver.Accept(func() uint64 { return i.acceptor.sessions.Add(1) }, wait)
	if err != nil {
		return nil, err
	}
	return &Connection{driver: accepted}, nil
}

// TurnDown refuses the session, because the server has as many as it may. It returns the [*Refusal] that
// was sent, or why it could not be.
func (i *Incoming) TurnDown(wait transport.Wait) error {
	return i.driver.TurnDown(handshake.Busy("every session is taken"), wait)
}

// Close ends the connection without an answer.
func (i *Incoming) Close() error { return i.driver.Close() }
