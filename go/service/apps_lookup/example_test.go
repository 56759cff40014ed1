package apps_lookup_test

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/apps_lookup"
)

// A provider that knows one process, and a client that asks for two.
func Example() {
	runDir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(runDir)
	quiet := slog.New(slog.DiscardHandler)

	handler := apps_lookup.Handler{Handle: func(request *protocol.AppsLookupRequestView, answer *protocol.AppsLookupBuilder) bool {
		answer.SetGeneration(1)
		for _, pid := range request.Keys() {
			var err error
			if pid == 1 {
				err = answer.Add(protocol.AppsLookupItemView{
					Pid: 1, Comm: protocol.CString([]byte("systemd")), CgroupStatus: protocol.AppsCgroupStatusHostRoot,
				})
			} else {
				err = answer.AddBare(protocol.PidStatusUnknown)
			}
			if err != nil {
				return false
			}
		}
		return true
	}}
	server := apps_lookup.NewServer(runDir, "apps-lookup", apps_lookup.ServerConfig{Logger: quiet}, handler)
	if err := server.Bind(); err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- server.Run() }()

	client := apps_lookup.NewClient(runDir, "apps-lookup", apps_lookup.ClientConfig{Logger: quiet})
	defer client.Close()
	client.Refresh()
	reply, err := client.Call([]uint32{1, 2})
	if err != nil {
		panic(err)
	}
	for _, item := range reply.Items() {
		fmt.Printf("%d %v %q\n", item.Pid, item.Status, item.Comm)
	}

	server.Stop()
	fmt.Println(<-served)
	// Output:
	// 1 known "systemd"
	// 2 unknown ""
	// <nil>
}
