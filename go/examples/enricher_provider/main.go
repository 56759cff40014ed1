// Program enricher_provider answers apps-lookup with the processes of this machine, and with the containers that a
// provider of cgroups-lookup knows, such as netipc serve: enricher_provider RUN_DIR. It ends with its standard input.
package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
)

// region provider

// process is what this provider knows of a process by itself.
type process struct {
	comm   []byte
	cgroup string
}

type processes map[uint32]process

// answer adds the item of one process, with what is known of its container now.
func answer(containers *cgroups_lookup.Enricher) func(processes, uint32, *protocol.AppsLookupBuilder) error {
	return func(known processes, pid uint32, answer *protocol.AppsLookupBuilder) error {
		one, found := known[pid]
		if !found {
			return answer.AddBare(protocol.PidStatusUnknown)
		}
		item := protocol.AppsLookupItemView{
			Pid: pid, Uid: protocol.UidUnset, Comm: protocol.CString(one.comm),
			CgroupPath: protocol.CString([]byte(one.cgroup)), CgroupStatus: protocol.AppsCgroupStatusUnknownRetryLater,
		}
		container := containers.Get(one.cgroup)
		if known, is := container.Item(); is {
			item.CgroupStatus, item.Orchestrator = protocol.AppsCgroupStatusKnown, known.Orchestrator
			item.CgroupName, item.Labels = known.Name, known.Labels
		} else if container.Outcome == service.OutcomeForGood {
			item.CgroupStatus = protocol.AppsCgroupStatusUnknownPermanent
		}
		return answer.Add(item)
	}
}

func main() {
	runDir := os.Args[1]
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	containers := cgroups_lookup.NewEnricher(runDir, "cgroups-lookup", cgroups_lookup.ClientConfig{}, service.EnricherConfig{})
	defer containers.Close()
	go containers.Run(ctx)

	published := service.NewPublished(look())
	server := apps_lookup.NewServer(runDir, "apps-lookup", apps_lookup.ServerConfig{}, apps_lookup.PublishedHandler(published, answer(containers)))
	go func() {
		for ticks := time.Tick(time.Second); ctx.Err() == nil; <-ticks {
			published.Publish(look())
		}
	}()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Drain(time.Second)
	}()
	if err := server.Run(); err != nil {
		log.Print(err)
	}
}

// endregion

// look reads the processes of this machine, and the cgroup of each: of the hierarchy that tells most.
func look() processes {
	known := processes{}
	directories, _ := filepath.Glob("/proc/[0-9]*")
	for _, directory := range directories {
		pid, err := strconv.ParseUint(filepath.Base(directory), 10, 32)
		comm, _ := os.ReadFile(filepath.Join(directory, "comm"))
		cgroups, _ := os.ReadFile(filepath.Join(directory, "cgroup"))
		one := process{comm: bytes.TrimSpace(comm)}
		for line := range bytes.Lines(cgroups) {
			if parts := bytes.SplitN(bytes.TrimSpace(line), []byte(":"), 3); len(parts) == 3 && len(parts[2]) > len(one.cgroup) {
				one.cgroup = string(parts[2])
			}
		}
		// One that has ended meanwhile is none.
		if err == nil && len(one.comm) > 0 && one.cgroup != "" {
			known[uint32(pid)] = one
		}
	}
	return known
}
