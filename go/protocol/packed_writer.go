package protocol

import "math"

// PackedWriter writes the list that [Packed] reads, behind a header that the owner writes itself.
//
// Items are written in two steps: [PackedWriter.Open] gives the place for the next one, and
// [PackedWriter.Commit] takes it in.
//
// A list whose number of items is known has exactly that room in its directory. One that grows
// moves its items right when the directory is full, and closes the hole at the end, or as soon as
// an item needs it:
//
//	room 8:  header | e e e e e e e e | items        |
//	room 16: header | e e e e e e e e . . . . . . . . | items        |
//	finish:  header | e e e e e e e e e e | items        |
type PackedWriter struct {
	buf    []byte
	header int
	room   int
	count  int
	end    int
	grows  bool
}

// NewPackedWriter starts a list of exactly count items behind header bytes. It fails with
// [ErrOverflow] where the directory alone does not fit.
func NewPackedWriter(buf []byte, header, count int) (PackedWriter, error) {
	// Positions beyond 4 GiB cannot be told on the wire.
	if most := uint64(math.MaxUint32); uint64(len(buf)) > most {
		buf = buf[:most]
	}
	if header > len(buf) || count > (len(buf)-header)/EntryLen {
		needed := uint64(header) + uint64(count)*EntryLen
		return PackedWriter{}, NewWireError(ErrOverflow, "item directory", uint64(len(buf)), needed)
	}
	return PackedWriter{buf: buf, header: header, room: count, end: header + count*EntryLen}, nil
}

// NewGrowingPackedWriter starts a list of any number of items behind header bytes. It fails with
// [ErrOverflow] where the header alone does not fit.
func NewGrowingPackedWriter(buf []byte, header int) (PackedWriter, error) {
	w, err := NewPackedWriter(buf, header, 0)
	w.grows = true
	return w, err
}

// Len returns the number of items so far.
func (w *PackedWriter) Len() int { return w.count }

// Cap returns the bytes that header, directory, items and gaps may take together.
func (w *PackedWriter) Cap() int { return len(w.buf) }

// Open returns the place for the next item of size bytes: exactly as many. It fails with
// [ErrOverflow] where it does not fit, and with [ErrBadItemCount] beyond the count of an exact list.
// What is not committed leaves the list as it was.
func (w *PackedWriter) Open(size int) ([]byte, error) {
	for {
		if dst := w.openLeaving(size, 0); dst != nil {
			return dst, nil
		}
		if err := w.grow(size); err != nil {
			return nil, err
		}
	}
}

// OpenRest returns the place for the next item of a size that is not known yet: all there is. It
// fails as [PackedWriter.Open] does.
func (w *PackedWriter) OpenRest() ([]byte, error) {
	if _, err := w.Open(0); err != nil {
		return nil, err
	}
	return w.buf[w.nextStart():], nil
}

// Commit takes in the item of size bytes that was written to the place that was opened last.
func (w *PackedWriter) Commit(size int) {
	start, first := w.nextStart(), w.firstItem()
	le.PutUint64(w.buf[w.header+w.count*EntryLen:], spanBits(start-first, size))
	w.end = start + size
	w.count++
}

// Finish ends the list; it returns the header's bytes to fill in, and the length of the payload.
func (w *PackedWriter) Finish() (header []byte, length int) {
	if w.room > w.count {
		w.moveItems(w.count)
	}
	return w.buf[:w.header], w.end
}

// FinishBatch ends a list that is a batch, which is padded to 8 at its end and has at least one
// item; it returns the length of the payload. It fails with [ErrBadItemCount] for a batch without
// items and [ErrOverflow] where there is no room for the padding.
func (w *PackedWriter) FinishBatch() (int, error) {
	if w.count == 0 {
		return 0, NewWireError(ErrBadItemCount, "batch", 1, 0)
	}
	_, end := w.Finish()
	padded := align8(end)
	if padded > len(w.buf) {
		return 0, overflow("batch", len(w.buf), padded)
	}
	clear(w.buf[end:padded])
	return padded, nil
}

// openLeaving returns the place for the next item of size bytes if the item leaves room for behind
// bytes at the next multiple of 8, else nil.
func (w *PackedWriter) openLeaving(size, behind int) []byte {
	start := w.nextStart()
	if w.count == w.room || start > len(w.buf) || size > len(w.buf)-start {
		return nil
	}
	end := start + size
	if behind > 0 && align8(end)+behind > len(w.buf) {
		return nil
	}
	if gap := w.buf[w.end:]; len(gap) >= 8 {
		// One store instead of a loop; the item overwrites what is not gap.
		le.PutUint64(gap, 0)
	} else {
		clear(w.buf[w.end:start])
	}
	return w.buf[start:end:end]
}

// grow makes sure that the directory has a free entry and the buffer room for size bytes.
func (w *PackedWriter) grow(size int) error {
	if !w.grows {
		if w.room > w.count {
			return overflow("item", len(w.buf), w.nextStart()+size)
		}
		return NewWireError(ErrBadItemCount, "item list", uint64(w.room), uint64(w.count+1))
	}
	tight, items := w.count+1, align8(w.end-w.firstItem())
	for _, room := range [...]int{max(tight, 8, w.count*2), tight} {
		if w.header+room*EntryLen+items+size <= len(w.buf) {
			w.moveItems(room)
			return nil
		}
	}
	return overflow("item", len(w.buf), w.header+tight*EntryLen+items+size)
}

// moveItems moves the items to where a directory of room entries ends.
func (w *PackedWriter) moveItems(room int) {
	from, to := w.firstItem(), w.header+room*EntryLen
	copy(w.buf[to:], w.buf[from:w.end])
	w.end += to - from
	w.room = room
}

// nextStart returns where the next item starts, from the first byte of the payload: items are
// aligned among themselves, and so are header and directory.
func (w *PackedWriter) nextStart() int { return align8(w.end) }

func (w *PackedWriter) firstItem() int { return w.header + w.room*EntryLen }
