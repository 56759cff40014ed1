// Program level1_pipeline asks three questions before it reads an answer: level1_pipeline RUN_DIR SERVICE,
// where level1_serve serves.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/netipc/netipc/go/connection"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// region pipeline
func pipeline(runDir, service string) error {
	wait := transport.Timeout(30 * time.Second)
	session, err := connection.Connect(runDir, service, connection.ClientConfig{
		MaxRequestPayloadBytes: 262_144, MaxResponsePayloadBytes: 262_144, AuthToken: 1,
	}, wait)
	if err != nil {
		return err
	}
	defer session.Close()

	questions := []struct {
		method  protocol.MethodCode
		payload []byte
	}{
		{1001, []byte("first")},                    // answered after the next
		{1000, []byte("second")},                   //
		{1000, bytes.Repeat([]byte("x"), 200_000)}, // more than a packet: sent in chunks
	}
	for i, question := range questions {
		header := protocol.RequestHeader(question.method, uint64(i+1))
		if err := session.Send(header, question.payload, wait); err != nil {
			return err
		}
	}
	for range questions {
		answer, err := session.Receive(wait)
		if err != nil {
			return err
		}
		// An answer to nothing that was asked has ended the session: the id is one of ours.
		id := answer.Header.MessageID
		if answer.Header.Status != protocol.StatusOK || !bytes.Equal(answer.Payload, questions[id-1].payload) {
			return fmt.Errorf("answer %d: %v, %d bytes", id, answer.Header.Status, len(answer.Payload))
		}
		fmt.Printf("answer %d: %d bytes\n", id, len(answer.Payload))
	}
	return nil
}

// endregion

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: level1_pipeline RUN_DIR SERVICE")
	}
	if err := pipeline(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}
