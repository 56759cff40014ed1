//go:build unix

package system

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// stderrPatience is how long the reader of stderr may take to make room.
	stderrPatience = 100 * time.Millisecond
	// stderrPiece is the bytes that a pipe takes at once where it is said to have room.
	stderrPiece = 4096
)

// Stderr writes to stderr, and drops what its reader makes no room for: a log that nobody reads must not keep
// a server from its work, or from its end.
func Stderr() io.Writer { return &patientWriter{file: os.Stderr} }

// StderrIsJournal tells whether the system's journal reads what is written to stderr, as it says in the environment of what it starts.
func StderrIsJournal(getenv func(string) (string, bool)) bool {
	named, _ := getenv("JOURNAL_STREAM")
	var seen unix.Stat_t
	if err := unix.Fstat(int(os.Stderr.Fd()), &seen); err != nil {
		return false
	}
	return named == fmt.Sprintf("%d:%d", seen.Dev, seen.Ino)
}

type patientWriter struct {
	mu   sync.Mutex
	file *os.File
	// Whether its reader has stopped reading: the next line does not wait.
	stuck bool
}

func (p *patientWriter) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for rest := text; len(rest) > 0; {
		if p.stuck = !p.hasRoom(); p.stuck {
			break
		}
		piece := rest[:min(len(rest), stderrPiece)]
		if _, err := p.file.Write(piece); err != nil {
			return 0, err
		}
		rest = rest[len(piece):]
	}
	return len(text), nil
}

// hasRoom waits a little for room; it tells whether there is some.
func (p *patientWriter) hasRoom() bool {
	patience := stderrPatience
	if p.stuck {
		patience = 0
	}
	end := time.Now().Add(patience)
	for {
		left := max(time.Until(end), 0)
		fds := []unix.PollFd{{Fd: int32(p.file.Fd()), Events: unix.POLLOUT}}
		count, err := unix.Poll(fds, int(left.Milliseconds()))
		if err == unix.EINTR && left > 0 {
			continue
		}
		// What is wrong with it, writing tells.
		return err != nil || count > 0
	}
}
