// Made from apps-lookup.toml by netipc schema generate: change that file, not this one.
//
//	key
//	  0    4  8
//	  pid  0
//	item
//	  0       2       4             6              8    12    16   20  24         32
//	  layout  status  orchestrator  cgroup_status  pid  ppid  uid  0   starttime  comm span
//
//	  40                48                56            58
//	  cgroup_path span  cgroup_name span  labels count  0
//
//	  60
//	  comm NUL cgroup_path NUL cgroup_name NUL gap to 8, spans of labels, key NUL value NUL ..

package protocol

import (
	"fmt"
	"iter"
)

// PidStatus: whether a process is known, or why not.
type PidStatus uint16

// The values of [PidStatus] that have a name.
const (
	// PidStatusKnown: the item holds data.
	PidStatusKnown PidStatus = 0
	// PidStatusUnknown: there is no such process.
	PidStatusUnknown PidStatus = 1
	// PidStatusPayloadExceeded: there was no room: clients ask again by themselves, and callers never see it.
	PidStatusPayloadExceeded PidStatus = 2
	// PidStatusOversizedItem: no answer within the agreed limits can hold the item.
	PidStatusOversizedItem PidStatus = 3
)

// String returns the name, or the number where there is none.
func (v PidStatus) String() string {
	switch v {
	case PidStatusKnown:
		return "known"
	case PidStatusUnknown:
		return "unknown"
	case PidStatusPayloadExceeded:
		return "payload-exceeded"
	case PidStatusOversizedItem:
		return "oversized-item"
	default:
		return fmt.Sprintf("PidStatus %d", uint16(v))
	}
}

// AppsCgroupStatus: whether the cgroup of a known process is known, or why not.
type AppsCgroupStatus uint16

// The values of [AppsCgroupStatus] that have a name.
const (
	// AppsCgroupStatusKnown: there is a path, and maybe a name and labels.
	AppsCgroupStatusKnown AppsCgroupStatus = 0
	// AppsCgroupStatusUnknownRetryLater: not known yet: ask again later. There may be a path.
	AppsCgroupStatusUnknownRetryLater AppsCgroupStatus = 1
	// AppsCgroupStatusUnknownPermanent: not known, and asking again is of no use. There is a path.
	AppsCgroupStatusUnknownPermanent AppsCgroupStatus = 2
	// AppsCgroupStatusHostRoot: the process is in no cgroup but the host's root.
	AppsCgroupStatusHostRoot AppsCgroupStatus = 3
)

// String returns the name, or the number where there is none.
func (v AppsCgroupStatus) String() string {
	switch v {
	case AppsCgroupStatusKnown:
		return "known"
	case AppsCgroupStatusUnknownRetryLater:
		return "unknown-retry-later"
	case AppsCgroupStatusUnknownPermanent:
		return "unknown-permanent"
	case AppsCgroupStatusHostRoot:
		return "host-root"
	default:
		return fmt.Sprintf("AppsCgroupStatus %d", uint16(v))
	}
}

// AppsLookupRequestView is the keys of a request.
type AppsLookupRequestView = LookupRequest[NumberKey]

// AppsLookupResponseView is the items of a reply, in the order of the keys.
type AppsLookupResponseView struct {
	LookupResponse[NumberKey, AppsLookupItemView, *AppsLookupItemView]
}

// DecodeAppsLookupRequest reads a request, as [DecodeLookupRequest] does.
func DecodeAppsLookupRequest(payload []byte) (AppsLookupRequestView, error) {
	return DecodeLookupRequest[NumberKey](payload)
}

// DecodeAppsLookupResponse reads a reply, as [DecodeLookupResponse] does.
func DecodeAppsLookupResponse(payload []byte) (reply AppsLookupResponseView, err error) {
	err = reply.Decode(payload)
	return reply, err
}

// Item returns item i. Every item was validated when the reply came. It fails with [ErrOutOfBounds]
// beyond the last.
func (r *AppsLookupResponseView) Item(i uint32) (item AppsLookupItemView, err error) {
	err = r.Read(i, &item)
	return item, err
}

// Read reads item i to where it is wanted. It takes less time than Item, which copies a large item,
// and fails as that does.
func (r *AppsLookupResponseView) Read(i uint32, item *AppsLookupItemView) error {
	bytes := r.Bytes(int(i))
	if bytes == nil {
		return r.NoItem(i)
	}
	item.read(bytes)
	return nil
}

// Items returns every item, in order.
func (r *AppsLookupResponseView) Items() iter.Seq2[int, AppsLookupItemView] {
	list := r.List()
	return func(yield func(int, AppsLookupItemView) bool) {
		var item AppsLookupItemView
		for i := range list.Len() {
			item.read(list.Get(i))
			if !yield(i, item) {
				return
			}
		}
	}
}

// EncodeAppsLookupRequest writes the request for pids to dst; it returns its length. It fails with
// [ErrOverflow] where there is no room, with [ErrBadLayout] for what cannot be a key.
func EncodeAppsLookupRequest(dst []byte, pids []uint32) (int, error) {
	return EncodeNumberKeys(dst, pids)
}

// AppsLookupItemView: what is known of one process.
type AppsLookupItemView struct {
	// Status: whether the process is known, or why not.
	Status PidStatus
	// Orchestrator: who runs its cgroup.
	Orchestrator Orchestrator
	// CgroupStatus: whether its cgroup is known, or why not.
	CgroupStatus AppsCgroupStatus
	// Pid: the process; 0 is a legal key.
	Pid uint32
	// Ppid: its parent.
	Ppid uint32
	// Uid: its user. 4294967295 is not set.
	Uid uint32
	// Starttime: field 22 of /proc/PID/stat; 0 off Linux. In clock ticks since boot.
	Starttime uint64
	// Comm: its command. 1 to 15 bytes.
	Comm CStringView
	// CgroupPath: path of its cgroup.
	CgroupPath CStringView
	// CgroupName: name of its cgroup.
	CgroupName CStringView
	// Labels: labels of its cgroup.
	Labels Labels
}

// UidUnset is the [AppsLookupItemView].Uid that is not set.
const UidUnset = 4294967295

// CommMax is the bytes of the longest [AppsLookupItemView].Comm.
const CommMax = 15

// AppsLookupItemHeaderLen is the bytes in front of the texts of an item.
const AppsLookupItemHeaderLen = 60

// Size returns the bytes on the wire.
func (v AppsLookupItemView) Size() int { return v.size() }

func (v *AppsLookupItemView) size() int {
	return v.Labels.EndAfter(AppsLookupItemHeaderLen + v.Comm.Len() + 1 + v.CgroupPath.Len() + 1 + v.CgroupName.Len() + 1)
}

// Encode writes an item to dst, which has exactly Size bytes. It fails with [ErrBadLayout] where
// it may not be sent.
func (v AppsLookupItemView) Encode(dst []byte) error { return v.encode(dst) }

func (v *AppsLookupItemView) encode(dst []byte) error {
	if err := v.check(); err != nil {
		return err
	}
	const commAt = AppsLookupItemHeaderLen
	cgroupPathAt := commAt + v.Comm.Len() + 1
	cgroupNameAt := cgroupPathAt + v.CgroupPath.Len() + 1
	end := cgroupNameAt + v.CgroupName.Len() + 1
	b := dst[:AppsLookupItemHeaderLen]
	le.PutUint64(b[0:], 1|uint64(v.Status)<<16|uint64(v.Orchestrator)<<32|uint64(v.CgroupStatus)<<48)
	le.PutUint64(b[8:], uint64(v.Pid)|uint64(v.Ppid)<<32)
	le.PutUint64(b[16:], uint64(v.Uid))
	le.PutUint64(b[24:], v.Starttime)
	PutSpan(b[32:], commAt, v.Comm.Len())
	PutSpan(b[40:], cgroupPathAt, v.CgroupPath.Len())
	PutSpan(b[48:], cgroupNameAt, v.CgroupName.Len())
	le.PutUint32(b[56:], uint32(uint16(v.Labels.Len())))
	if !CopyText(dst[commAt:], v.Comm.Bytes()) {
		return CheckNoNul(v.Comm, "comm")
	}
	if !CopyText(dst[cgroupPathAt:], v.CgroupPath.Bytes()) {
		return CheckNoNul(v.CgroupPath, "cgroup_path")
	}
	if !CopyText(dst[cgroupNameAt:], v.CgroupName.Bytes()) {
		return CheckNoNul(v.CgroupName, "cgroup_name")
	}
	if v.Labels.Len() == 0 {
		return nil
	}
	return v.Labels.Encode(dst, end)
}

// checkAppsLookupItem fails unless bytes are an item.
func checkAppsLookupItem(bytes []byte) error {
	if len(bytes) < AppsLookupItemHeaderLen {
		return NewWireError(ErrTruncated, "apps-lookup item", AppsLookupItemHeaderLen, uint64(len(bytes)))
	}
	b := bytes[:AppsLookupItemHeaderLen]
	if found := le.Uint16(b[0:]); found != 1 {
		return NewWireError(ErrBadLayout, "layout", 1, uint64(found))
	}
	if found := le.Uint32(b[20:]); found != 0 {
		return NewWireError(ErrBadLayout, "reserved", 0, uint64(found))
	}
	if found := le.Uint16(b[58:]); found != 0 {
		return NewWireError(ErrBadLayout, "reserved", 0, uint64(found))
	}
	comm := ReadSpan(b[32:])
	cgroupPath := ReadSpan(b[40:])
	cgroupName := ReadSpan(b[48:])
	end := comm.Follows(bytes, AppsLookupItemHeaderLen)
	end = cgroupPath.Follows(bytes, end)
	end = cgroupName.Follows(bytes, end)
	if end == Nowhere || !CleanTexts(bytes, AppsLookupItemHeaderLen, end, 3) {
		var err error
		spans := [...]Span{comm, cgroupPath, cgroupName}
		if end, err = CheckTexts(bytes, AppsLookupItemHeaderLen, spans[:], "comm or cgroup_path or cgroup_name"); err != nil {
			return err
		}
	}
	labels := le.Uint16(b[56:])
	if labels != 0 || end != uint64(len(bytes)) {
		if err := CheckLabels(bytes, labels, end); err != nil {
			return err
		}
	}
	status := PidStatus(le.Uint16(b[2:]))
	orchestrator := Orchestrator(le.Uint16(b[4:]))
	cgroupStatus := AppsCgroupStatus(le.Uint16(b[6:]))
	ppid := le.Uint32(b[12:])
	uid := le.Uint32(b[16:])
	starttime := le.Uint64(b[24:])
	if status > PidStatusOversizedItem {
		return NewRuleError("status", "not one of its values", uint64(status))
	}
	if cgroupStatus > AppsCgroupStatusHostRoot {
		return NewRuleError("cgroup_status", "not one of its values", uint64(cgroupStatus))
	}
	if status != 0 {
		if orchestrator != 0 ||
			cgroupStatus != 0 ||
			ppid != 0 ||
			uid != 4294967295 ||
			starttime != 0 ||
			comm.Len != 0 ||
			cgroupPath.Len != 0 ||
			cgroupName.Len != 0 ||
			labels != 0 {
			return NewRuleError("status", "only known items have data", uint64(status))
		}
		return nil
	}
	if comm.Len == 0 {
		return NewWireError(ErrBadLayout, "comm length", 1, uint64(comm.Len))
	}
	if comm.Len > 15 {
		return NewWireError(ErrBadLayout, "comm length", 15, uint64(comm.Len))
	}
	if cgroupStatus == AppsCgroupStatusKnown && cgroupPath.Len == 0 {
		return NewRuleError("cgroup_status", "known needs cgroup_path", uint64(cgroupStatus))
	}
	if cgroupStatus == AppsCgroupStatusUnknownRetryLater && (orchestrator != 0 || cgroupName.Len != 0 || labels != 0) {
		return NewRuleError("cgroup_status", "unknown-retry-later goes without orchestrator, cgroup_name, labels", uint64(cgroupStatus))
	}
	if cgroupStatus == AppsCgroupStatusUnknownPermanent && (cgroupPath.Len == 0 || orchestrator != 0 || cgroupName.Len != 0 || labels != 0) {
		return NewRuleError("cgroup_status", "unknown-permanent needs cgroup_path, and goes without orchestrator, cgroup_name, labels", uint64(cgroupStatus))
	}
	if cgroupStatus == AppsCgroupStatusHostRoot && (orchestrator != 0 || cgroupName.Len != 0 || labels != 0 || cgroupPath.Len != 0) {
		return NewRuleError("cgroup_status", "host-root goes without orchestrator, cgroup_name, labels, cgroup_path", uint64(cgroupStatus))
	}
	return nil
}

// read makes it the one in bytes that were checked before.
func (v *AppsLookupItemView) read(bytes []byte) {
	b := bytes[:AppsLookupItemHeaderLen]
	comm := ReadSpan(b[32:])
	cgroupPath := ReadSpan(b[40:])
	cgroupName := ReadSpan(b[48:])
	v.Status = PidStatus(le.Uint16(b[2:]))
	v.Orchestrator = Orchestrator(le.Uint16(b[4:]))
	v.CgroupStatus = AppsCgroupStatus(le.Uint16(b[6:]))
	v.Pid = le.Uint32(b[8:])
	v.Ppid = le.Uint32(b[12:])
	v.Uid = le.Uint32(b[16:])
	v.Starttime = le.Uint64(b[24:])
	v.Comm = TextAt(bytes, comm)
	v.CgroupPath = TextAt(bytes, cgroupPath)
	v.CgroupName = TextAt(bytes, cgroupName)
	v.Labels.Locate(bytes, le.Uint16(b[56:]), max(comm.End(), cgroupPath.End(), cgroupName.End()))
}

// check tells which rule of the schema an item breaks.
func (v *AppsLookupItemView) check() error {
	if v.Status > PidStatusOversizedItem {
		return NewRuleError("status", "not one of its values", uint64(v.Status))
	}
	if v.CgroupStatus > AppsCgroupStatusHostRoot {
		return NewRuleError("cgroup_status", "not one of its values", uint64(v.CgroupStatus))
	}
	if v.Status != 0 {
		if v.Orchestrator != 0 ||
			v.CgroupStatus != 0 ||
			v.Ppid != 0 ||
			v.Uid != 4294967295 ||
			v.Starttime != 0 ||
			v.Comm.Len() != 0 ||
			v.CgroupPath.Len() != 0 ||
			v.CgroupName.Len() != 0 ||
			v.Labels.Len() != 0 {
			return NewRuleError("status", "only known items have data", uint64(v.Status))
		}
		return nil
	}
	if v.Comm.Len() == 0 {
		return NewWireError(ErrBadLayout, "comm length", 1, uint64(v.Comm.Len()))
	}
	if v.Comm.Len() > 15 {
		return NewWireError(ErrBadLayout, "comm length", 15, uint64(v.Comm.Len()))
	}
	if v.CgroupStatus == AppsCgroupStatusKnown && v.CgroupPath.Len() == 0 {
		return NewRuleError("cgroup_status", "known needs cgroup_path", uint64(v.CgroupStatus))
	}
	if v.CgroupStatus == AppsCgroupStatusUnknownRetryLater && (v.Orchestrator != 0 || v.CgroupName.Len() != 0 || v.Labels.Len() != 0) {
		return NewRuleError("cgroup_status", "unknown-retry-later goes without orchestrator, cgroup_name, labels", uint64(v.CgroupStatus))
	}
	if v.CgroupStatus == AppsCgroupStatusUnknownPermanent && (v.CgroupPath.Len() == 0 || v.Orchestrator != 0 || v.CgroupName.Len() != 0 || v.Labels.Len() != 0) {
		return NewRuleError("cgroup_status", "unknown-permanent needs cgroup_path, and goes without orchestrator, cgroup_name, labels", uint64(v.CgroupStatus))
	}
	if v.CgroupStatus == AppsCgroupStatusHostRoot && (v.Orchestrator != 0 || v.CgroupName.Len() != 0 || v.Labels.Len() != 0 || v.CgroupPath.Len() != 0) {
		return NewRuleError("cgroup_status", "host-root goes without orchestrator, cgroup_name, labels, cgroup_path", uint64(v.CgroupStatus))
	}
	return nil
}

// NewAppsLookupItem returns the item for key in which nothing is set: there is no data, and its status is
// [PidStatusUnknown].
func NewAppsLookupItem(key NumberKey) AppsLookupItemView { return AppsLookupItemView{}.Bare(key, 1) }

// Key returns the key that this answers.
func (v *AppsLookupItemView) Key() NumberKey { return NumberKey(v.Pid) }

// StatusCode returns the status.
func (v *AppsLookupItemView) StatusCode() uint16 { return uint16(v.Status) }

// Bare returns the item for key that holds only a status.
func (AppsLookupItemView) Bare(key NumberKey, status uint16) AppsLookupItemView {
	return AppsLookupItemView{Status: PidStatus(status), Pid: uint32(key), Uid: UidUnset}
}

// Read makes it the item that was decoded before; that of no bytes is empty.
func (v *AppsLookupItemView) Read(item Valid[AppsLookupItemView]) {
	if len(item.Bytes()) == 0 {
		*v = AppsLookupItemView{}
		return
	}
	v.read(item.Bytes())
}

// CheckAll fails unless every item of list is one, in order.
func (*AppsLookupItemView) CheckAll(list Packed) error {
	check := ListRules{MinLen: AppsLookupItemHeaderLen, Ordered: true}.Checker(list)
	for entries := list.Directory(); len(entries) >= EntryLen; entries = entries[EntryLen:] {
		s := ReadSpan(entries)
		if !check.Passes(s) {
			return check.Refuse(s)
		}
		if err := checkAppsLookupItem(list.At(s)); err != nil {
			return err
		}
	}
	return nil
}

// Rules returns what is the same for all items.
func (*AppsLookupItemView) Rules() LookupRules {
	bare := KeyedSize{Fixed: 63}
	return LookupRules{Exceeded: 2, Oversized: 3, Bare: bare, Likely: KeyedSize{Fixed: 64}}
}

// AppsLookupBuilder takes an item for each key of a request.
type AppsLookupBuilder struct {
	LookupBuilder[NumberKey, AppsLookupItemView, *AppsLookupItemView]
}

// Add adds the item of the next key. Whether the item itself or a placeholder was written is not the
// handler's concern. It fails with [ErrOverflow] where the answer cannot start, with
// [ErrBadLayout] for another key or an item that may not be sent, with [ErrBadItemCount]
// beyond the last key. The first error is kept and decides how the request ends.
func (b *AppsLookupBuilder) Add(item AppsLookupItemView) error {
	return b.Push(&item)
}

// Push adds the item of the next key from where it is, without a copy of it. It fails as Add does.
func (b *AppsLookupBuilder) Push(item *AppsLookupItemView) error {
	asked := b.NextKey()
	same := len(asked) == 8 && le.Uint32(asked[0:]) == item.Pid
	dst := b.OpenItem(len(asked), same, uint16(item.Status), item.size())
	if dst == nil {
		return b.Err()
	}
	return b.CloseItem(dst, item.encode(dst))
}

// AddBare adds an item without data for the next key. It fails as Add does.
func (b *AppsLookupBuilder) AddBare(status PidStatus) error {
	asked := b.NextKey()
	dst := b.OpenItem(len(asked), true, uint16(status), 63)
	if dst == nil {
		return b.Err()
	}
	switch status {
	case PidStatusUnknown, PidStatusPayloadExceeded, PidStatusOversizedItem:
		encodeBareAppsLookupItem(dst, status, asked)
		return b.CloseItem(dst, nil)
	default:
		item := AppsLookupItemView{Status: status, Pid: le.Uint32(asked[0:]), Uid: UidUnset}
		return b.CloseItem(dst, item.encode(dst))
	}
}

// encodeBareAppsLookupItem writes the item for the key asked that holds only a status to dst.
func encodeBareAppsLookupItem(dst []byte, status PidStatus, asked []byte) {
	const commAt = AppsLookupItemHeaderLen
	const cgroupPathAt = commAt + 1
	const cgroupNameAt = cgroupPathAt + 1
	b := dst[:AppsLookupItemHeaderLen]
	le.PutUint64(b[0:], 1|uint64(status)<<16)
	le.PutUint64(b[8:], uint64(le.Uint32(asked[0:])))
	le.PutUint64(b[16:], uint64(UidUnset))
	le.PutUint64(b[24:], 0)
	PutSpan(b[32:], commAt, 0)
	PutSpan(b[40:], cgroupPathAt, 0)
	PutSpan(b[48:], cgroupNameAt, 0)
	le.PutUint32(b[56:], 0)
	dst[commAt] = 0
	dst[cgroupPathAt] = 0
	dst[cgroupNameAt] = 0
}

// DispatchAppsLookup answers a request of [MethodAppsLookup].
func DispatchAppsLookup(payload, answer []byte, handle func(*AppsLookupRequestView, *AppsLookupBuilder) bool) (int, Status) {
	return dispatch(payload, DecodeAppsLookupRequest, func(request *AppsLookupRequestView) (int, error) {
		var builder AppsLookupBuilder
		if err := builder.Start(*request, answer); err != nil {
			return 0, err
		}
		return finish(handle(request, &builder), builder.Finish)
	})
}

// AppsLookupReplyBuilder writes a reply of [MethodAppsLookup].
type AppsLookupReplyBuilder = LookupReplyBuilder[NumberKey, AppsLookupItemView, *AppsLookupItemView]
