package service_test

import (
	"sync"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
)

// A server that stands still costs a client its deadline, and nothing more: once it goes on, so do calls.
func TestAFrozenServerCostsADeadlineOnly(t *testing.T) {
	t.Parallel()
	eachPlane(t, func(w *services.World, profiles uint32) {
		server := start(w, roleServer, profiles)
		c := w.Incrementer()
		server.freeze()
		w.Within(conformance.Soon, "the timeout", func() {
			_, err := c.CallWithin(200*time.Millisecond, 1)
			w.Fails(err, service.ErrTimeout)
		})
		server.thaw()
		for limit := time.Now().Add(conformance.Soon); ; {
			c.Refresh()
			n, err := c.Call(1)
			if n == 2 && err == nil {
				return
			}
			if time.Now().After(limit) {
				w.Fatal(n, err)
			}
		}
	})
}

// A client that stands still in the middle of nothing keeps nobody else from being served.
func TestAFrozenClientHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	eachPlane(t, func(w *services.World, profiles uint32) {
		w.Serve(incrementServer(w, w.ServerConfig()))
		frozen := start(w, roleClient, profiles)
		frozen.freeze()
		c := w.Incrementer()
		for n := range uint64(100) {
			if got, err := c.Call(n); got != n+1 || err != nil {
				w.Fatal(got, err)
			}
		}
		frozen.thaw()
	})
}

// More clients than workers are all served in the end: those that are turned down try again.
func TestManyClientsShareFewWorkers(t *testing.T) {
	t.Parallel()
	const clients, workers, calls = 64, 8, 3
	eachPlane(t, func(w *services.World, _ uint32) {
		server := increment.NewServerWithWorkers(w.Dir, "svc", w.ServerConfig(), increment.Handler{Handle: increment.Next}, workers)
		running := w.Serve(server)
		limit := time.Now().Add(6 * conformance.Soon)
		var all sync.WaitGroup
		for i := range clients {
			all.Add(1)
			go func() {
				defer all.Done()
				c := increment.NewClient(w.Dir, "svc", w.ClientConfig())
				defer c.Close()
				for done := 0; done < calls; {
					c.Refresh()
					n, err := c.Call(uint64(i))
					switch {
					case err == nil && n == uint64(i)+1:
						done++
					case err == nil, time.Now().After(limit):
						w.Errorf("client %d: %d, %v", i, n, err)
						return
					}
				}
			}()
		}
		all.Wait()
		// A session counts after its answer has left, and ends after its client has: they are all counted
		// once the server has stopped.
		if stats := running.Finish(); stats.OK != clients*calls || stats.SessionsTotal < clients {
			w.Fatalf("%+v", stats)
		}
	})
}

// A cache keeps what it has while its provider is away, and has the new data once it is back.
func TestACacheLivesThroughRestarts(t *testing.T) {
	t.Parallel()
	eachPlane(t, func(w *services.World, _ uint32) {
		cache := cgroups_snapshot.NewCache(w.Dir, "svc", w.ClientConfig())
		w.Cleanup(func() { w.No(cache.Close()) })
		for generation := range uint64(4) {
			if cache.Refresh() || cache.Ready() != (generation > 0) {
				w.Fatalf("nobody serves: %+v", cache.Status())
			}
			server := w.Serve(cgroups_snapshot.NewServer(w.Dir, "svc", w.ServerConfig(), cgroups_snapshot.Handler{
				Handle: func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
					answer.SetHeader(1, generation+1)
					return answer.Add(7, 0, 1, []byte("name"), []byte("/path")) == nil
				},
			}))
			w.No(cache.RefreshWithin(conformance.Soon))
			if status := cache.Status(); status.Generation != generation+1 || status.ItemCount != 1 || status.SystemdEnabled != 1 {
				w.Fatalf("%+v", status)
			}
			server.Finish()
			if item, found := cache.Lookup(7, "name"); !found || item.Path != "/path" {
				w.Fatal(item, found)
			}
		}
	})
}
