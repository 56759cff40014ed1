// Package peer is the Go peer of the language matrix: it serves what every peer serves, and checks
// what every peer checks. interop/README.md has its command line and its data.
package peer

import (
	"log/slog"
	"strconv"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
)

const usage = `Usage: netipc-go peer serve|check|ask WHAT --run-dir DIR --service NAME --token N --profile BIT [OPTIONS]

Is the Go peer of the language matrix, as interop/README.md tells.

Examples:
  netipc-go peer serve increment --run-dir /tmp/example --service increment --token 7 --profile 1`

// Run is the peer.
func Run(args []string, env cli.Env) error {
	options, others, err := parse(args, env)
	if err != nil {
		return err
	}
	if len(others) != 2 {
		return cli.Fail(cli.Usage, "say serve, check or ask, and what")
	}
	switch role, what := others[0], others[1]; role {
	case "serve":
		return serve(what, options, env)
	case "check":
		return check(what, options, env)
	case "ask":
		return ask(what, options, env)
	default:
		return cli.Fail(cli.Usage, "there is no role %q: use serve, check or ask", role)
	}
}

// quiet is for what the matrix finds out by itself.
var quiet = slog.New(slog.DiscardHandler)

// options are what both roles are told.
type options struct {
	runDir, service      string
	token                uint64
	profile, maxResponse uint32
	workers              int
	stuckOn, generation  uint64
	items                uint32
	pathLen              int
	first, count         uint32
	window               int
	door, timeout        uint32
}

func parse(args []string, env cli.Env) (*options, []string, error) {
	o, flags := &options{}, cli.NewFlags(usage)
	flags.StringVar(&o.runDir, "run-dir", "", "`DIR` of the endpoint")
	flags.StringVar(&o.service, "service", "", "`NAME` of the endpoint")
	flags.Uint64Var(&o.token, "token", 0, "the shared secret `N`")
	narrow(flags, &o.profile, "profile", protocol.ProfileBaseline, "profile `BIT` that sessions must select")
	narrow(flags, &o.maxResponse, "max-response", 0, "`BYTES` of the largest answer")
	flags.IntVar(&o.workers, "workers", protocol.DefaultWorkers, "`N` sessions of the server")
	flags.Uint64Var(&o.stuckOn, "stuck-on", 0, "number `N` that is never incremented")
	flags.Uint64Var(&o.generation, "generation", 7, "generation `N` of all data")
	narrow(flags, &o.items, "items", 0, "`N` items of the snapshot")
	flags.IntVar(&o.pathLen, "path-len", 0, "`BYTES` of paths, at least")
	narrow(flags, &o.first, "first", 0, "`INDEX` of the first key")
	narrow(flags, &o.count, "count", 1, "`N` keys, values or bytes to ask with")
	flags.IntVar(&o.window, "window", 1, "`N` requests in flight")
	narrow(flags, &o.door, "door", 0, "1 or 2 as `N`: who is turned down first")
	// More than the usual 30 s, for emulated peers on a busy machine.
	narrow(flags, &o.timeout, "timeout", 120_000, "`MS` of a call")
	others, err := flags.Parse(args, 2, env.Stdout)
	return o, others, err
}

// narrow adds an option that is a number of 32 bits.
func narrow(flags *cli.Flags, into *uint32, name string, fallback uint32, text string) {
	*into = fallback
	flags.Func(name, text, func(value string) error {
		number, err := strconv.ParseUint(value, 10, 32)
		*into = uint32(number)
		return err
	})
}

// clientConfig offers the baseline, too, and prefers what must be selected.
func (o *options) clientConfig() service.ClientConfig {
	return service.ClientConfig{
		SupportedProfiles:       protocol.ProfileBaseline | o.profile,
		PreferredProfiles:       o.profile,
		MaxResponsePayloadBytes: o.maxResponse,
		AuthToken:               o.token,
		CallTimeoutMs:           o.timeout,
		Logger:                  quiet,
	}
}

func (o *options) serverConfig() service.ServerConfig {
	return service.ServerConfig{
		SupportedProfiles:       protocol.ProfileBaseline | o.profile,
		PreferredProfiles:       o.profile,
		MaxResponsePayloadBytes: o.maxResponse,
		AuthToken:               o.token,
		Logger:                  quiet,
	}
}

func (o *options) snapshot() snapshot { return snapshot{o.items, o.pathLen, o.generation} }

// small tells whether answers have no room for huge items.
func (o *options) small() bool { return o.maxResponse > 0 }
