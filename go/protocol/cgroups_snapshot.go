package protocol

const (
	// CgroupsHeaderLen is the bytes in front of the directory of a snapshot.
	CgroupsHeaderLen = 24
	// CgroupsItemHeaderLen is the bytes in front of the strings of an item.
	CgroupsItemHeaderLen = 32

	cgroupsRequestLen = 4
	cgroupsLayout     = 1
)

// The bits of [CgroupsItemView].Options.
const (
	// OptionDisabledDuplicate: another cgroup has the same name; this one is disabled.
	OptionDisabledDuplicate = 1 << iota
	// OptionSystemdService: a service slice of systemd.
	OptionSystemdService
	// OptionUnified: it lies in the unified hierarchy.
	OptionUnified
	// OptionDisabledExcluded: the configuration excludes it.
	OptionDisabledExcluded
)

var cgroupsRules = ListRules{MinLen: CgroupsItemHeaderLen}

// CgroupsRequest asks for the snapshot. It has no fields of its own.
//
//	0       2      4
//	layout  flags
type CgroupsRequest struct{}

// CgroupsResponseView is a snapshot as it came. An item is validated when it is asked for, so that a
// corrupt one spoils only itself.
//
//	0       2      4           8                12  16          24              24 + 8 n
//	layout  flags  item_count  systemd_enabled  0   generation  offset len ..   item ..
type CgroupsResponseView struct {
	// ItemCount is the number of items.
	ItemCount uint32
	// SystemdEnabled tells whether systemd runs the host.
	SystemdEnabled uint32
	// Generation changes when the provider's data does.
	Generation uint64

	payload []byte
	list    Packed
}

// CgroupsItemView is what is known of one cgroup, written and read.
//
//	0       2      4     8        12       16         24         32
//	layout  flags  hash  options  enabled  name span  path span  name NUL path NUL
type CgroupsItemView struct {
	// Hash is the producer's hash of the name.
	Hash uint32
	// Options are the Option bits.
	Options uint32
	// Enabled tells whether it is to be monitored; any value.
	Enabled uint32
	// Name is its name.
	Name CStringView
	// Path is its path.
	Path CStringView
}

// EncodeCgroupsRequest writes the request to dst; it returns its length. It fails with [ErrOverflow]
// where there is no room.
func EncodeCgroupsRequest(dst []byte) (int, error) { return Encode(dst, CgroupsRequest{}) }

// DecodeCgroupsRequest reads a request. It fails with [ErrTruncated] or [ErrBadLayout].
func DecodeCgroupsRequest(payload []byte) (CgroupsRequest, error) {
	if len(payload) < cgroupsRequestLen {
		return CgroupsRequest{}, truncated("snapshot request", cgroupsRequestLen, len(payload))
	}
	if version := le.Uint16(payload); version != cgroupsLayout {
		return CgroupsRequest{}, layout("snapshot request layout_version", cgroupsLayout, uint64(version))
	}
	if flags := le.Uint16(payload[2:]); flags != 0 {
		return CgroupsRequest{}, layout("snapshot request flags", 0, uint64(flags))
	}
	return CgroupsRequest{}, nil
}

// Size returns the bytes on the wire.
func (CgroupsRequest) Size() int { return cgroupsRequestLen }

// Encode writes the request to dst, which has exactly Size bytes.
func (CgroupsRequest) Encode(dst []byte) error {
	le.PutUint32(dst, cgroupsLayout)
	return nil
}

// DecodeCgroupsResponse reads a snapshot and checks its directory; items are checked on access. It
// fails with [ErrTruncated], [ErrBadLayout], [ErrBadAlignment] or [ErrOutOfBounds].
func DecodeCgroupsResponse(payload []byte) (CgroupsResponseView, error) {
	if len(payload) < CgroupsHeaderLen {
		return CgroupsResponseView{}, truncated("snapshot header", CgroupsHeaderLen, len(payload))
	}
	b := payload[:CgroupsHeaderLen]
	if version := le.Uint16(b[0:]); version != cgroupsLayout {
		return CgroupsResponseView{}, layout("snapshot layout_version", cgroupsLayout, uint64(version))
	}
	if flags := le.Uint16(b[2:]); flags != 0 {
		return CgroupsResponseView{}, layout("snapshot flags", 0, uint64(flags))
	}
	if reserved := le.Uint32(b[12:]); reserved != 0 {
		return CgroupsResponseView{}, layout("snapshot reserved", 0, uint64(reserved))
	}
	count := le.Uint32(b[4:])
	list, err := ParsePacked(payload, CgroupsHeaderLen, count, cgroupsRules)
	if err != nil {
		return CgroupsResponseView{}, err
	}
	return CgroupsResponseView{
		ItemCount:      count,
		SystemdEnabled: le.Uint32(b[8:]),
		Generation:     le.Uint64(b[16:]),
		payload:        payload,
		list:           list,
	}, nil
}

// Item returns item i. It fails with what is wrong with the item, or with [ErrOutOfBounds] beyond
// the last.
func (v *CgroupsResponseView) Item(i uint32) (CgroupsItemView, error) {
	if i >= v.ItemCount {
		return CgroupsItemView{}, NewWireError(ErrOutOfBounds, "item index", uint64(v.ItemCount), uint64(i))
	}
	return DecodeCgroupsItem(v.list.Get(int(i)))
}

// Validate checks every item at once; it fails with what is wrong with the first bad one.
func (v *CgroupsResponseView) Validate() error {
	for i := range v.ItemCount {
		if _, err := v.Item(i); err != nil {
			return err
		}
	}
	return nil
}

// Payload returns the whole snapshot.
func (v *CgroupsResponseView) Payload() []byte { return v.payload }

// List returns the packed items, which are not validated.
func (v *CgroupsResponseView) List() Packed { return v.list }

// DecodeCgroupsItem reads and validates an item. It fails with [ErrTruncated], [ErrBadLayout],
// [ErrOutOfBounds] or [ErrMissingNul].
func DecodeCgroupsItem(item []byte) (CgroupsItemView, error) {
	if len(item) < CgroupsItemHeaderLen {
		return CgroupsItemView{}, truncated("snapshot item", CgroupsItemHeaderLen, len(item))
	}
	if version := le.Uint16(item); version != cgroupsLayout {
		return CgroupsItemView{}, layout("item layout_version", cgroupsLayout, uint64(version))
	}
	if flags := le.Uint16(item[2:]); flags != 0 {
		return CgroupsItemView{}, layout("item flags", 0, uint64(flags))
	}
	name, path := spanAt(item[16:]), spanAt(item[24:])
	if err := checkString(item, CgroupsItemHeaderLen, name, "name"); err != nil {
		return CgroupsItemView{}, err
	}
	if err := checkString(item, CgroupsItemHeaderLen, path, "path"); err != nil {
		return CgroupsItemView{}, err
	}
	if !name.apartFrom(path) {
		return CgroupsItemView{}, layout("path", name.end(), uint64(path.Offset))
	}
	return readCgroupsItem(item), nil
}

// ReadCgroupsItem reads an item that was decoded before: nothing is looked at twice. No bytes are an
// item without name and path.
func ReadCgroupsItem(item Valid[CgroupsItemView]) CgroupsItemView {
	if len(item.Bytes()) == 0 {
		return CgroupsItemView{}
	}
	return readCgroupsItem(item.Bytes())
}

func readCgroupsItem(item []byte) CgroupsItemView {
	b := item[:CgroupsItemHeaderLen]
	return CgroupsItemView{
		Hash:    le.Uint32(b[4:]),
		Options: le.Uint32(b[8:]),
		Enabled: le.Uint32(b[12:]),
		Name:    view(item, spanAt(b[16:])),
		Path:    view(item, spanAt(b[24:])),
	}
}

// Size returns the bytes on the wire.
func (c CgroupsItemView) Size() int { return c.size() }

// Encode writes the item to dst, which has exactly Size bytes. It fails with [ErrBadLayout] for a NUL
// in a string.
func (c CgroupsItemView) Encode(dst []byte) error { return c.encode(dst) }

func (c *CgroupsItemView) size() int {
	return CgroupsItemHeaderLen + c.Name.Len() + c.Path.Len() + 2
}

func (c *CgroupsItemView) encode(dst []byte) error {
	b := dst[:CgroupsItemHeaderLen]
	le.PutUint32(b[0:], cgroupsLayout)
	le.PutUint32(b[4:], c.Hash)
	le.PutUint32(b[8:], c.Options)
	le.PutUint32(b[12:], c.Enabled)
	const nameAt = CgroupsItemHeaderLen
	pathAt := nameAt + c.Name.Len() + 1
	le.PutUint64(b[16:], spanBits(nameAt, c.Name.Len()))
	le.PutUint64(b[24:], spanBits(pathAt, c.Path.Len()))
	if !copyText(dst[nameAt:], c.Name.bytes) {
		return checkNoNul(c.Name, "cgroup name")
	}
	if !copyText(dst[pathAt:], c.Path.bytes) {
		return checkNoNul(c.Path, "cgroup path")
	}
	return nil
}
