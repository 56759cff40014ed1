package protocol

import "iter"

// CgroupsLookupItemHeaderLen is the bytes in front of the strings of an item.
const CgroupsLookupItemHeaderLen = 28

// CgroupsLookupRequestView is the paths of a request.
type CgroupsLookupRequestView = LookupRequest[TextKey]

// CgroupsLookupResponseView is the items of a reply.
type CgroupsLookupResponseView struct {
	LookupResponse[TextKey, CgroupsLookupItemView, *CgroupsLookupItemView]
}

// CgroupsLookupItemView is what is known of one cgroup, written and read. Whatever is not
// [CgroupStatusKnown] has only a path.
//
//	0       2       4             6  8          16         24           26 28
//	layout  status  orchestrator  0  path span  name span  label_count  0  path NUL name NUL ..
type CgroupsLookupItemView struct {
	// Status tells whether it is known.
	Status CgroupStatus
	// Orchestrator is who runs it.
	Orchestrator Orchestrator
	// Path is the path that was asked for: not empty, without NUL.
	Path CStringView
	// Name is its name; may be empty.
	Name CStringView
	// Labels are its labels.
	Labels Labels
}

// CgroupsLookupBuilder takes an item for each path of a request.
type CgroupsLookupBuilder struct {
	LookupBuilder[TextKey, CgroupsLookupItemView, *CgroupsLookupItemView]
}

// EncodeCgroupsLookupRequest writes the request for paths to dst; it returns its length. It fails
// with [ErrBadLayout] for a path that is empty or has a NUL, with [ErrOverflow] where there is no
// room.
func EncodeCgroupsLookupRequest(dst []byte, paths [][]byte) (int, error) {
	list, err := startLookupRequest(dst, len(paths))
	if err != nil {
		return 0, err
	}
	// What changes is kept out of list, and so in registers.
	buf, entry, end, first := list.buf, list.header, list.end, list.firstItem()
	for i := range paths {
		path := paths[i]
		start := align8(end)
		if end = start + len(path) + 1; end > len(buf) {
			return 0, overflow("item", len(buf), end)
		}
		le.PutUint64(buf[entry:], spanBits(start-first, len(path)+1))
		if len(path) == 0 || !copyText(buf[start:end], path) {
			return 0, noKey(path)
		}
		if gap := buf[end:]; len(gap) >= word {
			le.PutUint64(gap, 0)
		} else {
			clear(gap)
		}
		entry += EntryLen
	}
	return end, nil
}

// DecodeCgroupsLookupRequest reads a request, as [DecodeLookupRequest] does.
func DecodeCgroupsLookupRequest(payload []byte) (CgroupsLookupRequestView, error) {
	return DecodeLookupRequest[TextKey](payload)
}

// DecodeCgroupsLookupResponse reads a reply, as [DecodeLookupResponse] does.
func DecodeCgroupsLookupResponse(payload []byte) (view CgroupsLookupResponseView, err error) {
	err = view.Decode(payload)
	return view, err
}

// Item returns item i. Every item was validated when the reply came. It fails with [ErrOutOfBounds]
// beyond the last.
func (v *CgroupsLookupResponseView) Item(i uint32) (item CgroupsLookupItemView, err error) {
	err = v.Read(i, &item)
	return item, err
}

// Read reads item i to where it is wanted. It takes less time than Item, which copies a large item,
// and fails as that does.
func (v *CgroupsLookupResponseView) Read(i uint32, item *CgroupsLookupItemView) error {
	bytes := v.list.item(int(i))
	if bytes == nil {
		return noItem(i, v.list.Len())
	}
	item.read(bytes)
	return nil
}

// Items returns every item, in order.
func (v *CgroupsLookupResponseView) Items() iter.Seq2[int, CgroupsLookupItemView] {
	list := v.list
	return func(yield func(int, CgroupsLookupItemView) bool) {
		var item CgroupsLookupItemView
		for i := range list.Len() {
			item.read(list.item(i))
			if !yield(i, item) {
				return
			}
		}
	}
}

// Add adds the item of the next path. Whether the item itself or a placeholder was written is not the
// handler's concern. It fails with [ErrOverflow] where the answer cannot start, with [ErrBadLayout]
// for another path or an item that may not be sent, with [ErrBadItemCount] beyond the last path. The
// first error is kept and decides how the request ends.
func (b *CgroupsLookupBuilder) Add(item CgroupsLookupItemView) error {
	return b.Push(&item)
}

// Push adds the item of the next path from where it is, without a copy of it. It fails as
// [CgroupsLookupBuilder.Add] does.
func (b *CgroupsLookupBuilder) Push(item *CgroupsLookupItemView) error {
	asked := b.nextKey()
	same := len(asked) > 0 && string(asked[:len(asked)-1]) == string(item.Path.bytes)
	dst := b.open(len(asked), same, uint16(item.Status), item.size())
	if dst == nil {
		return b.err
	}
	if b.err = item.encode(dst); b.err == nil {
		b.list.Commit(len(dst))
	}
	return b.err
}

// AddBare adds an item without data for the next path. It fails as [CgroupsLookupBuilder.Add] does.
func (b *CgroupsLookupBuilder) AddBare(status CgroupStatus) error {
	key := b.nextKey()
	dst := b.open(len(key), true, uint16(status), bareCgroup.For(len(key)))
	if dst == nil {
		return b.err
	}
	if b.err = encodeBareCgroup(dst, status, key[:len(key)-1]); b.err == nil {
		b.list.Commit(len(dst))
	}
	return b.err
}

// bareCgroup is the bytes of an item without data: the path is the key, the name is empty.
var bareCgroup = KeyedSize{Fixed: CgroupsLookupItemHeaderLen + 1, PlusKey: true}

// Key returns the path.
func (c *CgroupsLookupItemView) Key() TextKey { return TextKey{c.Path} }

// StatusCode returns the status.
func (c *CgroupsLookupItemView) StatusCode() uint16 { return uint16(c.Status) }

// Rules returns what is the same for all items. An item that finds nothing is as likely as any.
func (*CgroupsLookupItemView) Rules() LookupRules {
	return LookupRules{
		Exceeded:  uint16(CgroupStatusPayloadExceeded),
		Oversized: uint16(CgroupStatusOversizedItem),
		Bare:      bareCgroup,
		Likely:    bareCgroup,
	}
}

// Bare returns the item for path that holds only a status.
func (CgroupsLookupItemView) Bare(path TextKey, status uint16) CgroupsLookupItemView {
	return CgroupsLookupItemView{Status: CgroupStatus(status), Path: path.CStringView}
}

// Read makes it the item that was decoded before; that of no bytes is empty.
func (c *CgroupsLookupItemView) Read(item Valid[CgroupsLookupItemView]) {
	if len(item.Bytes()) == 0 {
		*c = CgroupsLookupItemView{}
		return
	}
	c.read(item.Bytes())
}

// Size returns the bytes on the wire.
func (c CgroupsLookupItemView) Size() int { return c.size() }

// Encode writes the item to dst, which has exactly Size bytes.
func (c CgroupsLookupItemView) Encode(dst []byte) error { return c.encode(dst) }

func (c *CgroupsLookupItemView) size() int {
	return c.Labels.endAfter(CgroupsLookupItemHeaderLen + c.Path.Len() + c.Name.Len() + 2)
}

func (c *CgroupsLookupItemView) encode(dst []byte) error {
	path, name, labels := c.Path.bytes, c.Name.bytes, c.Labels.Len()
	nameless := len(name) == 0 && labels == 0 && c.Orchestrator == OrchestratorUnknown
	if !cgroupIsSound(c.Status, len(path) != 0, nameless) {
		return unsoundCgroup(c.Status, nameless)
	}
	const pathAt = CgroupsLookupItemHeaderLen
	nameAt := pathAt + len(path) + 1
	end := nameAt + len(name) + 1
	b := dst[:CgroupsLookupItemHeaderLen]
	le.PutUint64(b[0:], lookupLayout|uint64(c.Status)<<16|uint64(c.Orchestrator)<<32)
	le.PutUint64(b[8:], spanBits(pathAt, len(path)))
	le.PutUint64(b[16:], spanBits(nameAt, len(name)))
	le.PutUint32(b[24:], uint32(labels))
	if !copyText(dst[pathAt:], path) {
		return checkNoNul(c.Path, "cgroup path")
	}
	if !copyText(dst[nameAt:], name) {
		return checkNoNul(c.Name, "cgroup name")
	}
	if labels == 0 {
		return nil
	}
	return c.Labels.encode(dst, end)
}

// encodeBareCgroup writes an item with nothing but a path and a status to dst.
func encodeBareCgroup(dst []byte, status CgroupStatus, path []byte) error {
	if !cgroupIsSound(status, len(path) != 0, true) {
		return unsoundCgroup(status, true)
	}
	const pathAt = CgroupsLookupItemHeaderLen
	b := dst[:pathAt]
	le.PutUint64(b[0:], lookupLayout|uint64(status)<<16)
	le.PutUint64(b[8:], spanBits(pathAt, len(path)))
	le.PutUint64(b[16:], spanBits(pathAt+len(path)+1, 0))
	le.PutUint32(b[24:], 0)
	// The name is empty.
	dst[len(dst)-1] = 0
	if !copyText(dst[pathAt:], path) {
		return checkNoNul(CString(path), "cgroup path")
	}
	return nil
}

// cgroupIsSound tells whether the data of an item is what its status implies.
func cgroupIsSound(status CgroupStatus, path, nameless bool) bool {
	return path && (status == CgroupStatusKnown || nameless && status <= CgroupStatusOversizedItem)
}

// unsoundCgroup tells why the data of an item is not what its status implies.
func unsoundCgroup(status CgroupStatus, nameless bool) error {
	if status > CgroupStatusOversizedItem || status != CgroupStatusKnown && !nameless {
		return layout("data for cgroup status", 0, uint64(status))
	}
	return layout("path length", 1, 0)
}

// checkCgroupsLookupItem fails unless item is one.
func checkCgroupsLookupItem(item []byte) error {
	if len(item) < CgroupsLookupItemHeaderLen {
		return truncated("cgroup item", CgroupsLookupItemHeaderLen, len(item))
	}
	b := item[:CgroupsLookupItemHeaderLen]
	// layout, status, orchestrator, 0; label_count, 0.
	head, tail := le.Uint64(b[0:]), le.Uint32(b[24:])
	if version := uint16(head); version != lookupLayout {
		return layout("item layout_version", lookupLayout, uint64(version))
	}
	if reserved := head>>48 | uint64(tail>>16); reserved != 0 {
		return layout("item reserved", 0, reserved)
	}
	path, name := spanAt(b[8:]), spanAt(b[16:])
	end := path.follows(item, CgroupsLookupItemHeaderLen)
	end = name.follows(item, end)
	if end == nowhere || !clean(item, CgroupsLookupItemHeaderLen, end, 2) {
		var err error
		spans := [...]Span{path, name}
		if end, err = checkStrings(item, CgroupsLookupItemHeaderLen, spans[:], "path or name"); err != nil {
			return err
		}
	}
	labels := uint16(tail)
	if (labels != 0 || end != uint64(len(item))) && !labelsInLine(item, labels, end) {
		if err := checkLabels(item, labels, int(end)); err != nil {
			return err
		}
	}
	status, nameless := CgroupStatus(head>>16), name.Len == 0 && labels == 0 && uint16(head>>32) == 0
	if !cgroupIsSound(status, path.Len != 0, nameless) {
		return unsoundCgroup(status, nameless)
	}
	return nil
}

// read reads the item in bytes that were checked before.
func (c *CgroupsLookupItemView) read(item []byte) {
	b := item[:CgroupsLookupItemHeaderLen]
	path, name := spanAt(b[8:]), spanAt(b[16:])
	c.Status = CgroupStatus(le.Uint16(b[2:]))
	c.Orchestrator = Orchestrator(le.Uint16(b[4:]))
	c.Path = view(item, path)
	c.Name = view(item, name)
	c.Labels.read(item, le.Uint16(b[24:]), max(path.end(), name.end()))
}

// CheckAll fails unless every item of list is one, in order.
func (*CgroupsLookupItemView) CheckAll(list Packed) error {
	check := ListRules{MinLen: CgroupsLookupItemHeaderLen, Ordered: true}.checker(len(list.items))
	for entries := list.directory; len(entries) >= EntryLen; entries = entries[EntryLen:] {
		s := spanAt(entries)
		if !check.passes(s) {
			return check.refuse(s)
		}
		if err := checkCgroupsLookupItem(at(list.items, s)); err != nil {
			return err
		}
	}
	return nil
}
