package increment_test

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/increment"
)

// One number, many in one message, and many in flight.
func Example() {
	runDir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(runDir)
	quiet := slog.New(slog.DiscardHandler)

	server := increment.NewServer(runDir, "increment", increment.ServerConfig{Logger: quiet}, increment.Handler{Handle: increment.Next})
	if err := server.Bind(); err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- server.Run() }()

	config := increment.ClientConfig{SupportedProfiles: protocol.ProfileBaseline, Logger: quiet}
	client := increment.NewClient(runDir, "increment", config)
	defer client.Close()
	client.Refresh()
	fmt.Println(client.Call(41))
	batch, err := client.CallBatch([]uint64{1, 2, 3})
	for i, n := range batch.All() {
		fmt.Println(i, n, err)
	}
	sum := uint64(0)
	err = client.CallPipelined([]uint64{1, 2, 3}, 3, func(_ int, n uint64) { sum += n })
	fmt.Println(sum, err)

	server.Stop()
	fmt.Println(<-served)
	// Output:
	// 42 <nil>
	// 0 2 <nil>
	// 1 3 <nil>
	// 2 4 <nil>
	// 9 <nil>
	// <nil>
}
