package protocol

import "bytes"

// CStringView is a string on the wire: bytes that a NUL follows, usually but not always UTF-8. The
// zero value is the empty string.
type CStringView struct{ bytes []byte }

// CString returns a view of text, which comes without its NUL and is not copied.
func CString(text []byte) CStringView { return CStringView{text} }

// Bytes returns the bytes without the NUL. They are not the caller's to change.
func (s CStringView) Bytes() []byte { return s.bytes }

// Len returns the number of bytes without the NUL.
func (s CStringView) Len() int { return len(s.bytes) }

// String returns a copy as a Go string.
func (s CStringView) String() string { return string(s.bytes) }

// Equal tells whether both have the same bytes.
func (s CStringView) Equal(other CStringView) bool { return bytes.Equal(s.bytes, other.bytes) }
