package protocol_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/netipc/netipc/go/protocol"
)

const room = 4096

// dispatched is how a kind answers; fail tells its handler to return false.
type dispatched func(payload, answer []byte, fail bool) (int, protocol.Status)

// refuses is what every kind does alike: nonsense is refused, and what does not fit says so.
func refuses(t *testing.T, answer dispatched, payload, nonsense []byte) {
	t.Helper()
	for _, row := range []struct {
		payload []byte
		room    int
		fail    bool
		want    protocol.Status
	}{
		{nonsense, room, false, protocol.StatusBadEnvelope},
		{payload, 7, false, protocol.StatusLimitExceeded},
		{payload, room, true, protocol.StatusInternalError},
	} {
		length, status := answer(row.payload, make([]byte, row.room), row.fail)
		if length != 0 || status != row.want {
			t.Errorf("%d bytes, %v instead of %v", length, status, row.want)
		}
	}
}

// respond returns the answer that is OK.
func respond(t *testing.T, answer dispatched, payload []byte) []byte {
	t.Helper()
	buf := make([]byte, room)
	length, status := answer(payload, buf, false)
	if status != protocol.StatusOK {
		t.Fatalf("answered with %v", status)
	}
	return buf[:length]
}

// encodedBy is what encode writes.
func encodedBy(t *testing.T, encode func(dst []byte) (int, error)) []byte {
	t.Helper()
	buf := make([]byte, room)
	length, err := encode(buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:length]
}

func TestDispatchOfValues(t *testing.T) {
	increment := func(payload, answer []byte, fail bool) (int, protocol.Status) {
		return protocol.DispatchIncrement(payload, answer, func(n uint64) (uint64, bool) { return n + 1, !fail })
	}
	request := encodedBy(t, func(dst []byte) (int, error) { return protocol.EncodeIncrement(dst, 41) })
	if n, err := protocol.DecodeIncrement(respond(t, increment, request)); n != 42 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	refuses(t, increment, request, make([]byte, 7))

	reverse := func(payload, answer []byte, fail bool) (int, protocol.Status) {
		return protocol.DispatchStringReverse(payload, answer, func(text []byte) ([]byte, bool) {
			return append([]byte("of "), text...), !fail
		})
	}
	request = encodedBy(t, func(dst []byte) (int, error) { return protocol.EncodeStringReverse(dst, []byte("abc")) })
	if text, err := protocol.DecodeStringReverse(respond(t, reverse, request)); text.String() != "of abc" || err != nil {
		t.Errorf("%v, %v", text, err)
	}
	refuses(t, reverse, request, make([]byte, 7))
}

func TestDispatchOfSnapshots(t *testing.T) {
	snapshot := func(payload, answer []byte, fail bool) (int, protocol.Status) {
		// The two names of a request are the same.
		handle := func(_ protocol.CgroupsRequestView, builder *protocol.CgroupsBuilder) bool {
			builder.SetHeader(1, 7)
			return builder.Add(1, 2, 3, []byte("name"), []byte("/path")) == nil && !fail
		}
		return protocol.DispatchCgroupsSnapshot(payload, answer, handle)
	}
	request := encodedBy(t, func(dst []byte) (int, error) { return protocol.Encode(dst, protocol.CgroupsRequest{}) })
	view, err := protocol.DecodeCgroupsResponse(respond(t, snapshot, request))
	if err != nil || view.ItemCount != 1 || view.Generation != 7 {
		t.Fatalf("%+v, %v", view, err)
	}
	if item, err := view.Item(0); err != nil || item.Hash != 1 || item.Path.String() != "/path" {
		t.Errorf("%+v, %v", item, err)
	}
	refuses(t, snapshot, request, make([]byte, 3))
}

// again writes the items of a reply into others, from values and from bytes that were validated.
func again[K protocol.LookupKey[K], I any, P protocol.LookupItem[K, I]](t *testing.T, reply *protocol.LookupResponse[K, I, P]) {
	t.Helper()
	var values, raw protocol.LookupReplyBuilder[K, I, P]
	buffers := [2][]byte{make([]byte, room), make([]byte, room)}
	if err := errors.Join(values.Start(buffers[0]), raw.Start(buffers[1])); err != nil {
		t.Fatal(err)
	}
	values.SetGeneration(reply.Generation)
	raw.SetGeneration(reply.Generation)
	for i, item := range reply.Items() {
		valid, err := reply.ValidItem(uint32(i))
		if err := errors.Join(err, values.Push(&item), raw.PushValid(valid)); err != nil {
			t.Fatal(err)
		}
	}
	if values.ItemCount() != reply.Len() || raw.ItemCount() != reply.Len() {
		t.Errorf("%d and %d items", values.ItemCount(), raw.ItemCount())
	}
	for i, length := range []int{values.Finish(), raw.Finish()} {
		if !bytes.Equal(buffers[i][:length], reply.Payload()) {
			t.Errorf("%x instead of %x", buffers[i][:length], reply.Payload())
		}
	}
	// What does not fit is refused, and leaves the reply as it was.
	var full protocol.LookupReplyBuilder[K, I, P]
	if err := full.Start(make([]byte, 24)); err != nil {
		t.Fatal(err)
	}
	valid, err := reply.ValidItem(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := full.PushValid(valid); !errors.Is(err, protocol.ErrOverflow) {
		t.Errorf("got %v", err)
	}
	if length := full.Finish(); length != protocol.LookupHeaderLen {
		t.Errorf("%d bytes", length)
	}
	if _, err := reply.ValidItem(uint32(reply.Len())); !errors.Is(err, protocol.ErrOutOfBounds) {
		t.Errorf("got %v", err)
	}
	if err := full.Start(make([]byte, 15)); !errors.Is(err, protocol.ErrOverflow) {
		t.Errorf("got %v", err)
	}
}

func TestDispatchOfLookups(t *testing.T) {
	cgroups := func(payload, answer []byte, fail bool) (int, protocol.Status) {
		return protocol.DispatchCgroupsLookup(payload, answer,
			func(request *protocol.CgroupsLookupRequestView, builder *protocol.CgroupsLookupBuilder) bool {
				builder.SetGeneration(9)
				for _, path := range request.Keys() {
					item := protocol.CgroupsLookupItemView{Status: protocol.CgroupStatusKnown, Path: path.CStringView, Name: protocol.CString([]byte("n"))}
					if builder.Add(item) != nil {
						return false
					}
				}
				return !fail
			})
	}
	request := encodedBy(t, func(dst []byte) (int, error) {
		return protocol.EncodeCgroupsLookupRequest(dst, [][]byte{[]byte("/a"), []byte("/b")})
	})
	found, err := protocol.DecodeCgroupsLookupResponse(respond(t, cgroups, request))
	if err != nil || found.Len() != 2 || found.Generation != 9 {
		t.Fatalf("%+v, %v", found, err)
	}
	again(t, &found.LookupResponse)
	refuses(t, cgroups, request, make([]byte, 15))

	apps := func(payload, answer []byte, fail bool) (int, protocol.Status) {
		return protocol.DispatchAppsLookup(payload, answer,
			func(_ *protocol.AppsLookupRequestView, builder *protocol.AppsLookupBuilder) bool {
				for builder.Remaining() > 0 {
					if builder.AddBare(protocol.PidStatusUnknown) != nil {
						return false
					}
				}
				return !fail
			})
	}
	request = encodedBy(t, func(dst []byte) (int, error) { return protocol.EncodeAppsLookupRequest(dst, []uint32{1, 2}) })
	processes, err := protocol.DecodeAppsLookupResponse(respond(t, apps, request))
	if err != nil || processes.Len() != 2 {
		t.Fatalf("%+v, %v", processes, err)
	}
	again(t, &processes.LookupResponse)
	refuses(t, apps, request, make([]byte, 15))
}

func TestBatchesAreEncodedAsTheyAreRead(t *testing.T) {
	items := [][]byte{[]byte("one"), {}, []byte("three")}
	buf := make([]byte, protocol.BatchLen(items))
	length, err := protocol.EncodeBatch(buf, items)
	if err != nil || length != len(buf) {
		t.Fatalf("%d of %d bytes, %v", length, len(buf), err)
	}
	batch, err := protocol.ParsePacked(buf, 0, uint32(len(items)), protocol.BatchRules)
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range items {
		if !bytes.Equal(batch.Get(i), item) {
			t.Errorf("item %d is %q", i, batch.Get(i))
		}
	}
	for short := range len(buf) {
		if _, err := protocol.EncodeBatch(buf[:short], items); !errors.Is(err, protocol.ErrOverflow) {
			t.Errorf("%d bytes: %v", short, err)
		}
	}
	if _, err := protocol.EncodeBatch(buf, nil); !errors.Is(err, protocol.ErrBadItemCount) {
		t.Errorf("got %v", err)
	}
}
