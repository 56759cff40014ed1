//go:build linux

package posix

import (
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// sweep removes the stale regions of exactly this service.
func sweep(dir *runDir, endpoint transport.Endpoint, log *slog.Logger) {
	fd, err := openDir(dir.fd)
	if err != nil {
		log.Debug("netipc: cannot look for stale regions", "endpoint", endpoint.String(), "error", err)
		return
	}
	entries := os.NewFile(uintptr(fd), endpoint.RunDir())
	defer entries.Close()
	// What cannot be read is left out.
	names, _ := entries.Readdirnames(-1)
	for _, name := range names {
		if isRegionName(name, endpoint.Service()) && removeStale(dir, name, log) {
			log.Info("netipc: removed a stale region", "endpoint", endpoint.String(), "region", name)
		}
	}
}

// removeStale removes what stands at the name of a region, unless it is live or nothing can be known
// of it. It tells whether it did.
func removeStale(dir *runDir, name string, log *slog.Logger) bool {
	id, stale := classify(dir, name)
	if !stale {
		return false
	}
	removed, err := removeIf(dir.fd, name, id)
	if err != nil {
		log.Warn("netipc: cannot remove a stale region", "region", name, "error", err)
	}
	return removed
}

// classify tells whether what stands at name is stale, and which file that is. Where that cannot be
// found out, the file stays.
func classify(dir *runDir, name string) (fileID, bool) {
	seen, err := lookAt(dir.fd, name)
	if err != nil || isOwn(seen.id) {
		return fileID{}, false
	}
	if !seen.isRegular() || seen.size < regionHeader {
		return seen.id, true
	}
	// Does not wait even if the file has become a FIFO meanwhile.
	fd, err := openRead(dir.fd, name)
	if err != nil {
		return fileID{}, false
	}
	defer closeFD(fd)
	file, err := lookInto(fd)
	if err != nil {
		return fileID{}, false
	}
	var header [regionHeader]byte
	count, err := readStart(fd, header[:])
	if file.isRegular() && err != nil {
		return fileID{}, false
	}
	if !file.isRegular() || count < regionHeader {
		return file.id, true
	}
	// With our pid but not in our table, it is of an earlier process that had the same pid.
	by, owned := ownerOf(&header)
	live := owned && int(by.pid) != unix.Getpid() && isAlive(int(by.pid)) && hasMade(int(by.pid), file)
	return file.id, !live && !isOwn(file.id)
}

// clockSlack is how far the clocks of processes and of files may be apart.
const clockSlack = 2 * time.Second

// hasMade tells whether a process can have made a file: it has not ended, and did not start after the file
// was last changed. Ids are given again, and so may be somebody else's by now. True where it cannot be told.
func hasMade(pid int, file fileInfo) bool {
	ended, started, known := processInfo(pid)
	return !known || !ended && !started.After(file.changed.Add(clockSlack))
}

// isRegionName tells whether name is exactly that of a region of service.
func isRegionName(name, service string) bool {
	rest, ours := strings.CutPrefix(name, service+"-")
	id, region := strings.CutSuffix(rest, ".ipcshm")
	return ours && region && len(id) == 16 && strings.Trim(id, "0123456789abcdef") == ""
}
