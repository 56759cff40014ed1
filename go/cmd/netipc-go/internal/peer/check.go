package peer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

// verdict is what a check says at its end.
type verdict struct {
	Check     string `json:"check"`
	OK        bool   `json:"ok"`
	Detail    string `json:"detail"`
	Transport string `json:"transport"`
	Profile   uint32 `json:"profile"`
	Calls     uint64 `json:"calls"`
}

// errWrong says that the verdict is told, and that it is no.
var errWrong = errors.New("the check failed")

// checks are what is checked, besides what askers ask. Each returns what the library says of the client's last
// session.
var checks = map[string]func(*checker) (service.ClientStatus, error){
	"increment-batch":     (*checker).incrementBatch,
	"increment-pipelined": (*checker).incrementsPipelined,
	"cgroups-snapshot":    (*checker).snapshotAsked,
	"cache":               (*checker).cacheSurvives,
	"enricher":            (*checker).enricherSurvives,
	"wrong-token":         (*checker).wrongTokenHeals,
	"capacity":            (*checker).secondClientWaitsItsTurn,
	"restart":             (*checker).restartCostsARetry,
	"killed":              (*checker).deathEndsACall,
}

// checker is what all checks have: what they are told, and whom they can wish something of.
type checker struct {
	*options
	in  *bufio.Reader
	out io.Writer
}

// check checks, and tells the verdict in one line.
func check(what string, o *options, env cli.Env) error {
	perform := checks[what]
	if newAsker := askerOf(what); perform == nil && newAsker != nil {
		perform = func(c *checker) (service.ClientStatus, error) { return newAsker(c.options).once(c.options) }
	}
	if perform == nil {
		return cli.Fail(cli.Usage, "there is nothing called %q to check", what)
	}
	c := &checker{o, bufio.NewReader(env.Stdin), env.Stdout}
	said := verdict{Check: what, Transport: "none"}
	err := c.passDoor(what == "cache")
	if err == nil {
		var status service.ClientStatus
		if status, err = perform(c); err == nil {
			err = said.carried(status, o)
		}
	}
	said.OK = err == nil
	if err != nil {
		said.Detail = err.Error()
	}
	line, jsonErr := json.Marshal(said)
	if jsonErr != nil {
		return jsonErr
	}
	if _, err := fmt.Fprintf(env.Stdout, "%s\n", line); err != nil {
		return err
	}
	if !said.OK {
		return errWrong
	}
	return nil
}

// carried takes what carried the last session, which must be what was asked for.
func (v *verdict) carried(status service.ClientStatus, o *options) error {
	session := status.Session
	if session == nil {
		return fmt.Errorf("there is no session: %+v", status)
	}
	kind, name := transport.LinkSharedMemory, "shm"
	if o.profile == protocol.ProfileBaseline {
		// Peers call it so on every platform.
		kind, name = cli.Baseline(), "socket"
	}
	if err := same("the data plane", session.Transport, kind); err != nil {
		return err
	}
	if err := same("the selected profile", uint32(session.Profile), o.profile); err != nil {
		return err
	}
	v.Transport, v.Profile, v.Calls = name, o.profile, status.Counters.Calls
	return nil
}

// incrementer returns a client of [increment], still to be connected.
func (o *options) incrementer() *increment.Client {
	return increment.NewClient(o.runDir, o.service, o.clientConfig())
}

// connecting is a client of any service.
type connecting interface {
	Refresh() bool
	Ready() bool
	Status() service.ClientStatus
	OpenError() error
}

// refresh refreshes a client, again where a handshake took too long, as it may on a busy machine.
func refresh(client connecting) {
	for until := time.Now().Add(patience); ; {
		client.Refresh()
		if client.Ready() || !errors.Is(client.OpenError(), transport.ErrTimeout) || time.Now().After(until) {
			return
		}
	}
}

// connects refreshes a client, which must be ready then.
func connects(client connecting) error {
	refresh(client)
	if !client.Ready() {
		return fmt.Errorf("there is no session: %+v", client.Status())
	}
	return nil
}

// increments asks for one number, and expects the next.
func increments(client *increment.Client, value uint64) error {
	answer, err := client.Call(value)
	if err != nil {
		return err
	}
	return same("an answer", answer, value+1)
}

// wish wants something of whoever has started both peers, without waiting until it is done.
func (c *checker) wish(what string) error {
	_, err := fmt.Fprintf(c.out, "DO %s\n", what)
	return err
}

// fulfilled waits until a wish is fulfilled.
func (c *checker) fulfilled() error {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return fmt.Errorf("a wish was not fulfilled: %w", err)
	}
	return same("the line", line, "DONE\n")
}

// want wants something, and waits until it is done.
func (c *checker) want(what string) error {
	if err := c.wish(what); err != nil {
		return err
	}
	return c.fulfilled()
}

// same expects two things to be the same.
func same[T comparable](what string, found, expected T) error {
	if found != expected {
		return fmt.Errorf("%s is %v instead of %v", what, found, expected)
	}
	return nil
}

// all returns the first thing that goes wrong. Nothing behind it is done.
func all(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
