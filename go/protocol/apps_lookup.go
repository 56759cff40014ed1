package protocol

import (
	"iter"
	"math"
)

const (
	// AppsLookupItemHeaderLen is the bytes in front of the strings of an item.
	AppsLookupItemHeaderLen = 60
	// UidUnset is the Uid of an item that is not known.
	UidUnset = math.MaxUint32
	// CommMax is the bytes of the longest Comm.
	CommMax = 15
)

// AppsLookupRequestView is the process ids of a request.
type AppsLookupRequestView = LookupRequest[NumberKey]

// AppsLookupResponseView is the items of a reply.
type AppsLookupResponseView struct {
	LookupResponse[NumberKey, AppsLookupItemView, *AppsLookupItemView]
}

// AppsLookupItemView is what is known of one process, written and read. Whatever is not
// [PidStatusKnown] has only a pid; see [AppsLookupBuilder.AddBare].
//
//	0       2       4             6              8    12    16   20  24         32         40
//	layout  status  orchestrator  cgroup_status  pid  ppid  uid  0   starttime  comm span  path span
//	48         56           58  60
//	name span  label_count  0   comm NUL cgroup_path NUL cgroup_name NUL ..
type AppsLookupItemView struct {
	// Status tells whether the process is known.
	Status PidStatus
	// CgroupStatus tells whether its cgroup is known.
	CgroupStatus AppsCgroupStatus
	// Orchestrator is who runs the cgroup.
	Orchestrator Orchestrator
	// Pid is the process that was asked for.
	Pid uint32
	// Ppid is its parent.
	Ppid uint32
	// Uid is its user; [UidUnset] unless known.
	Uid uint32
	// Starttime is field 22 of /proc/<pid>/stat, in clock ticks since boot.
	Starttime uint64
	// Comm is its command, 1 to 15 bytes.
	Comm CStringView
	// CgroupPath is the path of its cgroup.
	CgroupPath CStringView
	// CgroupName is the name of its cgroup.
	CgroupName CStringView
	// Labels are the labels of its cgroup.
	Labels Labels
}

// AppsLookupBuilder takes an item for each process id of a request.
type AppsLookupBuilder struct {
	LookupBuilder[NumberKey, AppsLookupItemView, *AppsLookupItemView]
}

// EncodeAppsLookupRequest writes the request for pids to dst; it returns its length. It fails with
// [ErrOverflow] where there is no room.
func EncodeAppsLookupRequest(dst []byte, pids []uint32) (int, error) {
	list, err := startLookupRequest(dst, len(pids))
	if err != nil {
		return 0, err
	}
	end := list.end + numberKeyLen*len(pids)
	if end > len(list.buf) {
		return 0, overflow("item", len(list.buf), end)
	}
	entries, numbers := list.buf[list.header:list.end], list.buf[list.end:end]
	for i, pid := range pids {
		le.PutUint64(entries[i*EntryLen:], spanBits(i*numberKeyLen, numberKeyLen))
		le.PutUint64(numbers[i*numberKeyLen:], uint64(pid))
	}
	return end, nil
}

// DecodeAppsLookupRequest reads a request, as [DecodeLookupRequest] does.
func DecodeAppsLookupRequest(payload []byte) (AppsLookupRequestView, error) {
	return DecodeLookupRequest[NumberKey](payload)
}

// DecodeAppsLookupResponse reads a reply, as [DecodeLookupResponse] does.
func DecodeAppsLookupResponse(payload []byte) (view AppsLookupResponseView, err error) {
	err = view.Decode(payload)
	return view, err
}

// Item returns item i. Every item was validated when the reply came. It fails with [ErrOutOfBounds]
// beyond the last.
func (v *AppsLookupResponseView) Item(i uint32) (item AppsLookupItemView, err error) {
	err = v.Read(i, &item)
	return item, err
}

// Read reads item i to where it is wanted. It takes less time than Item, which copies a large item,
// and fails as that does.
func (v *AppsLookupResponseView) Read(i uint32, item *AppsLookupItemView) error {
	bytes := v.list.item(int(i))
	if bytes == nil {
		return noItem(i, v.list.Len())
	}
	item.read(bytes)
	return nil
}

// Items returns every item, in order.
func (v *AppsLookupResponseView) Items() iter.Seq2[int, AppsLookupItemView] {
	list := v.list
	return func(yield func(int, AppsLookupItemView) bool) {
		var item AppsLookupItemView
		for i := range list.Len() {
			item.read(list.item(i))
			if !yield(i, item) {
				return
			}
		}
	}
}

// Add adds the item of the next process id. Whether the item itself or a placeholder was written is
// not the handler's concern. It fails with [ErrOverflow] where the answer cannot start, with
// [ErrBadLayout] for another pid or an item that may not be sent, with [ErrBadItemCount] beyond the
// last pid. The first error is kept and decides how the request ends.
func (b *AppsLookupBuilder) Add(item AppsLookupItemView) error {
	return b.Push(&item)
}

// Push adds the item of the next process id from where it is, without a copy of it. It fails as
// [AppsLookupBuilder.Add] does.
func (b *AppsLookupBuilder) Push(item *AppsLookupItemView) error {
	asked := b.nextKey()
	same := len(asked) == numberKeyLen && le.Uint32(asked) == item.Pid
	dst := b.open(len(asked), same, uint16(item.Status), item.size())
	if dst == nil {
		return b.err
	}
	if b.err = item.encode(dst); b.err == nil {
		b.list.Commit(len(dst))
	}
	return b.err
}

// AddBare adds an item without data for the next process id. It fails as [AppsLookupBuilder.Add]
// does.
func (b *AppsLookupBuilder) AddBare(status PidStatus) error {
	key := b.nextKey()
	dst := b.open(len(key), true, uint16(status), bareAppLen)
	if dst == nil {
		return b.err
	}
	item := AppsLookupItemView{Status: status, Pid: le.Uint32(key), Uid: UidUnset}
	if b.err = item.encode(dst); b.err == nil {
		b.list.Commit(len(dst))
	}
	return b.err
}

const (
	// bareAppLen is the bytes of an item without data.
	bareAppLen = AppsLookupItemHeaderLen + 3
	// likelyAppLen is that of a short command and nothing more.
	likelyAppLen = 64
)

// Key returns the process id.
func (a *AppsLookupItemView) Key() NumberKey { return NumberKey(a.Pid) }

// StatusCode returns the status.
func (a *AppsLookupItemView) StatusCode() uint16 { return uint16(a.Status) }

// Rules returns what is the same for all items.
func (*AppsLookupItemView) Rules() LookupRules {
	return LookupRules{
		Exceeded:  uint16(PidStatusPayloadExceeded),
		Oversized: uint16(PidStatusOversizedItem),
		Bare:      KeyedSize{Fixed: bareAppLen},
		Likely:    KeyedSize{Fixed: likelyAppLen},
	}
}

// Bare returns the item for pid that holds only a status.
func (AppsLookupItemView) Bare(pid NumberKey, status uint16) AppsLookupItemView {
	return AppsLookupItemView{Status: PidStatus(status), Pid: uint32(pid), Uid: UidUnset}
}

// Read makes it the item that was decoded before; that of no bytes is empty.
func (a *AppsLookupItemView) Read(item Valid[AppsLookupItemView]) {
	if len(item.Bytes()) == 0 {
		*a = AppsLookupItemView{}
		return
	}
	a.read(item.Bytes())
}

// Size returns the bytes on the wire.
func (a AppsLookupItemView) Size() int { return a.size() }

// Encode writes the item to dst, which has exactly Size bytes.
func (a AppsLookupItemView) Encode(dst []byte) error { return a.encode(dst) }

func (a *AppsLookupItemView) size() int {
	strings := a.Comm.Len() + a.CgroupPath.Len() + a.CgroupName.Len() + 3
	return a.Labels.endAfter(AppsLookupItemHeaderLen + strings)
}

func (a *AppsLookupItemView) encode(dst []byte) error {
	comm, path, name, labels := a.Comm.bytes, a.CgroupPath.bytes, a.CgroupName.bytes, a.Labels.Len()
	nameless := len(name) == 0 && labels == 0 && a.Orchestrator == OrchestratorUnknown
	numberless := a.Ppid == 0 && a.Uid == UidUnset && a.Starttime == 0
	if !appIsSound(a.Status, a.CgroupStatus, len(comm), len(path) != 0, nameless, numberless) {
		return unsoundApp(a.Status, a.CgroupStatus)
	}
	const commAt = AppsLookupItemHeaderLen
	pathAt := commAt + len(comm) + 1
	nameAt := pathAt + len(path) + 1
	end := nameAt + len(name) + 1
	b := dst[:AppsLookupItemHeaderLen]
	le.PutUint64(b[0:], lookupLayout|uint64(a.Status)<<16|uint64(a.Orchestrator)<<32|uint64(a.CgroupStatus)<<48)
	le.PutUint64(b[8:], uint64(a.Pid)|uint64(a.Ppid)<<32)
	le.PutUint64(b[16:], uint64(a.Uid))
	le.PutUint64(b[24:], a.Starttime)
	le.PutUint64(b[32:], spanBits(commAt, len(comm)))
	le.PutUint64(b[40:], spanBits(pathAt, len(path)))
	le.PutUint64(b[48:], spanBits(nameAt, len(name)))
	le.PutUint32(b[56:], uint32(labels))
	if !copyText(dst[commAt:], comm) {
		return checkNoNul(a.Comm, "comm")
	}
	if !copyText(dst[pathAt:], path) {
		return checkNoNul(a.CgroupPath, "cgroup_path")
	}
	if !copyText(dst[nameAt:], name) {
		return checkNoNul(a.CgroupName, "cgroup_name")
	}
	if labels == 0 {
		return nil
	}
	return a.Labels.encode(dst, end)
}

// appIsSound tells whether the data of an item is what its statuses imply: the bytes of its command,
// whether it has a path of a cgroup, whether neither name, nor labels, nor orchestrator are known, and
// whether neither parent, nor user, nor start are.
func appIsSound(status PidStatus, cgroup AppsCgroupStatus, comm int, path, nameless, numberless bool) bool {
	switch status {
	case PidStatusKnown:
		if comm < 1 || comm > CommMax {
			return false
		}
		switch cgroup {
		case AppsCgroupStatusKnown:
			return path
		case AppsCgroupStatusUnknownRetryLater:
			return nameless
		case AppsCgroupStatusUnknownPermanent:
			return nameless && path
		case AppsCgroupStatusHostRoot:
			return nameless && !path
		}
	case PidStatusUnknown, PidStatusPayloadExceeded, PidStatusOversizedItem:
		return cgroup == AppsCgroupStatusKnown && comm == 0 && !path && nameless && numberless
	}
	return false
}

func unsoundApp(status PidStatus, cgroup AppsCgroupStatus) error {
	return layout("data for status and cgroup_status", uint64(status), uint64(cgroup))
}

// checkAppsLookupItem fails unless item is one.
func checkAppsLookupItem(item []byte) error {
	if len(item) < AppsLookupItemHeaderLen {
		return truncated("apps item", AppsLookupItemHeaderLen, len(item))
	}
	b := item[:AppsLookupItemHeaderLen]
	// layout, status, orchestrator, cgroup_status; uid, 0; label_count, 0.
	head, user, tail := le.Uint64(b[0:]), le.Uint64(b[16:]), le.Uint32(b[56:])
	if version := uint16(head); version != lookupLayout {
		return layout("item layout_version", lookupLayout, uint64(version))
	}
	if reserved := user>>32 | uint64(tail>>16); reserved != 0 {
		return layout("item reserved", 0, reserved)
	}
	comm, path, name := spanAt(b[32:]), spanAt(b[40:]), spanAt(b[48:])
	end := comm.follows(item, AppsLookupItemHeaderLen)
	end = name.follows(item, path.follows(item, end))
	if end == nowhere || !clean(item, AppsLookupItemHeaderLen, end, 3) {
		var err error
		spans := [...]Span{comm, path, name}
		if end, err = checkStrings(item, AppsLookupItemHeaderLen, spans[:], "comm or cgroup"); err != nil {
			return err
		}
	}
	labels := uint16(tail)
	if (labels != 0 || end != uint64(len(item))) && !labelsInLine(item, labels, end) {
		if err := checkLabels(item, labels, int(end)); err != nil {
			return err
		}
	}
	status, cgroupStatus := PidStatus(head>>16), AppsCgroupStatus(head>>48)
	nameless := name.Len == 0 && labels == 0 && uint16(head>>32) == 0
	numberless := le.Uint32(b[12:]) == 0 && uint32(user) == UidUnset && le.Uint64(b[24:]) == 0
	if !appIsSound(status, cgroupStatus, int(comm.Len), path.Len != 0, nameless, numberless) {
		return unsoundApp(status, cgroupStatus)
	}
	return nil
}

// read reads the item in bytes that were checked before.
func (a *AppsLookupItemView) read(item []byte) {
	b := item[:AppsLookupItemHeaderLen]
	comm, path, name := spanAt(b[32:]), spanAt(b[40:]), spanAt(b[48:])
	a.Status = PidStatus(le.Uint16(b[2:]))
	a.Orchestrator = Orchestrator(le.Uint16(b[4:]))
	a.CgroupStatus = AppsCgroupStatus(le.Uint16(b[6:]))
	a.Pid = le.Uint32(b[8:])
	a.Ppid = le.Uint32(b[12:])
	a.Uid = le.Uint32(b[16:])
	a.Starttime = le.Uint64(b[24:])
	a.Comm = view(item, comm)
	a.CgroupPath = view(item, path)
	a.CgroupName = view(item, name)
	a.Labels.read(item, le.Uint16(b[56:]), max(comm.end(), path.end(), name.end()))
}

// CheckAll fails unless every item of list is one, in order.
func (*AppsLookupItemView) CheckAll(list Packed) error {
	check := ListRules{MinLen: AppsLookupItemHeaderLen, Ordered: true}.checker(len(list.items))
	for entries := list.directory; len(entries) >= EntryLen; entries = entries[EntryLen:] {
		s := spanAt(entries)
		if !check.passes(s) {
			return check.refuse(s)
		}
		if err := checkAppsLookupItem(at(list.items, s)); err != nil {
			return err
		}
	}
	return nil
}
