// Program level1_malformed sends what no peer should, and shows what comes back: level1_malformed [RUN_DIR].
package main

import (
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

// sendMalformed sends one packet as it is, in a session of its own, which it ends.
func sendMalformed(runDir, what string, packet [protocol.HeaderLen]byte) error {
	wait := transport.Timeout(2 * time.Second)
	session, err := connection.Connect(runDir, "level1", connection.ClientConfig{AuthToken: 42}, wait)
	if err != nil {
		return err
	}
	defer session.Close()
	if err := session.SendPacket(packet[:], nil, wait); err != nil {
		return err
	}
	var answer [protocol.HeaderLen]byte
	_, err = session.ReceivePacket(answer[:], wait)
	if errors.Is(err, transport.ErrDisconnected) {
		fmt.Printf("%s: no answer, and a hang-up\n", what)
		return nil
	}
	if err != nil {
		return err
	}
	header, err := protocol.DecodeHeader(answer[:])
	if err != nil {
		return err
	}
	fmt.Printf("%s: status %d\n", what, uint16(header.Status))
	return nil
}

func malformed(runDir string) error {
	encode := func(header protocol.Header) (packet [protocol.HeaderLen]byte) {
		header.Encode(&packet)
		return packet
	}
	good := protocol.RequestHeader(protocol.MethodIncrement, 1)
	magic, large, response := encode(good), good, good
	copy(magic[:], "!!!!")
	empty := protocol.BatchHeader(protocol.MethodIncrement, 1, 0)
	large.PayloadLen = 1 << 30
	response.Kind = protocol.KindResponse
	return errors.Join(
		sendMalformed(runDir, "another magic number", magic),
		sendMalformed(runDir, "a batch without items", encode(empty)),
		sendMalformed(runDir, "more than was agreed", encode(large)),
		sendMalformed(runDir, "a response to nothing", encode(response)),
	)
}

// endregion

func main() {
	log.SetFlags(0)
	runDir := "/tmp/example"
	if len(os.Args) > 1 {
		runDir = os.Args[1]
	}
	if err := malformed(runDir); err != nil {
		log.Fatal(err)
	}
}
