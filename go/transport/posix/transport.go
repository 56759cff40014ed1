//go:build linux

package posix

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

const (
	// How a connect waits for room in a full backlog, which no descriptor tells.
	firstConnectRetry   = time.Millisecond
	longestConnectRetry = 100 * time.Millisecond
)

// Transport is packet sockets, with shared memory as a data plane. Use [New].
type Transport struct {
	spin    time.Duration
	log     *slog.Logger
	servers []uint32
}

// New returns the transport with its defaults.
func New() *Transport {
	// Where it fails, whoever connects or listens tries again, and fails.
	_ = startPoller()
	return &Transport{spin: DefaultSpin, log: slog.New(slog.DiscardHandler)}
}

// WithSpin returns the same transport, whose receivers look for a message before they sleep when it
// tends to be there within soon; zero switches it off. It does not matter to profile 0x04, which
// always sleeps at once.
func (t *Transport) WithSpin(soon time.Duration) *Transport {
	changed := *t
	changed.spin = soon
	return &changed
}

// WithServers returns the same transport, whose clients say their token to servers of these users, besides
// our own, root, and the owner of a run directory that is closed to others.
func (t *Transport) WithServers(uids ...uint32) *Transport {
	changed := *t
	changed.servers = uids
	return &changed
}

// WithLogger returns the same transport, which tells log what it removed, and what it could not do.
func (t *Transport) WithLogger(log *slog.Logger) *Transport {
	changed := *t
	changed.log = log
	return &changed
}

// Profiles is the Profiles of [transport.Transport]: the baseline, both of regions, and the ring for those
// who ask for it.
func (t *Transport) Profiles() []transport.Profile {
	return []transport.Profile{
		{Bit: transport.ProfileBaseline, Name: "baseline", Kind: transport.LinkSocket},
		{Bit: profileHybrid, Name: "shm-hybrid", Kind: transport.LinkSharedMemory},
		{Bit: profileFutex, Name: "shm-futex", Kind: transport.LinkSharedMemory},
		{Bit: profileRing, Name: "shm-ring", Kind: transport.LinkSharedMemory},
	}
}

// Connect is the Connect of [transport.Transport].
func (t *Transport) Connect(endpoint transport.Endpoint, w transport.Wait) (transport.Baseline, error) {
	if err := w.CheckAbort(); err != nil {
		return nil, connectError(endpoint, err)
	}
	if err := startPoller(); err != nil {
		return nil, connectError(endpoint, err)
	}
	fd, err := newSocket()
	if err != nil {
		return nil, connectError(endpoint, err)
	}
	path, reached, err := reach(endpoint)
	if err != nil {
		closeFD(fd)
		return nil, connectError(endpoint, err)
	}
	defer reached()
	pause := firstConnectRetry
	for {
		err := connectSocket(fd, path)
		if err == nil {
			break
		}
		if err == unix.EAGAIN {
			if err = w.Sleep(pause); err == nil {
				pause = min(pause*2, longestConnectRetry)
				continue
			}
		}
		closeFD(fd)
		return nil, connectError(endpoint, err)
	}
	socket := takeSocket(fd, newSpin(t.spin, forAnswer))
	if err := t.lookAtServer(endpoint, socket.peer); err != nil {
		socket.close()
		return nil, err
	}
	warnIfOpen(endpoint, t.log)
	socket.expectPassed()
	return &link{
		socket:      socket,
		endpoint:    endpoint,
		peerAllowed: true,
		spin:        t.spin,
		log:         t.log,
	}, nil
}

// lookAtServer refuses a server that may not learn the token.
func (t *Transport) lookAtServer(endpoint transport.Endpoint, server transport.Peer) error {
	own := uint32(unix.Geteuid())
	uid, known := server.UID()
	if known && trustsServer(t.servers, uid, own, func() (uint32, bool) { return ownerOfDir(endpoint.Place()) }) {
		return nil
	}
	return &transport.ConnectError{
		Endpoint: endpoint.String(),
		Kind:     transport.ErrUntrustedServer,
		Cause: fmt.Errorf("its process has %v, ours user %d: run the server as that user or root, let its user own the run "+
			"directory and nobody else write there, or name it as trusted", server, own),
	}
}

// trustsServer tells whether a client of own may say its token to a server of uid. The owner of the run
// directory may have put whatever server there, unless others may write, too: runDir returns its owner and
// whether it is closed to others.
func trustsServer(trusted []uint32, uid, own uint32, runDir func() (uint32, bool)) bool {
	if uid == own || uid == 0 || slices.Contains(trusted, uid) {
		return true
	}
	owner, closed := runDir()
	return closed && owner == uid
}

// Bind is the Bind of [transport.Transport].
func (t *Transport) Bind(endpoint transport.Endpoint, options transport.BindOptions) (transport.Listener, error) {
	backlog := options.Backlog
	if backlog <= 0 {
		backlog = transport.DefaultBacklog
	}
	if err := startPoller(); err != nil {
		return nil, &transport.BindError{Endpoint: endpoint.String(), Cause: err}
	}
	held, err := takeOver(endpoint, options.Inherited, t.log)
	if held == nil && err == nil {
		held, err = claim(endpoint, backlog, t.log)
	}
	if err != nil {
		return nil, err
	}
	warnIfOpen(endpoint, t.log)
	return &listener{
		held:     held,
		endpoint: endpoint,
		backlog:  backlog,
		nextLook: time.Now().Add(lookEvery),
		halfOpen: halfOpen{log: t.log},
		peers:    options.Peers,
		spin:     t.spin,
		log:      t.log,
	}, nil
}

// missing tells what there is none of where nobody serves, if that is not the socket itself.
func missing(endpoint transport.Endpoint, err error) string {
	if err == unix.ECONNREFUSED {
		return "nobody listens at what is there, as after a server that was killed"
	}
	if _, err := os.Stat(endpoint.Place()); errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return fmt.Sprintf("the run directory %s does not exist", endpoint.RunDir())
	}
	return ""
}

func connectError(endpoint transport.Endpoint, err error) error {
	failed := &transport.ConnectError{Endpoint: endpoint.String(), Cause: err}
	switch err {
	case unix.ENOENT, unix.ENOTDIR, unix.ECONNREFUSED:
		failed.Kind, failed.Why = transport.ErrNotFound, missing(endpoint, err)
	case unix.EACCES, unix.EPERM:
		failed.Kind = transport.ErrDenied
	case transport.ErrTimeout, transport.ErrAborted:
		failed.Kind, failed.Cause = err, nil
	}
	return failed
}
