//go:build windows

package windows

import (
	"errors"
	"sync"
	"unsafe"

	win "golang.org/x/sys/windows"
)

const (
	// accessMode: both ways, and no call waits by itself.
	accessMode = win.PIPE_ACCESS_DUPLEX | win.FILE_FLAG_OVERLAPPED
	// pipeMode: whole messages at our end, from this machine only.
	pipeMode = win.PIPE_TYPE_MESSAGE | win.PIPE_READMODE_MESSAGE | win.PIPE_WAIT | win.PIPE_REJECT_REMOTE_CLIENTS
	// connectFlags: a server learns who we are, and cannot act in our name.
	connectFlags = win.FILE_FLAG_OVERLAPPED | win.SECURITY_SQOS_PRESENT | win.SECURITY_IDENTIFICATION
	// errorSemTimeout: nobody accepted in time.
	errorSemTimeout = win.Errno(121)
)

var (
	kernel32           = win.NewLazySystemDLL("kernel32.dll")
	procWaitNamedPipe  = kernel32.NewProc("WaitNamedPipeW")
	procOpenMapping    = kernel32.NewProc("OpenFileMappingW")
	procPeekNamedPipe  = kernel32.NewProc("PeekNamedPipe")
	procSwitchToThread = kernel32.NewProc("SwitchToThread")
)

// createInstance makes one more instance of a pipe, or the first, which must be the only one.
func createInstance(name string, first bool) (win.Handle, error) {
	path, err := win.UTF16PtrFromString(name)
	if err != nil {
		return 0, err
	}
	security, err := private()
	if err != nil {
		return 0, err
	}
	flags := uint32(accessMode)
	if first {
		flags |= win.FILE_FLAG_FIRST_PIPE_INSTANCE
	}
	return win.CreateNamedPipe(path, flags, pipeMode, win.PIPE_UNLIMITED_INSTANCES, quota, quota, 0, security)
}

// openPipe opens the other end of a pipe, which then gives whole messages, too.
func openPipe(name string) (win.Handle, error) {
	path, err := win.UTF16PtrFromString(name)
	if err != nil {
		return 0, err
	}
	handle, err := win.CreateFile(path, win.GENERIC_READ|win.GENERIC_WRITE, 0, nil, win.OPEN_EXISTING, connectFlags, 0)
	if err != nil {
		return 0, err
	}
	mode := uint32(win.PIPE_READMODE_MESSAGE)
	if err := win.SetNamedPipeHandleState(handle, &mode, nil, nil); err != nil {
		closeHandle(handle)
		return 0, err
	}
	return handle, nil
}

// waitForInstance waits until a client may find a free instance, for at most so many milliseconds, at
// least 1.
func waitForInstance(name string, milliseconds uint32) error {
	path, err := win.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	// SAFETY: the system only reads the name, which ends with NUL and lives until it returns.
	done, _, err := procWaitNamedPipe.Call(uintptr(unsafe.Pointer(path)), uintptr(milliseconds))
	if done != 0 {
		return nil
	}
	return err
}

// isBroken tells whether the other end of a pipe is gone, with nothing left to read.
func isBroken(handle win.Handle) bool {
	// SAFETY: nothing is read, and nothing is asked for but whether the call succeeds.
	done, _, err := procPeekNamedPipe.Call(uintptr(handle), 0, 0, 0, 0, 0)
	return done == 0 && isGone(err)
}

// isGone tells whether an error means that the other end is closed.
func isGone(err error) bool {
	return err == win.ERROR_BROKEN_PIPE || err == win.ERROR_NO_DATA || err == win.ERROR_PIPE_NOT_CONNECTED
}

// closeHandle closes a handle. It is gone whatever the system says, and never closed again.
func closeHandle(handle win.Handle) {
	if handle != 0 {
		_ = win.CloseHandle(handle)
	}
}

// yield lets another thread run on this processor.
func yield() { _, _, _ = procSwitchToThread.Call() }

// private returns who may use what we make: the user of this process and the system, in no other way
// than by our own descriptor. It is made once, and lives as long as the process.
var private = sync.OnceValues(func() (*win.SecurityAttributes, error) {
	user, err := win.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, errors.Join(errNoUser, err)
	}
	descriptor, err := win.SecurityDescriptorFromString("D:P(A;;GA;;;SY)(A;;GA;;;" + user.User.Sid.String() + ")")
	if err != nil {
		return nil, errors.Join(errNoUser, err)
	}
	attributes := &win.SecurityAttributes{SecurityDescriptor: descriptor}
	attributes.Length = uint32(unsafe.Sizeof(*attributes))
	return attributes, nil
})

var errNoUser = errors.New("cannot tell the user of this process, who alone may connect")
