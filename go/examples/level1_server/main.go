// Program level1_server serves raw messages, one client at a time: level1_server [RUN_DIR [CLIENTS]]; 0
// is for ever.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/netipc/netipc/go/connection"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// region server

// answer answers one request: bytes in, bytes out.
func answer(request connection.Message, payload []byte) (int, protocol.Status) {
	switch {
	case request.Header.Code != uint16(protocol.MethodIncrement):
		return 0, protocol.StatusUnsupported
	case request.Header.Flags.IsBatch():
		return 0, protocol.StatusBadEnvelope
	}
	return protocol.DispatchIncrement(request.Payload, payload, func(n uint64) (uint64, bool) { return n + 1, true })
}

// serve answers a client until it hangs up.
func serve(session *connection.Connection) error {
	defer session.Close()
	payload := make([]byte, session.Limits().Response.PayloadBytes)
	for {
		request, err := session.Receive(transport.Wait{})
		wait := transport.Timeout(5 * time.Second)
		if err != nil {
			// A request that breaks a rule of the session is answered before it ends.
			session.AnswerViolation(err, wait)
			return err
		}
		length, status := answer(request, payload)
		if err := session.Send(request.Header.Answer(status), payload[:length], wait); err != nil {
			return err
		}
	}
}

// endregion

func main() {
	log.SetFlags(0)
	runDir, enough := "/tmp/example", 0
	if len(os.Args) > 1 {
		runDir = os.Args[1]
	}
	if len(os.Args) > 2 {
		var err error
		if enough, err = strconv.Atoi(os.Args[2]); err != nil {
			log.Fatal(err)
		}
	}
	config := connection.ServerConfig{SupportedProfiles: 3, AuthToken: 42} // socket, shm
	acceptor, err := connection.Listen(runDir, "level1", config)
	if err != nil {
		log.Fatal(err)
	}
	defer acceptor.Close()
	fmt.Println("READY")
	for served := 1; enough == 0 || served <= enough; served++ {
		session, err := acceptor.Accept(transport.Wait{})
		if err == nil {
			err = serve(session)
		}
		// Where one client gets no session, the next may.
		log.Printf("client %d: %v", served, err)
	}
}
