package transport

// WaitObject is what an event loop of the platform watches: a file descriptor on Unix systems, for
// poll and its like, and the handle of an event on Windows, for WaitForMultipleObjects. It is as wide
// as a pointer, and means the same on every platform: what it stands for is ready while the descriptor
// is readable, or the event is set. It stays the property of whoever gave it.
type WaitObject uintptr

// NoWaitObject is where there is nothing to watch. No platform has a descriptor or a handle like it.
const NoWaitObject = ^WaitObject(0)
