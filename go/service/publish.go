package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/netipc/netipc/go/transport"
)

const (
	// statsPatience is how long a reader of statistics may take.
	statsPatience = time.Second
	// statsReaders is how many readers are told at once; more wait their turn.
	statsReaders = 8
	// statsAgain is how long until the endpoint of the statistics is tried again, where another server, as one
	// that ends, has it.
	statsAgain = 100 * time.Millisecond
	// keptReasons is how many reasons for one kind of failure are kept, the most recent.
	keptReasons = 8
)

// publishedBuckets are the ends of the buckets that are published, cumulative; what took longer is in the
// count alone.
var publishedBuckets = [...]time.Duration{
	time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 500 * time.Millisecond, time.Second,
}

// StatsService returns the service at whose endpoint the statistics of service are published.
func StatsService(service string) string { return service + ".stats" }

// DataStatus is what a provider says of the data that it serves.
type DataStatus struct {
	// Age is how old it is; negative where that means nothing.
	Age time.Duration
	// Stale is what of it is older than it should be, or missing: a sentence each.
	Stale []string
}

// publishing is what is told besides the counts.
type publishing struct {
	since time.Time
	// Why clients were turned down, and why sessions that wanted shared memory went without one of its profiles.
	refusals, withoutSHM reasons
}

// reasons are the most recent reasons for one kind of failure.
type reasons struct {
	mu  sync.Mutex
	all []reason
}

// reason is why something did not happen, how often, and when last.
type reason struct {
	why   string
	count uint64
	last  time.Time
}

// note counts a reason once more.
func (r *reasons) note(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for i := range r.all {
		if one := &r.all[i]; one.why == why {
			one.count, one.last = one.count+1, now
			return
		}
	}
	if len(r.all) == keptReasons {
		oldest := 0
		for i := range r.all {
			if r.all[i].last.Before(r.all[oldest].last) {
				oldest = i
			}
		}
		r.all = slices.Delete(r.all, oldest, oldest+1)
	}
	r.all = append(r.all, reason{why: why, count: 1, last: now})
}

// bindStats returns where statistics are to be told, or nil. A server runs without while it cannot be had.
func (s *Server) bindStats() transport.Listener {
	if !s.publishes {
		return nil
	}
	listener, err := s.tryBindStats()
	if err != nil {
		s.log.Warn("netipc: cannot publish statistics", "endpoint", s.endpoint, "error", err)
		return nil
	}
	return listener
}

func (s *Server) tryBindStats() (transport.Listener, error) {
	endpoint, err := transport.NewEndpoint(s.endpoint.RunDir(), StatsService(s.endpoint.Service()))
	if err != nil {
		return nil, err
	}
	return s.transport.Bind(endpoint, transport.BindOptions{Peers: s.listen.Peers})
}

// bindStatsLater is bindStats once it can be had; nil where the server takes no more clients before.
func (s *Server) bindStatsLater() transport.Listener {
	wait := transport.Wait{Abort: &s.draining}
	for wait.Sleep(statsAgain) == nil {
		if listener, err := s.tryBindStats(); err == nil {
			s.log.Info("netipc: publishes statistics now", "endpoint", s.endpoint)
			return listener
		}
	}
	return nil
}

// publish tells the statistics to whoever connects, until the server takes no more clients; at listener, or
// once there is one.
func (s *Server) publish(listener transport.Listener) {
	defer s.serving.Done()
	if listener == nil {
		if listener = s.bindStatsLater(); listener == nil {
			return
		}
	}
	// The endpoint goes with it: a close that fails changes nothing.
	defer func() { _ = listener.Close() }()
	wait := transport.Wait{Abort: &s.draining}
	readers := make(chan struct{}, statsReaders)
	for {
		link, err := listener.Accept(wait)
		switch {
		case err == nil:
			s.tellBeside(link, readers)
		case errors.Is(err, transport.ErrAborted), errors.Is(err, transport.ErrEndpointLost):
			return
		default:
			// Only draining ends it early, which the loop sees next.
			_ = wait.Sleep(statsPatience)
		}
	}
}

// tellBeside tells a reader without waiting for those before it, unless they are many.
func (s *Server) tellBeside(link transport.Baseline, readers chan struct{}) {
	select {
	case readers <- struct{}{}:
		s.serving.Add(1)
		go func() {
			defer s.serving.Done()
			defer func() { <-readers }()
			s.tell(link)
		}()
	default:
		s.tell(link)
	}
}

func (s *Server) tell(link transport.Baseline) {
	defer func() { _ = link.Close() }()
	if !link.PeerAllowed() {
		return
	}
	err := link.Send(s.StatsJSON(), nil, transport.Timeout(statsPatience).OrAbort(&s.draining))
	switch {
	case err == nil:
		link.Linger()
	case !errors.Is(err, transport.ErrDisconnected) && !errors.Is(err, transport.ErrReset):
		s.log.Warn("netipc: cannot publish statistics", "endpoint", s.endpoint, "error", err)
	}
}

// StatsJSON returns the statistics as one JSON object, as they are published.
func (s *Server) StatsJSON() []byte {
	stats := s.Stats()
	told := statsDocument{
		Service: s.endpoint.Service(),
		PID:     os.Getpid(),
		Uptime:  seconds(time.Since(s.publishing.since)),
		Workers: s.Workers(),
		Sessions: sessionsDocument{
			Now: stats.SessionsNow, Total: stats.SessionsTotal, Refused: stats.Refused,
		},
		ByTransport: transportsDocument{
			Memory: stats.Sessions.Memory, Socket: stats.Sessions.Socket, SHM: stats.Sessions.SharedMemory,
		},
		Requests: requestsDocument{
			OK: stats.OK, Unsupported: stats.Unsupported, BadEnvelope: stats.BadEnvelope,
			LimitExceeded: stats.LimitExceeded, InternalError: stats.InternalError,
		},
		Bytes:       bytesDocument{Received: stats.BytesReceived, Sent: stats.BytesSent},
		HandlerTime: documentOf(&stats.HandlerTime),
		TotalTime:   documentOf(&stats.TotalTime),
		Refusals:    s.publishing.refusals.document(),
		WithoutSHM:  s.publishing.withoutSHM.document(),
		Data:        s.tellOfData(),
	}
	// Numbers and texts can always be written.
	text, _ := json.Marshal(told)
	return text
}

// tellOfData returns what the provider says of its data, or nil, also where it panics.
func (s *Server) tellOfData() (told *dataDocument) {
	if s.dataStatus == nil {
		return nil
	}
	defer func() {
		if cause := recover(); cause != nil {
			told = nil
			s.log.Error("netipc: what tells of the data panicked", "endpoint", s.endpoint, "panic", fmt.Sprint(cause))
		}
	}()
	status := s.dataStatus()
	told = &dataDocument{Stale: append([]string{}, status.Stale...)}
	if status.Age >= 0 {
		age := seconds(status.Age)
		told.Age = &age
	}
	return told
}

func (r *reasons) document() []reasonDocument {
	r.mu.Lock()
	defer r.mu.Unlock()
	told := make([]reasonDocument, 0, len(r.all))
	for _, one := range r.all {
		told = append(told, reasonDocument{Why: one.why, Count: one.count, Age: seconds(time.Since(one.last))})
	}
	return told
}

func documentOf(h *Histogram) histogramDocument {
	told := histogramDocument{Count: h.Count(), Sum: seconds(h.Sum())}
	for end, count := range h.Cumulative() {
		told.Buckets = append(told.Buckets, bucketDocument{LE: end.Milliseconds(), Count: count})
	}
	return told
}

// seconds is a duration in a document.
type seconds time.Duration

// MarshalJSON writes it with six places.
func (s seconds) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.6f", time.Duration(s).Seconds()), nil
}

type statsDocument struct {
	Service     string             `json:"service"`
	PID         int                `json:"pid"`
	Uptime      seconds            `json:"uptime_seconds"`
	Workers     int                `json:"workers"`
	Sessions    sessionsDocument   `json:"sessions"`
	ByTransport transportsDocument `json:"sessions_by_transport"`
	Requests    requestsDocument   `json:"requests"`
	Bytes       bytesDocument      `json:"bytes"`
	HandlerTime histogramDocument  `json:"handler_time"`
	TotalTime   histogramDocument  `json:"total_time"`
	Refusals    []reasonDocument   `json:"refusals"`
	WithoutSHM  []reasonDocument   `json:"without_shm"`
	Data        *dataDocument      `json:"data,omitempty"`
}

type sessionsDocument struct {
	Now     uint64 `json:"now"`
	Total   uint64 `json:"total"`
	Refused uint64 `json:"refused"`
}

type transportsDocument struct {
	Memory uint64 `json:"memory"`
	Socket uint64 `json:"socket"`
	SHM    uint64 `json:"shm"`
}

type requestsDocument struct {
	OK            uint64 `json:"ok"`
	Unsupported   uint64 `json:"unsupported"`
	BadEnvelope   uint64 `json:"bad_envelope"`
	LimitExceeded uint64 `json:"limit_exceeded"`
	InternalError uint64 `json:"internal_error"`
}

type bytesDocument struct {
	Received uint64 `json:"received"`
	Sent     uint64 `json:"sent"`
}

type histogramDocument struct {
	Count   uint64           `json:"count"`
	Sum     seconds          `json:"sum_seconds"`
	Buckets []bucketDocument `json:"buckets"`
}

type bucketDocument struct {
	LE    int64  `json:"le_ms"`
	Count uint64 `json:"count"`
}

type reasonDocument struct {
	Why   string  `json:"why"`
	Count uint64  `json:"count"`
	Age   seconds `json:"age_seconds"`
}

type dataDocument struct {
	Age   *seconds `json:"age_seconds,omitempty"`
	Stale []string `json:"stale"`
}
