package service_test

import (
	"testing"

	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/transport"
)

// promising is a transport whose servers agree to shared memory and never make any.
type promising struct{ transport.Transport }

func (p promising) Bind(endpoint transport.Endpoint, options transport.BindOptions) (transport.Listener, error) {
	listener, err := p.Transport.Bind(endpoint, options)
	if err != nil {
		return nil, err
	}
	return promisingListener{listener}, nil
}

type promisingListener struct{ transport.Listener }

func (p promisingListener) Accept(w transport.Wait) (transport.Baseline, error) {
	link, err := p.Listener.Accept(w)
	if err != nil {
		return nil, err
	}
	return promisingLink{link}, nil
}

type promisingLink struct{ transport.Baseline }

func (promisingLink) Offer(transport.RegionPlan) error { return nil }

func TestARegionThatNeverComesIsLeftOutAlsoByTheImpatient(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline|protocol.ProfileSHMHybrid)
	serving := w.ServerConfig()
	serving.Transport = promising{w.Transport}
	w.Serve(cgroups_snapshot.NewServer(w.Dir, "svc", serving, services.Snapshots(3, 10)))
	config := w.ClientConfig()
	// Less than the half second that a server has to finish its region.
	config.CallTimeoutMs = 400
	cache := cgroups_snapshot.NewCache(w.Dir, "svc", config)
	t.Cleanup(func() { w.No(cache.Close()) })
	w.Fails(cache.RefreshContext(t.Context()), service.ErrTimeout)
	w.No(cache.RefreshContext(t.Context()))
	if got := cache.ClientStatus().Session; got == nil || got.Transport != transport.LinkSocket {
		t.Fatalf("%+v", got)
	}
}
