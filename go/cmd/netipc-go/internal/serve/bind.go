package serve

import (
	"errors"
	"fmt"
	"time"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/system"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/transport"
)

const (
	// lookEvery is how often to look whether an endpoint's name is free: clients find nobody meanwhile.
	lookEvery = 5 * time.Millisecond
	// tryEvery is how often to try whatever the name looks like: a server that was killed leaves it.
	tryEvery = 250 * time.Millisecond
	// maxWait is the most seconds that another server is given to end.
	maxWait = 86_400
)

// runDir is the run directory; what was made here is removed here, unless somebody else uses it by then.
type runDir struct {
	path    string
	removes []func()
}

// renew makes it where there is none.
func (d *runDir) renew() error {
	remove, err := system.MakeRunDir(d.path)
	if err == nil && remove != nil {
		d.removes = append(d.removes, remove)
	}
	return err
}

func (d *runDir) remove() {
	for _, remove := range d.removes {
		remove()
	}
}

// binding is what is done about an endpoint that another server has.
type binding struct {
	dir      *runDir
	deadline time.Time
	stop     <-chan struct{}
	env      cli.Env
}

// all binds every server. It returns true if a request to stop came first.
func (b *binding) all(servers map[string]*service.Server) (stopped bool, err error) {
	for name, server := range servers {
		err := server.Bind()
		if errors.Is(err, service.ErrAddressInUse) && time.Now().Before(b.deadline) {
			left := time.Until(b.deadline).Round(time.Second).Seconds()
			cli.Tell(b.env.Stderr, fmt.Errorf("%w; waiting up to %v s for its end", cli.Fail(cli.AddressInUse, "%w", err), left))
			stopped, err = b.onceFree(name, server, err)
		}
		if stopped || err != nil {
			return stopped, err
		}
	}
	return false, nil
}

// onceFree binds a server as soon as the name of its endpoint is free; refused is why it could not before.
func (b *binding) onceFree(name string, server *service.Server, refused error) (stopped bool, err error) {
	endpoint, err := transport.NewEndpoint(b.dir.path, name)
	if err != nil {
		return false, err
	}
	path := endpoint.String()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	seen, tried := system.FileID(path), time.Now()
	for time.Now().Before(b.deadline) {
		select {
		case <-b.stop:
			return true, nil
		case <-look.C:
		}
		now := system.FileID(path)
		if now == seen && time.Since(tried) < tryEvery {
			continue
		}
		// The other server may have removed the directory that it had made.
		if err := b.dir.renew(); err != nil {
			return false, err
		}
		if refused = server.Bind(); refused == nil {
			return false, nil
		}
		seen, tried = now, time.Now()
	}
	return false, refused
}
