package protocol_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/netipc/netipc/go/protocol"
)

// text returns up to most bytes without NUL.
func text(r *rand.Rand, most int) []byte {
	b := make([]byte, r.IntN(most+1))
	for i := range b {
		b[i] = byte(1 + r.IntN(255))
	}
	return b
}

func randomLabels(r *rand.Rand) protocol.Labels {
	labels := make([]protocol.Label, r.IntN(4))
	for i := range labels {
		labels[i] = protocol.NewLabel(append(text(r, 20), 'k'), text(r, 200))
	}
	return protocol.LabelsOf(labels)
}

func randomCgroup(r *rand.Rand, path protocol.TextKey) protocol.CgroupsLookupItemView {
	if r.IntN(3) == 0 {
		return protocol.CgroupsLookupItemView{}.Bare(path, uint16(1+r.IntN(2)))
	}
	return protocol.CgroupsLookupItemView{
		Orchestrator: protocol.Orchestrator(r.IntN(9)), Path: path.CStringView,
		Name: protocol.CString(text(r, 100)), Labels: randomLabels(r),
	}
}

func randomApp(r *rand.Rand, pid protocol.NumberKey) protocol.AppsLookupItemView {
	if r.IntN(3) == 0 {
		return protocol.AppsLookupItemView{}.Bare(pid, uint16(protocol.PidStatusUnknown))
	}
	item := protocol.AppsLookupItemView{
		Pid: uint32(pid), Ppid: r.Uint32(), Uid: r.Uint32(), Starttime: r.Uint64(),
		Comm: protocol.CString(append(text(r, 14), 'c')), CgroupPath: protocol.CString(append(text(r, 80), 'p')),
		CgroupStatus: protocol.AppsCgroupStatus(r.IntN(4)),
	}
	switch item.CgroupStatus {
	case protocol.AppsCgroupStatusKnown:
		item.Orchestrator = protocol.Orchestrator(r.IntN(9))
		item.CgroupName, item.Labels = protocol.CString(text(r, 30)), randomLabels(r)
	case protocol.AppsCgroupStatusHostRoot:
		item.CgroupPath = protocol.CStringView{}
	}
	return item
}

// What fits is read as it was added; what does not is said to be missing.
func TestRandomAnswers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		paths := make([][]byte, r.IntN(20))
		pids := make([]uint32, len(paths))
		for i := range paths {
			paths[i], pids[i] = append(text(r, 60), 'x'), r.Uint32()
		}
		buf := spoilt(16 + r.IntN(8000))
		{
			var b protocol.CgroupsLookupBuilder
			request := must(protocol.DecodeCgroupsLookupRequest(cgroupsRequest(paths)))
			if b.Start(request, buf) == nil {
				var items []protocol.CgroupsLookupItemView
				for _, path := range request.Keys() {
					items = append(items, randomCgroup(r, path))
					_ = b.Add(items[len(items)-1])
				}
				n, err := b.Finish()
				checkAnswer[protocol.TextKey](t, items, buf[:n], err)
			}
		}
		payload := spoilt(16 + 16*len(pids))
		must(protocol.EncodeAppsLookupRequest(payload, pids))
		request := must(protocol.DecodeAppsLookupRequest(payload))
		var b protocol.AppsLookupBuilder
		if b.Start(request, buf) == nil {
			var items []protocol.AppsLookupItemView
			for _, pid := range request.Keys() {
				items = append(items, randomApp(r, pid))
				_ = b.Add(items[len(items)-1])
			}
			n, err := b.Finish()
			checkAnswer[protocol.NumberKey](t, items, buf[:n], err)
		}
	}
}

func checkAnswer[K protocol.LookupKey[K], I any, P protocol.LookupItem[K, I]](t *testing.T, items []I, payload []byte, err error) {
	t.Helper()
	if err != nil {
		if !errors.Is(err, protocol.ErrOverflow) {
			t.Error(err)
		}
		return
	}
	view := must(protocol.DecodeLookupResponse[K, I, P](payload))
	check(t, "items", view.Len(), len(items))
	full := false
	for i, got := range view.Items() {
		switch P(&got).StatusCode() {
		case view.Rules().Exceeded:
			full = full || i > 0
			check(t, "the first one that is exceeded is not at the head", full, true)
		case view.Rules().Oversized:
			check(t, "oversized", P(&items[i]).Size()+24 > len(payload), true)
		default:
			check(t, "nothing follows what is exceeded", full, false)
			checkBytes(t, view.List().Get(i), encoded(t, P(&items[i])))
		}
	}
}

// Rules C15, C17.
func TestKeys(t *testing.T) {
	for key, want := range map[string]error{
		"/a\x00": nil, "/a": protocol.ErrMissingNul, "/\x00a\x00": protocol.ErrBadLayout,
		"\x00\x00": protocol.ErrBadLayout, "\x00": protocol.ErrBadLayout,
	} {
		request := append([]byte{1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(len(key)), 0, 0, 0}, key...)
		if _, err := protocol.DecodeCgroupsLookupRequest(request); !errors.Is(err, want) {
			t.Errorf("%q: %v", key, err)
		}
	}
	for _, text := range []string{"", "a\x00b"} {
		if _, err := protocol.NewTextKey([]byte(text)); !errors.Is(err, protocol.ErrBadLayout) {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := protocol.EncodeCgroupsLookupRequest(spoilt(64), [][]byte{[]byte(text)}); !errors.Is(err, protocol.ErrBadLayout) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestWindowsHoldWhatFits(t *testing.T) {
	var keys protocol.LookupKeys[protocol.NumberKey]
	numbers := make([]protocol.NumberKey, 100)
	keys.Start(len(numbers))
	for i := range numbers {
		numbers[i] = protocol.NumberKey(i)
		if err := keys.Add(numbers[i]); err != nil {
			t.Fatal(err)
		}
	}
	rules := (&protocol.AppsLookupItemView{}).Rules()
	fill := func(limits protocol.LookupWindowLimits) protocol.LookupWindow {
		return keys.Window(0, limits, rules.Likely)
	}
	all := protocol.LookupWindowLimits{Keys: 1000, Request: 1 << 20, Reply: 1 << 20}
	check(t, "everything", fill(all), protocol.LookupWindow{Keys: 100, Bytes: 16 + 1600})
	check(t, "the last ones", keys.Window(97, all, rules.Likely), protocol.LookupWindow{Keys: 3, Bytes: 16 + 48})
	check(t, "bytes", keys.RequestBytes(), protocol.LookupRequestLen(numbers))
	check(t, "a bare reply", keys.ReplyBytes(rules.Bare), 16+800+99*64+63)
	some := all
	some.Keys = 7
	check(t, "keys", fill(some).Keys, 7)
	some = all
	some.Request = 16 + 16*9 + 15
	check(t, "request", fill(some), protocol.LookupWindow{Keys: 9, Bytes: 16 + 16*9})
	some = all
	some.Reply = 1000
	check(t, "reply", fill(some).Keys, (800-16)/72)
	some.Item = 5000
	check(t, "one at least", fill(some).Keys, 1)
	some.Request = 20
	check(t, "none where none fits", fill(some), protocol.LookupWindow{Bytes: 16})
	check(t, "slack", protocol.LookupReplyWithSlack(1000), 1255)
}

// Whatever part of the keys is asked for, its request is that of these keys alone.
func TestKeysAreEncodedOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var keys protocol.LookupKeys[protocol.TextKey]
	for range 50 {
		texts := make([]protocol.TextKey, r.IntN(9))
		keys.Start(len(texts))
		for i := range texts {
			texts[i] = must(protocol.NewTextKey(append(text(r, 30), 'k')))
			if err := keys.Add(texts[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := keys.Add(must(protocol.NewTextKey([]byte("more")))); !errors.Is(err, protocol.ErrBadItemCount) {
			t.Errorf("one key too many: %v", err)
		}
		for from := range len(texts) + 1 {
			for count := range len(texts) - from + 1 {
				part := texts[from : from+count]
				want := make([]byte, protocol.LookupRequestLen(part))
				must(protocol.EncodeLookupRequest(want, part))
				checkBytes(t, keys.Request(from, count), want)
			}
		}
		for i, text := range texts {
			check(t, "key", keys.At(i).Same(text), true)
		}
	}
	keys.Start(1)
	if err := keys.Add(protocol.TextKey{}); !errors.Is(err, protocol.ErrBadLayout) {
		t.Errorf("an empty key: %v", err)
	}
}

// Steady paths leave nothing to the garbage collector.
func TestNothingIsAllocated(t *testing.T) {
	for name, codec := range codecs(16) {
		must(codec.call())
		if n := testing.AllocsPerRun(20, func() { must(codec.call()) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	buf := make([]byte, 4096)
	name, path := []byte("init.scope"), bytes.Repeat([]byte("/p"), 30)
	var b protocol.CgroupsBuilder
	for name, f := range map[string]func(){
		"increment": func() { must(protocol.DecodeIncrement(buf[:must(protocol.EncodeIncrement(buf, 1))])) },
		"string_reverse": func() {
			must(protocol.DecodeStringReverse(buf[:must(protocol.EncodeStringReverse(buf, path))]))
		},
		"header": func() {
			h := protocol.RequestHeader(protocol.MethodIncrement, 1)
			h.Encode((*[protocol.HeaderLen]byte)(buf))
			must(protocol.DecodeHeader(buf))
		},
		"snapshot": func() {
			_ = b.Start(buf)
			for range 20 {
				_ = b.Add(1, 2, 3, name, path)
			}
			view := must(protocol.DecodeCgroupsResponse(buf[:must(b.Finish())]))
			for i := range view.ItemCount {
				must(view.Item(i))
			}
		},
	} {
		if n := testing.AllocsPerRun(20, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// A view that nothing was decoded into has no items.
func TestEmptyViews(t *testing.T) {
	var reply protocol.AppsLookupResponseView
	if _, err := reply.Item(0); !errors.Is(err, protocol.ErrOutOfBounds) {
		t.Errorf("item of nothing: %v", err)
	}
	for range reply.Items() {
		t.Error("nothing has items")
	}
	var request protocol.CgroupsLookupRequestView
	if _, err := request.Item(0); !errors.Is(err, protocol.ErrOutOfBounds) {
		t.Errorf("key of nothing: %v", err)
	}
}
