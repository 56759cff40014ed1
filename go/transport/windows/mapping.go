//go:build windows

package windows

import (
	"unsafe"

	win "golang.org/x/sys/windows"
)

// mapping is a named piece of memory that two processes share.
//
// Its bytes belong to both: they are only copied in and out or reached as atomics. What is read may be
// anything.
type mapping struct {
	handle win.Handle
	bytes  []byte
}

// createMapping makes one of size bytes, all 0, under a name that nobody has.
func createMapping(name string, size uint64) (mapping, error) {
	path, err := win.UTF16PtrFromString(name)
	if err != nil {
		return mapping{}, err
	}
	security, err := private()
	if err != nil {
		return mapping{}, err
	}
	handle, err := win.CreateFileMapping(win.InvalidHandle, security, win.PAGE_READWRITE, uint32(size>>32), uint32(size), path)
	if err != nil {
		// Also where there is one of that name, which is not ours.
		closeHandle(handle)
		return mapping{}, err
	}
	return mapView(handle, size)
}

// openMapping opens one that somebody else has made, all of it.
func openMapping(name string) (mapping, error) {
	path, err := win.UTF16PtrFromString(name)
	if err != nil {
		return mapping{}, err
	}
	const access = win.FILE_MAP_READ | win.FILE_MAP_WRITE
	// SAFETY: the system only reads the name, which ends with NUL and lives until it returns.
	handle, _, err := procOpenMapping.Call(uintptr(access), 0, uintptr(unsafe.Pointer(path)))
	if handle == 0 {
		return mapping{}, err
	}
	return mapView(win.Handle(handle), 0)
}

// mapView maps the first size bytes, or all of them for 0, and takes over the handle.
func mapView(handle win.Handle, size uint64) (mapping, error) {
	address, err := win.MapViewOfFile(handle, win.FILE_MAP_READ|win.FILE_MAP_WRITE, 0, 0, uintptr(size))
	if err != nil {
		closeHandle(handle)
		return mapping{}, err
	}
	if size == 0 {
		var info win.MemoryBasicInformation
		if err := win.VirtualQuery(address, &info, unsafe.Sizeof(info)); err != nil {
			_ = win.UnmapViewOfFile(address)
			closeHandle(handle)
			return mapping{}, err
		}
		size = uint64(info.RegionSize)
	}
	// SAFETY: the system has just mapped size bytes there, which stay until unmap; the address is not one
	// of the collector's.
	start := *(*unsafe.Pointer)(unsafe.Pointer(&address))
	// SAFETY: as above.
	return mapping{handle: handle, bytes: unsafe.Slice((*byte)(start), int(size))}, nil
}

// word returns the word at offset, a multiple of 4, to be used as an atomic only.
func (m mapping) word(offset int) *uint32 {
	// SAFETY: the slice is checked to hold 4 bytes there, a view starts at a page, and offset is a
	// multiple of 4. Who keeps it drops it before the view goes.
	return (*uint32)(unsafe.Pointer(unsafe.SliceData(m.bytes[offset : offset+4])))
}

// long returns the long word at offset, a multiple of 8, to be used as an atomic only.
func (m mapping) long(offset int) *uint64 {
	// SAFETY: the slice is checked to hold 8 bytes there, a view starts at a page, and offset is a
	// multiple of 8. Who keeps it drops it before the view goes.
	return (*uint64)(unsafe.Pointer(unsafe.SliceData(m.bytes[offset : offset+8])))
}

func (m *mapping) unmap() {
	if m.bytes == nil {
		return
	}
	// SAFETY: the address is that of our own view, whose bytes nobody has any more.
	_ = win.UnmapViewOfFile(uintptr(unsafe.Pointer(unsafe.SliceData(m.bytes))))
	closeHandle(m.handle)
	m.bytes = nil
}
