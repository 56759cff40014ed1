package codecpeer

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/netipc/netipc/go/protocol"
)

func encodeCgroupsRequest(in *words, out *line) error {
	buf := in.room()
	paths := list(in, in.bytes)
	n, err := protocol.EncodeCgroupsLookupRequest(buf, paths)
	if errors.Is(err, protocol.ErrBadLayout) {
		return err
	}
	keys := make([]protocol.TextKey, len(paths))
	for i, path := range paths {
		keys[i] = protocol.TextKey{CStringView: protocol.CString(path)}
	}
	return bothWays(out, keys, buf, n, err)
}

func decodeCgroupsRequest(in *words, out *line) error {
	request, err := protocol.DecodeCgroupsLookupRequest(in.bytes())
	out.number(uint64(request.Len()))
	for _, path := range request.Keys() {
		out.bytes(path.Bytes())
	}
	return err
}

func encodeCgroupsResponse(in *words, out *line) error {
	buf, bare := in.room(), in.flag()
	request, err := request(list(in, in.textKey))
	if err != nil {
		return err
	}
	var builder protocol.CgroupsLookupBuilder
	if err := builder.Start(request, buf); err != nil {
		return err
	}
	builder.SetGeneration(in.u64())
	for range in.count() {
		item := protocol.CgroupsLookupItemView{
			Status:       protocol.CgroupStatus(in.u16()),
			Orchestrator: protocol.Orchestrator(in.u16()),
			Path:         in.text(),
			Name:         in.text(),
			Labels:       in.labels(),
		}
		if bare && item.Status != protocol.CgroupStatusKnown {
			err = builder.AddBare(item.Status)
		} else {
			err = builder.Add(item)
		}
		if err != builder.Err() {
			panic("the first error stays")
		}
	}
	n, err := builder.Finish()
	return after(out, buf, builder.ItemCount(), n, err)
}

func decodeCgroupsResponse(in *words, out *line) error {
	response, err := protocol.DecodeCgroupsLookupResponse(in.bytes())
	if err != nil {
		return err
	}
	out.numbers(response.Generation, uint64(response.ItemCount))
	for _, item := range response.Items() {
		sayItem[protocol.TextKey](out, item, sayCgroup)
	}
	return nil
}

func sayCgroup(out *line, item protocol.CgroupsLookupItemView) {
	out.numbers(uint64(item.Status), uint64(item.Orchestrator))
	out.texts(item.Path, item.Name)
	out.labels(item.Labels)
}

func encodeAppsRequest(in *words, out *line) error {
	buf := in.room()
	pids := list(in, in.u32)
	n, err := protocol.EncodeAppsLookupRequest(buf, pids)
	keys := make([]protocol.NumberKey, len(pids))
	for i, pid := range pids {
		keys[i] = protocol.NumberKey(pid)
	}
	return bothWays(out, keys, buf, n, err)
}

func decodeAppsRequest(in *words, out *line) error {
	request, err := protocol.DecodeAppsLookupRequest(in.bytes())
	out.number(uint64(request.Len()))
	for _, pid := range request.Keys() {
		out.number(uint64(pid))
	}
	return err
}

func encodeAppsResponse(in *words, out *line) error {
	buf, bare := in.room(), in.flag()
	request, err := request(list(in, in.numberKey))
	if err != nil {
		return err
	}
	var builder protocol.AppsLookupBuilder
	if err := builder.Start(request, buf); err != nil {
		return err
	}
	builder.SetGeneration(in.u64())
	for range in.count() {
		item := protocol.AppsLookupItemView{
			Status:       protocol.PidStatus(in.u16()),
			CgroupStatus: protocol.AppsCgroupStatus(in.u16()),
			Orchestrator: protocol.Orchestrator(in.u16()),
			Pid:          in.u32(),
			Ppid:         in.u32(),
			Uid:          in.u32(),
			Starttime:    in.u64(),
			Comm:         in.text(),
			CgroupPath:   in.text(),
			CgroupName:   in.text(),
			Labels:       in.labels(),
		}
		if bare && item.Status != protocol.PidStatusKnown {
			err = builder.AddBare(item.Status)
		} else {
			err = builder.Add(item)
		}
		if err != builder.Err() {
			panic("the first error stays")
		}
	}
	n, err := builder.Finish()
	return after(out, buf, builder.ItemCount(), n, err)
}

func decodeAppsResponse(in *words, out *line) error {
	response, err := protocol.DecodeAppsLookupResponse(in.bytes())
	if err != nil {
		return err
	}
	out.numbers(response.Generation, uint64(response.ItemCount))
	for _, item := range response.Items() {
		sayItem[protocol.NumberKey](out, item, sayApp)
	}
	return nil
}

func sayApp(out *line, item protocol.AppsLookupItemView) {
	out.numbers(
		uint64(item.Status), uint64(item.CgroupStatus), uint64(item.Orchestrator),
		uint64(item.Pid), uint64(item.Ppid), uint64(item.Uid), item.Starttime,
	)
	out.texts(item.Comm, item.CgroupPath, item.CgroupName)
	out.labels(item.Labels)
}

// sayItem says what an item is; and again, where it is something else once it was written and read.
func sayItem[K protocol.LookupKey[K], I any, P protocol.LookupItem[K, I]](out *line, item I, say func(*line, I)) {
	var first, second line
	say(&first, item)
	out.word(string(first))
	dst := filled(P(&item).Size())
	encoded := P(&item).Encode(dst)
	again, err := protocol.DecodeLookupItem[K, I, P](dst)
	err = errors.Join(encoded, err)
	say(&second, again)
	if err != nil || !bytes.Equal(first, second) {
		out.word("again")
		out.word(string(second))
	}
}

// bothWays says what was written to buf as the request for keys, if the other way to write it gives
// the same.
func bothWays[K protocol.LookupKey[K]](out *line, keys []K, buf []byte, n int, err error) error {
	other := filled(len(buf))
	m, otherErr := protocol.EncodeLookupRequest(other, keys)
	if !bytes.Equal(buf[:n], other[:m]) || (err == nil) != (otherErr == nil) {
		return fmt.Errorf("two ways to write a request: %x %v, %x %v", buf[:n], err, other[:m], otherErr)
	}
	out.bytes(buf[:n])
	return err
}

// request returns the request for keys.
func request[K protocol.LookupKey[K]](keys []K) (protocol.LookupRequest[K], error) {
	buf := make([]byte, protocol.LookupRequestLen(keys))
	n, err := protocol.EncodeLookupRequest(buf, keys)
	if err != nil {
		return protocol.LookupRequest[K]{}, err
	}
	return protocol.DecodeLookupRequest[K](buf[:n])
}

func (w *words) textKey() protocol.TextKey     { return protocol.TextKey{CStringView: w.text()} }
func (w *words) numberKey() protocol.NumberKey { return protocol.NumberKey(w.u32()) }
func (w *words) text() protocol.CStringView    { return protocol.CString(w.bytes()) }

func (w *words) labels() protocol.Labels {
	label := func() protocol.Label { return protocol.NewLabel(w.bytes(), w.bytes()) }
	return protocol.LabelsOf(list(w, label))
}

func (l *line) texts(texts ...protocol.CStringView) {
	for _, text := range texts {
		l.bytes(text.Bytes())
	}
}

func (l *line) labels(labels protocol.Labels) {
	l.number(uint64(labels.Len()))
	for _, label := range labels.All() {
		l.texts(label.Key, label.Value)
	}
}
