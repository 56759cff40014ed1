package service_test

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/netipc/netipc/go/internal/conformance/services"
)

var (
	ntdll          = windows.NewLazySystemDLL("ntdll.dll")
	suspendProcess = ntdll.NewProc("NtSuspendProcess")
	resumeProcess  = ntdll.NewProc("NtResumeProcess")
	handleCount    = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetProcessHandleCount")
)

// handles is how many handles this process has.
func handles(w *services.World) int {
	w.Helper()
	var count uint32
	done, _, err := handleCount.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&count)))
	if done == 0 {
		w.No(err)
	}
	return int(count)
}

// freeze stops a process where it is, and thaw lets it go on.
func freeze(w *services.World, process *os.Process) { onProcess(w, process, suspendProcess) }

func thaw(w *services.World, process *os.Process) { onProcess(w, process, resumeProcess) }

func onProcess(w *services.World, process *os.Process, call *windows.LazyProc) {
	w.Helper()
	handle, err := windows.OpenProcess(windows.PROCESS_SUSPEND_RESUME, false, uint32(process.Pid))
	w.No(err)
	defer func() { w.No(windows.CloseHandle(handle)) }()
	if status, _, _ := call.Call(uintptr(handle)); status != 0 {
		w.Fatalf("status 0x%x", status)
	}
}
