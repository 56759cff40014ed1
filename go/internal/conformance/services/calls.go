package services

import (
	"bytes"
	"os"
	"slices"
	"sync/atomic"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/string_reverse"
	"github.com/netipc/netipc/go/transport"
)

// callRules are the rules of calls, batches, pipelines and snapshots.
var callRules = []rule{
	{"numbers are incremented", numbersAreIncremented},
	{"texts are reversed", textsAreReversed},
	{"messages of every length around a packet arrive", messagesAroundAPacketArrive},
	{"snapshots arrive whole", snapshotsArriveWhole},
	{"a large snapshot needs configured limits", aLargeSnapshotNeedsLimits},
	{"a snapshot that does not fit makes the session grow", aSnapshotGrows},
	{"batches are answered by position", batchesAreAnsweredByPosition},
	{"large batches run once", largeBatchesRunOnce},
	{"texts come in batches", textsComeInBatches},
	{"pipelines answer every request once", pipelinesAnswerOnce},
	{"the negotiated profile carries the data", theProfileCarriesTheData},
}

func numbersAreIncremented(w *World) {
	w.Serve(w.IncrementServer())
	c := w.Incrementer()
	for _, n := range []uint64{0, 41, 1<<64 - 2, 1<<64 - 1} {
		w.increments(c, n)
	}
	for n := range uint64(100) {
		w.increments(c, n)
	}
	if got := c.Counters(); got.Calls != 104 || got.Reconnects != 0 {
		w.Fatalf("%+v", got)
	}
}

func textsAreReversed(w *World) {
	c := w.reverser(w.ClientConfig())
	for _, text := range []string{"", "a", "hello", "nul\x00inside\x00", "\xff\xfe\x00\x80"} {
		w.reverses(c, []byte(text))
	}
	if got := c.Counters(); got.Reconnects != 0 {
		w.Fatalf("%+v", got)
	}
	for _, size := range []int{1015, 1016, 65_000, 500_000, 100} {
		w.reverses(c, pattern(size, size))
	}
	if got := c.Counters(); got.Reconnects == 0 || got.Retries != 0 {
		w.Fatalf("growing is no retry: %+v", got)
	}
}

func messagesAroundAPacketArrive(w *World) {
	config := w.ClientConfig()
	config.MaxRequestPayloadBytes, config.MaxResponsePayloadBytes = 1<<20, 1<<20
	c := w.reverser(config)
	packet := int(c.Status().Session.Limits.PacketSize)
	// The envelope, and what a text has in front and behind.
	const around = 32 + 8 + 1
	for _, total := range []int{packet - 2, packet - 1, packet, packet + 1, packet + 2, 2*packet - 40, 2 * packet} {
		w.reverses(c, pattern(total-around, total))
	}
	if got := c.Counters(); got.Reconnects != 0 {
		w.Fatalf("%+v", got)
	}
}

func snapshotsArriveWhole(w *World) {
	for _, count := range []uint32{0, 16, 5000} {
		server := w.Serve(w.snapshotServer(w.ServerConfig(), Snapshots(count, 40)))
		c := w.snapshots(w.ClientConfig())
		for range 2 {
			w.isSnapshot(c, count, 40)
		}
		server.Finish()
	}
}

func aLargeSnapshotNeedsLimits(w *World) {
	serving, config := w.ServerConfig(), w.ClientConfig()
	serving.MaxResponsePayloadBytes, config.MaxResponsePayloadBytes = 4<<20, 4<<20
	w.Serve(w.snapshotServer(serving, Snapshots(3000, 1000)))
	c := w.snapshots(config)
	w.isSnapshot(c, 3000, 1000)
	if got := c.Counters(); got.BytesReceived < 3_000_000 || got.Reconnects != 0 {
		w.Fatalf("%+v", got)
	}
}

func aSnapshotGrows(w *World) {
	w.Serve(w.snapshotServer(w.ServerConfig(), Snapshots(3000, 100)))
	c := w.snapshots(w.ClientConfig())
	w.isSnapshot(c, 3000, 100)
	grown := c.Counters()
	if grown.Reconnects == 0 || grown.Errors != 0 {
		w.Fatalf("%+v", grown)
	}
	w.isSnapshot(c, 3000, 100)
	if again := c.Counters(); again.Reconnects != grown.Reconnects {
		w.Fatalf("grows once: %+v", again)
	}
}

func batchesAreAnsweredByPosition(w *World) {
	server := w.Serve(w.IncrementServer())
	c := w.Incrementer()
	reply, err := c.CallBatch(nil)
	w.No(err)
	if stats := server.Stats(); reply.Len() != 0 || !c.Status().LastSuccess.IsZero() || stats.Requests() != 0 {
		w.Fatal("nothing was to be asked")
	}
	for _, count := range []int{1, 2, 1000, 2} {
		requests := make([]uint64, count)
		for i := range requests {
			requests[i] = uint64(i) * 3
		}
		reply, err := c.CallBatch(requests)
		w.No(err)
		seen := 0
		for i, n := range reply.All() {
			if n != requests[i]+1 {
				w.Fatalf("reply %d is %d", i, n)
			}
			seen++
		}
		if _, beyond := reply.Get(count); seen != count || reply.Len() != count || beyond {
			w.Fatalf("%d replies to %d requests", seen, count)
		}
	}
	w.increments(c, 1)
}

func largeBatchesRunOnce(w *World) {
	var runs atomic.Int64
	w.Serve(w.incrementServer(func(n uint64) (uint64, bool) {
		runs.Add(1)
		return n + 1, true
	}, 8))
	requests := make([]uint64, 20_000)
	reply, err := w.Incrementer().CallBatch(requests)
	w.No(err)
	if reply.Len() != len(requests) || runs.Load() != 20_000 {
		w.Fatalf("%d replies, %d runs", reply.Len(), runs.Load())
	}
}

func textsComeInBatches(w *World) {
	c := w.reverser(w.ClientConfig())
	var texts [][]byte
	for size := range 40 {
		texts = append(texts, pattern(size*size, size))
	}
	reply, err := c.CallBatch(texts)
	w.No(err)
	if reply.Len() != len(texts) {
		w.Fatalf("%d replies", reply.Len())
	}
	for i, got := range reply.All() {
		if !bytes.Equal(got, reversed(texts[i])) {
			w.Fatalf("text %d", i)
		}
	}
}

func pipelinesAnswerOnce(w *World) {
	c := w.reverser(w.ClientConfig())
	var texts [][]byte
	for i := range 200 {
		texts = append(texts, pattern(i*7%900, i))
	}
	for _, window := range []int{1, 3, 64} {
		seen := make([]int, len(texts))
		w.No(c.CallPipelined(texts, window, func(i int, reply []byte) {
			seen[i]++
			if !bytes.Equal(reply, reversed(texts[i])) {
				w.Errorf("text %d", i)
			}
		}))
		if slices.ContainsFunc(seen, func(n int) bool { return n != 1 }) {
			w.Fatalf("window %d: %v", window, seen)
		}
	}
	if got := c.Counters(); got.Calls != 600 {
		w.Fatalf("%+v", got)
	}
}

func theProfileCarriesTheData(w *World) {
	server := w.Serve(w.IncrementServer())
	c := w.Incrementer()
	w.increments(c, 1)
	session := c.Status().Session
	shared := w.profile() != protocol.ProfileBaseline
	if session.Profile != w.profile() || (session.Transport == transport.LinkSharedMemory) != shared {
		w.Fatalf("%+v", session)
	}
	sessions := server.Stats().Sessions
	if (sessions.SharedMemory == 1) != shared || sessions.Total() != 1 {
		w.Fatalf("%+v", sessions)
	}
	between := session.Transport != transport.LinkMemory
	if pid, known := session.Peer.PID(); known != between || between && pid != uint32(os.Getpid()) {
		w.Fatalf("%+v", session)
	}
}

// reverser serves string-reverse and returns a client of it.
func (w *World) reverser(config service.ClientConfig) *string_reverse.Client {
	w.Helper()
	handler := string_reverse.Handler{Handle: string_reverse.Reverse}
	w.Serve(string_reverse.NewServer(w.Dir, endpointName, w.ServerConfig(), handler))
	return Connected(w, string_reverse.NewClient(w.Dir, endpointName, config))
}

func (w *World) reverses(c *string_reverse.Client, text []byte) {
	w.Helper()
	got, err := c.Call(text)
	w.No(err)
	if !bytes.Equal(got, reversed(text)) {
		w.Fatalf("%d bytes came back wrong", len(text))
	}
}

func reversed(text []byte) []byte {
	back, _ := string_reverse.Reverse(text)
	return back
}

func (w *World) snapshots(config service.ClientConfig) *cgroups_snapshot.Client {
	w.Helper()
	return Connected(w, cgroups_snapshot.NewClient(w.Dir, endpointName, config))
}

func (w *World) isSnapshot(c *cgroups_snapshot.Client, count uint32, pathLen int) {
	w.Helper()
	view, err := c.CallSnapshot()
	w.No(err)
	if view.ItemCount != count || view.SystemdEnabled != 1 || view.Generation != Generation {
		w.Fatalf("%d items, systemd %d, generation %d", view.ItemCount, view.SystemdEnabled, view.Generation)
	}
	for i := range count {
		item, err := view.Item(i)
		w.No(err)
		if !sameItem(item, Cgroup(i, pathLen)) {
			w.Fatalf("item %d is %+v", i, item)
		}
	}
	if _, err := view.Item(count); err == nil {
		w.Fatal("an item beyond the last")
	}
}
