//go:build windows

package windows

import (
	"sync/atomic"
	"time"
	"unsafe"

	win "golang.org/x/sys/windows"

	"github.com/netipc/netipc/go/transport"
)

// abortSlice is how often an abort is looked at when it has no event.
const abortSlice = 10 * time.Millisecond

// longestWait is how long one wait in the system lasts at most; what takes longer waits again.
const longestWait = time.Hour

// operation is one overlapped operation at a time, and the event that is set once it is done. It lives
// on the heap with its owner, and stays where it is while the system writes to it.
type operation struct {
	overlapped win.Overlapped
}

// newEvent returns an event that stays set until it is reset, and is not set.
func newEvent() (win.Handle, error) {
	const manualReset, notSet = 1, 0
	return win.CreateEvent(nil, manualReset, notSet, nil)
}

// start makes it ready for the next operation, which sets event.
func (o *operation) start(event win.Handle) *win.Overlapped {
	o.overlapped = win.Overlapped{HEvent: event}
	return &o.overlapped
}

// isDone tells whether the operation that was started has ended. No call is made.
func (o *operation) isDone() bool {
	// SAFETY: Internal is a word of ours that the system writes once, with the status of the operation;
	// its address is that of an aligned field.
	status := (*uintptr)(unsafe.Pointer(&o.overlapped.Internal))
	return win.NTStatus(atomic.LoadUintptr(status)) != win.STATUS_PENDING
}

// result returns the bytes of the operation that has ended, and how it ended.
func (o *operation) result(handle win.Handle) (int, error) {
	var size uint32
	err := win.GetOverlappedResult(handle, &o.overlapped, &size, false)
	return int(size), err
}

// cancel calls off the operation, and returns once the system has let go of it. It may have come to its
// end just before.
func (o *operation) cancel(handle win.Handle) (int, error) {
	// Fails where there is nothing to cancel any more.
	_ = win.CancelIoEx(handle, &o.overlapped)
	var size uint32
	err := win.GetOverlappedResult(handle, &o.overlapped, &size, true)
	return int(size), err
}

// Await waits until object, the event of a link, tells that something has come or that the peer has hung up. It fails
// as w ends.
func Await(object transport.WaitObject, w transport.Wait) error {
	var waiter waiter
	for {
		if err := waiter.await(w, 0, win.Handle(object)); err != nil {
			return err
		}
		if happened, err := win.WaitForSingleObject(win.Handle(object), 0); happened != uint32(win.WAIT_TIMEOUT) || err != nil {
			return err
		}
	}
}

// waiter is the handles that a wait looks at; it is kept, so that waiting allocates nothing.
type waiter struct {
	handles [4]win.Handle
}

// await waits until one of events is set, w ends, or limit has passed; zero is no limit. It returns
// nil also where limit has passed, and may do so early: the caller looks again.
func (a *waiter) await(w transport.Wait, limit time.Duration, events ...win.Handle) error {
	count := copy(a.handles[:], events)
	watched := false
	if w.Abort != nil {
		if raised := w.Abort.Watch(); raised != transport.NoWaitObject {
			defer w.Abort.Unwatch()
			a.handles[count] = win.Handle(raised)
			count++
			watched = true
		}
	}
	if err := w.Check(); err != nil {
		return err
	}
	if limit == 0 {
		limit = longestWait
	}
	if left, ends := w.Remaining(); ends {
		limit = min(limit, left)
	}
	if w.Abort != nil && !watched {
		limit = min(limit, abortSlice)
	}
	// Rounded up: a wait that ends a moment too early would look again and again.
	milliseconds := uint32((limit + time.Millisecond - 1) / time.Millisecond)
	_, err := win.WaitForMultipleObjects(a.handles[:count], false, milliseconds)
	return err
}
