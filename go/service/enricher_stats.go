package service

import (
	"bufio"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// stripes is how many counters share the hits, so that readers rarely wait for one another's cache lines.
const stripes = 8

// enricherCounts is what an enricher counts.
type enricherCounts struct {
	requested, answered, failed, timedOut, givenUp, calls, probes atomic.Uint64
	misses                                                        [outcomes]atomic.Uint64
	evictedByCapacity, evictedByAge, reused, dropped              atomic.Uint64
	connects, disconnects, connectFailures, generation            atomic.Uint64
	latency                                                       [len(latencyEnds) + 1]atomic.Uint64
	latencySum                                                    atomic.Int64

	hits [stripes]struct {
		all, stale atomic.Uint64
		_          [112]byte
	}
}

// latencyEnds are the upper ends of the buckets, in milliseconds.
var latencyEnds = [...]int{1, 5, 10, 50, 100, 500, 1000}

func (c *enricherCounts) hit(hash uint64, isStale bool) {
	stripe := &c.hits[hash%stripes]
	stripe.all.Add(1)
	if isStale {
		stripe.stale.Add(1)
	}
}

// called counts a call that was answered.
func (c *enricherCounts) called(took time.Duration) {
	c.calls.Add(1)
	bucket := 0
	for bucket < len(latencyEnds) && took > time.Duration(latencyEnds[bucket])*time.Millisecond {
		bucket++
	}
	c.latency[bucket].Add(1)
	c.latencySum.Add(int64(took))
}

// EnricherStats is what an enricher has done so far, and what it has.
type EnricherStats struct {
	// Requested counts keys that were asked.
	Requested uint64
	// Answered counts keys that got an answer, whatever it was.
	Answered uint64
	// Failed counts keys of calls that failed, TimedOut those of calls that took too long, and GivenUp those that
	// nobody could ask even alone.
	Failed, TimedOut, GivenUp uint64
	// Calls counts lookups that were answered, and Probes those of them that asked for the generation alone.
	Calls, Probes uint64
	// Hits counts items that were given, and StaleHits those of them while the provider was absent.
	Hits, StaleHits uint64
	// Misses counts what was not given, by its [Outcome].
	Misses [outcomes]uint64
	// EvictedByCapacity and EvictedByAge count answers that went because there was no room, and because nobody used them.
	EvictedByCapacity, EvictedByAge uint64
	// Reused counts answers about another holder of the key than the one before.
	Reused uint64
	// IntakeDropped counts keys that waited longest when there was no room for another.
	IntakeDropped uint64
	// Connects counts sessions that began, Disconnects those that ended, and ConnectFailures attempts that failed.
	Connects, Disconnects, ConnectFailures uint64
	// IntakeDepth is the keys that wait to be asked.
	IntakeDepth int
	// Entries is the keys that have an answer, and Pinned the keys that are pinned.
	Entries, Pinned int
	// Bytes is what the answers and the table of keys take, without the keys themselves.
	Bytes int
	// Generation is that of the last answer, and World how many providers there were: it grows where another process
	// answers, or the generation goes back.
	Generation, World uint64
	// Absent tells whether the provider is absent.
	Absent bool
	// Latency is how many calls that were answered took at most 1, 5, 10, 50, 100, 500 and 1,000 ms, and longer; each call counts once.
	Latency [len(latencyEnds) + 1]uint64
	// LatencySum is what all of them took.
	LatencySum time.Duration
}

// entryBytes is what an entry takes without its key and what is kept.
const entryBytes = 128

// Stats returns what the enricher has done so far. It takes the lock for a moment.
func (e *Enricher[K, I]) Stats() EnricherStats {
	c := &e.counts
	stats := EnricherStats{
		Requested: c.requested.Load(), Answered: c.answered.Load(), Failed: c.failed.Load(), TimedOut: c.timedOut.Load(),
		GivenUp: c.givenUp.Load(), Calls: c.calls.Load(), Probes: c.probes.Load(),
		EvictedByCapacity: c.evictedByCapacity.Load(), EvictedByAge: c.evictedByAge.Load(),
		Reused: c.reused.Load(), IntakeDropped: c.dropped.Load(),
		Connects: c.connects.Load(), Disconnects: c.disconnects.Load(), ConnectFailures: c.connectFailures.Load(),
		Generation: c.generation.Load(), World: e.world.Load(), Absent: e.absent.Load(),
		LatencySum: time.Duration(c.latencySum.Load()),
	}
	for i := range c.hits {
		stats.Hits += c.hits[i].all.Load()
		stats.StaleHits += c.hits[i].stale.Load()
	}
	for i := range c.misses {
		stats.Misses[i] = c.misses[i].Load()
	}
	for i := range c.latency {
		stats.Latency[i] = c.latency[i].Load()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	table := e.table.Load()
	stats.IntakeDepth, stats.Entries, stats.Pinned = e.intake.depth, e.answered, e.pinned
	stats.Bytes = e.bytes + table.entries*entryBytes + len(*table.slots.Load())*8
	return stats
}

// WritePrometheus writes the statistics as Prometheus reads them, of the service whose name is given. It fails as w
// does.
func (s *EnricherStats) WritePrometheus(w io.Writer, service string) error {
	out := bufio.NewWriter(w)
	head := func(name, kind, help string) {
		fmt.Fprintf(out, "# HELP netipc_enricher_%s %s\n# TYPE netipc_enricher_%s %s\n", name, help, name, kind)
	}
	value := func(name, label string, value any) {
		fmt.Fprintf(out, "netipc_enricher_%s{service=%q%s} %v\n", name, service, label, value)
	}
	head("keys_total", "counter", "Keys that were asked, by what became of them.")
	for _, of := range []struct {
		result string
		count  uint64
	}{{"requested", s.Requested}, {"answered", s.Answered}, {"failed", s.Failed}, {"timed_out", s.TimedOut}, {"given_up", s.GivenUp}} {
		value("keys_total", fmt.Sprintf(",result=%q", of.result), of.count)
	}
	head("misses_total", "counter", "Keys without an item, by why.")
	for outcome := OutcomeQueued; outcome < outcomes; outcome++ {
		value("misses_total", fmt.Sprintf(",reason=%q", outcome), s.Misses[outcome])
	}
	head("evictions_total", "counter", "Answers that went, by why.")
	value("evictions_total", `,cause="capacity"`, s.EvictedByCapacity)
	value("evictions_total", `,cause="age"`, s.EvictedByAge)
	for _, of := range s.plain() {
		head(of.name, of.kind, of.help)
		value(of.name, "", of.value)
	}
	head("call_seconds", "histogram", "Time that calls took.")
	calls := uint64(0)
	for i, end := range latencyEnds {
		calls += s.Latency[i]
		value("call_seconds_bucket", fmt.Sprintf(",le=\"%v\"", float64(end)/1000), calls)
	}
	calls += s.Latency[len(latencyEnds)]
	value("call_seconds_bucket", `,le="+Inf"`, calls)
	value("call_seconds_sum", "", s.LatencySum.Seconds())
	value("call_seconds_count", "", calls)
	return out.Flush()
}

// plainMetric is a metric without labels of its own.
type plainMetric struct {
	name, kind, help string
	value            uint64
}

func (s *EnricherStats) plain() []plainMetric {
	return []plainMetric{
		{"calls_total", "counter", "Lookups that were answered.", s.Calls},
		{"probes_total", "counter", "Lookups for the generation alone.", s.Probes},
		{"hits_total", "counter", "Items that were given.", s.Hits},
		{"stale_hits_total", "counter", "Items that were given while the provider was absent.", s.StaleHits},
		{"reused_total", "counter", "Answers about another holder of the key than before.", s.Reused},
		{"intake_depth", "gauge", "Keys that wait to be asked.", uint64(s.IntakeDepth)},
		{"intake_dropped_total", "counter", "Keys that were dropped as too many waited.", s.IntakeDropped},
		{"connects_total", "counter", "Sessions that began.", s.Connects},
		{"disconnects_total", "counter", "Sessions that ended.", s.Disconnects},
		{"connect_failures_total", "counter", "Attempts to connect that failed.", s.ConnectFailures},
		{"entries", "gauge", "Keys that have an answer.", uint64(s.Entries)},
		{"pinned", "gauge", "Keys that are pinned.", uint64(s.Pinned)},
		{"bytes", "gauge", "Memory of answers and table.", uint64(s.Bytes)},
		{"generation", "gauge", "Generation of the last answer.", s.Generation},
		{"absent", "gauge", "Whether the provider is absent.", one(s.Absent)},
	}
}
