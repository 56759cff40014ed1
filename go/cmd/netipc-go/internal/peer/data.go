package peer

import (
	"math"
	"strconv"
	"strings"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
)

// What every provider of the matrix knows: a pure function of the key, the same in every language.
// interop/README.md has it in words.

const (
	// wide is what texts of odd numbers end with.
	wide = "-größe-日本"
	// longPadding is the bytes of the padding of long texts.
	longPadding = 3_000
	// hugePadding is the bytes of the padding of texts that fit no answer of 16 KiB.
	hugePadding = 20_000
)

// numberAt returns the number that key index of a lookup is about.
func numberAt(index uint32) uint32 { return index*37 + 1 }

// path returns the path that stands for a number.
func path(number uint32) string {
	digits := decimal(number)
	switch {
	case number%100 == 7:
		return "/" + strings.Repeat("p", longPadding) + "/" + digits
	case number%2 == 1:
		return "/größe-日本/unit-" + digits
	default:
		return "/unit-" + digits
	}
}

// numberOf returns the number that a path ends with.
func numberOf(path []byte) uint32 {
	start := len(path)
	for start > 0 && '0' <= path[start-1] && path[start-1] <= '9' {
		start--
	}
	number := uint32(0)
	for _, digit := range path[start:] {
		number = number*10 + uint32(digit-'0')
	}
	return number
}

// name returns the name of what a number stands for.
func name(number uint32) string {
	name := "name-" + decimal(number)
	if number%2 == 1 {
		name += wide
	}
	if number%100 == 7 {
		name += strings.Repeat("n", longPadding)
	}
	if isHuge(number) {
		name += strings.Repeat("x", hugePadding)
	}
	return name
}

// isHuge tells whether what is known of a number fits no answer of 16 KiB.
func isHuge(number uint32) bool { return number%1000 == 999 }

// labels returns the labels of what a number stands for: none to four.
func labels(number uint32) protocol.Labels {
	pairs := make([]protocol.Label, number%5)
	for nth := range pairs {
		value := ""
		if nth > 0 {
			value = "value-" + decimal(number) + "-" + strconv.Itoa(nth)
		}
		if nth%2 == 1 {
			value += "-ü"
		}
		pairs[nth] = protocol.NewLabel([]byte("key-"+strconv.Itoa(nth)), []byte(value))
	}
	return protocol.LabelsOf(pairs)
}

func orchestrator(number uint32) protocol.Orchestrator { return protocol.Orchestrator(1 + number%7) }

// snapshot is what a snapshot is made of.
type snapshot struct {
	items      uint32
	pathLen    int // bytes of a path, at least
	generation uint64
}

// systemdEnabled tells whether systemd runs the host.
func (s snapshot) systemdEnabled() uint32 { return uint32(s.generation % 2) }

// item returns item index.
func (s snapshot) item(index uint32) protocol.CgroupsItemView {
	name := snapshotName(index)
	path := "/sys/fs/cgroup/" + decimal(index) + "/"
	path += strings.Repeat("p", max(0, s.pathLen-len(path)))
	return protocol.CgroupsItemView{
		Hash:    cgroups_snapshot.SimpleHash(name),
		Options: uint32((uint64(index) + s.generation) % 16),
		Enabled: index % 3,
		Name:    text(name),
		Path:    text(path),
	}
}

// snapshotName returns the name of item index of a snapshot.
func snapshotName(index uint32) string {
	if index%2 == 1 {
		return "cgroup-" + decimal(index) + wide
	}
	return "cgroup-" + decimal(index)
}

// valueAt returns number index to increment. The first is the one that wraps.
func valueAt(index uint64) uint64 { return math.MaxUint64 - index*0x9E37_79B9_7F4A_7C15 }

// textOf returns a text of length bytes to reverse. No byte is NUL.
func textOf(length int) []byte {
	text := make([]byte, length)
	for at := range text {
		text[at] = byte(at%251 + 1)
	}
	return text
}

func text(text string) protocol.CStringView { return protocol.CString([]byte(text)) }

func decimal(number uint32) string { return strconv.FormatUint(uint64(number), 10) }
