//go:build windows

package windows

import (
	"log/slog"

	win "golang.org/x/sys/windows"

	"github.com/netipc/netipc/go/transport"
)

// fewestInstances are pending at any time, so that no client falls between two accepts.
const fewestInstances = 2

// listener is the owner of an endpoint: instances of its pipe that wait for clients.
//
//	pending ──connect done──► taken by Accept, which makes another one pending
//	   └──client came and left──► disconnected, pending again
//
// The name stays in use until the last session of it has ended, too: sessions are instances.
type listener struct {
	endpoint  transport.Endpoint
	instances []*instance
	// How many are to be pending.
	wanted int
	// Set once a client has come to any of them, and maybe when none has.
	event  win.Handle
	waiter waiter
	log    *slog.Logger
	closed bool
}

// instance is one pending instance.
type instance struct {
	handle  win.Handle
	connect operation
	// Whether its connect is with the system.
	pending bool
}

// newListener takes over the first instance of a pipe.
func newListener(endpoint transport.Endpoint, first win.Handle, wanted int, log *slog.Logger) (*listener, error) {
	event, err := newEvent()
	if err != nil {
		closeHandle(first)
		return nil, err
	}
	l := &listener{endpoint: endpoint, wanted: wanted, event: event, log: log}
	open.Store(l, nil)
	if err = l.add(first); err == nil {
		err = l.fill()
	}
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

func (l *listener) Accept(w transport.Wait) (transport.Baseline, error) {
	if l.closed {
		return nil, transport.ErrClosed
	}
	if err := w.CheckAbort(); err != nil {
		return nil, err
	}
	for {
		handle, found := l.take()
		if found {
			return l.accepted(handle)
		}
		if err := l.fill(); err != nil && len(l.instances) == 0 {
			return nil, err
		}
		// Between the two looks: what comes later sets it again.
		_ = win.ResetEvent(l.event)
		if handle, found = l.take(); found {
			return l.accepted(handle)
		}
		if err := l.waiter.await(w, 0, l.event); err != nil {
			return nil, err
		}
	}
}

// accepted makes a link of a connected instance, and another one pending in its place.
func (l *listener) accepted(handle win.Handle) (transport.Baseline, error) {
	if err := l.fill(); err != nil {
		l.log.Warn("netipc: cannot make another instance of the pipe", "endpoint", l.endpoint.String(), "error", err)
	}
	var peer transport.Peer
	var pid uint32
	if win.GetNamedPipeClientProcessId(handle, &pid) == nil {
		peer = peer.WithPID(pid)
	}
	pipe, err := takePipe(handle, peer)
	if err != nil {
		return nil, err
	}
	return &link{pipe: pipe, endpoint: l.endpoint, log: l.log}, nil
}

// take takes an instance that a client has come to, the oldest first.
func (l *listener) take() (win.Handle, bool) {
	for i := 0; i < len(l.instances); i++ {
		found := l.instances[i]
		if found.pending && !found.connect.isDone() {
			continue
		}
		l.instances = append(l.instances[:i], l.instances[i+1:]...)
		if found.pending {
			if _, err := found.connect.result(found.handle); err != nil {
				l.recycle(found.handle)
				i--
				continue
			}
		}
		return found.handle, true
	}
	return 0, false
}

// recycle makes an instance pending again whose client has come and left.
func (l *listener) recycle(handle win.Handle) {
	_ = win.DisconnectNamedPipe(handle)
	if err := l.add(handle); err != nil {
		l.log.Debug("netipc: cannot use an instance of the pipe again", "endpoint", l.endpoint.String(), "error", err)
	}
}

// fill makes as many instances pending as are wanted.
func (l *listener) fill() error {
	for len(l.instances) < l.wanted {
		handle, err := createInstance(l.endpoint.PipeName(), false)
		if err == nil {
			err = l.add(handle)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add makes an instance pending, which it takes over.
func (l *listener) add(handle win.Handle) error {
	added := &instance{handle: handle}
	err := win.ConnectNamedPipe(handle, added.connect.start(l.event))
	for err == win.ERROR_NO_DATA {
		// One came and left before we looked.
		_ = win.DisconnectNamedPipe(handle)
		err = win.ConnectNamedPipe(handle, added.connect.start(l.event))
	}
	switch err {
	case win.ERROR_IO_PENDING:
		added.pending = true
	case nil, win.ERROR_PIPE_CONNECTED:
		_ = win.SetEvent(l.event)
	default:
		closeHandle(handle)
		return err
	}
	l.instances = append(l.instances, added)
	if !added.pending || l.anyDone() {
		// Starting an operation has reset the event, which may have been set for another one.
		_ = win.SetEvent(l.event)
	}
	return nil
}

func (l *listener) anyDone() bool {
	for _, instance := range l.instances {
		if !instance.pending || instance.connect.isDone() {
			return true
		}
	}
	return false
}

func (l *listener) Endpoint() transport.Endpoint { return l.endpoint }

func (l *listener) WaitObject() transport.WaitObject {
	if l.closed {
		return transport.NoWaitObject
	}
	return transport.WaitObject(l.event)
}

func (l *listener) Close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	for _, instance := range l.instances {
		if instance.pending {
			_, _ = instance.connect.cancel(instance.handle)
		}
		closeHandle(instance.handle)
	}
	l.instances = nil
	closeHandle(l.event)
	open.Delete(l)
	return nil
}
