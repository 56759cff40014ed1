package services

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

// growthRules are the rules of servers whose responses are small at first.
var growthRules = []rule{
	{"a large item makes the server grow", aLargeItemMakesTheServerGrow},
	{"a server that cannot grow further is let be", aServerThatCannotGrowIsLetBe},
	{"many keys make the server grow", func(w *World) { FindManyProcesses(w, 2000, 410) }},
	{"a server that does not grow ends a lookup of too many keys", aServerThatDoesNotGrow},
	{"calls make the server grow", callsMakeTheServerGrow},
	{"a large item makes a client propose more", aLargeItemMakesAClientProposeMore},
	{"a server without a maximum grants 64 KiB", aServerWithoutAMaximumGrants64KiB},
}

// respond makes the response to a request; false where it does not fit so many bytes.
type respond func(request session.Message, limit int) ([]byte, bool)

// Growing is a deployed server that nobody configured. It takes requests of 1024 bytes, and refuses a
// client that proposes more. Its responses have 1024 bytes at first, whatever is proposed, and twice as
// many in the sessions after each one that did not fit.
type Growing struct {
	script *Script
	done   chan Grown
}

// Grown is what such a server has been through.
type Grown struct {
	// Bytes of a response in its next session.
	ResponseBytes uint32
	// Requests that it has answered, and those of them whose response did not fit.
	Requests, Refused int
}

// Grow starts a server that grows up to most bytes.
func (w *World) Grow(most uint32, respond respond) *Growing {
	w.Helper()
	g := &Growing{w.Script(), make(chan Grown, 1)}
	g.setResponse(min(1024, most))
	g.script.Policy.Request = session.DirectionLimits{PayloadBytes: 1024, BatchItems: 64}
	w.Play(func() { g.done <- g.serve(most, respond) })
	w.Cleanup(g.script.Leave)
	return g
}

// Finish waits until the last client has left; it returns what the server has been through.
func (g *Growing) Finish() Grown {
	g.script.Leave()
	return <-g.done
}

func (g *Growing) serve(most uint32, respond respond) (seen Grown) {
	for {
		accepted := g.script.Accept()
		if accepted == nil {
			seen.ResponseBytes = g.script.Policy.MaxResponseBytes
			return seen
		}
		limit := accepted.Limits().Response.PayloadBytes
		for {
			request, err := accepted.Receive(transport.Wait{})
			if err != nil {
				break
			}
			seen.Requests++
			status, payload := protocol.StatusOK, []byte(nil)
			answer, fits := respond(request, int(limit))
			if payload = answer; !fits {
				status, payload = protocol.StatusLimitExceeded, nil
			}
			if err := Answer(accepted, request.Header, status, payload); err == nil && fits {
				continue
			}
			seen.Refused++
			g.setResponse(max(g.script.Policy.MaxResponseBytes, uint32(min(uint64(limit)*2, uint64(most)))))
			accepted.Linger()
			break
		}
	}
}

// setResponse has responses of so many bytes in all sessions that begin, whatever is proposed.
func (g *Growing) setResponse(bytes uint32) {
	g.script.Policy.MinResponseBytes, g.script.Policy.MaxResponseBytes = bytes, bytes
}

// AppsResponses are responses that know of processes what [Apps] does. They have placeholders for all
// keys, and the first item is judged too large where it does not fit beside them.
func AppsResponses(nameLen func(uint32) int) func(session.Message, int) ([]byte, bool) {
	return func(request session.Message, limit int) ([]byte, bool) {
		view, err := protocol.DecodeAppsLookupRequest(request.Payload)
		if err != nil {
			return nil, false
		}
		const placeholder = 64
		count := view.Len()
		end, behind := protocol.LookupHeaderLen+count*protocol.EntryLen, count*placeholder
		if end+behind > limit {
			return nil, false
		}
		buf, full := make([]byte, limit), false
		list, _ := protocol.NewPackedWriter(buf, protocol.LookupHeaderLen, count)
		for _, key := range view.Keys() {
			pid := uint32(key)
			item := Process(pid, nameLen(pid))
			behind -= placeholder
			end = (end + 7) &^ 7
			switch full = full || (end+item.Size()+7)&^7+behind > limit && list.Len() > 0; {
			case full:
				item = item.Bare(key, uint16(protocol.PidStatusPayloadExceeded))
			case (end+item.Size()+7)&^7+behind > limit:
				item = item.Bare(key, uint16(protocol.PidStatusOversizedItem))
			}
			dst, err := list.Open(item.Size())
			if err != nil || item.Encode(dst) != nil {
				return nil, false
			}
			list.Commit(len(dst))
			end += len(dst)
		}
		header, length := list.Finish()
		binary.LittleEndian.PutUint32(header, 1)
		binary.LittleEndian.PutUint32(header[4:], uint32(count))
		binary.LittleEndian.PutUint64(header[8:], Generation)
		return buf[:length], true
	}
}

// largeName is a name of so many bytes for process 4, and of 10 for the others.
func largeName(length int) func(uint32) int {
	return func(pid uint32) int {
		if pid == 4 {
			return length
		}
		return 10
	}
}

// oversized looks up pids, of which every known one must be as it should be; it returns how many are
// oversized.
func (w *World) oversized(c *apps_lookup.Client, pids []uint32, nameLen func(uint32) int) (count int) {
	w.Helper()
	reply, err := c.Call(pids)
	w.No(err)
	if reply.Len() != len(pids) || reply.Generation != Generation {
		w.Fatalf("%d items of generation %d", reply.Len(), reply.Generation)
	}
	for i, item := range reply.Items() {
		if item.Pid == pids[i] && item.Status == protocol.PidStatusOversizedItem {
			count++
		} else if !sameItem(item, Process(pids[i], nameLen(pids[i]))) {
			w.Fatalf("item %d is %+v", i, item)
		}
	}
	return count
}

func aLargeItemMakesTheServerGrow(w *World) {
	nameLen := largeName(6000)
	for _, pids := range [][]uint32{{4}, {4, 1, 2}, {1, 2, 4, 3}} {
		w.part(func(w *World) {
			server := w.Grow(math.MaxUint32, AppsResponses(nameLen))
			c := w.apps()
			for range 2 {
				if got := w.oversized(c, pids, nameLen); got != 0 {
					w.Fatalf("%d are oversized", got)
				}
			}
			if got := c.Counters(); got.Errors != 0 || got.Retries != 0 {
				w.Fatalf("%+v", got)
			}
			w.No(c.Close())
			if got := server.Finish(); got.ResponseBytes != 8192 || got.Refused != 3 {
				w.Fatalf("%+v", got)
			}
		})
	}
}

func aServerThatCannotGrowIsLetBe(w *World) {
	for _, row := range []struct {
		most          uint32
		length        int
		want, refused int
	}{
		{1024, 2000, 1, 1},
		{2048, 1500, 0, 1},
		{2048, 6000, 1, 2},
		{math.MaxUint32, 9000, 1, 3},
	} {
		w.part(func(w *World) {
			server := w.Grow(row.most, AppsResponses(largeName(row.length)))
			c := w.apps()
			for range 3 {
				if got := w.oversized(c, []uint32{1, 2, 4, 3}, largeName(row.length)); got != row.want {
					w.Fatalf("%+v: %d are oversized", row, got)
				}
			}
			if got := c.Counters(); got.Errors != 0 {
				w.Fatalf("%+v", got)
			}
			w.No(c.Close())
			if got := server.Finish(); got.Refused != row.refused {
				w.Fatalf("%+v: %+v", row, got)
			}
		})
	}
}

// FindManyProcesses finds count processes in fewer than subcalls requests, which need more room than
// there is at first.
func FindManyProcesses(w *World, count, subcalls uint32) {
	nameLen := func(uint32) int { return 900 }
	server := w.Grow(math.MaxUint32, AppsResponses(nameLen))
	config := w.ClientConfig()
	config.MaxLogicalLookupSubcalls = subcalls
	c := Connected(w, apps_lookup.NewClient(w.Dir, endpointName, config))
	pids := make([]uint32, count)
	for i := range pids {
		pids[i] = uint32(i)
	}
	if got := w.oversized(c, pids, nameLen); got != 0 || c.Counters().Errors != 0 {
		w.Fatalf("%d are oversized, %+v", got, c.Counters())
	}
	w.No(c.Close())
	if got := server.Finish(); got.ResponseBytes != 4096 || got.Requests >= int(subcalls) {
		w.Fatalf("%+v", got)
	}
}

func aServerThatDoesNotGrow(w *World) {
	server := w.Grow(1024, AppsResponses(func(uint32) int { return 900 }))
	config := w.ClientConfig()
	config.MaxLogicalLookupSubcalls = 20
	c := Connected(w, apps_lookup.NewClient(w.Dir, endpointName, config))
	pids := make([]uint32, 500)
	for i := range pids {
		pids[i] = uint32(i)
	}
	for range 2 {
		_, err := c.Call(pids)
		w.Fails(err, service.ErrOverflow)
	}
	reply, err := c.Call(pids[:20])
	w.No(err)
	if reply.Len() != 20 {
		w.Fatal(reply.Len())
	}
	w.No(c.Close())
	if got := server.Finish(); got.Refused != 1 || got.Requests > 3*20 {
		w.Fatalf("%+v", got)
	}
}

func callsMakeTheServerGrow(w *World) {
	w.part(func(w *World) {
		handler := Snapshots(100, 40)
		server := w.Grow(math.MaxUint32, func(_ session.Message, limit int) ([]byte, bool) {
			var answer protocol.CgroupsBuilder
			buf := make([]byte, limit)
			if answer.Start(buf) != nil || !handler.Handle(&protocol.CgroupsRequest{}, &answer) {
				return nil, false
			}
			length, err := answer.Finish()
			return buf[:max(length, 0)], err == nil
		})
		c := Connected(w, cgroups_snapshot.NewClient(w.Dir, endpointName, w.ClientConfig()))
		view, err := c.CallSnapshot()
		w.No(err)
		if view.ItemCount != 100 {
			w.Fatal(view.ItemCount)
		}
		w.No(c.Close())
		if got := server.Finish(); got.ResponseBytes != 16_384 {
			w.Fatalf("%+v", got)
		}
	})
	w.part(func(w *World) {
		// The reply to a batch is as long as its request: it fits whenever that does.
		server := w.Grow(math.MaxUint32, func(request session.Message, limit int) ([]byte, bool) {
			answer := bytes.Clone(request.Payload)
			for i := range request.Batch.Len() {
				number := answer[len(answer)-8*(i+1):]
				binary.LittleEndian.PutUint64(number, binary.LittleEndian.Uint64(number)+1)
			}
			return answer, len(answer) <= limit
		})
		c := Connected(w, increment.NewClient(w.Dir, endpointName, w.ClientConfig()))
		numbers := make([]uint64, 60)
		for i := range numbers {
			numbers[i] = uint64(i)
		}
		reply, err := c.CallBatch(numbers)
		w.No(err)
		for i, n := range reply.All() {
			if n != numbers[i]+1 {
				w.Fatalf("item %d is %d", i, n)
			}
		}
		_, err = c.CallBatch(make([]uint64, 200))
		w.Fails(err, service.ErrOverflow)
		w.No(c.Close())
		if got := server.Finish(); got.Refused != 0 {
			w.Fatalf("%+v", got)
		}
	})
}

// A server of ours gives what is proposed, up to its maximum.
func aLargeItemMakesAClientProposeMore(w *World) {
	for _, row := range []struct {
		most         uint32
		length, want int
	}{
		{0, 300_000, 0},
		{100_000, 90_000, 0},
		{100_000, 110_000, 1},
	} {
		w.part(func(w *World) {
			config := w.ServerConfig()
			config.MaxResponsePayloadBytes = row.most
			server := w.Serve(w.appsServer(config, largeName(row.length)))
			c := w.apps()
			for range 2 {
				if got := w.oversized(c, []uint32{1, 4, 2}, largeName(row.length)); got != row.want {
					w.Fatalf("%+v: %d are oversized", row, got)
				}
			}
			if stats := server.Finish(); stats.Requests() >= 16 {
				w.Fatalf("%+v: %d requests", row, stats.Requests())
			}
		})
	}
}

// A server that nobody configured grants more than a deployed client hints at, and a configured one does
// not.
func aServerWithoutAMaximumGrants64KiB(w *World) {
	nameLen := largeName(20_000)
	for _, row := range []struct {
		most, granted uint32
		want          int
	}{
		{0, 65_536, 0},
		{100_000, 1024, 1},
		{4000, 1024, 1},
	} {
		w.part(func(w *World) {
			serving, config := w.ServerConfig(), w.ClientConfig()
			serving.MaxResponsePayloadBytes, config.MaxResponsePayloadBytes = row.most, 1024
			w.Serve(w.appsServer(serving, nameLen))
			c := Connected(w, apps_lookup.NewClient(w.Dir, endpointName, config))
			if got := w.oversized(c, []uint32{1, 4, 2}, nameLen); got != row.want {
				w.Fatalf("%+v: %d are oversized", row, got)
			}
			if got := c.Status().Session.Limits.Response.PayloadBytes; got != row.granted {
				w.Fatalf("%+v: %d bytes", row, got)
			}
		})
	}
}

// part checks a part of a rule in a directory of its own.
func (w *World) part(check func(*World)) {
	w.Run("", func(t *testing.T) { check(NewWorld(t, w.Transport, w.profiles)) })
}
