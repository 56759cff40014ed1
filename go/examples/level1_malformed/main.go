// Program level1_malformed breaks the rules on purpose and shows what comes back: level1_malformed RUN_DIR
// SERVICE, where level1_serve serves.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/netipc/netipc/go/connection"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// region malformed
type malformed struct{ runDir, service string }

func (m malformed) connect(token uint64) (*connection.Connection, error) {
	config := connection.ClientConfig{MaxRequestBatchItems: 2, AuthToken: token}
	return connection.Connect(m.runDir, m.service, config, soon())
}

// send sends a packet as it is, and tells what comes back.
func (m malformed) send(what string, packet func(protocol.Limits) []byte) error {
	session, err := m.connect(1)
	if err != nil {
		return err
	}
	defer session.Close()
	if err := session.SendPacket(packet(session.Limits()), soon()); err != nil {
		return err
	}
	came := "no answer"
	var buf [protocol.HeaderLen]byte
	size, err := session.ReceivePacket(buf[:], soon())
	if err == nil {
		header, err := protocol.DecodeHeader(buf[:size])
		if err != nil {
			return err
		}
		came = header.Status.String()
		_, err = session.ReceivePacket(buf[:], soon())
		if !errors.Is(err, transport.ErrDisconnected) {
			return fmt.Errorf("%s: the session goes on: %w", what, err)
		}
	} else if !errors.Is(err, transport.ErrDisconnected) {
		return err
	}
	fmt.Printf("%s: %s, and the session ends\n", what, came)
	return nil
}

func encode(header protocol.Header, payload []byte) []byte {
	var head [protocol.HeaderLen]byte
	header.Encode(&head)
	return append(head[:], payload...)
}

// endregion

func (m malformed) run() error {
	_, err := m.connect(2)
	var refused *connection.HandshakeError
	if !errors.As(err, &refused) {
		return fmt.Errorf("another token: %w", err)
	}
	fmt.Printf("another token: %v\n", refused.Status)

	if err := m.unknownMethod(); err != nil {
		return err
	}
	err = m.send("batch that points outside", func(protocol.Limits) []byte {
		header := protocol.BatchHeader(1000, 1, 2)
		header.PayloadLen = 16
		return encode(header, bytes.Repeat([]byte{0xff}, 16))
	})
	if err != nil {
		return err
	}
	err = m.send("payload above the agreed limit", func(limits protocol.Limits) []byte {
		header := protocol.RequestHeader(1000, 1)
		header.PayloadLen = limits.Request.PayloadBytes + 1
		return encode(header, nil)
	})
	if err != nil {
		return err
	}
	return m.send("no envelope", func(protocol.Limits) []byte { return make([]byte, protocol.HeaderLen) })
}

// unknownMethod breaks no rule: the session goes on.
func (m malformed) unknownMethod() error {
	session, err := m.connect(1)
	if err != nil {
		return err
	}
	defer session.Close()
	var came []protocol.Status
	for id, method := range []protocol.MethodCode{999, 1000} {
		if err := session.Send(protocol.RequestHeader(method, uint64(id)), nil, soon()); err != nil {
			return err
		}
		answer, err := session.Receive(soon())
		if err != nil {
			return err
		}
		came = append(came, answer.Header.Status)
	}
	if came[1] != protocol.StatusOK {
		return fmt.Errorf("after an unknown method: %v", came[1])
	}
	fmt.Printf("unknown method: %v, and the session goes on\n", came[0])
	return nil
}

func soon() transport.Wait { return transport.Timeout(30 * time.Second) }

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: level1_malformed RUN_DIR SERVICE")
	}
	if err := (malformed{os.Args[1], os.Args[2]}).run(); err != nil {
		log.Fatal(err)
	}
}
