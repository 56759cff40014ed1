package peer

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/transport"
)

// asker is a consumer of one service. It may live: it asks whenever it is told, whatever becomes of its
// provider meanwhile.
type asker struct {
	// connects gets a session, patiently.
	connects func() error
	// ask connects where it has to, once, and asks.
	ask    func(*options) error
	status func() service.ClientStatus
	// leave ends the session; asking makes the next one. What a cache has goes with it.
	leave func()
}

// askers are those of every service but [lookups]. Those of snapshots keep a cache.
var askers = map[string]func(*options) asker{
	"increment":        (*options).incrementAsker,
	"string-reverse":   (*options).reverseAsker,
	"cgroups-snapshot": (*options).cacheAsker,
}

// askerOf returns what makes the asker of a kind, nothing where there is none.
func askerOf(kind string) func(*options) asker {
	if lookup, is := lookups[kind]; is {
		return lookup.asker
	}
	return askers[kind]
}

// asking returns an asker with a client.
func asking(client interface {
	connecting
	Close() error
}, ask func(*options) error) asker {
	return asker{
		connects: func() error { return connects(client) },
		ask: func(o *options) error {
			client.Refresh()
			if !client.Ready() {
				return fmt.Errorf("there is no session: %w", client.OpenError())
			}
			return ask(o)
		},
		status: client.Status,
		leave:  func() { client.Close() },
	}
}

func (o *options) cacheAsker() asker {
	cache := cgroups_snapshot.NewCache(o.runDir, o.service, o.clientConfig())
	return asker{
		ask:    func(o *options) error { return o.refreshes(cache) },
		status: cache.ClientStatus,
		leave:  func() { cache.Close() },
	}
}

// once asks once, and leaves.
func (a asker) once(o *options) (service.ClientStatus, error) {
	defer a.leave()
	err := all(a.connects, func() error { return a.ask(o) })
	return a.status(), err
}

// ask does what each line of the input says until it ends.
func ask(kind string, o *options, env cli.Env) error {
	newAsker := askerOf(kind)
	if newAsker == nil {
		return cli.Fail(cli.Usage, "there is nothing called %q to ask for", kind)
	}
	a := newAsker(o)
	defer a.leave()
	fmt.Fprintln(env.Stdout, "READY")
	lines := bufio.NewScanner(env.Stdin)
	for lines.Scan() {
		said, asked := "LEFT", *o
		if lines.Text() == "leave" {
			a.leave()
		} else {
			if _, err := fmt.Sscanf(lines.Text(), "ask %d %d", &asked.first, &asked.count); err != nil {
				return fmt.Errorf("cannot do %q: %w", lines.Text(), err)
			}
			began := time.Now()
			err := a.ask(&asked)
			said = outcome(err, a.status(), time.Since(began).Milliseconds())
		}
		if _, err := fmt.Fprintln(env.Stdout, said); err != nil {
			return err
		}
	}
	return lines.Err()
}

// outcome says how an answer was: a comparison that failed is a wrong one, any other error none.
func outcome(err error, status service.ClientStatus, took int64) string {
	if err == nil {
		over := "none"
		if status.Session != nil {
			over = "socket"
			if status.Session.Transport == transport.LinkSharedMemory {
				over = "shm"
			}
		}
		return fmt.Sprintf("RIGHT %d %s", took, over)
	}
	word, why := "FAILED", strings.ReplaceAll(err.Error(), "\n", " ")
	if strings.Contains(why, " instead of ") {
		word = "WRONG"
	}
	return fmt.Sprintf("%s %d %s", word, took, why)
}

// refreshes refreshes a cache, and looks at everything in it: after a failure it has what it had before.
func (o *options) refreshes(cache *cgroups_snapshot.Cache) error {
	before := cache.Status()
	err := cache.RefreshContext(context.Background())
	now := cache.Status()
	if err != nil {
		wrong := all(
			func() error { return same("the generation after a failure", now.Generation, before.Generation) },
			func() error { return same("whether there is data after a failure", now.Populated, before.Populated) },
		)
		if wrong != nil {
			return wrong
		}
	}
	if now.Populated {
		kept := o.snapshot()
		kept.generation = now.Generation
		if wrong := holds(cache, kept); wrong != nil {
			return wrong
		}
	}
	return err
}
