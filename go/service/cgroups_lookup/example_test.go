package cgroups_lookup_test

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
)

// A provider that calls everything a container, and a client that asks for two paths.
func Example() {
	runDir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(runDir)
	quiet := slog.New(slog.DiscardHandler)

	handler := cgroups_lookup.Handler{Handle: func(request *protocol.CgroupsLookupRequestView, answer *protocol.CgroupsLookupBuilder) bool {
		answer.SetGeneration(1)
		for _, path := range request.Keys() {
			err := answer.Add(protocol.CgroupsLookupItemView{
				Orchestrator: protocol.OrchestratorDocker,
				Path:         path.CStringView,
				Name:         protocol.CString([]byte("web")),
			})
			if err != nil {
				return false
			}
		}
		return true
	}}
	server := cgroups_lookup.NewServer(runDir, "cgroups-lookup", cgroups_lookup.ServerConfig{Logger: quiet}, handler)
	if err := server.Bind(); err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- server.Run() }()

	client := cgroups_lookup.NewClient(runDir, "cgroups-lookup", cgroups_lookup.ClientConfig{Logger: quiet})
	defer client.Close()
	client.Refresh()
	reply, err := client.Call([][]byte{[]byte("/docker/a"), []byte("/docker/b")})
	if err != nil {
		panic(err)
	}
	for _, item := range reply.Items() {
		fmt.Println(item.Path, item.Status, item.Orchestrator, item.Name)
	}

	server.Stop()
	fmt.Println(<-served)
	// Output:
	// /docker/a known docker web
	// /docker/b known docker web
	// <nil>
}
