package connection_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netipc/netipc/go/connection"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

const (
	echo        = protocol.MethodCode(1000)
	token       = 7
	allProfiles = uint32(protocol.ProfileBaseline | protocol.ProfileSHMHybrid | protocol.ProfileSHMFutex)
)

// rig is an endpoint that is listened at, and what its clients propose.
type rig struct {
	*testing.T
	runDir   string
	client   connection.ClientConfig
	acceptor *connection.Acceptor
}

type profileRow struct {
	name     string
	backend  transport.Transport
	profiles uint32
	kind     transport.LinkKind
}

// profileRows are those of every platform; the tests of a platform add its own.
var profileRows = []profileRow{{"memory", transport.NewMemory(), allProfiles, transport.LinkMemory}}

// eachProfile runs a check over every backend.
func eachProfile(t *testing.T, check func(r *rig, row profileRow)) {
	for _, row := range profileRows {
		t.Run(row.name, func(t *testing.T) { check(newRig(t, row), row) })
	}
}

func newRig(t *testing.T, row profileRow) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	acceptor, err := connection.Listen(dir, "svc", connection.ServerConfig{
		SupportedProfiles: row.profiles, AuthToken: token, Transport: row.backend,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = acceptor.Close() })
	return &rig{t, dir, connection.ClientConfig{
		SupportedProfiles: row.profiles, MaxRequestPayloadBytes: 1 << 20, MaxResponsePayloadBytes: 1 << 20,
		MaxRequestBatchItems: 16, AuthToken: token, Transport: row.backend,
	}, acceptor}
}

func soon() transport.Wait { return transport.Timeout(time.Minute) }

// pair returns both sides of a session.
func (r *rig) pair() (client, server *connection.Connection) {
	r.Helper()
	type result struct {
		connection *connection.Connection
		err        error
	}
	connecting := make(chan result, 1)
	go func() {
		c, err := connection.Connect(r.runDir, "svc", r.client, soon())
		connecting <- result{c, err}
	}()
	server, err := r.acceptor.Accept(soon())
	r.no(err)
	connected := <-connecting
	r.no(connected.err)
	r.Cleanup(func() { _, _ = connected.connection.Close(), server.Close() })
	return connected.connection, server
}

// serve answers a session until it ends, as echo does; it tells why it ended.
func serve(server *connection.Connection) error {
	defer func() { _ = server.Close() }()
	for {
		request, err := server.Receive(soon())
		if err != nil {
			server.AnswerViolation(err, soon())
			return err
		}
		header := request.Header
		switch {
		case header.Code != uint16(echo):
			err = server.Send(header.Answer(protocol.StatusUnsupported), nil, soon())
		case header.Flags.IsBatch():
			items := make([][]byte, request.Batch.Len())
			for i := range items {
				items[i] = request.Batch.Get(i)
			}
			err = server.SendBatch(header.Answer(protocol.StatusOK), items, soon())
		default:
			err = server.Send(header.Answer(protocol.StatusOK), request.Payload, soon())
		}
		if err != nil {
			return err
		}
	}
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

func TestWhatTheHandshakeTells(t *testing.T) {
	eachProfile(t, func(r *rig, row profileRow) {
		client, server := r.pair()
		agreed := client.Agreed()
		if agreed != server.Agreed() || client.Limits() != server.Limits() || agreed.SessionID != 1 {
			r.Errorf("the sides differ: %+v, %+v", agreed, server.Agreed())
		}
		if client.Info().Kind != row.kind || !agreed.Profile.IsOne() {
			r.Errorf("%v over %v", agreed.Profile, client.Info().Kind)
		}
		want := protocol.Limits{
			Request:    protocol.DirectionLimits{PayloadBytes: 1 << 20, BatchItems: 16},
			Response:   protocol.DirectionLimits{PayloadBytes: 1 << 20, BatchItems: 16},
			PacketSize: client.Limits().PacketSize,
		}
		if client.Limits() != want || want.PacketSize <= protocol.HeaderLen {
			r.Errorf("agreed on %+v", client.Limits())
		}
		if pid, known := client.Info().Peer.PID(); known && pid != uint32(os.Getpid()) {
			r.Errorf("the peer is %d", pid)
		}
		r.no(client.Check())
		r.no(server.Close())
		_, err := client.Receive(soon())
		r.is(err, transport.ErrDisconnected)
		r.is(client.Check(), transport.ErrDisconnected)
		if !client.IsOver() {
			r.Error("it goes on without a peer")
		}
	})
}

func TestRequestsArePipelinedWhereTheLinkCarriesSeveral(t *testing.T) {
	eachProfile(t, func(r *rig, _ profileRow) {
		client, server := r.pair()
		r.no(client.Send(protocol.RequestHeader(echo, 1), []byte("one"), soon()))
		r.is(client.Send(protocol.RequestHeader(echo, 1), nil, soon()), connection.ErrDuplicateMessageID)
		if client.Info().Window == 1 {
			r.is(client.Send(protocol.RequestHeader(echo, 2), nil, soon()), transport.ErrBusy)
			if client.IsOver() {
				r.Error("a refusal ended it")
			}
			return
		}
		r.no(client.Send(protocol.RequestHeader(echo, 2), []byte("two"), soon()))
		var requests []protocol.Header
		for range 2 {
			request, err := server.Receive(soon())
			r.no(err)
			requests = append(requests, request.Header)
		}
		// Answered in the other order.
		r.no(server.Send(requests[1].Answer(protocol.StatusOK), []byte("2"), soon()))
		r.no(server.Send(requests[0].Answer(protocol.StatusOK), []byte("1"), soon()))
		for _, id := range []uint64{2, 1} {
			answer, err := client.Receive(soon())
			r.no(err)
			if answer.Header.MessageID != id || string(answer.Payload) != fmt.Sprint(id) {
				r.Errorf("%+v: %q", answer.Header, answer.Payload)
			}
		}
	})
}

func TestLongMessagesAndBatches(t *testing.T) {
	eachProfile(t, func(r *rig, _ profileRow) {
		client, server := r.pair()
		ended := make(chan error, 1)
		go func() { ended <- serve(server) }()
		long := bytes.Repeat([]byte("x"), 1<<20)
		r.no(client.Send(protocol.RequestHeader(echo, 1), long, soon()))
		answer, err := client.Receive(soon())
		r.no(err)
		if !bytes.Equal(answer.Payload, long) {
			r.Errorf("%d bytes came back", len(answer.Payload))
		}
		items := [][]byte{[]byte("one"), {}, []byte("three")}
		r.no(client.SendBatch(protocol.RequestHeader(echo, 2), items, soon()))
		answer, err = client.Receive(soon())
		r.no(err)
		if answer.Batch.Len() != len(items) {
			r.Fatalf("%d items", answer.Batch.Len())
		}
		for i, item := range items {
			if !bytes.Equal(answer.Batch.Get(i), item) {
				r.Errorf("item %d is %q", i, answer.Batch.Get(i))
			}
		}
		r.is(client.SendBatch(protocol.RequestHeader(echo, 3), nil, soon()), protocol.ErrBadItemCount)
		r.is(client.SendBatch(protocol.RequestHeader(echo, 3), make([][]byte, 17), soon()), connection.ErrLimitExceeded)
		r.no(client.Close())
		r.is(<-ended, transport.ErrDisconnected)
	})
}

func TestContextsEndWaitsAndNothingElse(t *testing.T) {
	eachProfile(t, func(r *rig, _ profileRow) {
		client, server := r.pair()
		ctx, cancel := context.WithCancel(context.Background())
		timer := time.AfterFunc(5*time.Millisecond, cancel)
		defer timer.Stop()
		_, err := client.ReceiveContext(ctx)
		r.is(err, context.Canceled)
		_, err = client.ReceiveContext(ctx)
		r.is(err, context.Canceled)
		r.is(client.SendContext(ctx, protocol.RequestHeader(echo, 1), nil), context.Canceled)
		ctx, cancel = context.WithTimeout(context.Background(), 5*time.Millisecond)
		defer cancel()
		_, err = client.ReceiveContext(ctx)
		r.is(err, context.DeadlineExceeded)
		if client.IsOver() {
			r.Error("a wait that ended ends the session")
		}
		// The session has taken no harm, and the contexts leave nothing raised behind.
		background := context.Background()
		r.no(client.SendContext(background, protocol.RequestHeader(echo, 1), []byte("a")))
		request, err := server.ReceiveContext(background)
		r.no(err)
		r.no(server.SendContext(background, request.Header.Answer(protocol.StatusOK), request.Payload))
		answer, err := client.ReceiveContext(background)
		r.no(err)
		if string(answer.Payload) != "a" {
			r.Errorf("%q", answer.Payload)
		}
	})
}

func TestContextsEndConnectingAndAccepting(t *testing.T) {
	eachProfile(t, func(r *rig, row profileRow) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
		defer cancel()
		// Nobody accepts.
		_, err := connection.ConnectContext(ctx, r.runDir, "svc", r.client)
		r.is(err, context.DeadlineExceeded)
		// Nobody connects.
		lonely := newRig(r.T, row)
		ctx, cancel = context.WithTimeout(context.Background(), 5*time.Millisecond)
		defer cancel()
		_, err = lonely.acceptor.AcceptContext(ctx)
		r.is(err, context.DeadlineExceeded)
		ctx, cancel = context.WithCancel(context.Background())
		timer := time.AfterFunc(5*time.Millisecond, cancel)
		defer timer.Stop()
		_, err = lonely.acceptor.AcceptContext(ctx)
		r.is(err, context.Canceled)
	})
}

func TestAMessageCutShortEndsSending(t *testing.T) {
	eachProfile(t, func(r *rig, _ profileRow) {
		client, _ := r.pair()
		if client.Info().WholeMessages {
			r.Skip("a message is one packet")
		}
		// Nobody receives: at some point the link is full, in the middle of a message or between two.
		long := make([]byte, 1<<20)
		var err error
		for id := uint64(0); err == nil; id++ {
			err = client.Send(protocol.RequestHeader(echo, id), long, transport.Timeout(10*time.Millisecond))
		}
		r.is(err, transport.ErrTimeout)
		again := client.Send(protocol.RequestHeader(echo, 1<<32), nil, transport.Timeout(0))
		if client.IsOver() {
			r.is(again, connection.ErrEnded)
		} else {
			r.is(again, transport.ErrTimeout)
		}
		if len(client.Fail()) == 0 {
			r.Error("no request is without an answer")
		}
	})
}

func TestASilentClientDelaysNobody(t *testing.T) {
	eachProfile(t, func(r *rig, row profileRow) {
		silent, err := row.backend.Connect(r.acceptor.Endpoint(), soon())
		r.no(err)
		link, err := r.acceptor.AcceptLink(soon())
		r.no(err)
		refused := make(chan error, 1)
		go func() {
			_, err := r.acceptor.Receive(link, transport.Timeout(50*time.Millisecond))
			refused <- err
		}()
		client, server := r.pair()
		r.no(client.Check())
		r.no(server.Check())
		r.is(<-refused, transport.ErrTimeout)
		r.no(silent.Close())
	})
}

func TestAcceptBoundsTheHandshake(t *testing.T) {
	eachProfile(t, func(r *rig, row profileRow) {
		r.Parallel()
		silent, err := row.backend.Connect(r.acceptor.Endpoint(), soon())
		r.no(err)
		_, err = r.acceptor.Accept(transport.Wait{})
		r.is(err, transport.ErrTimeout)
		r.no(silent.Close())
		r.pair()
	})
}

func TestClientsAreTurnedDown(t *testing.T) {
	eachProfile(t, func(r *rig, _ profileRow) {
		refused := make(chan error, 1)
		go func() {
			_, err := connection.Connect(r.runDir, "svc", r.client, soon())
			refused <- err
		}()
		link, err := r.acceptor.AcceptLink(soon())
		r.no(err)
		incoming, err := r.acceptor.Receive(link, soon())
		r.no(err)
		var refusal *connection.Refusal
		if err := incoming.TurnDown(soon()); !errors.As(err, &refusal) || refusal.Status != protocol.StatusInternalError {
			r.Errorf("got %v", err)
		}
		err = <-refused
		var failed *connection.HandshakeError
		if !errors.As(err, &failed) || failed.Status != protocol.StatusInternalError {
			r.Errorf("got %v", err)
		}
		r.is(err, connection.ErrRejected)
	})
}

// TestManySessionsAtOnce is for the race detector: sessions of their own goroutines, and contexts that end
// while they work.
func TestManySessionsAtOnce(t *testing.T) {
	eachProfile(t, func(r *rig, _ profileRow) {
		const clients, rounds = 8, 50
		var working, serving sync.WaitGroup
		for range clients {
			working.Add(1)
			go func() {
				defer working.Done()
				client, err := connection.Connect(r.runDir, "svc", r.client, soon())
				if err != nil {
					r.Error(err)
					return
				}
				defer func() { _ = client.Close() }()
				for id := range uint64(rounds) {
					ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
					err := client.SendContext(ctx, protocol.RequestHeader(echo, id), fmt.Append(nil, id))
					if err != nil {
						r.Error(err)
					}
					answer, err := client.ReceiveContext(ctx)
					if err != nil || string(answer.Payload) != fmt.Sprint(id) {
						r.Errorf("%q: %v", answer.Payload, err)
					}
					cancel()
				}
			}()
		}
		for range clients {
			server, err := r.acceptor.Accept(soon())
			r.no(err)
			serving.Add(1)
			go func() {
				defer serving.Done()
				if err := serve(server); !errors.Is(err, transport.ErrDisconnected) {
					r.Error(err)
				}
			}()
		}
		working.Wait()
		serving.Wait()
	})
}

func TestConfigurationsHideTheSecret(t *testing.T) {
	for _, text := range []string{
		fmt.Sprintf("%v %+v %#v", connection.ClientConfig{AuthToken: 424242}, connection.ClientConfig{AuthToken: 424242},
			connection.ClientConfig{AuthToken: 424242}),
		fmt.Sprintf("%v %+v %#v", connection.ServerConfig{AuthToken: 424242}, connection.ServerConfig{AuthToken: 424242},
			connection.ServerConfig{AuthToken: 424242}),
	} {
		if strings.Contains(text, "424242") {
			t.Error(text)
		}
	}
}
