package string_reverse_test

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/netipc/netipc/go/service/string_reverse"
)

// A text and its reverse.
func Example() {
	runDir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(runDir)
	quiet := slog.New(slog.DiscardHandler)

	server := string_reverse.NewServer(runDir, "string-reverse", string_reverse.ServerConfig{Logger: quiet},
		string_reverse.Handler{Handle: string_reverse.Reverse})
	if err := server.Bind(); err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- server.Run() }()

	client := string_reverse.NewClient(runDir, "string-reverse", string_reverse.ClientConfig{Logger: quiet})
	defer client.Close()
	client.Refresh()
	text, err := client.Call([]byte("hello"))
	fmt.Printf("%s %v\n", text, err)

	server.Stop()
	fmt.Println(<-served)
	// Output:
	// olleh <nil>
	// <nil>
}
