// Package call asks one typed question.
package call

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/kinds"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/system"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/transport"
)

var usage = `Usage: netipc-go call SERVICE [KEYS]... [OPTIONS]

Asks a service: ` + strings.Join(kinds.Names(), ", ") + `.

Keys are what the service looks up; increment takes one number, string-reverse one text, cgroups-snapshot
none. The parts of a key are separated by commas. - stands for the lines of stdin.

The reply goes to stdout, as a table or as JSON (labels in the order of the reply; bytes that are not
UTF-8 become U+FFFD). What carried it, why that was the socket although shared memory was offered, and the
time it took go to stderr, of JSON to its member call.

With --repeat the same client asks again and again, and connects again by itself. A failure is told then, and
asking goes on; the last one is what the program ends with.

With --netdata, a token that is not given comes from NETDATA_INVOCATION_ID, from the environment of the
process that serves the endpoint (for root and its own user, on Linux) or from INVOCATION_ID.

Examples:
  netipc-go call cgroups-snapshot --netdata
  netipc-go call apps-lookup 1 $$ --json
  netipc-go call cgroups-snapshot --repeat 0 --interval 5`

const (
	// maxKeys is the keys of one lookup: more than a host has processes or cgroups.
	maxKeys = 4 * 1024 * 1024
	// changesBorne is how often a lookup is begun again because the server's data changed meanwhile.
	changesBorne = 10
	// maxInterval is the most seconds from one question to the next.
	maxInterval = 86_400
	// maxArguments is as many as there may be.
	maxArguments = math.MaxInt32
)

// responseCeilings are what a session may answer with: at first what a client grows to by itself, then
// more, as shared memory of the largest size is not taken without need.
var responseCeilings = []uint32{0, cli.MaxResponseBytes}

// call is a question that may be asked again and again, by a client that stays.
type call struct {
	runDir, service string
	config          service.ClientConfig
	question        kinds.Question
	// How long all of it may take, and until when that is.
	timeout  time.Duration
	deadline time.Time
	asJSON   bool
	// Who asks, and what a session may answer with once it has to be more.
	asker    *kinds.Asker
	ceilings []uint32
}

// Run asks, and prints the reply.
func Run(args []string, env cli.Env) error {
	var (
		endpoint cli.Endpoint
		logging  cli.Logging
	)
	flags := cli.NewFlags(usage)
	endpoint.Register(flags)
	logging.Register(flags)
	timeout := flags.Uint("timeout", 30_000, "`MS` that all of it may take")
	asJSON := flags.Bool("json", false, "prints the reply as JSON, in the shape that serve --data reads, with time, transport and how long it took as its call")
	repeat := flags.Uint("repeat", 1, "asks `N` times, 0 for without end; a failure is told, and asking goes on")
	interval := flags.Float64("interval", 1, "`S` seconds from one question to the next")
	others, err := flags.Parse(args, maxArguments, env.Stdout)
	if err != nil {
		return err
	}
	if len(others) == 0 {
		return cli.Fail(cli.Usage, "say which service: one of %s", strings.Join(kinds.Names(), ", "))
	}
	if *timeout == 0 || *timeout > 1<<32-1 {
		return cli.Fail(cli.Usage, "--timeout is not within 1 to %d", uint32(1<<32-1))
	}
	if !(*interval > 0 && *interval <= maxInterval) {
		return cli.Fail(cli.Usage, "--interval is not above 0 and at most %d", maxInterval)
	}
	question, err := newQuestion(others[0], others[1:], env.Stdin)
	if err != nil {
		return err
	}
	c, err := newCall(others[0], &endpoint, env)
	if err != nil {
		return err
	}
	c.config.Logger = logging.Logger(env, cli.TellNothing)
	c.question, c.asJSON, c.ceilings = question, *asJSON, responseCeilings
	c.timeout = time.Duration(*timeout) * time.Millisecond
	defer c.close()
	return c.again(*repeat, time.Duration(*interval*float64(time.Second)), env)
}

// again asks so often, 0 for without end; it fails as the last question does.
func (c *call) again(repeat uint, interval time.Duration, env cli.Env) error {
	next := time.Now()
	for asked := uint(1); ; asked++ {
		err := c.once(env)
		if repeat > 0 && asked >= repeat {
			return err
		}
		if err != nil {
			cli.Tell(env.Stderr, err)
		}
		next = next.Add(interval)
		time.Sleep(time.Until(next))
	}
}

// once asks once, and shows the reply.
func (c *call) once(env cli.Env) error {
	begun := time.Now()
	c.deadline = begun.Add(c.timeout)
	reply, err := c.perform()
	if err != nil {
		return err
	}
	return c.show(reply, time.Since(begun), env)
}

func newCall(name string, endpoint *cli.Endpoint, env cli.Env) (*call, error) {
	runDir, err := endpoint.RunDir(env)
	if err != nil {
		return nil, err
	}
	profiles, err := endpoint.Profiles(env)
	if err != nil {
		return nil, err
	}
	asked, err := transport.NewEndpoint(runDir, name)
	if err != nil {
		return nil, cli.Fail(cli.Usage, "%w", err)
	}
	token, err := endpoint.Token(env, asked)
	if err != nil {
		return nil, err
	}
	return &call{runDir: runDir, service: name, config: service.ClientConfig{
		SupportedProfiles:     profiles,
		PreferredProfiles:     protocol.ProfileSHMRing | protocol.ProfileSHMHybrid,
		AuthToken:             token,
		MaxLogicalLookupItems: maxKeys,
	}}, nil
}

// perform asks until there is an answer or an error that asking again cannot cure.
func (c *call) perform() (*kinds.Reply, error) {
	changes := 0
	for {
		if c.asker == nil {
			config := c.config
			config.MaxResponsePayloadBytes, c.ceilings = c.ceilings[0], c.ceilings[1:]
			asker := c.question(c.runDir, config)
			c.asker = &asker
		}
		if err := c.connect(); err != nil {
			return nil, err
		}
		reply, err := c.asker.Ask(c.millisecondsLeft())
		switch {
		case err == nil:
			return reply, nil
		case errors.Is(err, service.ErrOverflow) && len(c.ceilings) > 0:
			c.close()
		case errors.Is(err, service.ErrGenerationMismatch) && changes < changesBorne:
			changes++
		default:
			return nil, cli.Fail(cli.OfCall(err), "%w", err)
		}
	}
}

// close lets the client go.
func (c *call) close() {
	if c.asker != nil {
		// It is not used any more.
		_ = c.asker.Close()
		c.asker = nil
	}
}

// connect gets a session, where there is none.
func (c *call) connect() error {
	ctx, cancel := context.WithDeadline(context.Background(), c.deadline)
	defer cancel()
	c.asker.RefreshContext(ctx)
	if c.asker.Ready() {
		return nil
	}
	err := c.asker.OpenError()
	endpoint, invalid := transport.NewEndpoint(c.runDir, c.service)
	switch {
	case err == nil:
		return cli.Fail(cli.NoSession, "%s: lost", endpoint)
	case invalid != nil, strings.Contains(err.Error(), endpoint.String()):
		return cli.Fail(cli.OfOpen(err), "%w", err)
	}
	return cli.Fail(cli.OfOpen(err), "%s: %w", endpoint, err)
}

// millisecondsLeft is at least one: 0 would be the default.
func (c *call) millisecondsLeft() uint32 {
	return uint32(max(time.Until(c.deadline).Milliseconds(), 1))
}

// carrier tells what carried the data of a session.
func carrier(session *service.SessionStatus) string {
	return fmt.Sprintf("%v (%v)", session.Transport, session.Profile)
}

// names lists profiles.
func names(profiles protocol.Profiles) string {
	return strings.ReplaceAll(profiles.String(), "+", ", ")
}

// whySocket tells why the socket carries the data although shared memory was offered; nothing where that is not so.
func (c *call) whySocket(session *service.SessionStatus) string {
	offered := c.config.SupportedProfiles &^ protocol.ProfileBaseline
	if session.Transport == transport.LinkSharedMemory || offered == 0 {
		return ""
	}
	theirs := session.ServerProfiles
	if common := theirs & protocol.Profiles(offered); common != 0 {
		return fmt.Sprintf("no shared memory: both take %s, and this process could not use the region; see -v", names(common))
	}
	return fmt.Sprintf("no shared memory: the server takes %s, by its configuration or because it could make no region", names(theirs))
}

// show prints the reply, what carried it, and how long it took.
func (c *call) show(reply *kinds.Reply, took time.Duration, env cli.Env) error {
	out := bufio.NewWriter(env.Stdout)
	session := c.asker.Status().Session
	if c.asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		document := append(slices.Clip(reply.JSON), kinds.Member{Name: "call", Value: c.about(session, took)})
		return printed(encoder.Encode(document), out)
	}
	if err := printed(printReply(reply, out), out); err != nil {
		return err
	}
	said := took.Round(100 * time.Nanosecond).String()
	if session != nil {
		said = carrier(session) + ", " + said
		if why := c.whySocket(session); why != "" {
			said += "; " + why
		}
	}
	fmt.Fprintf(env.Stderr, "%s%s\n", reply.Summary, said)
	return nil
}

// about tells when the answer came, what carried it, and how long it took.
func (c *call) about(session *service.SessionStatus, took time.Duration) kinds.Object {
	var by, why any
	if session != nil {
		by = carrier(session)
		if said := c.whySocket(session); said != "" {
			why = said
		}
	}
	now := float64(time.Now().UnixMicro()) / 1e6
	return kinds.Object{{Name: "time", Value: now}, {Name: "transport", Value: by}, {Name: "why_socket", Value: why}, {Name: "took_us", Value: took.Microseconds()}}
}

// newQuestion returns what asks a service for keys.
func newQuestion(name string, given []string, stdin io.Reader) (kinds.Question, error) {
	kind, err := kinds.Find(name)
	if err != nil {
		return nil, cli.Fail(cli.Usage, "%w", err)
	}
	keys, any, err := keys(given, stdin)
	if err != nil {
		return nil, err
	}
	question, err := kind.Ask(keys, any)
	if err != nil {
		return nil, cli.Fail(cli.Usage, "%w", err)
	}
	return question, nil
}

// printReply writes the table, or the value.
func printReply(reply *kinds.Reply, out io.Writer) error {
	if reply.Rows == nil {
		_, err := fmt.Fprintln(out, reply.Value)
		return err
	}
	aligned := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range reply.Rows {
		// What is empty at the end would only be spaces.
		for len(row) > 1 && row[len(row)-1] == "" {
			row = row[:len(row)-1]
		}
		if _, err := fmt.Fprintln(aligned, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return aligned.Flush()
}

func printed(err error, out *bufio.Writer) error {
	if err == nil {
		err = out.Flush()
	}
	// A reader that has seen enough, as head does, is no failure.
	if err != nil && !system.IsBrokenPipe(err) {
		return cli.Fail(cli.Failed, "cannot print: %w", err)
	}
	return nil
}

// keys returns the keys that were given, and whether there were any: a stdin without lines is not the
// same as none at all.
func keys(given []string, stdin io.Reader) (keys [][]byte, any bool, err error) {
	for _, key := range given {
		if key != "-" {
			keys = append(keys, []byte(key))
			continue
		}
		input, err := io.ReadAll(stdin)
		if err != nil {
			return nil, true, cli.Fail(cli.Usage, "cannot read keys from stdin: %w", err)
		}
		for line := range strings.SplitSeq(string(input), "\n") {
			if line != "" {
				keys = append(keys, []byte(line))
			}
		}
	}
	return slices.Clip(keys), len(given) > 0, nil
}
