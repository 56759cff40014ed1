// Program level1_pipeline sends three requests at once and takes the answers by their ids: level1_pipeline
// [RUN_DIR].
package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/netipc/netipc/go/connection"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// region pipeline
func pipeline(runDir string) error {
	// A shared region carries one message at a time each way: who pipelines takes the socket.
	config := connection.ClientConfig{SupportedProfiles: uint32(protocol.ProfileBaseline), AuthToken: 42}
	wait := transport.Timeout(2 * time.Second)
	session, err := connection.Connect(runDir, "level1", config, wait)
	if err != nil {
		return err
	}
	defer session.Close()
	var payload [8]byte
	for id := uint64(1); id <= 3; id++ {
		length, err := protocol.EncodeIncrement(payload[:], 100*id)
		if err != nil {
			return err
		}
		request := protocol.RequestHeader(protocol.MethodIncrement, id)
		if err := session.Send(request, payload[:length], wait); err != nil {
			return err
		}
	}
	for range 3 {
		answer, err := session.Receive(wait)
		if err != nil {
			return err
		}
		if answer.Header.Status != protocol.StatusOK {
			return fmt.Errorf("answer to %d: %v", answer.Header.MessageID, answer.Header.Status)
		}
		number, err := protocol.DecodeIncrement(answer.Payload)
		if err != nil {
			return err
		}
		fmt.Printf("answer to %d: %d\n", answer.Header.MessageID, number)
	}
	return nil
}

// endregion

func main() {
	log.SetFlags(0)
	runDir := "/tmp/example"
	if len(os.Args) > 1 {
		runDir = os.Args[1]
	}
	if err := pipeline(runDir); err != nil {
		log.Fatal(err)
	}
}
