package service_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/internal/session"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
)

const (
	known     = uint16(protocol.PidStatusKnown)
	unknown   = uint16(protocol.PidStatusUnknown)
	exceeded  = uint16(protocol.PidStatusPayloadExceeded)
	oversized = uint16(protocol.PidStatusOversizedItem)
)

// process is a process of a reply, and its status.
type process struct {
	pid    uint32
	status uint16
}

// reply is the bytes of a reply of these processes.
func reply(generation uint64, items ...process) []byte {
	buf := make([]byte, protocol.LookupHeaderLen+len(items)*128)
	list, err := protocol.NewPackedWriter(buf, protocol.LookupHeaderLen, len(items))
	if err != nil {
		return nil
	}
	for _, p := range items {
		item := protocol.AppsLookupItemView{}.Bare(protocol.NumberKey(p.pid), p.status)
		if p.status == known {
			item.CgroupStatus, item.Comm = protocol.AppsCgroupStatusHostRoot, protocol.CString([]byte("c"))
		}
		dst, err := list.Open(item.Size())
		if err != nil || item.Encode(dst) != nil {
			return nil
		}
		list.Commit(len(dst))
	}
	header, length := list.Finish()
	binary.LittleEndian.PutUint32(header, 1)
	binary.LittleEndian.PutUint32(header[4:], uint32(len(items)))
	binary.LittleEndian.PutUint64(header[8:], generation)
	return buf[:length]
}

// step is what must be asked, and what is answered.
type step struct {
	pids     []uint32
	statuses []uint16
}

// play serves the next session by these steps, whose generations grow by drift; refused requests are
// those without statuses, and end the session.
func play(t *testing.T, script *services.Script, drift uint64, steps ...step) {
	accepted := script.Accept()
	for i, s := range steps {
		if accepted == nil {
			t.Error("nobody came")
			return
		}
		request, err := services.Next(accepted)
		if err != nil {
			t.Errorf("step %d: %v", i, err)
			return
		}
		if got := asked(request); !slices.Equal(got, s.pids) {
			t.Errorf("step %d: asked for %d, want %d", i, got, s.pids)
		}
		status, payload := protocol.StatusLimitExceeded, []byte(nil)
		if s.statuses != nil {
			var items []process
			for i, pid := range s.pids {
				items = append(items, process{pid, s.statuses[i]})
			}
			status, payload = protocol.StatusOK, reply(1+uint64(i)*drift, items...)
		}
		if err := services.Answer(accepted, request.Header, status, payload); err != nil {
			t.Errorf("step %d: %v", i, err)
		}
		if s.statuses == nil && i+1 < len(steps) {
			accepted = script.Accept()
		}
	}
}

func asked(request session.Message) []uint32 {
	view, err := protocol.DecodeAppsLookupRequest(request.Payload)
	if err != nil {
		return nil
	}
	var pids []uint32
	for _, pid := range view.Keys() {
		pids = append(pids, uint32(pid))
	}
	return pids
}

func TestWhatALookupMakesOfServersThatAreFullOrMistaken(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		want       []uint16
		reconnects uint64
		steps      []step
	}{
		"a first key judged too large is asked again alone": {
			[]uint16{known, known, known}, 0, []step{
				{[]uint32{1, 2, 3}, []uint16{oversized, known, known}},
				{[]uint32{1}, []uint16{known}},
				{[]uint32{2, 3}, []uint16{known, known}},
			}},
		"a key too large alone is final": {
			[]uint16{oversized, known, oversized}, 0, []step{
				{[]uint32{1, 2, 3}, []uint16{oversized, known, known}},
				{[]uint32{1}, []uint16{oversized}},
				{[]uint32{2, 3}, []uint16{known, oversized}},
			}},
		"a full answer is continued from where it ends": {
			[]uint16{known, unknown, oversized, known}, 0, []step{
				{[]uint32{1, 2, 3, 4}, []uint16{known, unknown, exceeded, exceeded}},
				{[]uint32{3, 4}, []uint16{oversized, exceeded}},
				{[]uint32{3}, []uint16{oversized}},
				{[]uint32{4}, []uint16{known}},
			}},
		"a refused window is halved in a new session": {
			[]uint16{known, known, known, known, known}, 2, []step{
				{[]uint32{1, 2, 3, 4, 5}, nil},
				{[]uint32{1, 2}, nil},
				{[]uint32{1}, []uint16{known}},
				{[]uint32{2, 3}, []uint16{known, known}},
				{[]uint32{4, 5}, []uint16{known, known}},
			}},
	} {
		t.Run(name, func(t *testing.T) {
			w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
			script := w.Script()
			w.Play(func() { play(t, script, 0, row.steps...) })
			config := w.ClientConfig()
			if row.reconnects == 0 {
				// What it has is all that the client may ask for.
				config.MaxResponsePayloadBytes = 65_536
			}
			c := services.Connected(w, apps_lookup.NewClient(w.Dir, "svc", config))
			pids := make([]uint32, len(row.want))
			for i := range pids {
				pids[i] = uint32(i) + 1
			}
			reply, err := c.Call(pids)
			w.No(err)
			for i, item := range reply.Items() {
				if item.Pid != pids[i] || item.StatusCode() != row.want[i] {
					t.Errorf("item %d is %+v", i, item)
				}
			}
			if got := c.Counters().Reconnects; got != row.reconnects {
				t.Errorf("%d reconnects", got)
			}
		})
	}
}

func TestDataThatChangesDuringALookupIsAMismatch(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	script := w.Script()
	w.Play(func() {
		play(t, script, 1,
			step{[]uint32{1, 2}, []uint16{known, exceeded}},
			step{[]uint32{2}, []uint16{known}})
	})
	c := services.Connected(w, apps_lookup.NewClient(w.Dir, "svc", w.ClientConfig()))
	_, err := c.Call([]uint32{1, 2})
	w.Fails(err, service.ErrGenerationMismatch)
	if !c.Ready() {
		t.Fatal("the session is as good as before")
	}
}

func TestAWrongReplyIsTriedOnceMoreAndNeverBelieved(t *testing.T) {
	t.Parallel()
	right := []process{{1, known}, {2, known}, {3, known}}
	spoilt := reply(1, right...)
	spoilt[16+8*3+2] = 9
	for rule, row := range map[string]struct {
		code    service.ErrorCode
		payload []byte
		header  func(*protocol.Header)
	}{
		"code":             {service.ErrProtocol, reply(1, right...), func(h *protocol.Header) { h.Code++ }},
		"batch":            {service.ErrProtocol, reply(1, right...), func(h *protocol.Header) { h.Flags |= protocol.FlagBatch }},
		"too few items":    {service.ErrProtocol, reply(1, right[:2]...), nil},
		"too many items":   {service.ErrProtocol, reply(1, append(right, process{4, known})...), nil},
		"echoed key":       {service.ErrProtocol, reply(1, right[0], right[2], right[1]), nil},
		"first is full":    {service.ErrProtocol, reply(1, process{1, exceeded}, process{2, exceeded}, process{3, exceeded}), nil},
		"item behind full": {service.ErrProtocol, reply(1, right[0], process{2, exceeded}, right[2]), nil},
		"status":           {service.ErrBadLayout, spoilt, nil},
	} {
		for name, heals := range map[string]bool{" for good": false, " once": true} {
			t.Run(rule+name, func(t *testing.T) {
				w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
				script := w.Script()
				w.Play(func() {
					answerOnce(t, script, row.header, row.payload)
					if heals {
						answerOnce(t, script, nil, reply(1, right...))
					} else {
						answerOnce(t, script, row.header, row.payload)
					}
				})
				c := services.Connected(w, apps_lookup.NewClient(w.Dir, "svc", w.ClientConfig()))
				got, err := c.Call([]uint32{1, 2, 3})
				switch {
				case heals && (err != nil || got.Len() != 3):
					t.Fatal(err)
				case !heals:
					w.Fails(err, row.code)
					w.Fails(err, service.ErrProtocol)
					var echoed *service.EchoedKeyError
					if named := errors.As(err, &echoed) && echoed.Index == 1; named != (rule == "echoed key") {
						t.Fatalf("%v", err)
					}
				}
				if c.Counters().Retries != 1 || c.Ready() != heals {
					t.Fatalf("%+v", c.Status())
				}
			})
		}
	}
}

// answerOnce serves one request of the next session, with a header that spoil changes.
func answerOnce(t *testing.T, script *services.Script, spoil func(*protocol.Header), payload []byte) {
	accepted := script.Accept()
	if accepted == nil {
		t.Error("nobody came")
		return
	}
	request, err := services.Next(accepted)
	if err != nil {
		t.Error(err)
		return
	}
	header := request.Header
	if spoil != nil {
		spoil(&header)
	}
	if err := services.Answer(accepted, header, protocol.StatusOK, payload); err != nil {
		t.Error(err)
	}
}
