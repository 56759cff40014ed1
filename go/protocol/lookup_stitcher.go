package protocol

import "slices"

// LookupStitcher makes one reply of the items of several, in a buffer that is used again and again.
//
// Items come validated and are copied unchanged; nothing is allocated for each.
type LookupStitcher struct {
	out   []byte
	room  int
	count int
}

// Start begins a reply of count items and forgets what was there before.
func (s *LookupStitcher) Start(count int) {
	front := LookupHeaderLen + count*EntryLen
	s.out = slices.Grow(s.out[:0], front)[:front]
	clear(s.out)
	putLookupHeader(s.out, count, 0)
	s.room, s.count = count, 0
}

// Len returns the items so far.
func (s *LookupStitcher) Len() int { return s.count }

// Bytes returns the bytes so far.
func (s *LookupStitcher) Bytes() int { return len(s.out) }

// PushRaw adds an item as it came. It fails with [ErrBadItemCount] beyond the last.
func (s *LookupStitcher) PushRaw(item []byte) error {
	dst, err := s.open(len(item))
	copy(dst, item)
	return err
}

// StitchItem adds an item of the caller's own to s. It fails with [ErrBadItemCount] beyond the last,
// and as the item's encoder does.
func StitchItem[E Encoder](s *LookupStitcher, item E) error {
	dst, err := s.open(item.Size())
	if err != nil {
		return err
	}
	return item.Encode(dst)
}

// Finish ends the reply and returns it. It is good until the next Start.
func (s *LookupStitcher) Finish(generation uint64) []byte {
	putLookupHeader(s.out, s.room, generation)
	return s.out
}

// Payload returns the reply that was finished last.
func (s *LookupStitcher) Payload() []byte { return s.out }

// open enters an item of size bytes into the directory; it returns its place.
func (s *LookupStitcher) open(size int) ([]byte, error) {
	if s.count == s.room {
		return nil, NewWireError(ErrBadItemCount, "stitched items", uint64(s.room), uint64(s.count+1))
	}
	end := len(s.out)
	start := align8(end)
	s.out = slices.Grow(s.out, start-end+size)[:start+size]
	clear(s.out[end:start])
	first := LookupHeaderLen + s.room*EntryLen
	le.PutUint64(s.out[LookupHeaderLen+s.count*EntryLen:], spanBits(start-first, size))
	s.count++
	return s.out[start:], nil
}
