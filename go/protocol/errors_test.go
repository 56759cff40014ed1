package protocol_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/netipc/netipc/go/protocol"
)

// Rule W3.
func TestHeadersAreCheckedInTheOrderOfTheContract(t *testing.T) {
	var good [protocol.HeaderLen]byte
	want := protocol.RequestHeader(protocol.MethodIncrement, 7)
	want.Encode(&good)
	check(t, "header", must(protocol.DecodeHeader(good[:])), want)
	if _, err := protocol.DecodeHeader(good[:31]); !errors.Is(err, protocol.ErrTruncated) {
		t.Errorf("31 bytes: %v", err)
	}
	for from, want := range map[int]error{
		0: protocol.ErrBadMagic, 4: protocol.ErrBadVersion, 6: protocol.ErrBadHeaderLen, 8: protocol.ErrBadKind,
	} {
		bad := good
		copy(bad[from:10], bytes.Repeat([]byte{0xff}, 10))
		if _, err := protocol.DecodeHeader(bad[:]); !errors.Is(err, want) {
			t.Errorf("spoilt from %d: %v", from, err)
		}
	}
}

func TestErrorAnswersAreSingleAndEmpty(t *testing.T) {
	batch := protocol.BatchHeader(protocol.MethodIncrement, 9, 12)
	batch.PayloadLen = 100
	check(t, "answer", batch.Answer(protocol.StatusOK), protocol.Header{
		Kind: protocol.KindResponse, Flags: protocol.FlagBatch, Code: 1, ItemCount: 12, MessageID: 9,
	})
	check(t, "failure", batch.Answer(protocol.StatusInternalError), protocol.Header{
		Kind: protocol.KindResponse, Code: 1, Status: protocol.StatusInternalError, ItemCount: 1, MessageID: 9,
	})
}

func TestChunkHeadersAreComparedFieldByField(t *testing.T) {
	want := protocol.ChunkHeader{MessageID: 1, TotalMessageLen: 2, ChunkIndex: 3, ChunkCount: 4, ChunkPayloadLen: 5}
	if err := want.Expect(want); err != nil {
		t.Error(err)
	}
	for field, change := range map[string]func(*protocol.ChunkHeader){
		"chunk message_id":        func(c *protocol.ChunkHeader) { c.MessageID++ },
		"chunk total_message_len": func(c *protocol.ChunkHeader) { c.TotalMessageLen++ },
		"chunk_index":             func(c *protocol.ChunkHeader) { c.ChunkIndex++ },
		"chunk_count":             func(c *protocol.ChunkHeader) { c.ChunkCount++ },
		"chunk_payload_len":       func(c *protocol.ChunkHeader) { c.ChunkPayloadLen++ },
	} {
		other := want
		change(&other)
		var err *protocol.WireError
		if !errors.As(other.Expect(want), &err) || err.Field != field || err.Kind != protocol.ErrBadLayout {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	for want, kind := range map[string]error{
		"name: truncated, expected 32 bytes, found 8": protocol.ErrTruncated,
		"name: expected 0x00000020, found 0x00000008": protocol.ErrBadMagic,
		"name: ends at 8, beyond its 32 bytes":        protocol.ErrOutOfBounds,
		"name: no NUL at 32, found 0x08":              protocol.ErrMissingNul,
		"name: 8 is not a multiple of 32":             protocol.ErrBadAlignment,
		"name: needs 8 bytes, there is room for 32":   protocol.ErrOverflow,
		"name: expected 32, found 8":                  protocol.ErrBadLayout,
	} {
		check(t, kind.Error(), protocol.NewWireError(kind, "name", 32, 8).Error(), want)
	}
}

func TestNumbersHaveNames(t *testing.T) {
	check(t, "kind", protocol.KindControl.String(), "CONTROL")
	check(t, "kind", protocol.Kind(0).String(), "Kind 0")
	check(t, "status", protocol.StatusAuthFailed.String(), "AUTH_FAILED")
	check(t, "status", protocol.Status(77).String(), "Status 77")
	check(t, "opcode", protocol.OpcodeHelloAck.String(), "HELLO_ACK")
	check(t, "method", protocol.MethodAppsLookup.String(), "APPS_LOOKUP")
	check(t, "orchestrator", protocol.OrchestratorNspawn.String(), "nspawn")
	check(t, "cgroup status", protocol.CgroupStatusOversizedItem.String(), "oversized-item")
	check(t, "pid status", protocol.PidStatusUnknown.String(), "unknown")
	check(t, "cgroup status", protocol.AppsCgroupStatusHostRoot.String(), "host-root")
	check(t, "profiles", protocol.Profiles(0).String(), "none")
	check(t, "profiles", protocol.Profiles(3).String(), "baseline+shm-hybrid")
	check(t, "profiles", protocol.Profiles(0x61).String(), "baseline+0x60")
	check(t, "highest", protocol.Profiles(7).Highest(), protocol.Profiles(protocol.ProfileSHMFutex))
	check(t, "highest", protocol.Profiles(0).Highest(), protocol.Profiles(0))
	check(t, "one", protocol.Profiles(6).IsOne(), false)
	check(t, "one", protocol.Profiles(4).IsOne(), true)
}
