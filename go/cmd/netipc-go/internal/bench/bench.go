// Package bench is a peer of netipc bench --peer go=netipc-go: it measures as a client, or serves.
// docs/cli.md tells what is agreed, crates/bench/c is the same in C.
package bench

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/system"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/transport"
)

const help = `Usage: netipc-go bench --role client|server --scenario NAME --run-dir DIR --service NAME --transport NAME ...

Is a peer of netipc bench --peer go=netipc-go, which starts it with these options. A client is told on
stdin how many nanoseconds to measure; a server is asked there what it has used. See docs/cli.md, bench.

Examples:
  netipc bench --peer go=./netipc-go --scenario ping --transport shm
`

// errUnsupported is what netipc bench is told of what is not done here.
var errUnsupported = errors.New("unsupported")

// profiles are those of the transports that are told.
var profiles = map[string]uint32{
	"socket": protocol.ProfileBaseline, "pipe": protocol.ProfileBaseline, "shm": protocol.ProfileSHMHybrid,
	"futex": protocol.ProfileSHMFutex, "ring": protocol.ProfileSHMRing,
}

// operation is one operation, to be done again and again.
type operation struct {
	// run does it, checks what came of it, and returns its units.
	run   func() (uint64, error)
	close func() error
}

// arguments are the options by their names.
type arguments map[string]string

// Run measures as often as stdin asks for it. What goes wrong is said on stdout, too, where whoever
// has started this looks.
func Run(args []string, env cli.Env) error {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		fmt.Fprint(env.Stdout, help)
		return nil
	}
	if err := system.DieWithParent(); err != nil {
		return err
	}
	err := measureAll(args, env)
	if err != nil {
		fmt.Fprintln(env.Stdout, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return err
}

func measureAll(args []string, env cli.Env) error {
	given, err := read(args)
	if err != nil {
		return err
	}
	if given["role"] == "server" {
		return serve(given, env)
	}
	rate, err := given.number("rate")
	if err != nil {
		return err
	}
	op, err := open(given)
	if err != nil {
		return err
	}
	defer op.close()
	fmt.Fprintln(env.Stdout, "ready")
	m := newMeter(rate)
	lines := bufio.NewScanner(env.Stdin)
	for lines.Scan() {
		nanos, err := strconv.ParseUint(lines.Text(), 10, 63)
		if err != nil {
			return cli.Fail(cli.Usage, "cannot measure for %q nanoseconds", lines.Text())
		}
		if err := m.measure(op, int64(nanos)); err != nil {
			return err
		}
		if err := m.report(env.Stdout); err != nil {
			return err
		}
	}
	return lines.Err()
}

// read takes pairs of options and values. Who does not know one passes over it.
func read(args []string) (arguments, error) {
	given := arguments{}
	for i := 0; i < len(args); i += 2 {
		name, isOption := strings.CutPrefix(args[i], "--")
		if !isOption || i+1 == len(args) {
			return nil, cli.Fail(cli.Usage, "%s is no option with a value", args[i])
		}
		given[name] = args[i+1]
	}
	for _, name := range []string{"role", "scenario", "run-dir", "service", "transport"} {
		if _, there := given[name]; !there {
			return nil, cli.Fail(cli.Usage, "--%s is missing", name)
		}
	}
	return given, nil
}

func open(given arguments) (*operation, error) {
	items, err := given.number("items")
	if err != nil {
		return nil, err
	}
	config, err := given.config()
	if err != nil {
		return nil, err
	}
	w := &work{arguments: given, config: config, items: items}
	scenarios := map[string]func() (*operation, error){
		"ping": w.ping, "batch": w.batch, "pipeline": w.pipeline, "snapshot": w.snapshot, "lookup": w.lookup,
		"cache": w.cache, "enricher": w.enricher, "item": w.item,
	}
	scenario, known := scenarios[given["scenario"]]
	if !known {
		return nil, errUnsupported
	}
	return scenario()
}

// number returns an option that is a number.
func (a arguments) number(name string) (uint32, error) {
	number, err := strconv.ParseUint(a[name], 10, 32)
	if err != nil {
		return 0, cli.Fail(cli.Usage, "--%s is no number: %q", name, a[name])
	}
	return uint32(number), nil
}

func (a arguments) config() (config service.ClientConfig, err error) {
	profile, known := profiles[a["transport"]]
	if !known {
		return config, errUnsupported
	}
	config.SupportedProfiles = protocol.ProfileBaseline | profile
	config.PreferredProfiles = config.SupportedProfiles
	config.Logger = slog.New(slog.DiscardHandler)
	for name, into := range map[string]*uint32{
		"request-bytes":  &config.MaxRequestPayloadBytes,
		"response-bytes": &config.MaxResponsePayloadBytes,
		"batch-items":    &config.MaxRequestBatchItems,
	} {
		if *into, err = a.number(name); err != nil {
			return config, err
		}
	}
	return config, nil
}

// connecting is a client of any service.
type connecting interface {
	Refresh() bool
	OpenError() error
	Status() service.ClientStatus
	Close() error
}

// connect gets a session over the transport that was asked for.
func (a arguments) connect(client connecting) error {
	client.Refresh()
	session := client.Status().Session
	if session == nil {
		return cli.Fail(cli.OfOpen(client.OpenError()), "there is no session: %w", client.OpenError())
	}
	wanted := cli.Baseline()
	if profiles[a["transport"]] != protocol.ProfileBaseline {
		wanted = transport.LinkSharedMemory
	}
	if session.Transport != wanted {
		return cli.Fail(cli.Incompatible, "the session is not over %s", a["transport"])
	}
	return nil
}

// wrong says that an answer is not what it must be.
func wrong(otherwise string) error { return cli.Fail(cli.Failed, "wrong answer: %s", otherwise) }
