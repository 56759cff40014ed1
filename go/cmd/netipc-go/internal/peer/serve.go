package peer

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/internal/generated/ip_to_asn"
	"github.com/netipc/netipc/go/internal/generated/pid_traffic"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/service/string_reverse"
)

// served is what the statistics of a server say.
type served struct {
	Socket  uint64 `json:"socket"`
	Shm     uint64 `json:"shm"`
	Refused uint64 `json:"refused"`
	OK      uint64 `json:"ok"`
}

// serve serves until the input ends, and says what it has served.
func serve(kind string, o *options, env cli.Env) error {
	server, err := newServer(kind, o, env.Stdout)
	if err != nil {
		return err
	}
	if err := server.Bind(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run() }()
	fmt.Fprintln(env.Stdout, "READY")
	_, inputErr := io.Copy(io.Discard, env.Stdin)
	server.Stop()
	if err := <-ended; err != nil {
		return err
	}
	if inputErr != nil {
		return inputErr
	}
	stats := server.Stats()
	line, err := json.Marshal(served{stats.Sessions.Socket, stats.Sessions.SharedMemory, stats.Refused, stats.OK})
	if err == nil {
		_, err = fmt.Fprintf(env.Stdout, "SERVED %s\n", line)
	}
	return err
}

func newServer(kind string, o *options, out io.Writer) (*service.Server, error) {
	config := o.serverConfig()
	switch kind {
	case "increment":
		handler := increment.Handler{Handle: stuckOn(o.stuckOn, out)}
		return increment.NewServerWithWorkers(o.runDir, o.service, config, handler, o.workers), nil
	case "string-reverse":
		handler := string_reverse.Handler{Handle: string_reverse.Reverse}
		return string_reverse.NewServerWithWorkers(o.runDir, o.service, config, handler, o.workers), nil
	case "cgroups-snapshot":
		handler := cgroups_snapshot.Handler{Handle: o.snapshot().answer}
		return cgroups_snapshot.NewServerWithWorkers(o.runDir, o.service, config, handler, o.workers), nil
	case "cgroups-lookup":
		handler := cgroups_lookup.Handler{Handle: o.answerCgroups}
		return cgroups_lookup.NewServerWithWorkers(o.runDir, o.service, config, handler, o.workers), nil
	case "apps-lookup":
		handler := apps_lookup.Handler{Handle: o.answerApps}
		return apps_lookup.NewServerWithWorkers(o.runDir, o.service, config, handler, o.workers), nil
	case "ip-to-asn":
		return ip_to_asn.NewServerWithWorkers(o.runDir, o.service, config, o.answerNetworks, o.workers), nil
	case "pid-traffic":
		return pid_traffic.NewServerWithWorkers(o.runDir, o.service, config, o.answerTraffic, o.workers), nil
	}
	return nil, cli.Fail(cli.Usage, "there is nothing called %q to serve", kind)
}

// stuckOn increments every number but one, which is never answered.
func stuckOn(number uint64, out io.Writer) func(uint64) (uint64, bool) {
	return func(n uint64) (uint64, bool) {
		if number > 0 && n == number {
			fmt.Fprintln(out, "STUCK")
			select {}
		}
		return increment.Next(n)
	}
}

func (s snapshot) answer(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
	answer.SetHeader(s.systemdEnabled(), s.generation)
	for index := range s.items {
		if answer.Push(s.item(index)) != nil {
			return false
		}
	}
	return true
}

func (o *options) answerCgroups(request *protocol.CgroupsLookupRequestView, answer *protocol.CgroupsLookupBuilder) bool {
	answer.SetGeneration(o.generation)
	for _, path := range request.Keys() {
		if answer.Add(cgroup(path.CStringView, false)) != nil {
			return false
		}
	}
	return true
}

func (o *options) answerApps(request *protocol.AppsLookupRequestView, answer *protocol.AppsLookupBuilder) bool {
	answer.SetGeneration(o.generation)
	for _, pid := range request.Keys() {
		if answer.Add(process(uint32(pid), false)) != nil {
			return false
		}
	}
	return true
}
