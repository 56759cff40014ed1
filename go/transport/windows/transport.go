//go:build windows

package windows

import (
	"log/slog"
	"sync"
	"time"

	win "golang.org/x/sys/windows"

	"github.com/netipc/netipc/go/transport"
)

// busySlice is how long a client waits for a free instance before it looks whether it still may.
const busySlice = 10 * time.Millisecond

// Transport is named pipes, with shared memory as a data plane. Use [New].
type Transport struct {
	log *slog.Logger
}

// New returns the transport with its defaults.
func New() *Transport { return &Transport{log: slog.New(slog.DiscardHandler)} }

// WithLogger returns the same transport, which tells log what it could not do.
func (t *Transport) WithLogger(log *slog.Logger) *Transport { return &Transport{log: log} }

// Profiles is the Profiles of [transport.Transport]: the baseline, and both of shared memory, of which
// that without events keeps a processor busy and is for those only who ask for it.
func (t *Transport) Profiles() []transport.Profile {
	return []transport.Profile{
		{Bit: transport.ProfileBaseline, Name: "baseline", Kind: transport.LinkPipe},
		{Bit: profileHybrid, Name: "shm-hybrid", Kind: transport.LinkSharedMemory},
		{Bit: profileBusyWait, Name: "shm-busywait", Kind: transport.LinkSharedMemory, OnRequest: true},
	}
}

// Connect is the Connect of [transport.Transport].
func (t *Transport) Connect(endpoint transport.Endpoint, w transport.Wait) (transport.Baseline, error) {
	if err := w.CheckAbort(); err != nil {
		return nil, connectError(endpoint, err)
	}
	handle, err := connect(endpoint.PipeName(), w)
	if err != nil {
		return nil, connectError(endpoint, err)
	}
	var peer transport.Peer
	var pid uint32
	if win.GetNamedPipeServerProcessId(handle, &pid) == nil {
		peer = peer.WithPID(pid)
	}
	pipe, err := takePipe(handle, peer)
	if err != nil {
		return nil, connectError(endpoint, err)
	}
	return &link{pipe: pipe, endpoint: endpoint, log: t.log}, nil
}

// connect opens the pipe, as soon as one of its instances is free.
func connect(name string, w transport.Wait) (win.Handle, error) {
	for {
		handle, err := openPipe(name)
		if err != win.ERROR_PIPE_BUSY {
			return handle, err
		}
		if err := w.Check(); err != nil {
			return 0, err
		}
		slice := busySlice
		if left, ends := w.Remaining(); ends {
			slice = min(slice, left)
		}
		milliseconds := uint32(max(slice/time.Millisecond, 1))
		if err := waitForInstance(name, milliseconds); err != nil && err != errorSemTimeout {
			return 0, err
		}
	}
}

// binding keeps starters of this process apart; those of others the system keeps away from us.
var binding sync.Mutex

// Bind is the Bind of [transport.Transport].
func (t *Transport) Bind(endpoint transport.Endpoint, options transport.BindOptions) (transport.Listener, error) {
	backlog := options.Backlog
	if backlog <= 0 {
		backlog = transport.DefaultBacklog
	}
	binding.Lock()
	defer binding.Unlock()
	// Wine does not know the flag for the first instance.
	switch err := waitForInstance(endpoint.PipeName(), 1); err {
	case nil, errorSemTimeout:
		return nil, inUse(endpoint, "it answers")
	}
	first, err := createInstance(endpoint.PipeName(), true)
	switch err {
	case nil:
	case win.ERROR_ACCESS_DENIED, win.ERROR_PIPE_BUSY:
		return nil, inUse(endpoint, "somebody else has made the pipe")
	default:
		return nil, &transport.BindError{Endpoint: endpoint.String(), Cause: err}
	}
	l, err := newListener(endpoint, first, max(backlog, fewestInstances), t.log)
	if err != nil {
		return nil, &transport.BindError{Endpoint: endpoint.String(), Cause: err}
	}
	return l, nil
}

func inUse(endpoint transport.Endpoint, why string) error {
	return &transport.BindError{Endpoint: endpoint.String(), Kind: transport.ErrAddressInUse, Why: why}
}

func connectError(endpoint transport.Endpoint, err error) error {
	failed := &transport.ConnectError{Endpoint: endpoint.String(), Cause: err}
	switch err {
	case win.ERROR_FILE_NOT_FOUND, win.ERROR_PATH_NOT_FOUND:
		failed.Kind = transport.ErrNotFound
	case win.ERROR_ACCESS_DENIED:
		failed.Kind = transport.ErrDenied
	case transport.ErrTimeout, transport.ErrAborted:
		failed.Kind, failed.Cause = err, nil
	}
	return failed
}
