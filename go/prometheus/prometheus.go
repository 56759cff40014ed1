// Package prometheus collects the statistics of servers for a registry of Prometheus.
//
// It is a module of its own, so that the module of the servers has no dependencies. The metrics are those of
// netipc status SERVICE --prometheus, under the same names.
//
//	registry.MustRegister(netipcprometheus.NewCollector(server))
package prometheus

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/netipc/netipc/go/service"
)

var (
	workers  = desc("netipc_workers", "The most sessions at once.")
	sessions = desc("netipc_sessions", "Sessions there are.")
	opened   = desc("netipc_sessions_total", "Sessions there have been, by what carried them.", "transport")
	refused  = desc("netipc_refused_total", "Clients that were turned down.")
	requests = desc("netipc_requests_total", "Requests, by their outcome.", "outcome")
	bytes    = desc("netipc_bytes_total", "Bytes of messages, headers included.", "direction")
	handler  = desc("netipc_handler_seconds", "Time of decoding, handler and encoding.")
	request  = desc("netipc_request_seconds", "Time from the whole request to the answer sent.")
)

func desc(name, help string, label ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"service"}, label...), nil)
}

// Collector tells a registry what servers have done so far. Each is told apart by the name of its service, of
// which there may be one only. Any goroutine may call any method.
type Collector struct {
	mu      sync.Mutex
	servers []*service.Server
}

// NewCollector returns a collector of the statistics of these servers.
func NewCollector(servers ...*service.Server) *Collector {
	return &Collector{servers: append([]*service.Server(nil), servers...)}
}

// Add collects from one more server.
func (c *Collector) Add(server *service.Server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.servers = append(c.servers, server)
}

// Describe is the Describe of [prometheus.Collector].
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{workers, sessions, opened, refused, requests, bytes, handler, request} {
		out <- desc
	}
}

// Collect is the Collect of [prometheus.Collector]. No request of the servers waits for it.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	c.mu.Lock()
	servers := c.servers
	c.mu.Unlock()
	for _, server := range servers {
		collect(server, out)
	}
}

func collect(server *service.Server, out chan<- prometheus.Metric) {
	name, stats := server.Endpoint().Service(), server.Stats()
	tell := func(desc *prometheus.Desc, kind prometheus.ValueType, value uint64, label ...string) {
		labels := append([]string{name}, label...)
		out <- prometheus.MustNewConstMetric(desc, kind, float64(value), labels...)
	}
	tell(workers, prometheus.GaugeValue, uint64(server.Workers()))
	tell(sessions, prometheus.GaugeValue, stats.SessionsNow)
	tell(opened, prometheus.CounterValue, stats.Sessions.Socket, "socket")
	tell(opened, prometheus.CounterValue, stats.Sessions.SharedMemory, "shm")
	tell(opened, prometheus.CounterValue, stats.Sessions.Memory, "memory")
	tell(refused, prometheus.CounterValue, stats.Refused)
	tell(requests, prometheus.CounterValue, stats.OK, "ok")
	tell(requests, prometheus.CounterValue, stats.Unsupported, "unsupported")
	tell(requests, prometheus.CounterValue, stats.BadEnvelope, "bad_envelope")
	tell(requests, prometheus.CounterValue, stats.LimitExceeded, "limit_exceeded")
	tell(requests, prometheus.CounterValue, stats.InternalError, "internal_error")
	tell(bytes, prometheus.CounterValue, stats.BytesReceived, "received")
	tell(bytes, prometheus.CounterValue, stats.BytesSent, "sent")
	out <- histogram(handler, &stats.HandlerTime, name)
	out <- histogram(request, &stats.TotalTime, name)
}

func histogram(desc *prometheus.Desc, times *service.Histogram, name string) prometheus.Metric {
	buckets := make(map[float64]uint64)
	for end, count := range times.Cumulative() {
		buckets[end.Seconds()] = count
	}
	return prometheus.MustNewConstHistogram(desc, times.Count(), times.Sum().Seconds(), buckets, name)
}
