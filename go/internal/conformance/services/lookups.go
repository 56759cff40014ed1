package services

import (
	"bytes"
	"fmt"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
)

// lookupRules are the rules of logical lookups.
var lookupRules = []rule{
	{"processes are found in order", processesAreFoundInOrder},
	{"cgroups are found in order", cgroupsAreFoundInOrder},
	{"no keys ask for the generation", noKeysAskForTheGeneration},
	{"items that fit no answer are oversized", itemsThatFitNoAnswer},
	{"keys that fit no request are oversized", keysThatFitNoRequest},
	{"large and small items mix", largeAndSmallItemsMix},
	{"bad keys are refused before anything is sent", badKeysAreRefused},
}

func processesAreFoundInOrder(w *World) {
	length := func(uint32) int { return 20 }
	w.Serve(w.appsServer(w.ServerConfig(), length))
	c := w.apps()
	for _, count := range []uint32{1, 256, 20_000, 1} {
		pids := make([]uint32, count)
		for i := range pids {
			pids[i] = count - uint32(i) - 1
		}
		w.findsProcesses(c, pids, length)
	}
	w.findsProcesses(c, []uint32{7, 7, 1<<32 - 1, 7}, length)
	if got := c.Counters(); got.Errors != 0 {
		w.Fatalf("%+v", got)
	}
}

func cgroupsAreFoundInOrder(w *World) {
	w.Serve(w.cgroupsServer())
	c := w.cgroups(w.ClientConfig())
	for _, count := range []int{1, 256, 20_000} {
		var paths [][]byte
		for i := range count {
			paths = append(paths, fmt.Appendf(nil, "/slice/pod-%d", i))
		}
		w.findsPaths(c, paths...)
	}
	w.findsPaths(c, []byte("/a"), bytes.Repeat([]byte("/long"), 400), []byte("\xff\xfe"), []byte("/a"))
	if got := c.Counters(); got.Errors != 0 {
		w.Fatalf("%+v", got)
	}
}

func noKeysAskForTheGeneration(w *World) {
	server := w.Serve(w.cgroupsServer())
	reply, err := w.cgroups(w.ClientConfig()).Call(nil)
	w.No(err)
	if reply.Len() != 0 || reply.Generation != Generation {
		w.Fatalf("%d items of generation %d", reply.Len(), reply.Generation)
	}
	if stats := server.Finish(); stats.Requests() != 1 {
		w.Fatalf("%d requests", stats.Requests())
	}
}

func itemsThatFitNoAnswer(w *World) {
	length := func(pid uint32) int {
		if pid%20 == 4 {
			return 9000
		}
		return 10
	}
	config := w.ServerConfig()
	config.MaxResponsePayloadBytes = 8192
	w.Serve(w.appsServer(config, length))
	c := w.apps()
	for _, first := range []uint32{0, 4} {
		var pids []uint32
		for pid := first; pid < 300; pid++ {
			pids = append(pids, pid)
		}
		reply, err := c.Call(pids)
		w.No(err)
		if reply.Len() != len(pids) {
			w.Fatalf("%d items", reply.Len())
		}
		for i, item := range reply.Items() {
			want := Process(pids[i], 10)
			if pids[i]%20 == 4 {
				want = item.Bare(protocol.NumberKey(pids[i]), uint16(protocol.PidStatusOversizedItem))
			}
			if !sameItem(item, want) {
				w.Fatalf("item %d is %+v", i, item)
			}
		}
	}
}

func keysThatFitNoRequest(w *World) {
	w.Serve(w.cgroupsServer())
	long, longer := bytes.Repeat([]byte{'l'}, 3000), bytes.Repeat([]byte{'m'}, 2<<20)
	c := w.cgroups(w.ClientConfig())
	w.findsPaths(c, []byte("/a"), long, []byte("/b"))
	w.oversizedBetween(c, longer)
	config := w.ClientConfig()
	config.MaxRequestPayloadBytes = 2048
	c = w.cgroups(config)
	w.oversizedBetween(c, long)
	before := c.Counters()
	reply, err := c.Call([][]byte{long, long})
	w.No(err)
	for _, item := range reply.Items() {
		if item.Status != protocol.CgroupStatusOversizedItem {
			w.Fatalf("%+v", item)
		}
	}
	if reply.Len() != 2 || reply.Generation != Generation || c.Counters().Calls != before.Calls+1 {
		w.Fatal("one request, for the generation")
	}
}

func largeAndSmallItemsMix(w *World) {
	length := func(pid uint32) int { return int(pid) * 7919 % 3000 }
	config := w.ServerConfig()
	config.MaxResponsePayloadBytes = 16_384
	server := w.Serve(w.appsServer(config, length))
	pids := make([]uint32, 1500)
	for i := range pids {
		pids[i] = uint32(i)
	}
	w.findsProcesses(w.apps(), pids, length)
	if stats := server.Finish(); stats.Requests() <= 20 || stats.Requests() >= 300 {
		w.Fatalf("%d requests for %d keys", stats.Requests(), len(pids))
	}
}

func badKeysAreRefused(w *World) {
	server := w.Serve(w.cgroupsServer())
	config := w.ClientConfig()
	config.MaxLogicalLookupItems = 3
	c := w.cgroups(config)
	good := []byte("/good")
	for _, bad := range []string{"", "a\x00b", "\x00"} {
		_, err := c.Call([][]byte{good, []byte(bad)})
		w.Fails(err, service.ErrInvalidRequest)
	}
	_, err := c.Call([][]byte{good, good, good, good})
	w.Fails(err, service.ErrOverflow)
	if stats := server.Stats(); stats.Requests() != 0 {
		w.Fatalf("%d requests", stats.Requests())
	}
	w.findsPaths(c, good, good, good)
}

func (w *World) findsProcesses(c *processClient, pids []uint32, nameLen func(uint32) int) {
	w.Helper()
	reply, err := c.Call(pids)
	w.No(err)
	if reply.Len() != len(pids) || reply.Generation != Generation {
		w.Fatalf("%d items of generation %d", reply.Len(), reply.Generation)
	}
	for i, item := range reply.Items() {
		if !sameItem(item, Process(pids[i], nameLen(pids[i]))) {
			w.Fatalf("item %d is %+v", i, item)
		}
	}
}

func (w *World) findsPaths(c *pathClient, paths ...[]byte) {
	w.Helper()
	reply, err := c.Call(paths)
	w.No(err)
	if reply.Len() != len(paths) || reply.Generation != Generation {
		w.Fatalf("%d items of generation %d", reply.Len(), reply.Generation)
	}
	for i, item := range reply.Items() {
		if !sameItem(item, Path(paths[i])) {
			w.Fatalf("item %d is %+v", i, item)
		}
	}
}

func (w *World) oversizedBetween(c *pathClient, long []byte) {
	w.Helper()
	paths := [][]byte{[]byte("/a"), long, []byte("/b")}
	reply, err := c.Call(paths)
	w.No(err)
	for i, item := range reply.Items() {
		want := Path(paths[i])
		if i == 1 {
			want = item.Bare(protocol.TextKey{CStringView: protocol.CString(long)}, uint16(protocol.CgroupStatusOversizedItem))
		}
		if !sameItem(item, want) {
			w.Fatalf("item %d is of status %v", i, item.Status)
		}
	}
}
