package codecpeer

import "github.com/netipc/netipc/go/protocol"

func encodeBatch(in *words, out *line) error {
	buf := in.room()
	items := list(in, in.bytes)
	batch, err := protocol.NewPackedWriter(buf, 0, len(items))
	if err != nil {
		return err
	}
	for _, item := range items {
		dst, err := batch.Open(len(item))
		if err != nil {
			return err
		}
		copy(dst, item)
		batch.Commit(len(item))
	}
	n, err := batch.FinishBatch()
	out.bytes(buf[:n])
	return err
}

func decodeBatch(in *words, out *line) error {
	count := in.u32()
	batch, err := protocol.ParsePacked(in.bytes(), 0, count, protocol.BatchRules)
	out.number(uint64(batch.Len()))
	for i := range batch.Len() {
		out.bytes(batch.Get(i))
	}
	return err
}

func encodeSnapshotRequest(in *words, out *line) error {
	buf := in.room()
	n, err := protocol.EncodeCgroupsRequest(buf)
	out.bytes(buf[:n])
	return err
}

func decodeSnapshotRequest(in *words, _ *line) error {
	_, err := protocol.DecodeCgroupsRequest(in.bytes())
	return err
}

func encodeSnapshot(in *words, out *line) error {
	buf := in.room()
	truncated, systemdEnabled, generation := in.flag(), in.u32(), in.u64()
	var builder protocol.CgroupsBuilder
	if err := builder.Start(buf); err != nil {
		return err
	}
	for range in.count() {
		hash, options, enabled := in.u32(), in.u32(), in.u32()
		name, path := in.bytes(), in.bytes()
		if err := builder.Add(hash, options, enabled, name, path); err != builder.Err() {
			panic("the first error stays")
		}
	}
	builder.SetHeader(systemdEnabled, generation)
	if truncated {
		builder.AcceptTruncated()
	}
	n, err := builder.Finish()
	return after(out, buf, builder.ItemCount(), n, err)
}

func decodeSnapshot(in *words, out *line) error {
	snapshot, err := protocol.DecodeCgroupsResponse(in.bytes())
	if err != nil {
		return err
	}
	out.numbers(uint64(snapshot.SystemdEnabled), snapshot.Generation, uint64(snapshot.ItemCount))
	for i := range snapshot.ItemCount {
		item, err := snapshot.Item(i)
		if err != nil {
			out.word("error")
			out.word(errorName(err))
			continue
		}
		out.numbers(uint64(item.Hash), uint64(item.Options), uint64(item.Enabled))
		out.bytes(item.Name.Bytes())
		out.bytes(item.Path.Bytes())
	}
	if err := snapshot.Validate(); err != nil {
		out.word("error")
		out.word(errorName(err))
	}
	return nil
}
