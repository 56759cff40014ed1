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
