//go:build linux

package posix

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapping is a shared, writable mapping of a file from its start.
//
// Its bytes belong to two processes: they are only copied in and out or reached as atomics. What is
// read may be anything.
type mapping struct {
	bytes []byte
}

// mapShared maps the first size bytes of a file, which the caller has checked to be there.
func mapShared(fd int, size int64) (mapping, error) {
	if int64(int(size)) != size {
		return mapping{}, unix.ENOMEM
	}
	bytes, err := unix.Mmap(fd, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return mapping{bytes: bytes}, err
}

// slot returns the words of one direction and its area, of a layout that fits the mapping.
func (m mapping) slot(seq, length, signal int, area span) slot {
	return slot{
		seq:    m.long(seq),
		len:    m.word(length),
		signal: m.word(signal),
		area:   m.bytes[area.offset:area.end():area.end()],
	}
}

// word returns the word at offset, a multiple of 4, to be used as an atomic only.
func (m mapping) word(offset int) *uint32 {
	// SAFETY: the slice is checked to hold 4 bytes there, a mapping starts at a page, and offset is a
	// multiple of 4. Who keeps it drops it before the mapping goes.
	return (*uint32)(unsafe.Pointer(unsafe.SliceData(m.bytes[offset : offset+4])))
}

// long returns the long word at offset, a multiple of 8, to be used as an atomic only.
func (m mapping) long(offset int) *uint64 {
	// SAFETY: the slice is checked to hold 8 bytes there, a mapping starts at a page, and offset is a
	// multiple of 8. Who keeps it drops it before the mapping goes.
	return (*uint64)(unsafe.Pointer(unsafe.SliceData(m.bytes[offset : offset+8])))
}

// contains tells whether an address is in the mapping.
func (m mapping) contains(address uintptr) bool {
	// SAFETY: it is only compared.
	start := uintptr(unsafe.Pointer(unsafe.SliceData(m.bytes)))
	return address >= start && address-start < uintptr(len(m.bytes))
}

func (m *mapping) unmap() {
	if m.bytes != nil {
		_ = unix.Munmap(m.bytes)
		m.bytes = nil
	}
}
