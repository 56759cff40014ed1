package bench

import (
	"bufio"
	"encoding/json"
	"fmt"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/system"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
)

// serve is the end that answers, until stdin ends; each line asks what this process has used.
func serve(given arguments, env cli.Env) error {
	server, err := newServer(given)
	if err != nil {
		return err
	}
	if err := server.Bind(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run() }()
	fmt.Fprintln(env.Stdout, "ready")
	lines := bufio.NewScanner(env.Stdin)
	for lines.Scan() {
		used, err := system.UsedNow()
		if err != nil {
			return err
		}
		line, err := json.Marshal(usageOf(used))
		if err != nil {
			return err
		}
		fmt.Fprintf(env.Stdout, "%s\n", line)
	}
	server.Stop()
	if err := <-ended; err != nil {
		return err
	}
	return lines.Err()
}

// usage is what a process has used.
type usage struct {
	CPU int64 `json:"cpu_ns"`
	// Switches is null where the system does not tell.
	Switches *int64 `json:"switches"`
}

func usageOf(used system.Used) usage {
	told := usage{CPU: int64(used.CPU)}
	if system.CountsSwitches {
		switches := int64(used.Switches)
		told.Switches = &switches
	}
	return told
}

func newServer(given arguments) (*service.Server, error) {
	items, err := given.number("items")
	if err != nil {
		return nil, err
	}
	asks, err := given.config()
	if err != nil {
		return nil, err
	}
	config := service.ServerConfig{
		SupportedProfiles: asks.SupportedProfiles, PreferredProfiles: asks.PreferredProfiles,
		MaxRequestPayloadBytes: asks.MaxRequestPayloadBytes, MaxRequestBatchItems: asks.MaxRequestBatchItems,
		MaxResponsePayloadBytes: asks.MaxResponsePayloadBytes, Logger: asks.Logger,
	}
	runDir, name := given["run-dir"], given["service"]
	switch name {
	case increment.Service.Name:
		return increment.NewServer(runDir, name, config, increment.Handler{Handle: increment.Next}), nil
	case cgroups_snapshot.Service.Name:
		handler := cgroups_snapshot.Handler{Handle: snapshotOf(cgroupsOf(items))}
		return cgroups_snapshot.NewServer(runDir, name, config, handler), nil
	}
	if lookup, known := lookups[name]; known {
		return lookup.server(runDir, name, config), nil
	}
	return nil, errUnsupported
}

// snapshotOf answers with all cgroups.
func snapshotOf(cgroups []cgroup) func(*protocol.CgroupsRequest, *protocol.CgroupsBuilder) bool {
	return func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
		answer.SetHeader(0, generation)
		for i := range cgroups {
			cgroup := &cgroups[i]
			if answer.Push(protocol.CgroupsItemView{
				Hash: cgroup.hash, Enabled: 1, Name: text(cgroup.name), Path: text(cgroup.path),
			}) != nil {
				return false
			}
		}
		return true
	}
}
