package protocol

import "errors"

// CgroupsBuilder takes the cgroups of a snapshot.
//
// Overflow is sticky: a snapshot that did not fit is answered as such, and the client comes back
// with room for more. It is never sent as if it were whole, unless the handler says so.
type CgroupsBuilder struct {
	list           PackedWriter
	systemdEnabled uint32
	generation     uint64
	err            error
}

// Start begins a snapshot of at most len(buf) bytes and forgets what was there before. It fails with
// [ErrOverflow] where not even the header fits.
func (b *CgroupsBuilder) Start(buf []byte) error {
	list, err := NewGrowingPackedWriter(buf, CgroupsHeaderLen)
	*b = CgroupsBuilder{list: list, err: err}
	return err
}

// SetHeader says whether systemd runs the host, and which generation of the data this is. Both are 0
// unless set, at any time.
func (b *CgroupsBuilder) SetHeader(systemdEnabled uint32, generation uint64) {
	b.systemdEnabled, b.generation = systemdEnabled, generation
}

// Add adds a cgroup: the producer's hash of its name, its Option bits, whether it is to be monitored,
// its name and its path. It fails as [CgroupsBuilder.Push] does.
func (b *CgroupsBuilder) Add(hash, options, enabled uint32, name, path []byte) error {
	return b.push(&CgroupsItemView{
		Hash: hash, Options: options, Enabled: enabled, Name: CString(name), Path: CString(path),
	})
}

// Push adds an item. It fails with [ErrOverflow] where it does not fit, with [ErrBadLayout] where it
// may not be sent. The first error is kept and decides how the request ends.
func (b *CgroupsBuilder) Push(item CgroupsItemView) error { return b.push(&item) }

// ItemCount returns the items so far.
func (b *CgroupsBuilder) ItemCount() int { return b.list.Len() }

// Err returns what went wrong first, if anything.
func (b *CgroupsBuilder) Err() error { return b.err }

// AcceptTruncated sends the items that fitted, as if they were all.
func (b *CgroupsBuilder) AcceptTruncated() {
	if b.list.Cap() >= CgroupsHeaderLen && errors.Is(b.err, ErrOverflow) {
		b.err = nil
	}
}

// Finish ends the snapshot; it returns its length. It fails with the first error that was met.
func (b *CgroupsBuilder) Finish() (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	header, length := b.list.Finish()
	le.PutUint32(header[0:], cgroupsLayout)
	le.PutUint32(header[4:], uint32(b.list.Len()))
	le.PutUint32(header[8:], b.systemdEnabled)
	le.PutUint32(header[12:], 0)
	le.PutUint64(header[16:], b.generation)
	return length, nil
}

func (b *CgroupsBuilder) push(item *CgroupsItemView) error {
	if b.err != nil {
		return b.err
	}
	size := item.size()
	dst, err := b.list.Open(size)
	if err == nil {
		err = item.encode(dst)
	}
	if err != nil {
		b.err = err
		return err
	}
	b.list.Commit(size)
	return nil
}
