package connection_test

import (
	"context"
	"fmt"
	"time"

	"github.com/netipc/netipc/go/connection"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// A client asks three questions before it reads an answer, and matches the answers by their ids. The
// queues in memory take the place of the platform's transport, which is used where none is given.
func Example() {
	const upper = protocol.MethodCode(1000)
	memory := transport.NewMemory()
	wait := transport.Timeout(time.Minute)

	acceptor, err := connection.Listen("/run/example", "upper", connection.ServerConfig{AuthToken: 7, Transport: memory})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer acceptor.Close()
	go func() {
		server, err := acceptor.Accept(wait)
		for err == nil {
			var request connection.Message
			if request, err = server.Receive(wait); err == nil {
				answer := fmt.Appendf(nil, "%d bytes", len(request.Payload))
				err = server.Send(request.Header.Answer(protocol.StatusOK), answer, wait)
			}
		}
	}()

	client, err := connection.Connect("/run/example", "upper", connection.ClientConfig{AuthToken: 7, Transport: memory}, wait)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	for id, question := range []string{"a", "bb", "ccc"} {
		if err := client.Send(protocol.RequestHeader(upper, uint64(id)), []byte(question), wait); err != nil {
			fmt.Println(err)
			return
		}
	}
	for range 3 {
		answer, err := client.Receive(wait)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d: %s\n", answer.Header.MessageID, answer.Payload)
	}
	// Output:
	// 0: 1 bytes
	// 1: 2 bytes
	// 2: 3 bytes
}

// A context ends a wait, and not the session.
func ExampleConnection_ReceiveContext() {
	memory := transport.NewMemory()
	acceptor, err := connection.Listen("/run/example", "slow", connection.ServerConfig{Transport: memory})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer acceptor.Close()
	accepted := make(chan *connection.Connection, 1)
	go func() {
		server, err := acceptor.Accept(transport.Wait{})
		if err != nil {
			fmt.Println(err)
		}
		accepted <- server
	}()
	client, err := connection.Connect("/run/example", "slow", connection.ClientConfig{Transport: memory}, transport.Wait{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	defer (<-accepted).Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err = client.ReceiveContext(ctx)
	fmt.Println(err)
	fmt.Println("over:", client.IsOver())
	// Output:
	// the deadline passed: context deadline exceeded
	// over: false
}
