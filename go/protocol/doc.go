// Package protocol is NetIPC's bytes and nothing else: the envelope of messages, the payloads of the
// handshake, lists, strings, labels, and the codecs of the five methods.
//
// Nothing here does input or output, and nothing that is decoded is copied: what has View in its
// name borrows the bytes that it was decoded from and is good for as long as they are. Builders
// write to a buffer that cannot grow and say ErrOverflow where it is too short. Neither decoding,
// nor looking at what was decoded, nor encoding to a given buffer allocates.
//
// Bytes that break a rule are refused with a [*WireError], which names the field and the rule.
package protocol
