package service_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/transport"
)

// Clients and servers without types: what the bytes mean is known at run time only.
func ExampleAnyClient() {
	runDir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(runDir)
	const shout protocol.MethodCode = 0x8002
	handler := service.AnyHandler("shout", func(request service.AnyRequest, answer []byte) (int, error) {
		if request.Method != shout {
			return 0, &service.HandlerError{Status: protocol.StatusUnsupported, Reason: "unknown method"}
		}
		text := strings.ToUpper(string(request.Payload))
		if len(text) > len(answer) {
			return 0, protocol.ErrOverflow
		}
		return copy(answer, text), nil
	})
	defer serve(service.NewServer(runDir, "shout", service.ServerConfig{Logger: quiet}, handler))()

	client := service.NewAnyClient(runDir, "shout", service.ClientConfig{Logger: quiet})
	defer client.Close()
	soon := transport.Timeout(10 * time.Second)
	client.Refresh(soon)
	reply, err := client.Call(shout, []byte("hello"), soon, nil)
	fmt.Println(string(reply), err)
	batch, err := client.CallBatch(shout, [][]byte{[]byte("a"), []byte("bc")}, soon)
	fmt.Println(string(batch.Get(0)), string(batch.Get(1)), err)
	_, err = client.Call(shout+1, nil, soon, nil)
	fmt.Println(errors.Is(err, service.ErrUnsupported))
	// Output:
	// HELLO <nil>
	// A BC <nil>
	// true
}
