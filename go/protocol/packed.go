package protocol

// EntryLen is the bytes of one directory entry.
const EntryLen = 8

// Packed is a list on the wire: a directory of offsets and lengths, then the items, each 8-aligned.
//
// Batches, snapshots, lookup requests and lookup responses are all this list behind a header of
// their own:
//
//	header | offset len | offset len | item 0 .. gap | item 1
//	                                 ^ offsets count from here
type Packed struct {
	directory []byte
	items     []byte
}

// ListRules is what a directory may look like, where the kinds of list differ.
type ListRules struct {
	// MinLen is the bytes of the shortest item.
	MinLen int
	// Ordered tells whether items must be in order and disjoint.
	Ordered bool
}

// BatchRules let pass anything that lies inside: overlap, disorder, gaps and zero lengths.
var BatchRules = ListRules{}

// ParsePacked reads the list of count items behind the first header bytes of payload, and checks
// every entry of its directory. It fails with [ErrTruncated] for a directory that does not fit,
// [ErrBadAlignment], [ErrOutOfBounds], and for items too short or out of order with what rules imply.
func ParsePacked(payload []byte, header int, count uint32, rules ListRules) (Packed, error) {
	var list Packed
	if err := list.read(payload, header, count); err != nil {
		return Packed{}, err
	}
	if err := rules.CheckDirectory(list.directory, len(list.items)); err != nil {
		return Packed{}, err
	}
	return list, nil
}

// Check checks every entry of the directory by rules and every item by item. It fails as [ParsePacked]
// does, and as item does.
func (p Packed) Check(rules ListRules, item func([]byte) error) error {
	check := rules.checker(len(p.items))
	for entries := p.directory; len(entries) >= EntryLen; entries = entries[EntryLen:] {
		s := spanAt(entries)
		if !check.Passes(s) {
			return check.Refuse(s)
		}
		if err := item(at(p.items, s)); err != nil {
			return err
		}
	}
	return nil
}

// read makes it the list of count items behind the first header bytes of payload, whose directory is
// checked next, or was before. It fails with [ErrTruncated] for a directory that does not fit.
func (p *Packed) read(payload []byte, header int, count uint32) error {
	first := uint64(header) + uint64(count)*EntryLen
	if first > uint64(len(payload)) {
		return NewWireError(ErrTruncated, "item directory", first, uint64(len(payload)))
	}
	p.directory, p.items = payload[header:first:first], payload[first:]
	return nil
}

// CheckDirectory checks every entry of a directory whose items, room bytes, may be elsewhere. It
// fails as [ParsePacked] does.
func (r ListRules) CheckDirectory(directory []byte, room int) error {
	check := r.checker(room)
	for i := range len(directory) / EntryLen {
		at := i * EntryLen
		if s := spanAt(directory[at : at+EntryLen : at+EntryLen]); !check.Passes(s) {
			return check.Refuse(s)
		}
	}
	return nil
}

// Len returns the number of items.
func (p Packed) Len() int { return len(p.directory) / EntryLen }

// ItemBytes returns the bytes behind the directory: the items, their gaps, and what may follow.
func (p Packed) ItemBytes() int { return len(p.items) }

// Get returns the bytes of item i, or nil beyond the last.
func (p Packed) Get(i int) []byte { return p.item(i) }

// Directory returns the entries, [EntryLen] bytes each. They are not the caller's to change.
func (p *Packed) Directory() []byte { return p.directory }

// At returns the bytes of the item at s, or none where s points outside.
func (p *Packed) At(s Span) []byte { return at(p.items, s) }

// Entry returns where item i lies among the packed items, or Nowhere beyond the last.
func (p Packed) Entry(i int) Span {
	if uint(i) >= uint(p.Len()) {
		return Span{}
	}
	return spanAt(p.directory[i*EntryLen:])
}

// item is Get without a copy of the list.
func (p *Packed) item(i int) []byte {
	if uint(i) >= uint(len(p.directory)/EntryLen) {
		return nil
	}
	return at(p.items, spanAt(p.directory[i*EntryLen:]))
}

// at returns the bytes of the item at s, or none where a directory that nobody has checked points
// outside.
func at(items []byte, s Span) []byte {
	from, to := uint64(s.Offset), uint64(s.Offset)+uint64(s.Len)
	if to > uint64(len(items)) {
		return nil
	}
	return items[from:to:to]
}

// ListChecker checks the entries of a directory, one after another. [ListRules.Checker] makes one.
type ListChecker struct {
	room, min, lastEnd uint64
	ordered            bool
}

// Checker returns what checks the entries of the directory of list.
func (r ListRules) Checker(list Packed) ListChecker { return r.checker(len(list.items)) }

func (r ListRules) checker(room int) ListChecker {
	return ListChecker{room: uint64(room), min: uint64(r.MinLen), ordered: r.Ordered}
}

// Passes tells whether the next entry keeps the rules.
func (c *ListChecker) Passes(s Span) bool {
	offset, length := uint64(s.Offset), uint64(s.Len)
	if offset%8 != 0 || length < c.min || offset+length > c.room || offset < c.lastEnd {
		return false
	}
	if c.ordered {
		c.lastEnd = offset + length
	}
	return true
}

// Refuse tells which rule the entry that did not pass breaks first.
func (c *ListChecker) Refuse(s Span) error {
	offset, length := uint64(s.Offset), uint64(s.Len)
	end := offset + length
	switch {
	case offset%8 != 0:
		return NewWireError(ErrBadAlignment, "item offset", 8, offset)
	case c.ordered && length < c.min:
		return layout("item length", c.min, length)
	case end > c.room:
		return NewWireError(ErrOutOfBounds, "item", c.room, end)
	case length < c.min:
		return NewWireError(ErrTruncated, "item", c.min, length)
	default:
		return layout("item offset", c.lastEnd, offset)
	}
}
