// Made from cgroups-lookup.toml by netipc schema generate: change that file, not this one.
//
//	key
//	  the bytes of the text, NUL
//	item
//	  0       2       4             6  8          16         24            26
//	  layout  status  orchestrator  0  path span  name span  labels count  0
//
//	  28
//	  path NUL name NUL gap to 8, spans of labels, key NUL value NUL ..

package protocol

import (
	"fmt"
	"iter"
)

// CgroupStatus: whether a path is known, or why not.
type CgroupStatus uint16

// The values of [CgroupStatus] that have a name.
const (
	// CgroupStatusKnown: the item holds data.
	CgroupStatusKnown CgroupStatus = 0
	// CgroupStatusUnknownRetryLater: not known yet: ask again later.
	CgroupStatusUnknownRetryLater CgroupStatus = 1
	// CgroupStatusUnknownPermanent: not known, and asking again is of no use.
	CgroupStatusUnknownPermanent CgroupStatus = 2
	// CgroupStatusPayloadExceeded: there was no room: clients ask again by themselves, and callers never see it.
	CgroupStatusPayloadExceeded CgroupStatus = 3
	// CgroupStatusOversizedItem: no answer within the agreed limits can hold the item.
	CgroupStatusOversizedItem CgroupStatus = 4
)

// String returns the name, or the number where there is none.
func (v CgroupStatus) String() string {
	switch v {
	case CgroupStatusKnown:
		return "known"
	case CgroupStatusUnknownRetryLater:
		return "unknown-retry-later"
	case CgroupStatusUnknownPermanent:
		return "unknown-permanent"
	case CgroupStatusPayloadExceeded:
		return "payload-exceeded"
	case CgroupStatusOversizedItem:
		return "oversized-item"
	default:
		return fmt.Sprintf("CgroupStatus %d", uint16(v))
	}
}

// CgroupsLookupRequestView is the keys of a request.
type CgroupsLookupRequestView = LookupRequest[TextKey]

// CgroupsLookupResponseView is the items of a reply, in the order of the keys.
type CgroupsLookupResponseView struct {
	LookupResponse[TextKey, CgroupsLookupItemView, *CgroupsLookupItemView]
}

// DecodeCgroupsLookupRequest reads a request, as [DecodeLookupRequest] does.
func DecodeCgroupsLookupRequest(payload []byte) (CgroupsLookupRequestView, error) {
	return DecodeLookupRequest[TextKey](payload)
}

// DecodeCgroupsLookupResponse reads a reply, as [DecodeLookupResponse] does.
func DecodeCgroupsLookupResponse(payload []byte) (reply CgroupsLookupResponseView, err error) {
	err = reply.Decode(payload)
	return reply, err
}

// Item returns item i. Every item was validated when the reply came. It fails with [ErrOutOfBounds]
// beyond the last.
func (r *CgroupsLookupResponseView) Item(i uint32) (item CgroupsLookupItemView, err error) {
	err = r.Read(i, &item)
	return item, err
}

// Read reads item i to where it is wanted. It takes less time than Item, which copies a large item,
// and fails as that does.
func (r *CgroupsLookupResponseView) Read(i uint32, item *CgroupsLookupItemView) error {
	bytes := r.Bytes(int(i))
	if bytes == nil {
		return r.NoItem(i)
	}
	item.read(bytes)
	return nil
}

// Items returns every item, in order.
func (r *CgroupsLookupResponseView) Items() iter.Seq2[int, CgroupsLookupItemView] {
	list := r.List()
	return func(yield func(int, CgroupsLookupItemView) bool) {
		var item CgroupsLookupItemView
		for i := range list.Len() {
			item.read(list.Get(i))
			if !yield(i, item) {
				return
			}
		}
	}
}

// EncodeCgroupsLookupRequest writes the request for paths to dst; it returns its length. It fails with
// [ErrOverflow] where there is no room, with [ErrBadLayout] for what cannot be a key.
func EncodeCgroupsLookupRequest(dst []byte, paths [][]byte) (int, error) {
	return EncodeTextKeys(dst, paths)
}

// CgroupsLookupItemView: what is known of one cgroup.
type CgroupsLookupItemView struct {
	// Status: whether it is known, or why not.
	Status CgroupStatus
	// Orchestrator: who runs it.
	Orchestrator Orchestrator
	// Path: path below the cgroup root. At least 1 byte.
	Path CStringView
	// Name: its name; may be empty.
	Name CStringView
	// Labels: its labels.
	Labels Labels
}

// CgroupsLookupItemHeaderLen is the bytes in front of the texts of an item.
const CgroupsLookupItemHeaderLen = 28

// Size returns the bytes on the wire.
func (v CgroupsLookupItemView) Size() int { return v.size() }

func (v *CgroupsLookupItemView) size() int {
	return v.Labels.EndAfter(CgroupsLookupItemHeaderLen + v.Path.Len() + 1 + v.Name.Len() + 1)
}

// Encode writes an item to dst, which has exactly Size bytes. It fails with [ErrBadLayout] where
// it may not be sent.
func (v CgroupsLookupItemView) Encode(dst []byte) error { return v.encode(dst) }

func (v *CgroupsLookupItemView) encode(dst []byte) error {
	if err := v.check(); err != nil {
		return err
	}
	const pathAt = CgroupsLookupItemHeaderLen
	nameAt := pathAt + v.Path.Len() + 1
	end := nameAt + v.Name.Len() + 1
	b := dst[:CgroupsLookupItemHeaderLen]
	le.PutUint64(b[0:], 1|uint64(v.Status)<<16|uint64(v.Orchestrator)<<32)
	PutSpan(b[8:], pathAt, v.Path.Len())
	PutSpan(b[16:], nameAt, v.Name.Len())
	le.PutUint32(b[24:], uint32(uint16(v.Labels.Len())))
	if !CopyText(dst[pathAt:], v.Path.Bytes()) {
		return CheckNoNul(v.Path, "path")
	}
	if !CopyText(dst[nameAt:], v.Name.Bytes()) {
		return CheckNoNul(v.Name, "name")
	}
	if v.Labels.Len() == 0 {
		return nil
	}
	return v.Labels.Encode(dst, end)
}

// checkCgroupsLookupItem fails unless bytes are an item.
func checkCgroupsLookupItem(bytes []byte) error {
	if len(bytes) < CgroupsLookupItemHeaderLen {
		return NewWireError(ErrTruncated, "cgroups-lookup item", CgroupsLookupItemHeaderLen, uint64(len(bytes)))
	}
	b := bytes[:CgroupsLookupItemHeaderLen]
	if found := le.Uint16(b[0:]); found != 1 {
		return NewWireError(ErrBadLayout, "layout", 1, uint64(found))
	}
	if found := le.Uint16(b[6:]); found != 0 {
		return NewWireError(ErrBadLayout, "reserved", 0, uint64(found))
	}
	if found := le.Uint16(b[26:]); found != 0 {
		return NewWireError(ErrBadLayout, "reserved", 0, uint64(found))
	}
	path := ReadSpan(b[8:])
	name := ReadSpan(b[16:])
	end := path.Follows(bytes, CgroupsLookupItemHeaderLen)
	end = name.Follows(bytes, end)
	if end == Nowhere || !CleanTexts(bytes, CgroupsLookupItemHeaderLen, end, 2) {
		var err error
		spans := [...]Span{path, name}
		if end, err = CheckTexts(bytes, CgroupsLookupItemHeaderLen, spans[:], "path or name"); err != nil {
			return err
		}
	}
	labels := le.Uint16(b[24:])
	if labels != 0 || end != uint64(len(bytes)) {
		if err := CheckLabels(bytes, labels, end); err != nil {
			return err
		}
	}
	status := CgroupStatus(le.Uint16(b[2:]))
	orchestrator := Orchestrator(le.Uint16(b[4:]))
	if status > CgroupStatusOversizedItem {
		return NewRuleError("status", "not one of its values", uint64(status))
	}
	if path.Len == 0 {
		return NewWireError(ErrBadLayout, "path length", 1, uint64(path.Len))
	}
	if status != 0 {
		if orchestrator != 0 ||
			name.Len != 0 ||
			labels != 0 {
			return NewRuleError("status", "only known items have data", uint64(status))
		}
		return nil
	}
	return nil
}

// read makes it the one in bytes that were checked before.
func (v *CgroupsLookupItemView) read(bytes []byte) {
	b := bytes[:CgroupsLookupItemHeaderLen]
	path := ReadSpan(b[8:])
	name := ReadSpan(b[16:])
	v.Status = CgroupStatus(le.Uint16(b[2:]))
	v.Orchestrator = Orchestrator(le.Uint16(b[4:]))
	v.Path = TextAt(bytes, path)
	v.Name = TextAt(bytes, name)
	v.Labels.Locate(bytes, le.Uint16(b[24:]), max(path.End(), name.End()))
}

// check tells which rule of the schema an item breaks.
func (v *CgroupsLookupItemView) check() error {
	if v.Status > CgroupStatusOversizedItem {
		return NewRuleError("status", "not one of its values", uint64(v.Status))
	}
	if v.Path.Len() == 0 {
		return NewWireError(ErrBadLayout, "path length", 1, uint64(v.Path.Len()))
	}
	if v.Status != 0 {
		if v.Orchestrator != 0 ||
			v.Name.Len() != 0 ||
			v.Labels.Len() != 0 {
			return NewRuleError("status", "only known items have data", uint64(v.Status))
		}
		return nil
	}
	return nil
}

// NewCgroupsLookupItem returns the item for key in which nothing is set: there is no data, and its status is
// [CgroupStatusUnknownRetryLater].
func NewCgroupsLookupItem(key TextKey) CgroupsLookupItemView {
	return CgroupsLookupItemView{}.Bare(key, 1)
}

// Key returns the key that this answers.
func (v *CgroupsLookupItemView) Key() TextKey { return TextKey{v.Path} }

// StatusCode returns the status.
func (v *CgroupsLookupItemView) StatusCode() uint16 { return uint16(v.Status) }

// Bare returns the item for key that holds only a status.
func (CgroupsLookupItemView) Bare(key TextKey, status uint16) CgroupsLookupItemView {
	return CgroupsLookupItemView{Status: CgroupStatus(status), Path: key.CStringView}
}

// Read makes it the item that was decoded before; that of no bytes is empty.
func (v *CgroupsLookupItemView) Read(item Valid[CgroupsLookupItemView]) {
	if len(item.Bytes()) == 0 {
		*v = CgroupsLookupItemView{}
		return
	}
	v.read(item.Bytes())
}

// CheckAll fails unless every item of list is one, in order.
func (*CgroupsLookupItemView) CheckAll(list Packed) error {
	check := ListRules{MinLen: CgroupsLookupItemHeaderLen, Ordered: true}.Checker(list)
	for entries := list.Directory(); len(entries) >= EntryLen; entries = entries[EntryLen:] {
		s := ReadSpan(entries)
		if !check.Passes(s) {
			return check.Refuse(s)
		}
		if err := checkCgroupsLookupItem(list.At(s)); err != nil {
			return err
		}
	}
	return nil
}

// Rules returns what is the same for all items.
func (*CgroupsLookupItemView) Rules() LookupRules {
	bare := KeyedSize{Fixed: 29, PlusKey: true}
	return LookupRules{Exceeded: 3, Oversized: 4, Bare: bare, Likely: bare}
}

// CgroupsLookupBuilder takes an item for each key of a request.
type CgroupsLookupBuilder struct {
	LookupBuilder[TextKey, CgroupsLookupItemView, *CgroupsLookupItemView]
}

// Add adds the item of the next key. Whether the item itself or a placeholder was written is not the
// handler's concern. It fails with [ErrOverflow] where the answer cannot start, with
// [ErrBadLayout] for another key or an item that may not be sent, with [ErrBadItemCount]
// beyond the last key. The first error is kept and decides how the request ends.
func (b *CgroupsLookupBuilder) Add(item CgroupsLookupItemView) error {
	return b.Push(&item)
}

// Push adds the item of the next key from where it is, without a copy of it. It fails as Add does.
func (b *CgroupsLookupBuilder) Push(item *CgroupsLookupItemView) error {
	asked := b.NextKey()
	same := len(asked) > 0 && string(asked[:len(asked)-1]) == string(item.Path.Bytes())
	dst := b.OpenItem(len(asked), same, uint16(item.Status), item.size())
	if dst == nil {
		return b.Err()
	}
	return b.CloseItem(dst, item.encode(dst))
}

// AddBare adds an item without data for the next key. It fails as Add does.
func (b *CgroupsLookupBuilder) AddBare(status CgroupStatus) error {
	asked := b.NextKey()
	dst := b.OpenItem(len(asked), true, uint16(status), 29+len(asked))
	if dst == nil {
		return b.Err()
	}
	switch status {
	case CgroupStatusUnknownRetryLater, CgroupStatusUnknownPermanent, CgroupStatusPayloadExceeded, CgroupStatusOversizedItem:
		encodeBareCgroupsLookupItem(dst, status, asked)
		return b.CloseItem(dst, nil)
	default:
		item := CgroupsLookupItemView{Status: status, Path: CString(asked[:len(asked)-1])}
		return b.CloseItem(dst, item.encode(dst))
	}
}

// encodeBareCgroupsLookupItem writes the item for the key asked that holds only a status to dst.
func encodeBareCgroupsLookupItem(dst []byte, status CgroupStatus, asked []byte) {
	const pathAt = CgroupsLookupItemHeaderLen
	nameAt := pathAt + len(asked)
	b := dst[:CgroupsLookupItemHeaderLen]
	le.PutUint64(b[0:], 1|uint64(status)<<16)
	PutSpan(b[8:], pathAt, len(asked)-1)
	PutSpan(b[16:], nameAt, 0)
	le.PutUint32(b[24:], 0)
	copy(dst[pathAt:], asked)
	dst[nameAt] = 0
}

// DispatchCgroupsLookup answers a request of [MethodCgroupsLookup].
func DispatchCgroupsLookup(payload, answer []byte, handle func(*CgroupsLookupRequestView, *CgroupsLookupBuilder) bool) (int, Status) {
	return dispatch(payload, DecodeCgroupsLookupRequest, func(request *CgroupsLookupRequestView) (int, error) {
		var builder CgroupsLookupBuilder
		if err := builder.Start(*request, answer); err != nil {
			return 0, err
		}
		return finish(handle(request, &builder), builder.Finish)
	})
}

// CgroupsLookupReplyBuilder writes a reply of [MethodCgroupsLookup].
type CgroupsLookupReplyBuilder = LookupReplyBuilder[TextKey, CgroupsLookupItemView, *CgroupsLookupItemView]
