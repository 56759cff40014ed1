//go:build linux

package posix

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/netipc/netipc/go/transport"
)

func planOf(request, response uint64) transport.SessionPlan {
	return transport.SessionPlan{SessionID: 1, RequestBytes: request, ResponseBytes: response}
}

// Rule L21.
func TestTheSizesOfTheWorkedExample(t *testing.T) {
	got, fits := planLayout(planOf(4128, 4128))
	want := layout{request: span{64, 4160}, response: span{4224, 4160}}
	if !fits || got != want || got.size() != 8384 {
		t.Errorf("%+v of %d bytes", got, got.size())
	}
}

func TestWhatAHeaderCannotSayIsNoPlan(t *testing.T) {
	const most = 1<<32 - 1
	for _, sizes := range [][2]uint64{
		{1<<64 - 1, 64}, {64, 1<<64 - 1}, {most, 64}, {64, most}, {most / 2, most/2 + 64}, {most - 64, 64},
	} {
		if got, fits := planLayout(planOf(sizes[0], sizes[1])); fits {
			t.Errorf("%v: %+v", sizes, got)
		}
	}
}

func TestWhatWasEncodedIsAccepted(t *testing.T) {
	plan := planOf(1056, 65568)
	areas, _ := planLayout(plan)
	made := owner{pid: 0x01020304, generation: 0x05060708}
	header := areas.encode(made)
	got, err := decodeLayout(&header, areas.size(), plan)
	if err != nil || got != areas {
		t.Errorf("%+v, %v", got, err)
	}
	if by, owned := ownerOf(&header); !owned || by != made {
		t.Errorf("%+v, %t", by, owned)
	}
	header = areas.encode(owner{pid: 1})
	if _, owned := ownerOf(&header); owned {
		t.Error("there is no owner without a generation")
	}
}

func TestSpoiltHeadersAreRefused(t *testing.T) {
	plan := planOf(4128, 4128)
	for _, row := range []struct {
		name    string
		at      int
		value   uint32
		lasting bool
	}{
		{"no magic", 0, 0, false},
		{"no version yet", 4, 0x00400000, false},
		{"another version", 4, 0x00400004, true},
		{"another header size", 4, 0x00800003, false},
		{"request area in the header", 16, 0, false},
		{"odd request offset", 16, 65, false},
		{"no request area", 20, 0, false},
		{"odd request capacity", 20, 4161, false},
		{"areas overlap", 20, 4224, false},
		{"areas overlap", 24, 64, false},
		{"overflow", 24, 0xffffffc0, false},
		{"no response area", 28, 0, false},
		{"beyond the file", 28, 4224, false},
		{"overflow", 28, 0xffffffc0, false},
		{"too small for the session", 28, 64, true},
	} {
		areas, _ := planLayout(plan)
		header := areas.encode(owner{pid: 1, generation: 1})
		binary.LittleEndian.PutUint32(header[row.at:], row.value)
		_, err := decodeLayout(&header, 8384, plan)
		var found *flaw
		if !errors.As(err, &found) || found.permanent != row.lasting {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// Rule L32.
func TestOnlyTheExactNamesOfTheServiceAreRegions(t *testing.T) {
	for name, want := range map[string]bool{
		"svc-0123456789abcdef.ipcshm":       true,
		"svc-extra-0123456789abcdef.ipcshm": false,
		"svc-0123456789ABCDEF.ipcshm":       false,
		"svc-0123456789abcde.ipcshm":        false,
		"svc-0123456789abcdef0.ipcshm":      false,
		"svc-0123456789abcdef.ipcshm.bak":   false,
		"svc0123456789abcdef.ipcshm":        false,
		"asvc-0123456789abcdef.ipcshm":      false,
		"svc.sock":                          false,
	} {
		if got := isRegionName(name, "svc"); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
