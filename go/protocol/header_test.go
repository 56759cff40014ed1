package protocol_test

import (
	"errors"
	"testing"

	"github.com/netipc/netipc/go/protocol"
)

// The first thing that is wrong is told, whatever else is, and a header that is not read stays as it was.
func TestAHeaderIsRefusedForWhatIsWrongFirst(t *testing.T) {
	var good [protocol.HeaderLen]byte
	header := protocol.BatchHeader(7, 1<<40, 3)
	header.Status, header.PayloadLen = 5, 1<<31
	header.Encode(&good)
	check(t, "header", must(protocol.DecodeHeader(good[:])), header)

	breaks := []struct {
		at   int
		want error
	}{{9, protocol.ErrBadKind}, {7, protocol.ErrBadHeaderLen}, {5, protocol.ErrBadVersion}, {2, protocol.ErrBadMagic}}
	packet := good
	for _, b := range breaks {
		// From the last field to the first: each break hides those before it.
		packet[b.at] ^= 0x40
		kept := header
		if err := kept.Decode(packet[:]); !errors.Is(err, b.want) || kept != header {
			t.Errorf("byte %d: %v, and %+v", b.at, err, kept)
		}
		if found, err := protocol.DecodeHeader(packet[:]); !errors.Is(err, b.want) || found != (protocol.Header{}) {
			t.Errorf("byte %d: %v, and %+v", b.at, err, found)
		}
	}
	if err := header.Decode(good[:protocol.HeaderLen-1]); !errors.Is(err, protocol.ErrTruncated) {
		t.Errorf("a byte less: %v", err)
	}
	for kind := range uint16(8) {
		packet = good
		packet[8], packet[9] = byte(kind), 0
		valid := kind >= uint16(protocol.KindRequest) && kind <= uint16(protocol.KindControl)
		if _, err := protocol.DecodeHeader(packet[:]); (err == nil) != valid {
			t.Errorf("kind %d: %v", kind, err)
		}
	}
}
