package peer

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
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
	}
	if lookup, known := lookups[kind]; known {
		return lookup.serve(o), nil
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
