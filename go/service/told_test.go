package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

func TestLogsInJSONSayWhatPeopleRead(t *testing.T) {
	t.Parallel()
	endpoint, err := transport.NewEndpoint("/run/x", "svc")
	if err != nil {
		t.Fatal(err)
	}
	var line bytes.Buffer
	slog.New(slog.NewJSONHandler(&line, nil)).Info("told", "endpoint", endpoint, "state", service.StateNotFound,
		"transport", transport.LinkSharedMemory, "profile", protocol.Profiles(3), "peer", transport.Peer{}.WithPID(7).WithUID(8))
	var told map[string]string
	if err := json.Unmarshal(line.Bytes(), &told); err != nil {
		t.Fatal(err, line.String())
	}
	for key, want := range map[string]string{
		"endpoint": endpoint.String(), "state": "not found", "transport": "shm", "profile": "baseline+shm-hybrid", "peer": "pid 7, uid 8",
	} {
		if told[key] != want {
			t.Errorf("%s is %q, want %q", key, told[key], want)
		}
	}
}

func TestACallWithoutASessionSaysWhyThereIsNone(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, transport.NewMemory(), protocol.ProfileBaseline)
	c := increment.NewClient(w.Dir, "svc", w.ClientConfig())
	w.Cleanup(func() { w.No(c.Close()) })
	if err := callOne(c); !errors.Is(err, service.ErrNotReady) || errors.Is(err, transport.ErrNotFound) {
		t.Fatal(err)
	}
	c.Refresh()
	err := callOne(c)
	if !errors.Is(err, service.ErrNotReady) || !errors.Is(err, transport.ErrNotFound) {
		t.Fatal(err)
	}
	// The context of a refresh is not that of the call after it.
	listener, err := w.Transport.Bind(w.Endpoint(), transport.BindOptions{})
	w.No(err)
	w.Cleanup(func() { _ = listener.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), conformance.Short)
	defer cancel()
	c.RefreshContext(ctx)
	err = callOne(c)
	if errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "longer than its context allows") {
		t.Fatal(err)
	}
	w.No(c.Close())
	if err := callOne(c); strings.Contains(err.Error(), "context") {
		t.Fatal(err)
	}
}

func TestSidesWithoutACommonProfileAreBothNamed(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	var lines journal
	config := w.ServerConfig()
	config.Logger = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelWarn}))
	server := w.Serve(incrementServer(w, config))
	clientConfig := w.ClientConfig()
	clientConfig.SupportedProfiles = protocol.ProfileSHMHybrid
	c := increment.NewClient(w.Dir, "svc", clientConfig)
	w.Cleanup(func() { w.No(c.Close()) })
	c.Refresh()
	if c.State() == service.StateDisconnected || c.State() == service.StateNotFound {
		t.Skip("this platform has no second profile to offer")
	}
	if err := c.OpenError(); c.State() != service.StateIncompatible || !strings.Contains(err.Error(), "offered was shm-hybrid") {
		t.Fatal(c.State(), err)
	}
	server.Finish()
	if text := lines.String(); !strings.Contains(text, "the client offers shm-hybrid, this server takes baseline") {
		t.Fatal(text)
	}
}

func TestAHandlerThatReturnsFalseIsToldOfWithTheItemThatWasRefused(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	var lines journal
	config := w.ServerConfig()
	config.Logger = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelWarn}))
	handler := apps_lookup.Handler{Handle: func(request *protocol.AppsLookupRequestView, answer *protocol.AppsLookupBuilder) bool {
		// Known, and without the path that a known cgroup needs.
		return answer.Add(protocol.AppsLookupItemView{Pid: 1, Comm: protocol.CString([]byte("init"))}) == nil
	}}
	server := w.Serve(apps_lookup.NewServer(w.Dir, "svc", config, handler))
	c := services.Connected(w, apps_lookup.NewClient(w.Dir, "svc", w.ClientConfig()))
	_, err := c.Lookup([]uint32{1})
	w.Fails(err, service.ErrHandlerFailed)
	server.Finish()
	if text := lines.String(); !strings.Contains(text, "the handler returned false: cgroup_status is 0: known needs cgroup_path") {
		t.Fatal(text)
	}
}

func TestAServerRunsUntilItsContextIsDone(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	config := w.ServerConfig()
	config.PublishStats = true
	server := incrementServer(w, config)
	w.No(server.Bind())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.RunContext(ctx) }()
	w.No(callOne(w.Incrementer()))
	cancel()
	select {
	case err := <-done:
		w.No(err)
	case <-time.After(conformance.Soon):
		t.Fatal("it does not end")
	}
	w.Files(0)
	// One that is done before it runs.
	w.No(incrementServer(w, config).RunContext(ctx))
	w.Files(0)
}

// published reads the statistics of the one server.
func published(w *services.World) map[string]any {
	w.Helper()
	wait := transport.Timeout(conformance.Soon)
	link, err := w.Transport.Connect(statsEndpoint(w), wait)
	w.No(err)
	defer link.Close()
	packet := make([]byte, 1<<16)
	size, err := link.Receive(packet, wait)
	w.No(err)
	var told map[string]any
	w.No(json.Unmarshal(packet[:size], &told))
	return told
}

// at is the value at a path of keys.
func at(told any, keys ...string) any {
	for _, key := range keys {
		members, _ := told.(map[string]any)
		told = members[key]
	}
	return told
}

func TestAServerPublishesWhatItHasDone(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	config := w.ServerConfig()
	config.PublishStats = true
	config.DataStatus = func() service.DataStatus {
		return service.DataStatus{Age: 1500 * time.Millisecond, Stale: []string{"a \"source\" is late"}}
	}
	server := w.Serve(incrementServer(w, config))
	w.No(callOne(w.Incrementer()))
	wrong := w.ClientConfig()
	wrong.AuthToken++
	for range 2 {
		c := increment.NewClient(w.Dir, "svc", wrong)
		c.Refresh()
		w.No(c.Close())
	}
	// An answer and a refusal are counted after they were sent.
	told := published(w)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); told = published(w) {
		refusals, _ := at(told, "refusals").([]any)
		if len(refusals) == 1 && at(refusals[0], "count") == 2.0 && at(told, "requests", "ok") == 1.0 {
			break
		}
	}
	for _, test := range []struct {
		want any
		keys []string
	}{
		{"svc", []string{"service"}}, {8.0, []string{"workers"}}, {1.0, []string{"sessions", "total"}},
		{2.0, []string{"sessions", "refused"}}, {40.0, []string{"bytes", "received"}},
		{1.0, []string{"handler_time", "count"}}, {1.5, []string{"data", "age_seconds"}},
	} {
		if found := at(told, test.keys...); found != test.want {
			t.Errorf("%v is %v, want %v", test.keys, found, test.want)
		}
	}
	buckets, _ := at(told, "total_time", "buckets").([]any)
	if len(buckets) != 7 || at(buckets[6], "le_ms") != 1000.0 {
		t.Errorf("%v", buckets)
	}
	server.Finish()
	w.Files(0)
}

// serveWithoutPlace has another listener at the place of a server's statistics, and the server answer.
func serveWithoutPlace(w *services.World) (transport.Listener, *services.Running) {
	w.Helper()
	other, err := w.Transport.Bind(statsEndpoint(w), transport.BindOptions{})
	w.No(err)
	config := w.ServerConfig()
	config.PublishStats = true
	server := w.Serve(incrementServer(w, config))
	w.No(callOne(w.Incrementer()))
	return other, server
}

func statsEndpoint(w *services.World) transport.Endpoint {
	w.Helper()
	endpoint, err := transport.NewEndpoint(w.Dir, service.StatsService("svc"))
	w.No(err)
	return endpoint
}

func TestStatisticsArePublishedOnceAnotherServerHasLetGoOfTheirPlace(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	other, server := serveWithoutPlace(w)
	w.No(other.Close())
	wait := transport.Timeout(conformance.Soon)
	err := transport.ErrNotFound
	for errors.Is(err, transport.ErrNotFound) && wait.Check() == nil {
		var link transport.Baseline
		if link, err = w.Transport.Connect(statsEndpoint(w), wait); err == nil {
			w.No(link.Close())
		}
	}
	w.No(err)
	if told := published(w); at(told, "service") != "svc" {
		t.Fatal(told)
	}
	server.Finish()
	w.Files(0)
}

func TestAServerEndsWhileItWaitsForThePlaceOfItsStatistics(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	other, server := serveWithoutPlace(w)
	server.Finish()
	w.No(other.Close())
	w.Files(0)
}

func TestAReaderThatSaysNothingHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	config := w.ServerConfig()
	config.PublishStats = true
	server := w.Serve(incrementServer(w, config))
	// More than are told at once.
	for range 12 {
		link, err := w.Transport.Connect(statsEndpoint(w), transport.Timeout(conformance.Soon))
		w.No(err)
		w.Cleanup(func() { w.No(link.Close()) })
	}
	if told := published(w); at(told, "service") != "svc" {
		t.Fatal(told)
	}
	server.Finish()
}

func TestAProbeOfDataThatPanicsEndsNeitherTheStatisticsNorTheServer(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	config := w.ServerConfig()
	config.PublishStats = true
	config.DataStatus = func() service.DataStatus { panic("on purpose") }
	w.Serve(incrementServer(w, config))
	if told := published(w); at(told, "service") != "svc" || at(told, "data") != nil {
		t.Fatal(told)
	}
	w.No(callOne(w.Incrementer()))
}
