package connection_test

import (
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/netipc/netipc/go/connection"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// packet is a message as it lies in one packet, spoiled by spoil.
func packet(header protocol.Header, payload []byte, spoil func([]byte)) []byte {
	header.PayloadLen = uint32(len(payload))
	var head [protocol.HeaderLen]byte
	header.Encode(&head)
	whole := append(head[:], payload...)
	if spoil != nil {
		spoil(whole)
	}
	return whole
}

func put16(at int, value uint16) func([]byte) {
	return func(b []byte) { binary.LittleEndian.PutUint16(b[at:], value) }
}

func put32(at int, value uint32) func([]byte) {
	return func(b []byte) { binary.LittleEndian.PutUint32(b[at:], value) }
}

// malformedRows are what a client may send, how the session of the server ends, and what is answered; no
// answer is a session that is closed.
var malformedRows = []struct {
	name   string
	packet []byte
	want   error
	status protocol.Status
}{
	{"magic", packet(protocol.RequestHeader(echo, 1), nil, put32(0, 0)), connection.ErrEnvelope, 0},
	{"31 bytes", packet(protocol.RequestHeader(echo, 1), nil, nil)[:31], connection.ErrEnvelope, 0},
	{"version", packet(protocol.RequestHeader(echo, 1), nil, put16(4, 2)), protocol.ErrBadVersion, 0},
	{"header_len", packet(protocol.RequestHeader(echo, 1), nil, put16(6, 33)), protocol.ErrBadHeaderLen, 0},
	{"kind", packet(protocol.RequestHeader(echo, 1), nil, put16(8, 9)), protocol.ErrBadKind, 0},
	{"a response", packet(protocol.RequestHeader(echo, 1).Answer(protocol.StatusOK), nil, nil), connection.ErrKind, 0},
	{"too many bytes", packet(protocol.RequestHeader(echo, 1), nil, put32(16, 2<<20)),
		connection.ErrLimitExceeded, protocol.StatusLimitExceeded},
	{"too many items", packet(protocol.BatchHeader(echo, 1, 17), nil, nil),
		connection.ErrLimitExceeded, protocol.StatusLimitExceeded},
	{"more data than payload", packet(protocol.RequestHeader(echo, 1), []byte("four"), put32(16, 3)), connection.ErrChunk, 0},
	{"a batch of none", packet(protocol.BatchHeader(echo, 1, 0), nil, nil),
		protocol.ErrBadItemCount, protocol.StatusBadEnvelope},
	{"a directory that is cut", packet(protocol.BatchHeader(echo, 1, 2), make([]byte, 15), nil),
		connection.ErrBatch, protocol.StatusBadEnvelope},
	{"an item outside", packet(protocol.BatchHeader(echo, 1, 1), make([]byte, 16), put32(32, 16)),
		protocol.ErrOutOfBounds, protocol.StatusBadEnvelope},
	{"an item askew", packet(protocol.BatchHeader(echo, 1, 1), make([]byte, 16), put32(32, 4)),
		protocol.ErrBadAlignment, protocol.StatusBadEnvelope},
}

// Rules W3, W5, W19, W20.
func TestMalformedClients(t *testing.T) {
	eachProfile(t, func(r *rig, _ profileRow) {
		for _, row := range malformedRows {
			client, server := r.pair()
			ended := make(chan error, 1)
			go func() { ended <- serve(server) }()
			r.no(client.SendPacket(row.packet, nil, soon()))
			var answer [64]byte
			size, err := client.ReceivePacket(answer[:], soon())
			if row.status != protocol.StatusOK {
				r.no(err)
				header, err := protocol.DecodeHeader(answer[:size])
				r.no(err)
				if header.Status != row.status || header.MessageID != 1 || header.Kind != protocol.KindResponse {
					r.Errorf("%s: %+v", row.name, header)
				}
				_, err = client.ReceivePacket(answer[:], soon())
				r.is(err, transport.ErrDisconnected)
			} else {
				r.is(err, transport.ErrDisconnected)
			}
			if err := <-ended; !errors.Is(err, row.want) || !server.IsOver() {
				r.Errorf("%s: %v", row.name, err)
			}
		}
	})
}

// Rules W19, W20.
func TestMalformedServers(t *testing.T) {
	asked := protocol.RequestHeader(echo, 1)
	eachProfile(t, func(r *rig, _ profileRow) {
		for _, row := range []struct {
			name   string
			packet []byte
			want   error
		}{
			{"nothing we asked", packet(protocol.RequestHeader(echo, 2).Answer(protocol.StatusOK), nil, nil), connection.ErrUnknownMessageID},
			{"a request", packet(asked, nil, nil), connection.ErrKind},
			{"control", packet(asked, nil, put16(8, 3)), connection.ErrKind},
			{"magic", packet(asked.Answer(protocol.StatusOK), nil, put32(0, 0)), protocol.ErrBadMagic},
			{"too many bytes", packet(asked.Answer(protocol.StatusOK), nil, put32(16, 2<<20)), connection.ErrLimitExceeded},
		} {
			client, server := r.pair()
			r.no(client.Send(asked, nil, soon()))
			_, err := server.Receive(soon())
			r.no(err)
			r.no(server.SendPacket(row.packet, nil, soon()))
			_, err = client.Receive(soon())
			if !errors.Is(err, row.want) || !client.IsOver() {
				r.Errorf("%s: %v", row.name, err)
			}
			if _, answered := client.AnswerViolation(err, soon()); answered {
				r.Errorf("%s: a client answers nothing", row.name)
			}
			if ids := client.Fail(); len(ids) != 1 || ids[0] != 1 {
				r.Errorf("%s: %v had no answer", row.name, ids)
			}
			r.is(client.Send(asked, nil, soon()), connection.ErrEnded)
		}
	})
}

func TestClientsThatAreRefused(t *testing.T) {
	eachProfile(t, func(r *rig, _ profileRow) {
		for _, row := range []struct {
			name   string
			spoil  func(*connection.ClientConfig)
			want   error
			status protocol.Status
		}{
			{"token", func(c *connection.ClientConfig) { c.AuthToken++ }, connection.ErrAuthFailed, protocol.StatusAuthFailed},
			{"limit", func(c *connection.ClientConfig) { c.MaxRequestPayloadBytes = 1 << 30 },
				connection.ErrLimitsRefused, protocol.StatusLimitExceeded},
		} {
			config := r.client
			row.spoil(&config)
			refused := make(chan error, 1)
			go func() {
				_, err := connection.Connect(r.runDir, "svc", config, soon())
				refused <- err
			}()
			_, err := r.acceptor.Accept(soon())
			var refusal *connection.Refusal
			if !errors.As(err, &refusal) || refusal.Status != row.status {
				r.Errorf("%s: %v", row.name, err)
			}
			r.is(<-refused, row.want)
		}
		_, err := connection.Connect(r.runDir, "not/a/name", r.client, soon())
		r.is(err, transport.ErrInvalidName)
		_, err = connection.Listen(r.runDir, "", connection.ServerConfig{Transport: r.client.Transport})
		r.is(err, transport.ErrInvalidName)
		_, err = connection.Connect(r.runDir, "nobody", r.client, soon())
		r.is(err, transport.ErrNotFound)
		_, err = connection.Listen(r.runDir, "svc", connection.ServerConfig{Transport: r.client.Transport})
		r.is(err, transport.ErrAddressInUse)
	})
}

// Sessions and acceptors are closed by whoever closes things.
var (
	_ io.Closer = (*connection.Connection)(nil)
	_ io.Closer = (*connection.Acceptor)(nil)
	_ io.Closer = (*connection.Incoming)(nil)
)
