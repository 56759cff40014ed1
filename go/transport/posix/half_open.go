//go:build linux

package posix

import (
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxHalfOpen is the most connections whose clients have said nothing yet.
	maxHalfOpen = 64
	// halfOpenTime is how long each may be silent.
	halfOpenTime = 2 * time.Second
)

// halfOpen is the connections of a listener whose clients have said nothing yet, in the order in which they
// came. Each costs its descriptor and a little memory.
type halfOpen struct {
	links []silent
	log   *slog.Logger
}

type silent struct {
	link  *link
	until time.Time
	// Whether the last look found a packet, or the end.
	ready bool
}

func (h *halfOpen) push(l *link) {
	h.links = append(h.links, silent{link: l, until: time.Now().Add(halfOpenTime)})
}

// poll appends what to wait for.
func (h *halfOpen) poll(fds []unix.PollFd) []unix.PollFd {
	for i := range h.links {
		fds = append(fds, unix.PollFd{Fd: int32(h.links[i].link.socket.fd), Events: unix.POLLIN})
	}
	return fds
}

// looked takes what a look at all of poll found, in their order.
func (h *halfOpen) looked(fds []unix.PollFd) {
	for i := range h.links {
		h.links[i].ready = h.links[i].ready || fds[i].Revents != 0
	}
}

// takeReady returns the first connection that has said something, or nil. Those that have ended instead are
// closed.
func (h *halfOpen) takeReady() *link {
	for i := 0; i < len(h.links); {
		if !h.links[i].ready {
			i++
			continue
		}
		l := h.remove(i)
		err := l.Check()
		if err == nil {
			return l
		}
		_ = l.Close()
		h.log.Debug("netipc: a peer left without a HELLO", "error", err)
	}
	return nil
}

// closeLate closes those that have been silent for too long, but for those that have said something since the
// last look: that may have been long ago.
func (h *halfOpen) closeLate(now time.Time) {
	for i := 0; i < len(h.links); {
		s := &h.links[i]
		inTime := s.until.After(now)
		s.ready = s.ready || !inTime && !s.link.isSilent()
		if s.ready || inTime {
			i++
			continue
		}
		l := h.remove(i)
		h.log.Debug("netipc: a peer said nothing in time", "peer", l.socket.peer)
		_ = l.Close()
	}
}

// makeRoom tells whether there is room for one more, if need be in the place of another.
func (h *halfOpen) makeRoom() bool { return len(h.links) < maxHalfOpen || h.closeOne() }

// closeOne closes the oldest silent one of the process that holds most of them; it tells whether there was
// one.
func (h *halfOpen) closeOne() bool {
	var places []int
	var pids []uint32
	for i := range h.links {
		if !h.links[i].ready {
			// 0 where nothing tells.
			pid, _ := h.links[i].link.socket.peer.PID()
			places, pids = append(places, i), append(pids, pid)
		}
	}
	if len(places) == 0 {
		return false
	}
	l := h.remove(places[makesWay(pids)])
	h.log.Debug("netipc: closed a silent connection to make room", "peer", l.socket.peer)
	_ = l.Close()
	return true
}

// makesWay returns who makes way for others: of the process that holds most, the one that came first. Given
// are the processes, at least one, in the order in which they came.
func makesWay(pids []uint32) int {
	held, most := map[uint32]int{}, 0
	for _, pid := range pids {
		held[pid]++
		most = max(most, held[pid])
	}
	return slices.IndexFunc(pids, func(pid uint32) bool { return held[pid] == most })
}

func (h *halfOpen) remove(i int) *link {
	l := h.links[i].link
	copy(h.links[i:], h.links[i+1:])
	last := len(h.links) - 1
	h.links[last] = silent{}
	h.links = h.links[:last]
	return l
}

func (h *halfOpen) close() {
	for len(h.links) > 0 {
		_ = h.remove(len(h.links) - 1).Close()
	}
}
