package protocol_test

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

	"github.com/netipc/netipc/go/protocol"
)

// hexBytes are bytes that stand in JSON as hexadecimal digits.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// item is an item of any kind, with the fields of its kind.
type item struct {
	Hash, Options, Enabled uint32
	Status, Orchestrator   uint16
	CgroupStatus           uint16 `json:"cgroup_status"`
	Pid, Ppid, Uid         uint32
	Starttime              uint64
	Comm, Name, Path       string
	CgroupPath             string `json:"cgroup_path"`
	CgroupName             string `json:"cgroup_name"`
	Labels                 [][2]string
}

// vectors reads the golden messages of a type, of which there are count.
func vectors[T any](tb testing.TB, kind string, count int) (inputs []T, messages [][]byte) {
	tb.Helper()
	var entries []struct {
		Type  string
		Input json.RawMessage
		Hex   hexBytes
	}
	readVectors(tb, "codec.json", &entries)
	for _, entry := range entries {
		if entry.Type == kind {
			var input T
			if err := json.Unmarshal(entry.Input, &input); err != nil {
				tb.Fatal(err)
			}
			inputs, messages = append(inputs, input), append(messages, entry.Hex)
		}
	}
	if len(messages) != count {
		tb.Fatalf("%d vectors of type %s, not %d", len(messages), kind, count)
	}
	return inputs, messages
}

func readVectors(tb testing.TB, name string, into any) {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "vectors", name))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// spoilt returns a buffer of n bytes that nobody has cleared.
func spoilt(n int) []byte { return bytes.Repeat([]byte{0xee}, n) }

func check(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, not %v", what, got, want)
	}
}

func checkBytes(t *testing.T, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("encoded as\n%x, not\n%x", got, want)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestGoldenEnvelopes(t *testing.T) {
	type header struct {
		Kind, Flags, Code uint16
		Status            uint16 `json:"transport_status"`
		PayloadLen        uint32 `json:"payload_len"`
		ItemCount         uint32 `json:"item_count"`
		MessageID         uint64 `json:"message_id"`
	}
	inputs, messages := vectors[header](t, "header", 1)
	for i, in := range inputs {
		want := protocol.Header{
			Kind: protocol.Kind(in.Kind), Flags: protocol.Flags(in.Flags), Code: in.Code,
			Status: protocol.Status(in.Status), PayloadLen: in.PayloadLen, ItemCount: in.ItemCount, MessageID: in.MessageID,
		}
		check(t, "header", must(protocol.DecodeHeader(messages[i])), want)
		var dst [protocol.HeaderLen]byte
		want.Encode(&dst)
		checkBytes(t, dst[:], messages[i])
	}
	type chunk struct {
		MessageID       uint64 `json:"message_id"`
		TotalMessageLen uint32 `json:"total_message_len"`
		ChunkIndex      uint32 `json:"chunk_index"`
		ChunkCount      uint32 `json:"chunk_count"`
		ChunkPayloadLen uint32 `json:"chunk_payload_len"`
	}
	chunks, messages := vectors[chunk](t, "chunk_header", 1)
	for i, in := range chunks {
		want := protocol.ChunkHeader(in)
		check(t, "chunk header", must(protocol.DecodeChunkHeader(messages[i])), want)
		var dst [protocol.ChunkHeaderLen]byte
		want.Encode(&dst)
		checkBytes(t, dst[:], messages[i])
	}
}

func TestGoldenHandshakes(t *testing.T) {
	type hello struct {
		Supported               protocol.Profiles `json:"supported_profiles"`
		Preferred               protocol.Profiles `json:"preferred_profiles"`
		MaxRequestPayloadBytes  uint32            `json:"max_request_payload_bytes"`
		MaxRequestBatchItems    uint32            `json:"max_request_batch_items"`
		MaxResponsePayloadBytes uint32            `json:"max_response_payload_bytes"`
		MaxResponseBatchItems   uint32            `json:"max_response_batch_items"`
		AuthToken               uint64            `json:"auth_token"`
		PacketSize              uint32            `json:"packet_size"`
	}
	inputs, messages := vectors[hello](t, "hello", 1)
	for i, in := range inputs {
		want := protocol.Hello{
			LayoutVersion: protocol.HelloLayout, Supported: in.Supported, Preferred: in.Preferred,
			MaxRequestPayloadBytes: in.MaxRequestPayloadBytes, MaxRequestBatchItems: in.MaxRequestBatchItems,
			MaxResponsePayloadBytes: in.MaxResponsePayloadBytes, MaxResponseBatchItems: in.MaxResponseBatchItems,
			AuthToken: in.AuthToken, PacketSize: in.PacketSize,
		}
		check(t, "hello", must(protocol.DecodeHello(messages[i])), want)
		var dst [protocol.HelloLen]byte
		want.Encode(&dst)
		checkBytes(t, dst[:], messages[i])
	}
	type ack struct {
		Supported               protocol.Profiles `json:"server_supported_profiles"`
		Intersection            protocol.Profiles `json:"intersection_profiles"`
		Selected                protocol.Profiles `json:"selected_profile"`
		MaxRequestPayloadBytes  uint32            `json:"agreed_max_request_payload_bytes"`
		MaxRequestBatchItems    uint32            `json:"agreed_max_request_batch_items"`
		MaxResponsePayloadBytes uint32            `json:"agreed_max_response_payload_bytes"`
		MaxResponseBatchItems   uint32            `json:"agreed_max_response_batch_items"`
		PacketSize              uint32            `json:"agreed_packet_size"`
		SessionID               uint64            `json:"session_id"`
	}
	acks, messages := vectors[ack](t, "hello_ack", 1)
	for i, in := range acks {
		want := protocol.HelloAck{
			LayoutVersion: protocol.HelloLayout, Supported: in.Supported, Intersection: in.Intersection,
			Selected: in.Selected, MaxRequestPayloadBytes: in.MaxRequestPayloadBytes,
			MaxRequestBatchItems: in.MaxRequestBatchItems, MaxResponsePayloadBytes: in.MaxResponsePayloadBytes,
			MaxResponseBatchItems: in.MaxResponseBatchItems, PacketSize: in.PacketSize, SessionID: in.SessionID,
		}
		check(t, "hello_ack", must(protocol.DecodeHelloAck(messages[i])), want)
		dst := [protocol.HelloAckLen]byte(spoilt(protocol.HelloAckLen))
		want.Encode(&dst)
		checkBytes(t, dst[:], messages[i])
	}
}

// Whole packets of the handshake are read and written again as they were.
func TestGoldenHandshakePackets(t *testing.T) {
	var packets []struct {
		Name string
		Hex  hexBytes
	}
	readVectors(t, "handshake.json", &packets)
	check(t, "number of packets", len(packets), 3)
	for _, packet := range packets {
		header := must(protocol.DecodeHeader(packet.Hex))
		payload := packet.Hex[protocol.HeaderLen:]
		check(t, packet.Name, int(header.PayloadLen), len(payload))
		var front [protocol.HeaderLen]byte
		header.Encode(&front)
		switch protocol.Opcode(header.Code) {
		case protocol.OpcodeHello:
			hello := must(protocol.DecodeHello(payload))
			var dst [protocol.HelloLen]byte
			hello.Encode(&dst)
			checkBytes(t, slices.Concat(front[:], dst[:]), packet.Hex)
		case protocol.OpcodeHelloAck:
			ack := must(protocol.DecodeHelloAck(payload))
			if header.Status != protocol.StatusOK {
				check(t, packet.Name, ack, protocol.HelloRefusal())
			}
			var dst [protocol.HelloAckLen]byte
			ack.Encode(&dst)
			checkBytes(t, slices.Concat(front[:], dst[:]), packet.Hex)
		default:
			t.Errorf("%s: code %d", packet.Name, header.Code)
		}
	}
}

func TestGoldenNumbersAndTexts(t *testing.T) {
	numbers, messages := vectors[struct{ Value uint64 }](t, "increment", 2)
	for i, in := range numbers {
		check(t, "number", must(protocol.DecodeIncrement(messages[i])), in.Value)
		dst := spoilt(8)
		check(t, "length", must(protocol.EncodeIncrement(dst, in.Value)), 8)
		checkBytes(t, dst, messages[i])
	}
	texts, messages := vectors[struct{ Text string }](t, "string_reverse", 2)
	for i, in := range texts {
		check(t, "text", must(protocol.DecodeStringReverse(messages[i])).String(), in.Text)
		dst := spoilt(len(messages[i]))
		check(t, "length", must(protocol.EncodeStringReverse(dst, []byte(in.Text))), len(dst))
		checkBytes(t, dst, messages[i])
		if _, err := protocol.EncodeStringReverse(dst[1:], []byte(in.Text)); !errors.Is(err, protocol.ErrOverflow) {
			t.Errorf("one byte too little: %v", err)
		}
	}
}

func TestGoldenBatches(t *testing.T) {
	inputs, messages := vectors[struct{ Items []hexBytes }](t, "batch", 2)
	for i, in := range inputs {
		message := messages[i]
		list := must(protocol.ParsePacked(message, 0, uint32(len(in.Items)), protocol.BatchRules))
		for j, item := range in.Items {
			checkBytes(t, list.Get(j), item)
		}
		dst := spoilt(len(message))
		w := must(protocol.NewPackedWriter(dst, 0, len(in.Items)))
		for _, item := range in.Items {
			w.Commit(copy(must(w.OpenRest()), item))
		}
		check(t, "length", must(w.FinishBatch()), len(message))
		checkBytes(t, dst, message)
	}
}

func TestGoldenSnapshots(t *testing.T) {
	_, requests := vectors[struct{}](t, "cgroups_snapshot_request", 1)
	dst := spoilt(4)
	check(t, "length", must(protocol.EncodeCgroupsRequest(dst)), 4)
	checkBytes(t, dst, requests[0])
	must(protocol.DecodeCgroupsRequest(requests[0]))

	type snapshot struct {
		Systemd    uint32 `json:"systemd_enabled"`
		Generation uint64
		Items      []item
	}
	inputs, messages := vectors[snapshot](t, "cgroups_snapshot_response", 2)
	for i, in := range inputs {
		view := must(protocol.DecodeCgroupsResponse(messages[i]))
		check(t, "items", int(view.ItemCount), len(in.Items))
		check(t, "systemd_enabled", view.SystemdEnabled, in.Systemd)
		check(t, "generation", view.Generation, in.Generation)
		for j, want := range in.Items {
			got := must(view.Item(uint32(j)))
			check(t, "item", item{
				Hash: got.Hash, Options: got.Options, Enabled: got.Enabled, Name: got.Name.String(), Path: got.Path.String(),
			}.text(), want.text())
		}
		// One byte less than it takes is too little.
		for _, room := range []int{len(messages[i]), len(messages[i]) - 1} {
			buf := spoilt(room)
			var b protocol.CgroupsBuilder
			err := b.Start(buf)
			for _, it := range in.Items {
				err = b.Add(it.Hash, it.Options, it.Enabled, []byte(it.Name), []byte(it.Path))
			}
			b.SetHeader(in.Systemd, in.Generation)
			n, finished := b.Finish()
			if room < len(messages[i]) {
				if !errors.Is(err, protocol.ErrOverflow) || !errors.Is(finished, protocol.ErrOverflow) {
					t.Errorf("one byte too little: %v, %v", err, finished)
				}
				continue
			}
			checkBytes(t, buf[:n], messages[i])
		}
	}
}

func (i item) text() string { return string(must(json.Marshal(i))) }

func TestGoldenLookupRequests(t *testing.T) {
	paths, messages := vectors[struct{ Paths []string }](t, "cgroups_lookup_request", 2)
	for i, in := range paths {
		view := must(protocol.DecodeCgroupsLookupRequest(messages[i]))
		var read []string
		var keys []protocol.TextKey
		var raw [][]byte
		for _, key := range view.Keys() {
			read, keys, raw = append(read, key.String()), append(keys, key), append(raw, key.Bytes())
		}
		check(t, "paths", strings.Join(read, " "), strings.Join(in.Paths, " "))
		dst := spoilt(len(messages[i]))
		check(t, "length", must(protocol.EncodeCgroupsLookupRequest(dst, raw)), len(dst))
		checkBytes(t, dst, messages[i])
		check(t, "length", protocol.LookupRequestLen(keys), len(dst))
		dst = spoilt(len(messages[i]))
		check(t, "length", must(protocol.EncodeLookupRequest(dst, keys)), len(dst))
		checkBytes(t, dst, messages[i])
	}
	pids, messages := vectors[struct{ Pids []uint32 }](t, "apps_lookup_request", 2)
	for i, in := range pids {
		view := must(protocol.DecodeAppsLookupRequest(messages[i]))
		check(t, "number of pids", view.Len(), len(in.Pids))
		for j, pid := range in.Pids {
			check(t, "pid", uint32(must(view.Item(uint32(j)))), pid)
		}
		dst := spoilt(len(messages[i]))
		check(t, "length", must(protocol.EncodeAppsLookupRequest(dst, in.Pids)), len(dst))
		checkBytes(t, dst, messages[i])
	}
}

type reply struct {
	Generation uint64
	Items      []item
}

// labels returns the labels of an item, to be written.
func (i item) labels() protocol.Labels {
	var labels []protocol.Label
	for _, pair := range i.Labels {
		labels = append(labels, protocol.NewLabel([]byte(pair[0]), []byte(pair[1])))
	}
	return protocol.LabelsOf(labels)
}

func (i item) cgroup() protocol.CgroupsLookupItemView {
	return protocol.CgroupsLookupItemView{
		Status: protocol.CgroupStatus(i.Status), Orchestrator: protocol.Orchestrator(i.Orchestrator),
		Path: protocol.CString([]byte(i.Path)), Name: protocol.CString([]byte(i.Name)), Labels: i.labels(),
	}
}

func (i item) app() protocol.AppsLookupItemView {
	return protocol.AppsLookupItemView{
		Status: protocol.PidStatus(i.Status), CgroupStatus: protocol.AppsCgroupStatus(i.CgroupStatus),
		Orchestrator: protocol.Orchestrator(i.Orchestrator), Pid: i.Pid, Ppid: i.Ppid, Uid: i.Uid,
		Starttime: i.Starttime, Comm: protocol.CString([]byte(i.Comm)),
		CgroupPath: protocol.CString([]byte(i.CgroupPath)), CgroupName: protocol.CString([]byte(i.CgroupName)),
		Labels: i.labels(),
	}
}

func TestGoldenLookupReplies(t *testing.T) {
	inputs, messages := vectors[reply](t, "cgroups_lookup_response", 8)
	for i, in := range inputs {
		items := make([]protocol.CgroupsLookupItemView, len(in.Items))
		for j, it := range in.Items {
			items[j] = it.cgroup()
		}
		checkReply[protocol.TextKey](t, messages[i], in.Generation, items)
	}
	inputs, messages = vectors[reply](t, "apps_lookup_response", 9)
	for i, in := range inputs {
		items := make([]protocol.AppsLookupItemView, len(in.Items))
		for j, it := range in.Items {
			items[j] = it.app()
		}
		checkReply[protocol.NumberKey](t, messages[i], in.Generation, items)
	}
}

// checkReply reads a reply, compares it with items, and merges it again of every number of parts.
func checkReply[K protocol.LookupKey[K], I any, P protocol.LookupItem[K, I]](
	t *testing.T, message []byte, generation uint64, items []I,
) {
	t.Helper()
	view := must(protocol.DecodeLookupResponse[K, I, P](message))
	check(t, "items", view.Len(), len(items))
	check(t, "generation", view.Generation, generation)
	view.StartMerge(len(items))
	for i, got := range view.Items() {
		checkBytes(t, encoded(t, P(&items[i])), view.List().Get(i))
		checkBytes(t, encoded(t, P(&got)), view.List().Get(i))
		check(t, "key", P(&got).Key().Same(P(&items[i]).Key()), true)
		check(t, "item", P(&got).StatusCode(), P(&items[i]).StatusCode())
		status, same := view.Answers(i, P(&items[i]).Key())
		check(t, "answers its key", same && status == P(&got).StatusCode(), true)
	}
	if err := view.FinishMerge(generation); (err == nil) != (len(items) == 0) {
		t.Errorf("nothing of %d items is merged: %v", len(items), err)
	}
	must(view.Merge(view.Len()))
	if _, err := view.Merge(1); len(items) > 0 && !errors.Is(err, protocol.ErrBadItemCount) {
		t.Errorf("one item too many: %v", err)
	}
	if err := view.FinishMerge(generation); err != nil {
		t.Error(err)
	}
	checkBytes(t, view.Payload(), message)
}

func encoded[E protocol.Encoder](t *testing.T, value E) []byte {
	t.Helper()
	dst := spoilt(value.Size())
	if err := value.Encode(dst); err != nil {
		t.Error(err)
	}
	return dst
}
