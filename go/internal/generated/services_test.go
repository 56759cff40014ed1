// Package generated_test holds the Go code of every service, made from its schema, against the golden
// messages of the schemas, and feeds it any bytes.
package generated_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netipc/netipc/go/internal/fuzzing"
	"github.com/netipc/netipc/go/internal/generated/ip_to_asn"
	"github.com/netipc/netipc/go/internal/generated/pid_traffic"
	"github.com/netipc/netipc/go/protocol"
)

// codec reads bytes as a message and writes it again; no bytes where nobody may write such a message.
type codec func([]byte) ([]byte, error)

// codecs are those of all services, by the types of messages in vectors.
var codecs = map[string]codec{
	"increment_request":         value(number),
	"increment_response":        value(number),
	"string_reverse_request":    value(protocol.DecodeStringReverse),
	"string_reverse_response":   value(protocol.DecodeStringReverse),
	"cgroups_snapshot_request":  value(protocol.DecodeCgroupsRequest),
	"cgroups_snapshot_response": snapshot,
	"cgroups_lookup_request":    keys[protocol.TextKey],
	"cgroups_lookup_response":   items[protocol.TextKey, protocol.CgroupsLookupItemView, *protocol.CgroupsLookupItemView, protocol.CgroupsLookupBuilder],
	"apps_lookup_request":       keys[protocol.NumberKey],
	"apps_lookup_response":      items[protocol.NumberKey, protocol.AppsLookupItemView, *protocol.AppsLookupItemView, protocol.AppsLookupBuilder],
	"ip_to_asn_request":         keys[ip_to_asn.Key],
	"ip_to_asn_response":        items[ip_to_asn.Key, ip_to_asn.Item, *ip_to_asn.Item, ip_to_asn.Builder],
	"pid_traffic_request":       keys[pid_traffic.Key],
	"pid_traffic_response":      items[pid_traffic.Key, pid_traffic.Item, *pid_traffic.Item, pid_traffic.Builder],
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func written(value protocol.Encoder) []byte {
	dst := bytes.Repeat([]byte{0xee}, value.Size())
	if err := value.Encode(dst); err != nil {
		panic(err)
	}
	return dst
}

func number(payload []byte) (protocol.Number, error) {
	n, err := protocol.DecodeIncrement(payload)
	return protocol.Number(n), err
}

func value[T protocol.Encoder](decode func([]byte) (T, error)) codec {
	return func(payload []byte) ([]byte, error) {
		value, err := decode(payload)
		if err != nil {
			return nil, err
		}
		return written(value), nil
	}
}

func snapshot(payload []byte) ([]byte, error) {
	reply, err := protocol.DecodeCgroupsResponse(payload)
	if err == nil {
		err = reply.Validate()
	}
	if err != nil {
		return nil, err
	}
	var builder protocol.CgroupsBuilder
	dst := room(len(payload))
	err = builder.Start(dst)
	builder.SetHeader(reply.SystemdEnabled, reply.Generation)
	for i := range reply.ItemCount {
		// Readers of snapshots take a NUL inside a text, writers do not.
		if err = builder.Push(must(reply.Item(i))); errors.Is(err, protocol.ErrBadLayout) {
			return nil, nil
		}
	}
	return dst[:must(builder.Finish())], err
}

// room is a buffer with enough room for a message of so many bytes, and whatever it holds twice.
func room(size int) []byte { return bytes.Repeat([]byte{0xee}, 1<<16+40*size) }

func keys[K protocol.LookupKey[K]](payload []byte) ([]byte, error) {
	request, err := protocol.DecodeLookupRequest[K](payload)
	if err != nil {
		return nil, err
	}
	var keys []K
	for _, key := range request.Keys() {
		keys = append(keys, key)
	}
	dst := bytes.Repeat([]byte{0xee}, protocol.LookupRequestLen(keys))
	return dst[:must(protocol.EncodeLookupRequest(dst, keys))], nil
}

// builder is the builder of a lookup, by its address.
type builder[K protocol.LookupKey[K], P, B any] interface {
	*B
	Start(protocol.LookupRequest[K], []byte) error
	SetGeneration(uint64)
	Push(P) error
	Finish() (int, error)
}

func items[K protocol.LookupKey[K], I any, P protocol.LookupItem[K, I], B any, BP builder[K, P, B]](payload []byte) ([]byte, error) {
	reply, err := protocol.DecodeLookupResponse[K, I, P](payload)
	if err != nil {
		return nil, err
	}
	var keys []K
	var items []I
	answer := true
	for _, item := range reply.Items() {
		keys, items = append(keys, P(&item).Key()), append(items, item)
		answer = answer && P(&item).StatusCode() != P(&item).Rules().Exceeded
		again := must(protocol.DecodeLookupItem[K, I, P](written(P(&item))))
		if !bytes.Equal(written(P(&again)), written(P(&item))) {
			panic("another item")
		}
	}
	if !answer {
		return nil, nil
	}
	asked := make([]byte, protocol.LookupRequestLen(keys))
	request := must(protocol.DecodeLookupRequest[K](asked[:must(protocol.EncodeLookupRequest(asked, keys))]))
	var builder B
	dst := room(len(payload))
	err = BP(&builder).Start(request, dst)
	BP(&builder).SetGeneration(reply.Generation)
	for i := range items {
		err = errors.Join(err, BP(&builder).Push(P(&items[i])))
	}
	return dst[:must(BP(&builder).Finish())], err
}

// golden is a message of a schema: one that may be sent, or one that is refused.
type golden struct {
	Name, Type, Error string
	Hex               string
}

func vectors(tb testing.TB) (all []golden) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "vectors", "services", "*.json"))
	if err != nil || len(files) < len(codecs)/2 {
		tb.Fatal(files, err)
	}
	for _, file := range files {
		var some []golden
		if err := json.Unmarshal(must(os.ReadFile(file)), &some); err != nil {
			tb.Fatal(err)
		}
		all = append(all, some...)
	}
	return all
}

var verdicts = map[string]error{
	"Truncated":    protocol.ErrTruncated,
	"BadLayout":    protocol.ErrBadLayout,
	"OutOfBounds":  protocol.ErrOutOfBounds,
	"MissingNul":   protocol.ErrMissingNul,
	"BadAlignment": protocol.ErrBadAlignment,
	"BadItemCount": protocol.ErrBadItemCount,
}

func TestGoldenMessagesOfSchemas(t *testing.T) {
	for _, vector := range vectors(t) {
		message := must(hex.DecodeString(vector.Hex))
		again, err := codecs[vector.Type](message)
		switch {
		case vector.Error != "":
			if want := verdicts[vector.Error]; want == nil || !errors.Is(err, want) {
				t.Errorf("%s: %v, not %s", vector.Name, err, vector.Error)
			}
		case err != nil:
			t.Errorf("%s: %v", vector.Name, err)
		case again != nil && !bytes.Equal(again, message):
			t.Errorf("%s is\n%x, not\n%x", vector.Name, again, message)
		}
	}
}

// Every decoder of every service takes bytes or refuses them, and what it takes can be written and read.
func FuzzServices(f *testing.F) {
	var types []string
	for name := range codecs {
		types = append(types, name)
	}
	slices.Sort(types)
	for _, vector := range vectors(f) {
		f.Add(uint8(slices.Index(types, vector.Type)), must(hex.DecodeString(vector.Hex)))
	}
	f.Fuzz(func(t *testing.T, which uint8, message []byte) {
		readTwice(t, types[int(which)%len(types)], message)
	})
}

// Each of them is fed for a moment.
func TestServicesBearWhatTheyAreFed(t *testing.T) {
	golden := map[string][][]byte{}
	for _, vector := range vectors(t) {
		golden[vector.Type] = append(golden[vector.Type], must(hex.DecodeString(vector.Hex)))
	}
	for name := range codecs {
		t.Run(name, func(t *testing.T) {
			fuzzing.Feed(t, golden[name], func(t *testing.T, message []byte) { readTwice(t, name, message) })
		})
	}
}

// readTwice reads a message, and what is written of it.
func readTwice(t *testing.T, name string, message []byte) {
	again, err := codecs[name](message)
	if err != nil || again == nil {
		return
	}
	// What was written is what is written of it; requests and replies of values stand in front.
	twice, err := codecs[name](again)
	if err != nil || !bytes.Equal(twice, again) {
		t.Errorf("%s: %x is written as %x, and that as %x: %v", name, message, again, twice, err)
	}
	if strings.HasPrefix(name, "increment") && !bytes.HasPrefix(message, again) {
		t.Errorf("%s: %x is written as %x", name, message, again)
	}
}
