// Package serve provides services until it is told to end.
package serve

import (
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/kinds"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/system"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/transport"
)

const usage = `Usage: netipc-go serve --data FILE.json... | --replay FILE... | --service increment,string-reverse [OPTIONS]

Provides services until ` + system.StopHelp + `.

Prints READY on stdout once every service listens, and tells systemd where NOTIFY_SOCKET is set. Where the
socket of a service is removed, it is bound again; where another server has it, the program ends. At the end,
requests that are being answered may finish, for at most ` + system.DrainHelp + `, and every file is removed. The run directory is made with mode 0700 where
there is none, and removed again then.

A data file is what call --json prints. Only items is needed, and of each item its key, or name, and what the
service says must be there: a known process has a comm, and a cgroup_path unless its cgroup_status is
host-root. A key that the file does not have is answered unknown-permanent, or unknown where there is no such
status; a service of one value answers the request of the file and fails for any other. What this machine
itself has is served by the program netipc.

With --netdata, a token that is not given comes from NETDATA_INVOCATION_ID or INVOCATION_ID, as plugins of
the agent have them, and a run directory that is made stays.

Examples:
  netipc-go serve --service increment --stats
  netipc-go serve --data snapshot.json --run-dir /tmp/mock
  netipc-go serve --replay cgroups.jsonl --run-dir /tmp/mock`

// Run serves until a signal ends it.
func Run(args []string, env cli.Env) error {
	// Before anything is made, so that no signal can end the program with something left behind.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, system.StopSignals()...)
	defer signal.Stop(signals)
	plan, err := newPlan(args, env)
	if err != nil {
		return err
	}
	stop := make(chan struct{}, 2)
	go func() {
		<-signals
		stop <- struct{}{}
	}()
	if plan.untilStdinEnds {
		go func() {
			_, _ = io.Copy(io.Discard, env.Stdin)
			stop <- struct{}{}
		}()
	}
	return plan.serve(stop, system.SupervisorOf(env.Getenv), env)
}

// plan is what to serve, and how.
type plan struct {
	runDir   string
	config   service.ServerConfig
	workers  int
	handlers map[string]service.Handler
	// Whether the end of stdin is a request to stop, too.
	untilStdinEnds bool
	// How long another server of an endpoint has to end.
	wait time.Duration
}

func newPlan(args []string, env cli.Env) (*plan, error) {
	var (
		endpoint cli.Endpoint
		services cli.Many
		data     cli.Files
		replay   cli.Files
		logging  cli.Logging
	)
	flags := cli.NewFlags(usage)
	endpoint.Register(flags)
	logging.Register(flags)
	flags.Var(&services, "service", "`NAME` of what to serve; may be repeated; else what the data files are for")
	flags.Var(&data, "data", "serves the content of `FILE.json`, as call --json prints it; may be repeated")
	flags.Var(&replay, "replay", "serves what netipc record wrote to `FILE`, each answer at its time from the start on; may be repeated")
	untilStdinEnds := flags.Bool("until-stdin-ends", false, "stops when stdin ends, too")
	workers := flags.Int("workers", protocol.DefaultWorkers, "`N` sessions at once, for each service")
	stats := flags.Bool("stats", false, "publishes statistics beside each endpoint, for netipc status")
	maxResponse := flags.Uint64("max-response", 0,
		"`BYTES` of the largest answer; else 16 MiB, a snapshot of some 57,000 cgroups of Kubernetes")
	wait := flags.Float64("wait", 5,
		"`SECS` that another server of an endpoint has to end, as one that is being restarted may; 0 waits for none")
	if _, err := flags.Parse(args, 0, env.Stdout); err != nil {
		return nil, err
	}
	if *wait < 0 || *wait > maxWait {
		return nil, cli.Fail(cli.Usage, "--wait is not within 0 to %d", maxWait)
	}
	if *maxResponse > math.MaxUint32 {
		return nil, cli.Fail(cli.Usage, "--max-response is above %d", uint32(math.MaxUint32))
	}
	if *workers < 1 {
		return nil, cli.Fail(cli.Usage, "--workers is not at least 1")
	}
	runDir, err := endpoint.ServeDir(env)
	if err != nil {
		return nil, err
	}
	profiles, err := endpoint.Profiles(env)
	if err != nil {
		return nil, err
	}
	token, err := endpoint.ServeToken(env)
	if err != nil {
		return nil, err
	}
	if len(replay) > 0 && len(services)+len(data) > 0 {
		return nil, cli.Fail(cli.Usage, "--replay cannot be used with --service or --data")
	}
	var served map[string]service.Handler
	if len(replay) > 0 {
		served, err = recordings(replay)
	} else {
		served, err = chosen(services, data)
	}
	if err != nil {
		return nil, err
	}
	config := service.ServerConfig{
		SupportedProfiles: profiles,
		// The ring, and of the regions the one that may look before it sleeps.
		PreferredProfiles:       protocol.ProfileSHMRing | protocol.ProfileSHMHybrid,
		MaxResponsePayloadBytes: uint32(*maxResponse),
		AuthToken:               token,
		PublishStats:            *stats,
		Listen:                  transport.BindOptions{Inherited: transport.InheritedFromEnvironment()},
		Logger:                  logging.Logger(env, cli.TellWarnings),
	}
	patience := time.Duration(*wait * float64(time.Second))
	return &plan{runDir, config, *workers, served, *untilStdinEnds, patience}, nil
}

// chosen returns what serves each service: a document, or the service itself where it needs none.
func chosen(services, data []string) (map[string]service.Handler, error) {
	for _, name := range services {
		if _, err := kinds.Find(name); err != nil {
			return nil, cli.Fail(cli.Usage, "%w", err)
		}
	}
	only := ""
	if len(services) == 1 {
		only = services[0]
	}
	served := make(map[string]service.Handler)
	for _, file := range data {
		handler, name, err := load(file, only)
		if err != nil {
			return nil, err
		}
		if len(services) > 0 && !slices.Contains(services, name) {
			return nil, cli.Fail(cli.Usage, "data file %s is for %s, which --service leaves out", file, name)
		}
		if _, twice := served[name]; twice {
			return nil, cli.Fail(cli.Usage, "data file %s is for %s, as is an earlier one", file, name)
		}
		served[name] = handler
	}
	for _, name := range services {
		if _, given := served[name]; given {
			continue
		}
		kind, err := kinds.Find(name)
		if err != nil {
			return nil, cli.Fail(cli.Usage, "%w", err)
		}
		handler, able := kind.Itself()
		if !able {
			return nil, cli.Fail(cli.Usage, "there is nothing to serve %s from: give --data FILE.json", name)
		}
		served[name] = handler
	}
	if len(served) == 0 {
		return nil, cli.Fail(cli.Usage, "say what to serve: give --data FILE.json, --replay FILE, or --service increment or string-reverse")
	}
	return served, nil
}

// load returns what serves a data file, and the service that it is for.
func load(file, only string) (handler service.Handler, name string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return handler, "", cli.Fail(cli.Usage, "data file %s: %w", file, err)
	}
	kind, err := kinds.OfDocument(text, only)
	if err == nil {
		var content kinds.Content
		if content, err = kind.Read(text); err == nil {
			return kinds.Fixed(kind, content), kind.Name(), nil
		}
	}
	return handler, "", cli.Fail(cli.Usage, "data file %s: %w", file, err)
}

// serve runs everything, waits until it is to stop, and lets go in good order.
func (p *plan) serve(stop <-chan struct{}, supervisor system.Supervisor, env cli.Env) error {
	for name := range p.handlers {
		if _, err := transport.NewEndpoint(p.runDir, name); err != nil {
			return cli.Fail(cli.Usage, "%w", err)
		}
	}
	dir := runDir{path: p.runDir}
	if err := dir.renew(); err != nil {
		return cli.Fail(cli.Failed, "%w", err)
	}
	defer dir.remove()
	servers := make(map[string]*service.Server)
	for name, handler := range p.handlers {
		servers[name] = service.NewServerWithWorkers(p.runDir, name, p.config, handler, p.workers)
	}
	ended := make(chan error, len(servers))
	running := 0
	binding := binding{dir: &dir, deadline: time.Now().Add(p.wait), stop: stop, env: env}
	stopped, err := binding.all(servers)
	if err == nil && !stopped {
		for _, server := range servers {
			running++
			go func() { ended <- server.Run() }()
		}
		// A supervisor that has closed our stdout does not wait for it.
		fmt.Fprintln(env.Stdout, "READY")
		var lost bool
		if err, lost = await(stop, ended, supervisor, env); lost {
			running--
		}
	}
	deadline := time.Now().Add(system.Drain)
	for name, server := range servers {
		if !server.Drain(time.Until(deadline)) {
			cli.Tell(env.Stderr, "a request to "+name+" was cut off")
		}
	}
	for range running {
		// A bound server that nobody else runs has no other reason to fail; should it, it is said.
		if err := <-ended; err != nil {
			cli.Tell(env.Stderr, err)
		}
	}
	if err != nil {
		return cli.Fail(cli.OfServe(err), "%w", err)
	}
	return nil
}

// await tells the supervisor that everything listens, and waits until it is to stop, or an endpoint was
// lost: then it returns how.
func await(stop <-chan struct{}, ended <-chan error, supervisor system.Supervisor, env cli.Env) (err error, lost bool) {
	if err := supervisor.Notify("READY=1"); err != nil {
		cli.Tell(env.Stderr, fmt.Errorf("cannot notify NOTIFY_SOCKET: %w", err))
	}
	alive := make(chan struct{})
	defer close(alive)
	go supervisor.Watch(alive)
	select {
	case <-stop:
	case err, lost = <-ended:
	}
	// Who does not listen misses it.
	_ = supervisor.Notify("STOPPING=1")
	return err, lost
}
