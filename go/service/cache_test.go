package service_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
)

// cacheRig is a cache and what its provider says next.
type cacheRig struct {
	*services.World
	*cgroups_snapshot.Cache
}

func newCacheRig(t *testing.T) cacheRig {
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	cache := cgroups_snapshot.NewCache(w.Dir, "svc", w.ClientConfig())
	t.Cleanup(func() { w.No(cache.Close()) })
	return cacheRig{w, cache}
}

func (r cacheRig) provide(handle func(*protocol.CgroupsRequest, *protocol.CgroupsBuilder) bool) *services.Running {
	r.Helper()
	handler := cgroups_snapshot.Handler{Handle: handle}
	return r.Serve(cgroups_snapshot.NewServer(r.Dir, "svc", r.ServerConfig(), handler))
}

// names provides cgroups of these names, with hashes and paths made from them.
func (r cacheRig) names(names ...string) *services.Running {
	r.Helper()
	return r.provide(func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
		return fill(answer, names...)
	})
}

func fill(answer *protocol.CgroupsBuilder, names ...string) bool {
	answer.SetHeader(1, 5)
	for _, name := range names {
		if answer.Add(cgroups_snapshot.SimpleHash(name), 2, 1, []byte(name), []byte("/path/"+name)) != nil {
			return false
		}
	}
	return true
}

func (r cacheRig) find(name string) bool {
	item, found := r.Lookup(cgroups_snapshot.SimpleHash(name), name)
	return found && item.Name == name && item.Path == "/path/"+name
}

func TestANewCacheIsEmptyAndConnectsToNothing(t *testing.T) {
	t.Parallel()
	r := newCacheRig(t)
	server := r.names("a")
	guard := r.ReadLock()
	if _, found := guard.Get(1, "a"); found || guard.Len() != 0 || guard.Generation() != 0 || r.Cache.Ready() || r.find("a") {
		t.Fatal("it is not empty")
	}
	for range guard.All() {
		t.Fatal("an item")
	}
	if got := r.Status(); got != (cgroups_snapshot.CacheStatus{}) {
		t.Fatalf("%+v", got)
	}
	if stats := server.Finish(); stats.SessionsTotal != 0 {
		t.Fatal("it has connected")
	}
}

func TestARefreshPublishesAllItems(t *testing.T) {
	t.Parallel()
	r := newCacheRig(t)
	r.names("a", "docker-abc", "", "\xff\xfe")
	r.No(r.RefreshContext(t.Context()))
	for _, name := range []string{"a", "docker-abc", "", "\xff\xfe"} {
		if !r.find(name) {
			t.Errorf("no %q", name)
		}
	}
	hash := cgroups_snapshot.SimpleHash("a")
	if _, found := r.Lookup(hash+1, "a"); found {
		t.Error("hash and name")
	}
	if _, found := r.Lookup(hash, "b"); found {
		t.Error("name and hash")
	}
	guard := r.ReadLock()
	var names []string
	for item := range guard.All() {
		names = append(names, item.Name.String())
	}
	if strings.Join(names, ",") != "a,docker-abc,,\xff\xfe" || guard.Generation() != 5 || guard.SystemdEnabled() != 1 {
		t.Fatalf("%q", names)
	}
	got := r.Status()
	if !got.Populated || got.ItemCount != 4 || got.Duplicates != 0 || got.Bytes == 0 || got.RefreshSuccessCount != 1 ||
		got.RefreshFailureCount != 0 || got.ConnectionState != service.StateReady || got.LastRefreshTs == 0 ||
		got.Age > conformance.AtOnce || got.LastError != "" {
		t.Fatalf("%+v", got)
	}
}

func TestASnapshotWithoutItemsPopulates(t *testing.T) {
	t.Parallel()
	r := newCacheRig(t)
	r.names()
	guard := r.ReadLock()
	if !r.Refresh() || !r.Cache.Ready() || !r.Status().Populated || r.find("a") || guard.Len() != 0 {
		t.Fatalf("%+v", r.Status())
	}
}

func TestOfDuplicatesTheFirstIsFoundAndAllAreKept(t *testing.T) {
	t.Parallel()
	r := newCacheRig(t)
	r.provide(func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
		for i := range uint32(10) {
			if answer.Add(7, i, 1, []byte("twin"), nil) != nil {
				return false
			}
		}
		return answer.Add(8, 99, 1, []byte("twin"), nil) == nil
	})
	r.No(r.RefreshContext(t.Context()))
	first, _ := r.Lookup(7, "twin")
	other, _ := r.Lookup(8, "twin")
	if got := r.Status(); first.Options != 0 || other.Options != 99 || got.ItemCount != 11 || got.Duplicates != 9 {
		t.Fatalf("%+v, %+v, %+v", first, other, got)
	}
}

func TestAProviderWhoseHashesAreAllEqualStaysFast(t *testing.T) {
	t.Parallel()
	r := newCacheRig(t)
	const count = 10_000
	// Names that begin and end alike, as those of containers do.
	name := func(i uint32) string { return fmt.Sprintf("docker-%012x.scope", i) }
	r.provide(func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
		for i := range uint32(count) {
			if answer.Add(0, i, 1, []byte(name(i)), nil) != nil {
				return false
			}
		}
		return true
	})
	// Comparing each with each would take minutes.
	r.Within(conformance.Soon, "a refresh and all lookups", func() {
		r.No(r.RefreshContext(t.Context()))
		for i := range uint32(count) {
			if item, found := r.Lookup(0, name(i)); !found || item.Options != i {
				t.Fatalf("item %d is %+v", i, item)
			}
		}
	})
	if _, found := r.Lookup(0, name(count)); found {
		t.Fatal("an item that is not there")
	}
}

func TestAbsenceKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	r := newCacheRig(t)
	server := r.names("a")
	r.No(r.RefreshContext(t.Context()))
	server.Finish()
	for failures := range uint64(2) {
		if r.Refresh() || !r.find("a") || !r.Cache.Ready() {
			t.Fatal("nobody is there")
		}
		if got := r.Status(); got.RefreshSuccessCount != 1 || got.RefreshFailureCount != failures+1 {
			t.Fatalf("%+v", got)
		}
	}
	if got := r.Status(); got.ConnectionState != service.StateNotFound || !strings.Contains(got.LastError, "no server there") {
		t.Fatalf("%+v", got)
	}
	r.names("b")
	if !r.Refresh() || r.find("a") || !r.find("b") {
		t.Fatalf("the provider is back: %+v", r.Status())
	}
}

func TestAWrongAnswerKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	badItem, badHeader := snapshotOf("bad"), snapshotOf("bad")
	badItem[len(badItem)-1], badHeader[0] = 'x', 2
	// Two items of the same bytes, which copied would take more than came.
	one := snapshotOf("good")
	shared := slices.Concat(one[:24], one[24:32], one[24:])
	shared[4] = 2
	for _, row := range []struct {
		status  protocol.Status
		payload []byte
		code    service.ErrorCode
	}{
		{protocol.StatusOK, shared, service.ErrBadLayout},
		{protocol.StatusOK, badItem, service.ErrMissingNul},
		{protocol.StatusOK, badHeader, service.ErrBadLayout},
		{protocol.StatusOK, []byte{1, 0}, service.ErrTruncated},
		{protocol.StatusInternalError, nil, service.ErrHandlerFailed},
		{protocol.StatusUnsupported, nil, service.ErrUnsupported},
		{protocol.StatusBadEnvelope, nil, service.ErrRejected},
		{99, nil, service.ErrRejected},
	} {
		t.Run(row.code.Error(), func(t *testing.T) {
			r := newCacheRig(t)
			script := r.Script()
			r.Play(func() {
				status, payload := protocol.StatusOK, snapshotOf("good")
				for session := script.Accept(); session != nil; session = script.Accept() {
					for request, err := services.Next(session); err == nil; request, err = services.Next(session) {
						if services.Answer(session, request.Header, status, payload) != nil {
							break
						}
						status, payload = row.status, row.payload
					}
				}
			})
			r.No(r.RefreshContext(t.Context()))
			r.Fails(r.RefreshContext(t.Context()), row.code)
			if !r.find("good") || r.Status().RefreshFailureCount != 1 {
				t.Fatalf("%+v", r.Status())
			}
			r.No(r.Cache.Close())
			script.Leave()
		})
	}
}

// snapshotOf is the bytes of a snapshot.
func snapshotOf(names ...string) []byte {
	var b protocol.CgroupsBuilder
	buf := make([]byte, 1000)
	if b.Start(buf) != nil || !fill(&b, names...) {
		return nil
	}
	n, _ := b.Finish()
	return buf[:n]
}

func TestReadersNeverWaitForARefreshThatHangs(t *testing.T) {
	t.Parallel()
	r := newCacheRig(t)
	turnstile := services.NewTurnstile(r.World)
	var calls atomic.Int64
	r.provide(func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
		if calls.Add(1) > 1 {
			turnstile.Pass()
		}
		return fill(answer, "a")
	})
	r.No(r.RefreshContext(t.Context()))
	refreshed := make(chan error, 1)
	go func() { refreshed <- r.RefreshContext(t.Context()) }()
	turnstile.Meet(r.World)
	r.AtOnce("reading beside a refresh", func() {
		for range 1000 {
			guard := r.ReadLock()
			if !r.find("a") || guard.Len() != 1 || !r.Cache.Ready() || r.Status().RefreshSuccessCount != 1 {
				t.Fatalf("%+v", r.Status())
			}
		}
	})
	r.Abort()
	r.AtOnce("the abort", func() { r.Fails(<-refreshed, service.ErrAborted) })
	if !r.find("a") || r.Refresh() {
		t.Fatal("an abort is sticky, and keeps what is there")
	}
	turnstile.Release()
	turnstile.Release()
	r.ClearAbort()
	r.No(r.RefreshContext(t.Context()))
}

func TestASilentProviderTakesNoLongerThanTheTimeout(t *testing.T) {
	t.Parallel()
	r := newCacheRig(t)
	r.Script()
	r.SetCallTimeout(20)
	attempts := uint64(0)
	conformance.Prompt(t, conformance.BeforeHandshake, "a refresh", func() time.Duration {
		attempts++
		return conformance.Timed(func() { r.Fails(r.RefreshContext(t.Context()), service.ErrTimeout) })
	})
	if got := r.ClientStatus().Counters; got.Timeouts != attempts || got.Aborts != 0 {
		t.Fatalf("%+v", got)
	}
}

func TestWhatEndsARefreshWhileItConnectsIsItsError(t *testing.T) {
	t.Parallel()
	r := newCacheRig(t)
	r.Script()
	ctx, cancel := context.WithCancel(t.Context())
	refreshed := make(chan error, 1)
	go func() { refreshed <- r.RefreshContext(ctx) }()
	for limit := time.Now().Add(conformance.Soon); r.Status().ConnectionState != service.StateConnecting; runtime.Gosched() {
		if time.Now().After(limit) {
			t.Fatalf("%+v", r.Status())
		}
	}
	cancel()
	r.AtOnce("the end", func() {
		err := <-refreshed
		r.Fails(err, service.ErrAborted)
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	})
	r.Abort()
	r.Fails(r.RefreshContext(t.Context()), service.ErrAborted)
	if got := r.ClientStatus().Counters; got.Timeouts != 0 || got.Aborts != 2 {
		t.Fatalf("%+v", got)
	}
}

func TestAGuardOutlivesRefreshAndClose(t *testing.T) {
	t.Parallel()
	r := newCacheRig(t)
	server := r.names("a")
	r.No(r.RefreshContext(t.Context()))
	guard := r.ReadLock()
	server.Finish()
	r.names("b")
	r.No(r.RefreshContext(t.Context()))
	r.No(r.Cache.Close())
	if item, found := guard.Get(cgroups_snapshot.SimpleHash("a"), "a"); !found || guard.Dup(item).Path != "/path/a" {
		t.Fatal("the snapshot was pinned")
	}
	if r.Cache.Ready() || r.find("b") || r.Status().RefreshSuccessCount != 2 {
		t.Fatal("closed, with its counters")
	}
	guard.Unlock()
	if guard.Len() != 0 {
		t.Fatal("unlocked")
	}
}
