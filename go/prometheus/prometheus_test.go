package prometheus_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"

	netipcprometheus "github.com/netipc/netipc/go/prometheus"
)

func TestARegistryGathersWhatAServerHasDone(t *testing.T) {
	t.Parallel()
	memory, quiet := transport.NewMemory(), slog.New(slog.DiscardHandler)
	config := increment.ServerConfig{Transport: memory, Logger: quiet}
	server := increment.NewServerWithWorkers("/run/x", "increment", config, increment.Handler{Handle: increment.Next}, 3)
	if err := server.Bind(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run() }()
	client := increment.NewClient("/run/x", "increment", increment.ClientConfig{Transport: memory, Logger: quiet})
	client.Refresh()
	for n := range uint64(3) {
		if _, err := client.Call(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	// What a session did is in the counts when it has ended.
	server.Stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(netipcprometheus.NewCollector(server))
	expected := `
# HELP netipc_requests_total Requests, by their outcome.
# TYPE netipc_requests_total counter
netipc_requests_total{outcome="bad_envelope",service="increment"} 0
netipc_requests_total{outcome="internal_error",service="increment"} 0
netipc_requests_total{outcome="limit_exceeded",service="increment"} 0
netipc_requests_total{outcome="ok",service="increment"} 3
netipc_requests_total{outcome="unsupported",service="increment"} 0
# HELP netipc_workers The most sessions at once.
# TYPE netipc_workers gauge
netipc_workers{service="increment"} 3
# HELP netipc_bytes_total Bytes of messages, headers included.
# TYPE netipc_bytes_total counter
netipc_bytes_total{direction="received",service="increment"} 120
netipc_bytes_total{direction="sent",service="increment"} 120
`
	err := testutil.GatherAndCompare(registry, strings.NewReader(expected), "netipc_requests_total", "netipc_workers", "netipc_bytes_total")
	if err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	histograms := 0
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			histogram := metric.GetHistogram()
			if histogram == nil {
				continue
			}
			histograms++
			var ends []string
			last := uint64(0)
			for _, bucket := range histogram.GetBucket() {
				ends = append(ends, fmt.Sprint(bucket.GetUpperBound()))
				if bucket.GetCumulativeCount() < last {
					t.Errorf("%s is not cumulative", family.GetName())
				}
				last = bucket.GetCumulativeCount()
			}
			if text := strings.Join(ends, " "); text != "0.001 0.005 0.01 0.05 0.1 0.5 1" || histogram.GetSampleCount() != 3 {
				t.Errorf("%s: %d in %s", family.GetName(), histogram.GetSampleCount(), text)
			}
		}
	}
	if histograms != 2 {
		t.Errorf("%d histograms", histograms)
	}
}

func TestServersAreToldApartByTheirServices(t *testing.T) {
	t.Parallel()
	config := increment.ServerConfig{Transport: transport.NewMemory()}
	collector := netipcprometheus.NewCollector(increment.NewServer("/run/x", "one", config, increment.Handler{}))
	collector.Add(increment.NewServer("/run/x", "two", config, increment.Handler{}))
	if count := testutil.CollectAndCount(collector, "netipc_workers"); count != 2 {
		t.Fatal(count)
	}
}
