package service

import (
	"log/slog"
	"testing"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// contested is a transport whose endpoint turns out to be in use once stopped is closed.
type contested struct {
	transport.Transport
	entered chan struct{}
	stopped <-chan struct{}
}

func (c *contested) Bind(endpoint transport.Endpoint, _ transport.BindOptions) (transport.Listener, error) {
	close(c.entered)
	<-c.stopped
	return nil, &transport.BindError{Endpoint: endpoint.String(), Kind: transport.ErrAddressInUse}
}

func TestAServerThatIsStoppedWhileItBindsEndsInOrder(t *testing.T) {
	t.Parallel()
	c := &contested{Transport: transport.NewMemory(), entered: make(chan struct{})}
	handler := ValueHandler(&Service[uint64, uint64]{Method: Method{Code: protocol.MethodIncrement}},
		func(n uint64) (uint64, error) { return n, nil })
	s := NewServer(rundir.New(t), "svc", ServerConfig{Transport: c, Logger: slog.New(slog.DiscardHandler)}, handler)
	c.stopped = s.draining.Done()
	run := make(chan error, 1)
	go func() { run <- s.Run() }()
	<-c.entered
	s.Stop()
	if err := <-run; err != nil {
		t.Fatal(err)
	}
}
