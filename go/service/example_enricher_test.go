package service_test

import (
	"fmt"
	"os"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
)

// A provider that publishes the processes it knows, and an enricher that learns of those that a program comes across.
func ExampleEnricher() {
	runDir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(runDir)

	published := service.NewPublished(map[uint32]string{1: "systemd"})
	handler := apps_lookup.PublishedHandler(published, func(comms map[uint32]string, pid uint32, answer *protocol.AppsLookupBuilder) error {
		comm, known := comms[pid]
		if !known {
			return answer.AddBare(protocol.PidStatusUnknown)
		}
		return answer.Add(protocol.AppsLookupItemView{
			Pid: pid, Comm: protocol.CString([]byte(comm)), CgroupStatus: protocol.AppsCgroupStatusHostRoot,
		})
	})
	backend := memory()
	stop := serve(apps_lookup.NewServer(runDir, "apps-lookup", service.ServerConfig{Transport: backend, Logger: quiet}, handler))
	defer stop()

	enricher := apps_lookup.NewEnricher(runDir, "apps-lookup", service.ClientConfig{Transport: backend, Logger: quiet},
		service.EnricherConfig{Logger: quiet})
	defer enricher.Close()
	say := func(pid uint32) {
		found := enricher.Get(pid)
		if item, known := found.Item(); known {
			fmt.Println(pid, item.Comm)
		} else {
			fmt.Println(pid, found.Outcome)
		}
	}
	say(1)
	// Run does so by itself, in a goroutine of its own.
	enricher.Step(time.Second)
	say(1)
	// Who cannot come again waits.
	fmt.Println(enricher.RefreshNow([]uint32{1, 2}, time.Second), "of 2 are known")
	say(2)
	// Output:
	// 1 queued
	// 1 systemd
	// 1 of 2 are known
	// 2 for_now
}
