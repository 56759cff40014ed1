package protocol_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/netipc/netipc/go/internal/fuzzing"
	"github.com/netipc/netipc/go/protocol"
)

// readers read bytes as each kind of message and look at everything in what they took for one. What
// they return is encoded again; it is nil where a decoder accepts more than one encoding.
var readers = map[string]func([]byte) ([]byte, error){
	"header": func(b []byte) ([]byte, error) {
		h, err := protocol.DecodeHeader(b)
		var dst [protocol.HeaderLen]byte
		h.Encode(&dst)
		return dst[:], err
	},
	"chunk_header": func(b []byte) ([]byte, error) {
		h, err := protocol.DecodeChunkHeader(b)
		var dst [protocol.ChunkHeaderLen]byte
		h.Encode(&dst)
		return dst[:], err
	},
	"hello": func(b []byte) ([]byte, error) {
		h, err := protocol.DecodeHello(b)
		var dst [protocol.HelloLen]byte
		h.Encode(&dst)
		return dst[:], err
	},
	"hello_ack": func(b []byte) ([]byte, error) {
		_, err := protocol.DecodeHelloAck(b)
		return nil, err
	},
	"increment": func(b []byte) ([]byte, error) {
		n, err := protocol.DecodeIncrement(b)
		dst := make([]byte, 8)
		must(protocol.EncodeIncrement(dst, n))
		return dst, err
	},
	"string_reverse": func(b []byte) ([]byte, error) {
		text, err := protocol.DecodeStringReverse(b)
		dst := make([]byte, text.Size())
		must(protocol.EncodeStringReverse(dst, text.Bytes()))
		return dst, err
	},
	"batch": func(b []byte) ([]byte, error) {
		list, err := protocol.ParsePacked(b, 0, 3, protocol.BatchRules)
		for i := range list.Len() {
			look(list.Get(i))
		}
		return nil, err
	},
	"cgroups_snapshot_request": func(b []byte) ([]byte, error) {
		_, err := protocol.DecodeCgroupsRequest(b)
		return []byte{1, 0, 0, 0}, err
	},
	"cgroups_snapshot_response": readSnapshot,
	"cgroups_lookup_request":    readRequest[protocol.TextKey],
	"apps_lookup_request":       readRequest[protocol.NumberKey],
	"cgroups_lookup_response":   readReply[protocol.TextKey, protocol.CgroupsLookupItemView, *protocol.CgroupsLookupItemView],
	"apps_lookup_response":      readReply[protocol.NumberKey, protocol.AppsLookupItemView, *protocol.AppsLookupItemView],
}

var sum byte

// look reads every byte, so that one that is not there is noticed.
func look(b []byte) {
	for _, b := range b {
		sum += b
	}
}

func readSnapshot(b []byte) ([]byte, error) {
	view, err := protocol.DecodeCgroupsResponse(b)
	if err != nil {
		return nil, err
	}
	valid := true
	for i := range view.ItemCount {
		item, err := view.Item(i)
		valid = valid && err == nil
		look(item.Name.Bytes())
		look(item.Path.Bytes())
	}
	if all := view.Validate(); (all == nil) != valid {
		panic("one by one is not all at once")
	}
	return nil, nil
}

func readRequest[K protocol.LookupKey[K]](b []byte) ([]byte, error) {
	view, err := protocol.DecodeLookupRequest[K](b)
	if err != nil {
		return nil, err
	}
	var keys []K
	for _, key := range view.Keys() {
		keys = append(keys, key)
	}
	// Whatever is valid can be asked for.
	dst := make([]byte, protocol.LookupRequestLen(keys))
	must(protocol.EncodeLookupRequest(dst, keys))
	again := must(protocol.DecodeLookupRequest[K](dst))
	for i, key := range again.Keys() {
		if !key.Same(keys[i]) {
			panic("another key")
		}
	}
	return nil, nil
}

func readReply[K protocol.LookupKey[K], I any, P protocol.LookupItem[K, I]](b []byte) ([]byte, error) {
	view, err := protocol.DecodeLookupResponse[K, I, P](b)
	if err != nil {
		return nil, err
	}
	for _, item := range view.Items() {
		// Whatever is valid can be sent, and is the same then.
		dst := make([]byte, P(&item).Size())
		if err := P(&item).Encode(dst); err != nil {
			panic(err)
		}
		same := must(protocol.DecodeLookupItem[K, I, P](dst))
		again := make([]byte, len(dst))
		if err := P(&same).Encode(again); err != nil || !bytes.Equal(again, dst) {
			panic("another item")
		}
	}
	return nil, nil
}

// seeds returns the golden messages of a kind.
func seeds(tb testing.TB, kind string) [][]byte {
	var entries []struct {
		Type string
		Hex  hexBytes
	}
	readVectors(tb, "codec.json", &entries)
	var found [][]byte
	for _, entry := range entries {
		if entry.Type == kind {
			found = append(found, entry.Hex)
		}
	}
	if len(found) == 0 {
		tb.Fatalf("no vectors of type %s", kind)
	}
	return found
}

// fuzz reads any bytes as kind: they are refused, or they are what is written of them.
func fuzz(f *testing.F, kind string) {
	for _, seed := range seeds(f, kind) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) { readAs(t, kind, b) })
}

func readAs(t *testing.T, kind string, b []byte) {
	again, err := readers[kind](b)
	if err == nil && again != nil && !bytes.HasPrefix(b, again) {
		t.Errorf("%s: %x is written as %x", kind, b, again)
	}
}

// Every target is fed for a moment.
func TestFuzzTargetsBearWhatTheyAreFed(t *testing.T) {
	for kind := range readers {
		t.Run(kind, func(t *testing.T) {
			fuzzing.Feed(t, seeds(t, kind), func(t *testing.T, b []byte) { readAs(t, kind, b) })
		})
	}
	t.Run("directory", func(t *testing.T) { fuzzing.Feed(t, directories(t), readDirectory) })
	t.Run("labels", func(t *testing.T) { fuzzing.Feed(t, labelTables(), readLabels) })
}

// directories are golden batches behind a header's length, a count, the shortest item, and whether items are in order.
func directories(tb testing.TB) [][]byte {
	var all [][]byte
	for _, batch := range seeds(tb, "batch") {
		for count := byte(1); count < 5; count++ {
			all = append(all, append([]byte{0, count, 0, 0, 1}, batch...), append([]byte{0, count, 0, 0, 0}, batch...))
		}
	}
	return all
}

// readDirectory takes any bytes for a list: what is accepted is within its bytes, and written again it is the same list.
func readDirectory(t *testing.T, b []byte) {
	if len(b) < 5 {
		return
	}
	header, count := int(b[0]), uint32(b[1])|uint32(b[2])<<8
	rules := protocol.ListRules{MinLen: int(b[3]), Ordered: b[4]&1 == 1}
	list, err := protocol.ParsePacked(b[5:], header, count, rules)
	if err != nil {
		return
	}
	if list.Len() != int(count) {
		t.Errorf("%d items, not %d", list.Len(), count)
	}
	total := 0
	for i := range list.Len() {
		item := list.Get(i)
		look(item)
		total += len(item)
		if len(item) < rules.MinLen {
			t.Errorf("an item of %d bytes", len(item))
		}
	}
	if rules.Ordered && total > len(b)-5 {
		t.Errorf("%d bytes of items in %d", total, len(b)-5)
	}
}

// labelTables are items with their labels, behind a count and where the table begins.
func labelTables() [][]byte {
	one := append([]byte{1, 0, 8, 7, 7, 7, 7, 7, 7, 7, 7}, 24, 0, 0, 0, 1, 0, 0, 0, 26, 0, 0, 0, 1, 0, 0, 0)
	// Where nothing stands in front of the table, it was looked at what does.
	nothing := append([]byte{1, 0, 0}, 16, 0, 0, 0, 1, 0, 0, 0, 18, 0, 0, 0, 1, 0, 0, 0)
	return [][]byte{{0, 0, 4, 1, 2, 3, 4}, append(one, "a\x00b\x00"...), append(nothing, "a\x00b\x00"...)}
}

// readLabels takes any bytes for labels.
func readLabels(t *testing.T, b []byte) {
	if len(b) < 3 {
		return
	}
	if err := protocol.CheckLabels(b[3:], uint16(b[0])|uint16(b[1])<<8, uint64(b[2])); err == nil && int(b[2]) > len(b)-3 {
		t.Error("labels behind the end of their item")
	}
}

func TestLabelsOfAnItemWithoutAnythingElse(t *testing.T) {
	alone := labelTables()[2]
	if err := protocol.CheckLabels(alone[3:], 1, 0); err != nil {
		t.Error(err)
	}
	if err := protocol.CheckLabels(alone[3:], 2, 0); !errors.Is(err, protocol.ErrOutOfBounds) {
		t.Error(err)
	}
}

func FuzzDirectory(f *testing.F) {
	for _, seed := range directories(f) {
		f.Add(seed)
	}
	f.Fuzz(readDirectory)
}

func FuzzLabels(f *testing.F) {
	for _, seed := range labelTables() {
		f.Add(seed)
	}
	f.Fuzz(readLabels)
}

func FuzzHeader(f *testing.F)                { fuzz(f, "header") }
func FuzzChunkHeader(f *testing.F)           { fuzz(f, "chunk_header") }
func FuzzHello(f *testing.F)                 { fuzz(f, "hello") }
func FuzzHelloAck(f *testing.F)              { fuzz(f, "hello_ack") }
func FuzzIncrement(f *testing.F)             { fuzz(f, "increment") }
func FuzzStringReverse(f *testing.F)         { fuzz(f, "string_reverse") }
func FuzzBatch(f *testing.F)                 { fuzz(f, "batch") }
func FuzzCgroupsRequest(f *testing.F)        { fuzz(f, "cgroups_snapshot_request") }
func FuzzCgroupsResponse(f *testing.F)       { fuzz(f, "cgroups_snapshot_response") }
func FuzzCgroupsLookupRequest(f *testing.F)  { fuzz(f, "cgroups_lookup_request") }
func FuzzCgroupsLookupResponse(f *testing.F) { fuzz(f, "cgroups_lookup_response") }
func FuzzAppsLookupRequest(f *testing.F)     { fuzz(f, "apps_lookup_request") }
func FuzzAppsLookupResponse(f *testing.F)    { fuzz(f, "apps_lookup_response") }

// Every golden message, cut short at every byte and with every bit of it turned, is refused or is
// good to look at.
func TestSpoiltMessages(t *testing.T) {
	for kind, read := range readers {
		for _, message := range seeds(t, kind) {
			for n := range len(message) {
				// A batch is padded, and its header is elsewhere.
				if _, err := read(message[:n:n]); err == nil && kind != "batch" {
					t.Errorf("%s: %d bytes of %d are enough", kind, n, len(message))
				}
			}
			spoilt := bytes.Clone(message)
			for i := range spoilt {
				for bit := range 8 {
					spoilt[i] ^= 1 << bit
					readAs(t, kind, spoilt)
					spoilt[i] ^= 1 << bit
				}
			}
		}
	}
}
