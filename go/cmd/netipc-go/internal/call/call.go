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

Asks a service once: ` + strings.Join(kinds.Names(), ", ") + `.

Keys are what the service looks up; increment takes one number, string-reverse one text, cgroups-snapshot
none. The parts of a key are separated by commas. - stands for the lines of stdin.

The reply goes to stdout, as a table or as JSON (labels in the order of the reply; bytes that are not
UTF-8 become U+FFFD). What carried it and the time it took go to stderr.

With --netdata, a token that is not given comes from NETDATA_INVOCATION_ID, from the environment of the
process that serves the endpoint (for root and its own user, on Linux) or from INVOCATION_ID.`

const (
	// maxKeys is the keys of one lookup: more than a host has processes or cgroups.
	maxKeys = 4 * 1024 * 1024
	// changesBorne is how often a lookup is begun again because the server's data changed meanwhile.
	changesBorne = 10
	// maxArguments is as many as there may be.
	maxArguments = math.MaxInt32
)

// responseCeilings are what a session may answer with: at first what a client grows to by itself, then
// more, as shared memory of the largest size is not taken without need.
var responseCeilings = []uint32{0, cli.MaxResponseBytes}

// call is one call, with all it takes to make it again.
type call struct {
	runDir, service string
	config          service.ClientConfig
	deadline        time.Time
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
	asJSON := flags.Bool("json", false, "prints the reply as JSON, in the shape that serve --data reads")
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
	question, err := newQuestion(others[0], others[1:], env.Stdin)
	if err != nil {
		return err
	}
	c, err := newCall(others[0], &endpoint, env)
	if err != nil {
		return err
	}
	c.config.Logger = logging.Logger(env, cli.TellNothing)
	begun := time.Now()
	c.deadline = begun.Add(time.Duration(*timeout) * time.Millisecond)
	reply, session, err := c.perform(question)
	if err != nil {
		return err
	}
	return show(reply, *asJSON, carried(session, time.Since(begun)), env)
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
		PreferredProfiles:     protocol.ProfileSHMHybrid,
		AuthToken:             token,
		MaxLogicalLookupItems: maxKeys,
	}}, nil
}

// perform asks until there is an answer or an error that asking again cannot cure.
func (c *call) perform(ask kinds.Question) (*kinds.Reply, *service.SessionStatus, error) {
	changes := 0
	for _, ceiling := range responseCeilings {
		config := c.config
		config.MaxResponsePayloadBytes = ceiling
		asker := ask(c.runDir, config)
		defer asker.Close()
		for {
			if err := c.connect(asker); err != nil {
				return nil, nil, err
			}
			reply, err := asker.Ask(c.millisecondsLeft())
			switch {
			case err == nil:
				return reply, asker.Status().Session, nil
			case errors.Is(err, service.ErrOverflow) && ceiling < cli.MaxResponseBytes:
			case errors.Is(err, service.ErrGenerationMismatch) && changes < changesBorne:
				changes++
				continue
			default:
				return nil, nil, cli.Fail(cli.OfCall(err), "%w", err)
			}
			break
		}
	}
	return nil, nil, cli.Fail(cli.TooLarge, "the answer is larger than %d bytes", cli.MaxResponseBytes)
}

// connect gets a session.
func (c *call) connect(asker kinds.Asker) error {
	ctx, cancel := context.WithDeadline(context.Background(), c.deadline)
	defer cancel()
	asker.RefreshContext(ctx)
	if asker.Ready() {
		return nil
	}
	err := asker.OpenError()
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

// carried tells what carried the data, and how long it took.
func carried(session *service.SessionStatus, took time.Duration) string {
	if session == nil {
		return took.Round(100 * time.Nanosecond).String()
	}
	return fmt.Sprintf("%v (%v), %v", session.Transport, session.Profile, took.Round(100*time.Nanosecond))
}

func show(reply *kinds.Reply, asJSON bool, carried string, env cli.Env) error {
	out := bufio.NewWriter(env.Stdout)
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return printed(encoder.Encode(reply.JSON), out)
	}
	if err := printed(printReply(reply, out), out); err != nil {
		return err
	}
	fmt.Fprintf(env.Stderr, "%s%s\n", reply.Summary, carried)
	return nil
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
