package connection_test

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/internal/session/handshake"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

const allProfiles = protocol.ProfileBaseline | protocol.ProfileSHMHybrid | protocol.ProfileSHMFutex

// rig is a server's side and what a client of it proposes.
type rig struct {
	*testing.T
	transport transport.Transport
	endpoint  transport.Endpoint
	listener  transport.Listener
	proposal  handshake.Proposal
	policy    handshake.Policy
}

func newRig(t *testing.T, backend transport.Transport, supported protocol.Profiles) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	endpoint, err := transport.NewEndpoint(dir, "svc")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := backend.Bind(endpoint, transport.BindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	limits := session.DirectionLimits{PayloadBytes: 1 << 20, BatchItems: 16}
	return &rig{
		T: t, transport: backend, endpoint: endpoint, listener: listener,
		proposal: handshake.Proposal{
			Supported: supported, Request: limits, Response: limits, AuthToken: 7, ResponseCeiling: 64 << 20,
		},
		policy: handshake.Policy{
			Supported: allProfiles, Request: limits, MaxResponseBytes: 1 << 20, AuthToken: 7,
		},
	}
}

func soon() transport.Wait { return transport.Timeout(60 * time.Second) }

type result struct {
	connection *connection.Connection
	err        error
}

// connect connects on the side.
func (r *rig) connect() <-chan result {
	done := make(chan result, 1)
	go func() {
		c, err := connection.Connect(r.transport, r.endpoint, r.proposal, soon())
		done <- result{c, err}
	}()
	return done
}

func (r *rig) incoming() (*connection.Incoming, error) {
	r.Helper()
	link, err := r.listener.Accept(soon())
	r.no(err)
	return connection.Receive(link, r.policy, soon(), nil)
}

// pair returns both sides of session 1.
func (r *rig) pair() (client, server *connection.Connection) {
	r.Helper()
	connecting := r.connect()
	incoming, err := r.incoming()
	r.no(err)
	server, err = incoming.Accept(func() uint64 { return 1 }, soon())
	r.no(err)
	connected := <-connecting
	r.no(connected.err)
	r.Cleanup(func() { _, _ = connected.connection.Close(), server.Close() })
	return connected.connection, server
}

func (r *rig) no(err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("unexpected: %v", err)
	}
}

func (r *rig) is(err, want error) {
	r.Helper()
	if !errors.Is(err, want) {
		r.Fatalf("got %v, want %v", err, want)
	}
}

// eachProfile runs a check over every backend.
func eachProfile(t *testing.T, check func(r *rig, kind transport.LinkKind)) {
	for _, row := range profileRows {
		t.Run(row.name, func(t *testing.T) { check(newRig(t, row.transport, row.supported), row.kind) })
	}
}

type profileRow struct {
	name      string
	transport transport.Transport
	supported protocol.Profiles
	kind      transport.LinkKind
}

// profileRows are those of every platform; the tests of a platform add its own.
var profileRows = []profileRow{
	{"memory", transport.NewMemory(), protocol.ProfileBaseline, transport.LinkMemory},
	{"memory instead of regions", transport.NewMemory(), allProfiles, transport.LinkMemory},
}

func TestMessagesOfAllSizes(t *testing.T) {
	eachProfile(t, func(r *rig, kind transport.LinkKind) {
		client, server := r.pair()
		if info := client.Info(); info.Kind != kind || server.Info().Kind != kind {
			r.Fatalf("it is %v", info.Kind)
		}
		if client.Agreed() != server.Agreed() || client.Limits() != server.Limits() {
			r.Fatalf("the sides differ: %+v, %+v", client.Agreed(), server.Agreed())
		}
		for id, size := range []int{0, 1, 4096, 300_000, 5000, 1 << 20} {
			question, answer := bytes.Repeat([]byte{1}, size), bytes.Repeat([]byte{2}, size)
			sent := make(chan error, 1)
			go func() { sent <- client.Send(protocol.RequestHeader(1, uint64(id)), question, soon()) }()
			asked, err := server.Receive(soon())
			r.no(err)
			r.no(<-sent)
			if !bytes.Equal(asked.Payload, question) {
				r.Fatalf("%d bytes: another question", size)
			}
			go func() { sent <- server.Send(asked.Header.Answer(protocol.StatusOK), answer, soon()) }()
			answered, err := client.Receive(soon())
			r.no(err)
			r.no(<-sent)
			if !bytes.Equal(answered.Payload, answer) || answered.Header.MessageID != uint64(id) {
				r.Fatalf("%d bytes: another answer", size)
			}
		}
		r.no(client.Check())
		r.no(server.Close())
		r.is(client.Check(), transport.ErrDisconnected)
	})
}

func TestRefusalsDoNoHarm(t *testing.T) {
	eachProfile(t, func(r *rig, _ transport.LinkKind) {
		client, server := r.pair()
		for _, header := range []protocol.Header{
			protocol.BatchHeader(1, 1, 17), protocol.RequestHeader(1, 1).Answer(protocol.StatusOK),
		} {
			if err := client.Send(header, nil, soon()); !connection.IsRefusal(err) {
				r.Fatalf("%+v: %v", header, err)
			}
		}
		r.no(client.Send(protocol.RequestHeader(1, 1), nil, soon()))
		if err := client.Send(protocol.RequestHeader(1, 1), nil, soon()); !connection.IsRefusal(err) {
			r.Fatal(err)
		}
		if client.Info().Window == 1 {
			r.is(client.Send(protocol.RequestHeader(1, 2), nil, soon()), transport.ErrBusy)
		}
		_, err := server.Receive(soon())
		r.no(err)
		if ids := client.Fail(); len(ids) != 1 || ids[0] != 1 {
			r.Fatalf("%v had no answer", ids)
		}
	})
}

func TestLastWordsArrive(t *testing.T) {
	eachProfile(t, func(r *rig, _ transport.LinkKind) {
		client, server := r.pair()
		// A message of another kind ends the server's session.
		over := protocol.RequestHeader(1, 5)
		r.no(client.Send(over, nil, soon()))
		asked, err := server.Receive(soon())
		r.no(err)
		server.Fail()
		r.is(server.Send(asked.Header.Answer(protocol.StatusOK), nil, soon()), session.ErrEnded)
		r.no(server.SendLast(asked.Header.Answer(protocol.StatusLimitExceeded), soon()))
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			server.Linger()
			_ = server.Close()
		}()
		answered, err := client.Receive(soon())
		r.no(err)
		if answered.Header.Status != protocol.StatusLimitExceeded {
			r.Fatalf("%+v", answered.Header)
		}
		<-gone
		_, err = client.Receive(soon())
		r.is(err, transport.ErrDisconnected)
	})
}

func TestRefusedHandshakes(t *testing.T) {
	eachProfile(t, func(r *rig, _ transport.LinkKind) {
		for _, row := range []struct {
			name  string
			spoil func()
			want  error
		}{
			{"token", func() { r.proposal.AuthToken++ }, handshake.ErrAuthFailed},
			{"profile", func() { r.proposal.Supported = 0x80 }, handshake.ErrNoProfile},
			{"limit", func() { r.proposal.Request.PayloadBytes++ }, handshake.ErrLimitExceeded},
		} {
			good := r.proposal
			row.spoil()
			connecting := r.connect()
			_, err := r.incoming()
			var refusal *handshake.Refusal
			if !errors.As(err, &refusal) {
				r.Errorf("%s: %v", row.name, err)
			}
			r.is((<-connecting).err, row.want)
			r.proposal = good
		}
		connecting := r.connect()
		incoming, err := r.incoming()
		r.no(err)
		var refusal *handshake.Refusal
		if err := incoming.TurnDown(handshake.Busy("all 8 sessions are taken"), soon()); !errors.As(err, &refusal) {
			r.Error(err)
		}
		r.is((<-connecting).err, handshake.ErrRejected)
		r.pair()
	})
}

func TestSilenceNonsenseAndVisitors(t *testing.T) {
	eachProfile(t, func(r *rig, _ transport.LinkKind) {
		link, err := r.transport.Connect(r.endpoint, soon())
		r.no(err)
		server, err := r.listener.Accept(soon())
		r.no(err)
		_, err = connection.Receive(server, r.policy, transport.Timeout(20*time.Millisecond), nil)
		r.is(err, transport.ErrTimeout)
		r.no(link.Close())

		for _, hello := range [][]byte{[]byte("hello"), make([]byte, 76), make([]byte, 5000)} {
			link, err = r.transport.Connect(r.endpoint, soon())
			r.no(err)
			r.no(link.Send(hello, nil, soon()))
			_, err = r.incoming()
			var refusal *handshake.Refusal
			if !errors.As(err, &refusal) || !refusal.Silent {
				r.Errorf("%d bytes: %v", len(hello), err)
			}
			_, err = link.Receive(make([]byte, 100), soon())
			r.is(err, transport.ErrDisconnected)
			r.no(link.Close())
		}
		link, err = r.transport.Connect(r.endpoint, soon())
		r.no(err)
		r.no(link.Close())
		_, err = r.incoming()
		r.is(err, transport.ErrDisconnected)
		r.pair()
	})
}
