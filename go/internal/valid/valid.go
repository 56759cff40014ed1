// Package valid is the proof that bytes were validated. Only this module makes it, and only of bytes
// that a decoder has accepted.
package valid

// Bytes are bytes that were found to be a T. The zero value is no bytes, of nothing.
type Bytes[T any] struct{ bytes []byte }

// Of says that a decoder has found bytes to be a T.
func Of[T any](bytes []byte) Bytes[T] { return Bytes[T]{bytes} }

// Bytes returns the bytes. They are not the caller's to change.
func (v Bytes[T]) Bytes() []byte { return v.bytes }
