package transport

import "golang.org/x/sys/windows"

// event is a flag that an event loop can watch. It has no handle until it is opened.
type event struct {
	handle windows.Handle
}

// open makes the handle; it tells whether there is one.
func (e *event) open() bool {
	if e.handle == 0 {
		const manualReset, notSet = 1, 0
		handle, err := windows.CreateEvent(nil, manualReset, notSet, nil)
		if err != nil {
			return false
		}
		e.handle = handle
	}
	return true
}

func (e *event) waitObject() WaitObject { return WaitObject(e.handle) }

func (e *event) set() {
	if e.handle != 0 {
		// Fails for a handle that is not ours only.
		_ = windows.SetEvent(e.handle)
	}
}

func (e *event) reset() {
	if e.handle != 0 {
		_ = windows.ResetEvent(e.handle)
	}
}

func (e *event) close() {
	if e.handle != 0 {
		_ = windows.CloseHandle(e.handle)
		e.handle = 0
	}
}
