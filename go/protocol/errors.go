package protocol

import (
	"errors"
	"fmt"
)

// The rules that bytes can break. The names are those of every NetIPC implementation.
var (
	// ErrTruncated: the bytes end before the field does.
	ErrTruncated = errors.New("truncated")
	// ErrBadMagic: not a NetIPC envelope.
	ErrBadMagic = errors.New("bad magic")
	// ErrBadVersion: another version of the envelope.
	ErrBadVersion = errors.New("bad version")
	// ErrBadHeaderLen: an envelope of another length.
	ErrBadHeaderLen = errors.New("bad header length")
	// ErrBadKind: neither request, response nor control.
	ErrBadKind = errors.New("bad message kind")
	// ErrBadLayout: a value that the layout does not allow here.
	ErrBadLayout = errors.New("bad layout")
	// ErrOutOfBounds: an offset or a length that points outside.
	ErrOutOfBounds = errors.New("out of bounds")
	// ErrMissingNul: a string without its NUL.
	ErrMissingNul = errors.New("missing NUL")
	// ErrBadAlignment: an item that does not start at a multiple of 8.
	ErrBadAlignment = errors.New("bad alignment")
	// ErrBadItemCount: another number of items.
	ErrBadItemCount = errors.New("bad item count")
	// ErrOverflow: the buffer or the agreed limit cannot hold what is being written.
	ErrOverflow = errors.New("overflow")
)

// keyOfItem is the field of an item of an answer whose key is another one than was asked for at its place.
const keyOfItem = "key of item"

// WireError says why bytes could not be written or understood.
type WireError struct {
	// Kind is the rule that was broken: one of the errors above, which errors.Is finds.
	Kind error
	// Field is what broke it.
	Field string
	// Rule is the rule of a schema that the field breaks, in words; else empty.
	Rule string
	// Expected is what the rule wants: a value, bytes or a position, as the kind implies.
	Expected uint64
	// Found is what came.
	Found uint64
}

// NewWireError returns an error about field. Its parts are those of [WireError].
//
//go:noinline
func NewWireError(kind error, field string, expected, found uint64) error {
	return &WireError{Kind: kind, Field: field, Expected: expected, Found: found}
}

// NewRuleError returns an error about field, whose value found breaks a rule of its schema: an [ErrBadLayout].
//
//go:noinline
func NewRuleError(field, rule string, found uint64) error {
	return &WireError{Kind: ErrBadLayout, Field: field, Rule: rule, Found: found}
}

// Error names the field, what was expected and what came.
func (e *WireError) Error() string {
	if e.Field == keyOfItem {
		return fmt.Sprintf("%s %d: not the one that was asked for at that place", e.Field, e.Found)
	}
	if e.Rule != "" {
		return fmt.Sprintf("%s is %d: %s", e.Field, e.Found, e.Rule)
	}
	switch e.Kind {
	case ErrTruncated:
		return fmt.Sprintf("%s: truncated, expected %d bytes, found %d", e.Field, e.Expected, e.Found)
	case ErrBadMagic:
		return fmt.Sprintf("%s: expected 0x%08x, found 0x%08x", e.Field, e.Expected, e.Found)
	case ErrOutOfBounds:
		return fmt.Sprintf("%s: ends at %d, beyond its %d bytes", e.Field, e.Found, e.Expected)
	case ErrMissingNul:
		return fmt.Sprintf("%s: no NUL at %d, found 0x%02x", e.Field, e.Expected, e.Found)
	case ErrBadAlignment:
		return fmt.Sprintf("%s: %d is not a multiple of %d", e.Field, e.Found, e.Expected)
	case ErrOverflow:
		return fmt.Sprintf("%s: needs %d bytes, there is room for %d", e.Field, e.Found, e.Expected)
	default:
		return fmt.Sprintf("%s: expected %d, found %d", e.Field, e.Expected, e.Found)
	}
}

// Unwrap returns the rule that was broken.
func (e *WireError) Unwrap() error { return e.Kind }

// truncated says that field needs expected bytes and there are found.
//
//go:noinline
func truncated(field string, expected, found int) error {
	return NewWireError(ErrTruncated, field, uint64(expected), uint64(found))
}

// layout says that field must be expected and is found.
//
//go:noinline
func layout(field string, expected, found uint64) error {
	return NewWireError(ErrBadLayout, field, expected, found)
}

// overflow says that field needs needed bytes where room are left.
//
//go:noinline
func overflow(field string, room, needed int) error {
	return NewWireError(ErrOverflow, field, uint64(room), uint64(needed))
}
