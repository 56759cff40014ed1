// Program level1_serve serves raw messages: level1_serve RUN_DIR SERVICE [CONNECTIONS].
//
// Method 1000 is answered with its payload, a batch with its items. Method 1001 is answered the same,
// after the next request: answers may come in any order.
package main

import (
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/netipc/netipc/go/connection"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// region serve
const (
	methodEcho  = protocol.MethodCode(1000)
	methodLater = protocol.MethodCode(1001)
)

// answer sends what was asked for back, or that the method is not known.
func answer(session *connection.Connection, request connection.Message, wait transport.Wait) error {
	header := request.Header
	switch method := protocol.MethodCode(header.Code); {
	case method != methodEcho && method != methodLater:
		return session.Send(header.Answer(protocol.StatusUnsupported), nil, wait)
	case header.Flags.IsBatch():
		items := make([][]byte, request.Batch.Len())
		for i := range items {
			items[i] = request.Batch.Get(i)
		}
		return session.SendBatch(header.Answer(protocol.StatusOK), items, wait)
	}
	return session.Send(header.Answer(protocol.StatusOK), request.Payload, wait)
}

// serve answers until the session ends.
func serve(session *connection.Connection) error {
	defer session.Close()
	var kept *connection.Message
	for {
		wait := transport.Timeout(30 * time.Second)
		request, err := session.Receive(wait)
		if err != nil {
			// A request that breaks a rule is answered before the session ends.
			session.AnswerViolation(err, wait)
			return err
		}
		if request.Header.Code == uint16(methodLater) && kept == nil {
			// The payload is good until the next message comes.
			request.Payload = append([]byte(nil), request.Payload...)
			kept = &request
			continue
		}
		if err := answer(session, request, wait); err != nil {
			return err
		}
		if kept != nil {
			if err := answer(session, *kept, wait); err != nil {
				return err
			}
			kept = nil
		}
	}
}

// endregion

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 && len(os.Args) != 4 {
		log.Fatal("usage: level1_serve RUN_DIR SERVICE [CONNECTIONS]")
	}
	connections := math.MaxInt
	if len(os.Args) == 4 {
		var err error
		if connections, err = strconv.Atoi(os.Args[3]); err != nil {
			log.Fatal(err)
		}
	}
	acceptor, err := connection.Listen(os.Args[1], os.Args[2], connection.ServerConfig{AuthToken: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer acceptor.Close()
	fmt.Println("listening")
	for range connections {
		session, err := acceptor.Accept(transport.Wait{})
		if err == nil {
			err = serve(session)
		}
		if !errors.Is(err, transport.ErrDisconnected) {
			log.Print(err)
		}
	}
}
