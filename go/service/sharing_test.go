package service_test

import (
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

// offering is a transport whose servers offer regions as offer does.
type offering struct {
	transport.Transport
	offer func(transport.Baseline, transport.SessionPlan) error
}

func (o offering) Bind(endpoint transport.Endpoint, options transport.BindOptions) (transport.Listener, error) {
	listener, err := o.Transport.Bind(endpoint, options)
	if err != nil {
		return nil, err
	}
	return offeringListener{listener, o}, nil
}

type offeringListener struct {
	transport.Listener
	as offering
}

func (o offeringListener) Accept(w transport.Wait) (transport.Baseline, error) {
	link, err := o.Listener.Accept(w)
	if err != nil {
		return nil, err
	}
	return offeringLink{link, o.as}, nil
}

type offeringLink struct {
	transport.Baseline
	as offering
}

func (o offeringLink) Offer(plan transport.SessionPlan) error { return o.as.offer(o.Baseline, plan) }

func TestDefect10ARefusedClientHasNoRegionMadeForIt(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline|protocol.ProfileSHMHybrid)
	var offers atomic.Int64
	serving := w.ServerConfig()
	serving.Transport = offering{w.Transport, func(link transport.Baseline, plan transport.SessionPlan) error {
		offers.Add(1)
		return link.Offer(plan)
	}}
	w.Serve(incrementServer(w, serving))
	// The socket, and what else a server has for its endpoint.
	before, err := rundir.Names(w.Dir)
	w.No(err)
	config := w.ClientConfig()
	config.AuthToken++
	stranger := increment.NewClient(w.Dir, "svc", config)
	t.Cleanup(func() { w.No(stranger.Close()) })
	stranger.Refresh()
	if stranger.State() != service.StateAuthFailed || offers.Load() != 0 {
		t.Fatalf("%d regions for %+v", offers.Load(), stranger.Status())
	}
	w.Files(len(before))
	w.No(callOne(w.Incrementer()))
	if offers.Load() != 1 {
		t.Fatalf("%d regions", offers.Load())
	}
}

func TestARegionThatNeverComesIsLeftOutAlsoByTheImpatient(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline|protocol.ProfileSHMHybrid)
	serving := w.ServerConfig()
	// It agrees to shared memory, and never makes any.
	serving.Transport = offering{w.Transport, func(transport.Baseline, transport.SessionPlan) error { return nil }}
	w.Serve(cgroups_snapshot.NewServer(w.Dir, "svc", serving, services.Snapshots(3, 10)))
	config := w.ClientConfig()
	// Less than the half second that a server has to finish its region.
	config.CallTimeoutMs = 400
	cache := cgroups_snapshot.NewCache(w.Dir, "svc", config)
	t.Cleanup(func() { w.No(cache.Close()) })
	w.Fails(cache.RefreshContext(t.Context()), service.ErrTimeout)
	// On a busy machine the socket, too, may take more than once.
	for until := time.Now().Add(conformance.Soon); ; {
		err := cache.RefreshContext(t.Context())
		if err == nil {
			break
		}
		if time.Now().After(until) {
			t.Fatal(err)
		}
	}
	if got := cache.ClientStatus().Session; got == nil || got.Transport != baselineKind {
		t.Fatalf("%+v", got)
	}
}

func TestWhySessionsGoWithoutSharedMemoryIsPublished(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline|protocol.ProfileSHMHybrid)
	config := w.ServerConfig()
	config.Transport = offering{w.Transport, func(link transport.Baseline, plan transport.SessionPlan) error {
		if plan.Profile != transport.ProfileBaseline {
			return errors.New("operation not permitted")
		}
		return link.Offer(plan)
	}}
	server := incrementServer(w, config)
	w.Serve(server)
	for range 2 {
		client := w.Incrementer()
		w.No(callOne(client))
		w.No(client.Close())
	}
	wentWithoutSHM(t, server.StatsJSON(), "shm-hybrid: operation not permitted", 2)
}

// wentWithoutSHM fails unless statistics tell of so many sessions without shared memory, all of them for one reason.
func wentWithoutSHM(t *testing.T, stats []byte, why string, count int) {
	t.Helper()
	var told struct {
		WithoutSHM []struct {
			Why   string
			Count int
		} `json:"without_shm"`
	}
	if err := json.Unmarshal(stats, &told); err != nil {
		t.Fatal(err)
	}
	if all := told.WithoutSHM; len(all) != 1 || all[0].Why != why || all[0].Count != count {
		t.Errorf("%s", stats)
	}
}
