package cgroups_snapshot_test

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
)

// A provider of one cgroup, and a client that asks for all of them.
func Example() {
	runDir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(runDir)
	quiet := slog.New(slog.DiscardHandler)

	handler := cgroups_snapshot.Handler{Handle: func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
		answer.SetHeader(1, 7)
		name := "docker-abc123"
		return answer.Add(cgroups_snapshot.SimpleHash(name), 0, 1, []byte(name), []byte("/docker/abc123")) == nil
	}}
	server := cgroups_snapshot.NewServer(runDir, "cgroups-snapshot", cgroups_snapshot.ServerConfig{Logger: quiet}, handler)
	if err := server.Bind(); err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- server.Run() }()

	client := cgroups_snapshot.NewClient(runDir, "cgroups-snapshot", cgroups_snapshot.ClientConfig{Logger: quiet})
	defer client.Close()
	client.Refresh()
	view, err := client.CallSnapshot()
	if err != nil {
		panic(err)
	}
	for i := range view.ItemCount {
		if item, err := view.Item(i); err == nil {
			fmt.Println(view.Generation, item.Name, item.Path)
		}
	}

	server.Stop()
	fmt.Println(<-served)
	// Output:
	// 7 docker-abc123 /docker/abc123
	// <nil>
}

// The hash that producers use.
func ExampleSimpleHash() {
	fmt.Printf("%#x %#x\n", cgroups_snapshot.SimpleHash(""), cgroups_snapshot.SimpleHash("a"))
	// Output: 0x811c9dc5 0xe40c292c
}
