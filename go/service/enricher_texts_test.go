package service

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netipc/netipc/go/protocol"
)

// process is an item with texts and labels, as it comes.
type process = protocol.AppsLookupItemView

func processKeeper() *textKeeper[process] {
	keeper := &textKeeper[process]{}
	keeper.begin(func(item *process, text func(*protocol.CStringView), labels func(*protocol.Labels)) {
		text(&item.Comm)
		text(&item.CgroupPath)
		text(&item.CgroupName)
		labels(&item.Labels)
	})
	return keeper
}

func processOf(pid uint32, comm, name string) process {
	labels := []protocol.Label{
		protocol.NewLabel([]byte("app"), []byte(name)), protocol.NewLabel([]byte("tier"), []byte("backend")),
	}
	return process{
		Pid: pid, Comm: protocol.CString([]byte(comm)), CgroupPath: protocol.CString([]byte("/kubepods/burstable/" + name)),
		CgroupName: protocol.CString([]byte(name)), Labels: protocol.LabelsOf(labels),
	}
}

// said is everything that an item says.
func said(item *process) string {
	text := fmt.Sprint(item.Pid, " ", item.Comm, " ", item.CgroupPath, " ", item.CgroupName)
	for _, label := range item.Labels.All() {
		text += fmt.Sprint(" ", label.Key, "=", label.Value)
	}
	return text
}

func TestTextsAreKeptOnceHoweverManyItemsHaveThem(t *testing.T) {
	keeper := processKeeper()
	var all []*keptAnswer[process]
	bytes := 0
	for pid := range uint32(1000) {
		item := processOf(pid, "nginx", "web-7")
		kept := keeper.keep(&item, VerdictKnown, 0)
		bytes += int(kept.size)
		all = append(all, kept)
	}
	if room := bytes - 1000*keeper.itemSize; room > 512 {
		t.Errorf("%d bytes of texts", room)
	}
	last := &all[999].item
	if &all[0].item.CgroupName.Bytes()[0] != &last.CgroupName.Bytes()[0] || &all[0].item.Labels.Wire()[0] != &last.Labels.Wire()[0] {
		t.Error("texts or labels of their own")
	}
	// The one with which they came goes first.
	want := processOf(999, "nginx", "web-7")
	for _, kept := range all[:999] {
		keeper.release(kept)
	}
	if said(last) != said(&want) {
		t.Error(said(last))
	}
	keeper.release(all[999])
	if len(keeper.texts) != 0 {
		t.Errorf("%d texts that nobody has", len(keeper.texts))
	}
}

func TestAnItemIsOneAllocationAndItsNewTextsAreAnother(t *testing.T) {
	keeper := processKeeper()
	shared := processOf(1, "nginx", "web-7")
	defer keeper.release(keeper.keep(&shared, VerdictKnown, 0))
	for _, c := range []struct {
		item process
		want float64
	}{
		{processOf(2, "postgres", "a"), 2},
		{processOf(3, "redis", "database"), 2},
		{processOf(4, "nginx", "web-7"), 1},
	} {
		if got := testing.AllocsPerRun(200, func() { keeper.release(keeper.keep(&c.item, VerdictKnown, 0)) }); got != c.want {
			t.Errorf("%s: %v allocations", said(&c.item), got)
		}
	}
}

// A text that is shared keeps alive what it came with, but not the item, whose other texts came with items before.
func TestATextKeepsNoItemsBeforeItsOwn(t *testing.T) {
	const items = 10_000
	keeper := processKeeper()
	var gone atomic.Int32
	var last *keptAnswer[process]
	for i := range items {
		// X1(c1, p1); X2(c1, p2); X3(c2, p2); … each shares a text with the one before.
		item := process{
			Pid:        uint32(i),
			Comm:       protocol.CString(fmt.Appendf(nil, "command %d", i/2)),
			CgroupPath: protocol.CString(fmt.Appendf(nil, "/path/%d", (i+1)/2)),
		}
		kept := keeper.keep(&item, VerdictKnown, 0)
		runtime.AddCleanup(kept, func(gone *atomic.Int32) { gone.Add(1) }, &gone)
		if last != nil {
			keeper.release(last)
		}
		last = kept
	}
	want := said(&process{
		Pid:        items - 1,
		Comm:       protocol.CString(fmt.Appendf(nil, "command %d", (items-1)/2)),
		CgroupPath: protocol.CString(fmt.Appendf(nil, "/path/%d", items/2)),
	})
	for end := time.Now().Add(time.Minute); gone.Load() < items-1; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d of %d items are gone", gone.Load(), items-1)
		}
		runtime.GC()
	}
	if got := said(&last.item); got != want {
		t.Error(got)
	}
	keeper.release(last)
}

// Whatever comes and goes, every item says what it said when it came, and no text stays that nobody has.
func TestSharedTextsAreThoseThatCame(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	keeper := processKeeper()
	type pair struct {
		kept *keptAnswer[process]
		said string
	}
	var all []pair
	for range 5000 {
		if len(all) > 40 || len(all) > 0 && random.IntN(3) == 0 {
			at := random.IntN(len(all))
			keeper.release(all[at].kept)
			all = slices.Delete(all, at, at+1)
		} else {
			item := processOf(random.Uint32N(9), fmt.Sprint("c", random.IntN(4)), fmt.Sprint("n", random.IntN(6)))
			switch random.IntN(4) {
			case 0:
				item.Labels = protocol.Labels{}
			case 1:
				item.CgroupName = protocol.CStringView{}
			case 2:
				item.Comm = item.CgroupName
			}
			all = append(all, pair{keeper.keep(&item, VerdictKnown, 0), said(&item)})
		}
		for _, kept := range all {
			if got := said(&kept.kept.item); got != kept.said {
				t.Fatalf("%s instead of %s", got, kept.said)
			}
		}
	}
	for _, kept := range all {
		keeper.release(kept.kept)
	}
	if len(keeper.texts) != 0 {
		t.Errorf("%d texts that nobody has", len(keeper.texts))
	}
}

// A text with the hash of another is kept, too, and goes without the other.
func TestTextsOfOneHashAreTwo(t *testing.T) {
	keeper := processKeeper()
	first := processOf(1, "one", "n")
	kept := keeper.keep(&first, VerdictKnown, 0)
	for hash, shared := range keeper.texts {
		// As if every text had come with this hash.
		keeper.texts[hash] = sharedText{append([]byte("not "), shared.bytes...), 1}
	}
	second := processOf(2, "one", "n")
	other := keeper.keep(&second, VerdictKnown, 0)
	if said(&kept.item) != said(&first) || said(&other.item) != said(&second) {
		t.Error(said(&kept.item), said(&other.item))
	}
	texts := len(keeper.texts)
	keeper.release(other)
	if len(keeper.texts) != texts || said(&kept.item) != said(&first) {
		t.Error("the other has gone with it")
	}
}
