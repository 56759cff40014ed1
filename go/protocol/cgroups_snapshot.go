// Made from cgroups-snapshot.toml by netipc schema generate: change that file, not this one.
//
//	item
//	  0       2  4     8        12       16         24         32
//	  layout  0  hash  options  enabled  name span  path span  name NUL path NUL

package protocol

import (
	"errors"
	"fmt"
	"strings"
)

// Bits: what the provider found out about a cgroup.
const (
	// OptionDisabledDuplicate: another cgroup has the same name; this one is disabled.
	OptionDisabledDuplicate = 1 << 0
	// OptionSystemdService: a service slice of systemd.
	OptionSystemdService = 1 << 1
	// OptionUnified: it lies in the unified hierarchy.
	OptionUnified = 1 << 2
	// OptionDisabledExcluded: the configuration excludes it.
	OptionDisabledExcluded = 1 << 3
)

// CgroupOptionsString lists the names of bits; what has none is in hex.
func CgroupOptionsString(v uint32) string {
	var names []string
	if v&OptionDisabledDuplicate != 0 {
		names = append(names, "disabled-duplicate")
		v &^= OptionDisabledDuplicate
	}
	if v&OptionSystemdService != 0 {
		names = append(names, "systemd-service")
		v &^= OptionSystemdService
	}
	if v&OptionUnified != 0 {
		names = append(names, "unified")
		v &^= OptionUnified
	}
	if v&OptionDisabledExcluded != 0 {
		names = append(names, "disabled-excluded")
		v &^= OptionDisabledExcluded
	}
	if v != 0 {
		names = append(names, fmt.Sprintf("%#x", v))
	}
	return strings.Join(names, ",")
}

// CgroupsHeaderLen is the bytes in front of the directory of a snapshot.
const CgroupsHeaderLen = 24

// CgroupsRequest asks for the snapshot. It has no fields of its own.
type CgroupsRequest struct{}

// EncodeCgroupsRequest writes the request to dst; it returns its length. It fails with [ErrOverflow]
// where there is no room.
func EncodeCgroupsRequest(dst []byte) (int, error) { return Encode(dst, CgroupsRequest{}) }

// DecodeCgroupsRequest reads a request. It fails with [ErrTruncated] or [ErrBadLayout].
func DecodeCgroupsRequest(payload []byte) (CgroupsRequest, error) {
	if len(payload) < 4 {
		return CgroupsRequest{}, NewWireError(ErrTruncated, "cgroups-snapshot request", 4, uint64(len(payload)))
	}
	if found := le.Uint32(payload); found != 1 {
		return CgroupsRequest{}, NewWireError(ErrBadLayout, "layout and reserved", 1, uint64(found))
	}
	return CgroupsRequest{}, nil
}

// Size returns the bytes on the wire.
func (CgroupsRequest) Size() int { return 4 }

// Encode writes the request to dst, which has exactly Size bytes.
func (CgroupsRequest) Encode(dst []byte) error {
	le.PutUint32(dst, 1)
	return nil
}

// CgroupsHeader is what a snapshot says besides its items.
type CgroupsHeader struct {
	// SystemdEnabled: whether systemd runs the host; any number but 0 is yes.
	SystemdEnabled uint32
}

// CgroupsResponseView is a snapshot as it came. An item is validated when it is asked for, so that a corrupt one spoils
// only itself.
type CgroupsResponseView struct {
	CgroupsHeader
	// ItemCount is the number of items.
	ItemCount uint32
	// Generation changes when the server's data does.
	Generation uint64

	payload []byte
	list    Packed
}

// DecodeCgroupsResponse reads a snapshot and checks its directory; items are checked on access. It fails with
// [ErrTruncated], [ErrBadLayout], [ErrBadAlignment] or [ErrOutOfBounds].
func DecodeCgroupsResponse(payload []byte) (reply CgroupsResponseView, err error) {
	if len(payload) < CgroupsHeaderLen {
		return reply, NewWireError(ErrTruncated, "snapshot header", CgroupsHeaderLen, uint64(len(payload)))
	}
	b := payload[:CgroupsHeaderLen]
	if found := le.Uint32(b); found != 1 {
		return reply, NewWireError(ErrBadLayout, "layout and reserved", 1, uint64(found))
	}
	reply.SystemdEnabled = le.Uint32(b[8:])
	if found := le.Uint32(b[12:]); found != 0 {
		return CgroupsResponseView{}, NewWireError(ErrBadLayout, "reserved", 0, uint64(found))
	}
	count := le.Uint32(b[4:])
	list, err := ParsePacked(payload, CgroupsHeaderLen, count, ListRules{MinLen: CgroupsItemHeaderLen})
	if err != nil {
		return CgroupsResponseView{}, err
	}
	reply.ItemCount, reply.Generation = count, le.Uint64(b[16:])
	reply.payload, reply.list = payload, list
	return reply, nil
}

// Len returns the number of items.
func (r *CgroupsResponseView) Len() int { return r.list.Len() }

// Item returns item i. It fails with what is wrong with the item, or with [ErrOutOfBounds] beyond the last.
func (r *CgroupsResponseView) Item(i uint32) (item CgroupsItemView, err error) {
	err = r.Read(i, &item)
	return item, err
}

// Read makes item what Item returns, without a copy of it. It fails as Item does, and leaves item alone then.
func (r *CgroupsResponseView) Read(i uint32, item *CgroupsItemView) error {
	if i >= r.ItemCount {
		return NewWireError(ErrOutOfBounds, "item index", uint64(r.ItemCount), uint64(i))
	}
	bytes := r.list.At(ReadSpan(r.list.Directory()[int(i)*EntryLen:]))
	if err := checkCgroupsItem(bytes); err != nil {
		return err
	}
	item.read(bytes)
	return nil
}

// Validate checks every item at once; it fails with what is wrong with the first bad one.
func (r *CgroupsResponseView) Validate() error {
	var item CgroupsItemView
	for i := range r.ItemCount {
		if err := r.Read(i, &item); err != nil {
			return err
		}
	}
	return nil
}

// Payload returns the whole snapshot.
func (r *CgroupsResponseView) Payload() []byte { return r.payload }

// List returns the packed items, which are not validated.
func (r *CgroupsResponseView) List() Packed { return r.list }

// CgroupsItemView: what is known of one cgroup.
type CgroupsItemView struct {
	// Hash: the provider's hash of the name.
	Hash uint32
	// Options: what was found out about it.
	Options uint32
	// Enabled: whether it is to be monitored; any number but 0 is yes.
	Enabled uint32
	// Name: its name; may be empty.
	Name CStringView
	// Path: its path in the file system; may be empty.
	Path CStringView
}

// CgroupsItemHeaderLen is the bytes in front of the texts of an item.
const CgroupsItemHeaderLen = 32

// Size returns the bytes on the wire.
func (v CgroupsItemView) Size() int { return v.size() }

func (v *CgroupsItemView) size() int {
	return CgroupsItemHeaderLen + v.Name.Len() + 1 + v.Path.Len() + 1
}

// Encode writes an item to dst, which has exactly Size bytes. It fails with [ErrBadLayout] where
// it may not be sent.
func (v CgroupsItemView) Encode(dst []byte) error { return v.encode(dst) }

func (v *CgroupsItemView) encode(dst []byte) error {
	const nameAt = CgroupsItemHeaderLen
	pathAt := nameAt + v.Name.Len() + 1
	b := dst[:CgroupsItemHeaderLen]
	le.PutUint64(b[0:], 1|uint64(v.Hash)<<32)
	le.PutUint64(b[8:], uint64(v.Options)|uint64(v.Enabled)<<32)
	PutSpan(b[16:], nameAt, v.Name.Len())
	PutSpan(b[24:], pathAt, v.Path.Len())
	if !CopyText(dst[nameAt:], v.Name.Bytes()) {
		return CheckNoNul(v.Name, "name")
	}
	if !CopyText(dst[pathAt:], v.Path.Bytes()) {
		return CheckNoNul(v.Path, "path")
	}
	return nil
}

// checkCgroupsItem fails unless bytes are an item.
func checkCgroupsItem(bytes []byte) error {
	if len(bytes) < CgroupsItemHeaderLen {
		return NewWireError(ErrTruncated, "cgroups-snapshot item", CgroupsItemHeaderLen, uint64(len(bytes)))
	}
	b := bytes[:CgroupsItemHeaderLen]
	if found := le.Uint16(b[0:]); found != 1 {
		return NewWireError(ErrBadLayout, "layout", 1, uint64(found))
	}
	if found := le.Uint16(b[2:]); found != 0 {
		return NewWireError(ErrBadLayout, "reserved", 0, uint64(found))
	}
	name := ReadSpan(b[16:])
	path := ReadSpan(b[24:])
	if path.Follows(bytes, name.Follows(bytes, CgroupsItemHeaderLen)) == Nowhere {
		if err := CheckText(bytes, CgroupsItemHeaderLen, name, "name"); err != nil {
			return err
		}
		if err := CheckText(bytes, CgroupsItemHeaderLen, path, "path"); err != nil {
			return err
		}
		if !path.ApartFrom(name) {
			return NewWireError(ErrBadLayout, "path", name.End(), uint64(path.Offset))
		}
	}
	return nil
}

// read makes it the one in bytes that were checked before.
func (v *CgroupsItemView) read(bytes []byte) {
	b := bytes[:CgroupsItemHeaderLen]
	name := ReadSpan(b[16:])
	path := ReadSpan(b[24:])
	v.Hash = le.Uint32(b[4:])
	v.Options = le.Uint32(b[8:])
	v.Enabled = le.Uint32(b[12:])
	v.Name = TextAt(bytes, name)
	v.Path = TextAt(bytes, path)
}

// DecodeCgroupsItem reads and validates an item. It fails with [ErrTruncated], [ErrBadLayout],
// [ErrOutOfBounds] or [ErrMissingNul].
func DecodeCgroupsItem(bytes []byte) (item CgroupsItemView, err error) {
	if err = checkCgroupsItem(bytes); err == nil {
		item.read(bytes)
	}
	return item, err
}

// ReadCgroupsItem reads an item that was decoded before: nothing is looked at twice. That of no bytes is empty.
func ReadCgroupsItem(valid Valid[CgroupsItemView]) (item CgroupsItemView) {
	if bytes := valid.Bytes(); len(bytes) > 0 {
		item.read(bytes)
	}
	return item
}

// CgroupsBuilder takes the items of a snapshot.
//
// Overflow is sticky: a snapshot that did not fit is answered as such, and the client comes back with room for
// more. It is never sent as if it were whole, unless the handler says so.
type CgroupsBuilder struct {
	list       PackedWriter
	header     CgroupsHeader
	generation uint64
	err        error
}

// Start begins a snapshot of at most len(buf) bytes and forgets what was there before. It fails with
// [ErrOverflow] where not even the header fits.
func (b *CgroupsBuilder) Start(buf []byte) error {
	list, err := NewGrowingPackedWriter(buf, CgroupsHeaderLen)
	*b = CgroupsBuilder{list: list, err: err}
	return err
}

// SetHeader sets what the snapshot says besides its items, and the generation of the data: zeros unless set, at any
// time.
func (b *CgroupsBuilder) SetHeader(systemdEnabled uint32, generation uint64) {
	b.header, b.generation = CgroupsHeader{SystemdEnabled: systemdEnabled}, generation
}

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
	front, length := b.list.Finish()
	le.PutUint32(front[0:], 1)
	le.PutUint32(front[4:], uint32(b.list.Len()))
	le.PutUint64(front[8:], uint64(b.header.SystemdEnabled))
	le.PutUint64(front[16:], b.generation)
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

// Add adds an item of these fields. It fails as Push does.
func (b *CgroupsBuilder) Add(hash uint32, options uint32, enabled uint32, name []byte, path []byte) error {
	return b.push(&CgroupsItemView{Hash: hash, Options: options, Enabled: enabled, Name: CString(name), Path: CString(path)})
}

// Push adds an item. It fails with [ErrOverflow] where it does not fit, with [ErrBadLayout] where it
// may not be sent. The first error is kept and decides how the request ends.
func (b *CgroupsBuilder) Push(item CgroupsItemView) error { return b.push(&item) }

// DispatchCgroupsSnapshot answers a request of [MethodCgroupsSnapshot].
func DispatchCgroupsSnapshot(payload, answer []byte, handle func(*CgroupsRequest, *CgroupsBuilder) bool) (int, Status) {
	return dispatch(payload, DecodeCgroupsRequest, func(request *CgroupsRequest) (int, error) {
		var builder CgroupsBuilder
		if err := builder.Start(answer); err != nil {
			return 0, err
		}
		return finish(handle(request, &builder), builder.Finish)
	})
}
