package protocol_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/netipc/netipc/go/protocol"
)

// told is what a builder is to do when the budget is short.
type told struct {
	Budget, Len int
	Statuses    []uint16
	Error       string
}

// Rules C26, C29, C31.
func TestCgroupsAnswersInLittleSpace(t *testing.T) {
	var file struct {
		Cases []struct {
			told
			Keys     int
			NameLens []int `json:"name_lens"`
		}
	}
	readVectors(t, "builder_overflow.json", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Cases {
		var paths [][]byte
		for i := range c.Keys {
			paths = append(paths, fmt.Appendf(nil, "/p%02d", i))
		}
		request := must(protocol.DecodeCgroupsLookupRequest(cgroupsRequest(paths)))
		buf := spoilt(c.Budget)
		var b protocol.CgroupsLookupBuilder
		if b.Start(request, buf) == nil {
			b.SetGeneration(9)
			for i, path := range paths {
				_ = b.Add(protocol.CgroupsLookupItemView{
					Orchestrator: protocol.OrchestratorK8s,
					Path:         protocol.CString(path),
					Name:         protocol.CString(bytes.Repeat([]byte{'n'}, c.NameLens[i])),
				})
			}
		}
		n, err := b.Finish()
		checkTold[protocol.TextKey, protocol.CgroupsLookupItemView](t, c.told, buf, n, err)
	}
}

// Rules C26, C29, C30, C31.
func TestAppsAnswersInLittleSpace(t *testing.T) {
	var file struct {
		Cases []struct {
			told
			Items []struct {
				CommLen int `json:"comm_len"`
				NameLen int `json:"name_len"`
			}
		} `json:"apps_cases"`
	}
	readVectors(t, "builder_overflow.json", &file)
	if len(file.Cases) != 10 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		var pids []uint32
		for i := range c.Items {
			pids = append(pids, uint32(100+i))
		}
		payload := spoilt(16 + 16*len(pids))
		must(protocol.EncodeAppsLookupRequest(payload, pids))
		request := must(protocol.DecodeAppsLookupRequest(payload))
		buf := spoilt(c.Budget)
		var b protocol.AppsLookupBuilder
		if b.Start(request, buf) == nil {
			b.SetGeneration(9)
			for i, it := range c.Items {
				_ = b.Add(protocol.AppsLookupItemView{
					Orchestrator: protocol.OrchestratorDocker,
					Pid:          pids[i], Ppid: 1, Uid: 1000, Starttime: 42,
					Comm:       protocol.CString(bytes.Repeat([]byte{'c'}, it.CommLen)),
					CgroupPath: protocol.CString([]byte("/" + strings.Repeat("p", 20))),
					CgroupName: protocol.CString(bytes.Repeat([]byte{'n'}, it.NameLen)),
				})
			}
		}
		n, err := b.Finish()
		checkTold[protocol.NumberKey, protocol.AppsLookupItemView](t, c.told, buf, n, err)
	}
}

func checkTold[K protocol.LookupKey[K], I any, P protocol.LookupItem[K, I]](t *testing.T, want told, buf []byte, n int, err error) {
	t.Helper()
	if want.Error != "" {
		check(t, "error", want.Error, "overflow")
		if !errors.Is(err, protocol.ErrOverflow) {
			t.Errorf("budget %d: %v", want.Budget, err)
		}
		return
	}
	if err != nil || n != want.Len {
		t.Fatalf("budget %d: %d bytes, %v, not %d", want.Budget, n, err, want.Len)
	}
	view := must(protocol.DecodeLookupResponse[K, I, P](buf[:n]))
	check(t, "generation", view.Generation, uint64(9))
	var statuses []uint16
	for _, item := range view.Items() {
		statuses = append(statuses, P(&item).StatusCode())
	}
	if !slices.Equal(statuses, want.Statuses) {
		t.Errorf("budget %d: statuses %v, not %v", want.Budget, statuses, want.Statuses)
	}
}

// cgroupsRequest returns the request for paths.
func cgroupsRequest(paths [][]byte) []byte {
	buf := spoilt(1 << 16)
	return buf[:must(protocol.EncodeCgroupsLookupRequest(buf, paths))]
}

// Rules C20, C28, C33.
func TestBuildersRefuse(t *testing.T) {
	paths := [][]byte{[]byte("/a"), []byte("/b")}
	request := must(protocol.DecodeCgroupsLookupRequest(cgroupsRequest(paths)))
	known := func(path, name string) protocol.CgroupsLookupItemView {
		return protocol.CgroupsLookupItemView{Path: protocol.CString([]byte(path)), Name: protocol.CString([]byte(name))}
	}
	named := known("/a", "name")
	named.Status = protocol.CgroupStatusUnknownPermanent
	label := known("/a", "")
	label.Labels = protocol.LabelsOf([]protocol.Label{{}})
	spoiltLabel := known("/a", "")
	spoiltLabel.Labels = protocol.LabelsOf([]protocol.Label{protocol.NewLabel([]byte("k"), []byte("v\x00"))})
	many := known("/a", "")
	many.Labels = protocol.LabelsOf(slices.Repeat([]protocol.Label{protocol.NewLabel([]byte("k"), nil)}, 65_536))
	exceeded := known("/a", "")
	exceeded.Status = protocol.CgroupStatusPayloadExceeded
	for name, c := range map[string]struct {
		items []protocol.CgroupsLookupItemView
		want  error
	}{
		"another key":          {[]protocol.CgroupsLookupItemView{known("/b", "")}, protocol.ErrBadLayout},
		"NUL in name":          {[]protocol.CgroupsLookupItemView{known("/a", "a\x00b")}, protocol.ErrBadLayout},
		"data without status":  {[]protocol.CgroupsLookupItemView{named}, protocol.ErrBadLayout},
		"label without key":    {[]protocol.CgroupsLookupItemView{label}, protocol.ErrBadLayout},
		"NUL in label":         {[]protocol.CgroupsLookupItemView{spoiltLabel}, protocol.ErrBadLayout},
		"too many labels":      {[]protocol.CgroupsLookupItemView{many}, protocol.ErrBadItemCount},
		"exceeded at the head": {[]protocol.CgroupsLookupItemView{exceeded}, protocol.ErrBadLayout},
		"too few":              {[]protocol.CgroupsLookupItemView{known("/a", "")}, protocol.ErrBadItemCount},
		"too many": {
			[]protocol.CgroupsLookupItemView{known("/a", ""), known("/b", ""), known("/c", "")}, protocol.ErrBadItemCount,
		},
	} {
		var b protocol.CgroupsLookupBuilder
		if err := b.Start(request, spoilt(4<<20)); err != nil {
			t.Fatal(err)
		}
		for _, item := range c.items {
			_ = b.Add(item)
		}
		_, err := b.Finish()
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		named := strings.HasSuffix(err.Error(), "key of item 0: not the one that was asked for at that place")
		if named != (name == "another key") {
			t.Errorf("%s: %v", name, err)
		}
		// The first error stays.
		if again := b.AddBare(protocol.CgroupStatusUnknownPermanent); b.Err() != nil && again != b.Err() {
			t.Errorf("%s: then %v", name, again)
		}
	}
}

// Rule C11.
func TestTruncatedSnapshotsAreSentOnlyIfAskedFor(t *testing.T) {
	var b protocol.CgroupsBuilder
	buf := spoilt(24 + 2*8 + 40 + 34)
	if err := b.Start(buf); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "", "b"} {
		_ = b.Add(1, 2, 3, []byte(name), nil)
	}
	if _, err := b.Finish(); !errors.Is(err, protocol.ErrOverflow) {
		t.Errorf("sent as if it were whole: %v", err)
	}
	b.AcceptTruncated()
	n := must(b.Finish())
	view := must(protocol.DecodeCgroupsResponse(buf[:n]))
	check(t, "items", view.ItemCount, uint32(2))
	if err := view.Validate(); err != nil {
		t.Error(err)
	}
	if err := b.Start(buf); err != nil {
		t.Fatal(err)
	}
	_ = b.Add(1, 2, 3, []byte("a\x00"), nil)
	b.AcceptTruncated()
	if _, err := b.Finish(); !errors.Is(err, protocol.ErrBadLayout) {
		t.Errorf("accepted a NUL: %v", err)
	}
}
