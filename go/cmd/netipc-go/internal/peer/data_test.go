package peer

import (
	"math"
	"slices"
	"testing"

	"github.com/netipc/netipc/go/protocol"
)

func TestTheExamplesOfTheReadmeHold(t *testing.T) {
	t.Parallel()
	for index, number := range map[uint32]uint32{0: 1, 1: 38, 54: 1999} {
		if found := numberAt(index); found != number {
			t.Errorf("number %d is %d", index, found)
		}
	}
	for _, test := range []struct{ what, found, want string }{
		{"a path", path(38), "/unit-38"},
		{"a wide path", path(1999), "/größe-日本/unit-1999"},
		{"a name", name(38), "name-38"},
		{"a wide name", name(1), "name-1-größe-日本"},
		{"a name of a snapshot", snapshotName(1), "cgroup-1-größe-日本"},
	} {
		if test.found != test.want {
			t.Errorf("%s: %q", test.what, test.found)
		}
	}
	for _, number := range []uint32{1999, 107} {
		if found := numberOf([]byte(path(number))); found != number {
			t.Errorf("the number of a path is %d instead of %d", found, number)
		}
	}
	if length := len(path(107)); length != 3_005 {
		t.Errorf("a long path has %d bytes", length)
	}
	if valueAt(0) != math.MaxUint64 || valueAt(1) != 0x61C8_8646_80B5_83EA {
		t.Error("values", valueAt(0), valueAt(1))
	}
	if end := textOf(252)[249:]; !slices.Equal(end, []byte{250, 251, 1}) {
		t.Error("a text", end)
	}
}

func TestLabelsHaveTheirValues(t *testing.T) {
	t.Parallel()
	want := [][2]string{{"key-0", ""}, {"key-1", "value-38-1-ü"}, {"key-2", "value-38-2"}}
	found := labels(38)
	if found.Len() != len(want) {
		t.Fatal(found.Len())
	}
	for i, label := range found.All() {
		if pair := [2]string{label.Key.String(), label.Value.String()}; pair != want[i] {
			t.Errorf("label %d: %q", i, pair)
		}
	}
}

func TestEveryItemCanBeSentAndTheHugeOnesAreOversized(t *testing.T) {
	t.Parallel()
	for index := range uint32(20_000) {
		number := numberAt(index)
		app, group := process(number, false), cgroup(pathKey(number), false)
		for _, item := range []protocol.Encoder{app, group} {
			if _, err := encoded(item); err != nil {
				t.Fatalf("%d: %v", number, err)
			}
			if oversized := item.Size()+24 > 16_384; oversized != isHuge(number) {
				t.Fatalf("%d: %d bytes", number, item.Size())
			}
		}
	}
}
