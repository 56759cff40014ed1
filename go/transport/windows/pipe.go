//go:build windows

package windows

import (
	"sync"

	win "golang.org/x/sys/windows"

	"github.com/netipc/netipc/go/transport"
)

const (
	// packetSize is the bytes of the largest packet.
	packetSize = 65536
	// quota is the bytes that may wait in one direction.
	quota = 65536
)

var errEmptyPacket = &transport.ProtocolError{What: "an empty packet"}

// pipe is a connected pipe, as the baseline uses it and shared memory watches it. It owns its handles.
//
// One packet is read ahead, into a buffer of our own: the read stays with the system until something
// comes, whatever becomes of the waits for it. So no packet is ever lost to a deadline, and the event of
// the read is what an event loop can watch.
type pipe struct {
	handle win.Handle
	peer   transport.Peer
	waiter waiter

	read      operation
	readEvent win.Handle
	// Whether a read is with the system.
	reading bool
	// What the last read gave, unless one is with the system: the length of a whole packet, or why there
	// will be none.
	size int
	err  error
	in   []byte

	write      operation
	writeEvent win.Handle
	out        []byte

	// What other goroutines look at.
	watch *peerWatch
}

// peerWatch is a handle that others look at while its owner uses it.
type peerWatch struct {
	mu sync.Mutex
	// 0 once it is closed.
	handle win.Handle
}

// hasHungUp tells whether the peer has closed its end and nothing that it sent is left, or our end is closed.
func (w *peerWatch) hasHungUp() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.handle == 0 || isBroken(w.handle)
}

func (w *peerWatch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handle = 0
}

// open are the pipes and listeners whose operations are with the system, which writes to their memory:
// they stay in memory until they are closed, also where their owner forgets them.
var open sync.Map

// takePipe takes over a connected handle, and starts to read.
func takePipe(handle win.Handle, peer transport.Peer) (*pipe, error) {
	p := &pipe{handle: handle, peer: peer, in: make([]byte, packetSize)}
	var err error
	if p.readEvent, err = newEvent(); err == nil {
		p.writeEvent, err = newEvent()
	}
	if err != nil {
		closeHandle(p.readEvent)
		closeHandle(handle)
		return nil, err
	}
	open.Store(p, nil)
	p.startRead()
	return p, nil
}

// peerWatch returns what tells other goroutines whether the peer has hung up.
func (p *pipe) peerWatch() func() bool {
	if p.watch == nil {
		p.watch = &peerWatch{handle: p.handle}
	}
	return p.watch.hasHungUp
}

// waitObject is set when a packet or a hang-up waits.
func (p *pipe) waitObject() transport.WaitObject {
	if p.handle == 0 {
		return transport.NoWaitObject
	}
	return transport.WaitObject(p.readEvent)
}

func (p *pipe) receive(packet []byte, w transport.Wait) (int, error) {
	if p.handle == 0 {
		return 0, transport.ErrClosed
	}
	if err := w.CheckAbort(); err != nil {
		return 0, err
	}
	for !p.poll() {
		if err := p.waiter.await(w, 0, p.readEvent); err != nil {
			return 0, err
		}
	}
	if p.err != nil {
		return 0, p.err
	}
	size := p.size
	copy(packet, p.in[:min(size, len(p.in))])
	p.startRead()
	return size, nil
}

func (p *pipe) send(head, body []byte, w transport.Wait) error {
	size := len(head) + len(body)
	switch {
	case p.handle == 0:
		return transport.ErrClosed
	case size == 0:
		return transport.ErrEmpty
	case size > packetSize:
		return &transport.TooLargeError{Size: size, Limit: packetSize}
	}
	if err := w.CheckAbort(); err != nil {
		return err
	}
	// The system reads it later: it may not be anybody's stack.
	p.out = append(append(p.out[:0], head...), body...)
	err := win.WriteFile(p.handle, p.out, nil, p.write.start(p.writeEvent))
	if err == win.ERROR_IO_PENDING {
		err = p.awaitWrite(w)
	}
	if isGone(err) {
		return transport.ErrDisconnected
	}
	return err
}

// awaitWrite waits until the packet is with the peer's end, or takes it back.
func (p *pipe) awaitWrite(w transport.Wait) error {
	for !p.write.isDone() {
		if ended := p.waiter.await(w, 0, p.writeEvent); ended != nil {
			if _, err := p.write.cancel(p.handle); err != win.ERROR_OPERATION_ABORTED {
				// It was gone by then.
				return err
			}
			return ended
		}
	}
	_, err := p.write.result(p.handle)
	return err
}

// check tells whether anything can still come.
func (p *pipe) check() error {
	switch {
	case p.handle == 0:
		return transport.ErrClosed
	case p.poll() && p.err == transport.ErrDisconnected:
		return p.err
	}
	return nil
}

// seen tells whether a packet waits, or why none will come. No call is made while there is nothing.
func (p *pipe) seen() (bool, error) {
	if p.handle == 0 {
		return false, transport.ErrClosed
	}
	if !p.poll() {
		return false, nil
	}
	return p.err == nil, p.err
}

// startRead gives the next read to the system, or notes at once what it gives.
func (p *pipe) startRead() {
	p.size, p.err = 0, nil
	p.continueRead()
}

// continueRead reads on behind the front of a packet that did not fit, which is all that is kept of it.
func (p *pipe) continueRead() {
	err := win.ReadFile(p.handle, p.in, nil, p.read.start(p.readEvent))
	switch err {
	case win.ERROR_IO_PENDING:
		p.reading = true
	case nil, win.ERROR_MORE_DATA:
		p.ended(p.read.result(p.handle))
	default:
		// The system has not touched the operation.
		p.ended(0, err)
	}
}

// poll tells whether a whole packet, or the end, has come.
func (p *pipe) poll() bool {
	for p.reading && p.read.isDone() {
		p.reading = false
		p.ended(p.read.result(p.handle))
	}
	return !p.reading
}

// ended notes how a read has ended.
func (p *pipe) ended(size int, err error) {
	switch {
	case err == win.ERROR_MORE_DATA:
		// Longer than anything that was agreed on: its length says so.
		p.size += size
		p.continueRead()
	case isGone(err):
		p.err = transport.ErrDisconnected
	case err != nil:
		p.err = err
	case p.size+size == 0 && isBroken(p.handle):
		p.err = transport.ErrDisconnected
	case p.size+size == 0:
		p.err = errEmptyPacket
	default:
		p.size += size
	}
}

// handOver returns a pipe that owns everything from now on, and leaves a closed one in the link.
func (l *link) handOver() *pipe {
	heir := l.pipe
	l.pipe = &pipe{}
	return heir
}

func (p *pipe) close() {
	if p.handle == 0 {
		return
	}
	if p.reading {
		_, _ = p.read.cancel(p.handle)
	}
	if p.watch != nil {
		// Before the handle may become somebody else's.
		p.watch.close()
	}
	// What was sent stays there for the peer to read.
	closeHandle(p.handle)
	closeHandle(p.readEvent)
	closeHandle(p.writeEvent)
	p.handle, p.reading = 0, false
	open.Delete(p)
}
