//go:build linux

package posix

import (
	"log/slog"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// sweep removes the stale regions of exactly this service.
func sweep(endpoint transport.Endpoint, log *slog.Logger) {
	entries, err := os.ReadDir(endpoint.RunDir())
	if err != nil {
		log.Debug("cannot look for stale regions", "endpoint", endpoint.String(), "error", err)
	}
	for _, entry := range entries {
		if !isRegionName(entry.Name(), endpoint.Service()) {
			continue
		}
		path := endpoint.RunDir() + "/" + entry.Name()
		if removeStale(path, log) {
			log.Info("removed a stale region", "region", path)
		}
	}
}

// removeStale removes what stands at the name of a region, unless it is live or nothing can be known
// of it. It tells whether it did.
func removeStale(path string, log *slog.Logger) bool {
	id, stale := classify(path)
	if !stale {
		return false
	}
	removed, err := removeIf(path, id)
	if err != nil {
		log.Warn("cannot remove a stale region", "region", path, "error", err)
	}
	return removed
}

// classify tells whether what stands at path is stale, and which file that is. Where that cannot be
// found out, the file stays.
func classify(path string) (fileID, bool) {
	seen, err := lookAt(path)
	if err != nil || isOwn(seen.id) {
		return fileID{}, false
	}
	if !seen.isRegular() || seen.size < regionHeader {
		return seen.id, true
	}
	// Does not wait even if the file has become a FIFO meanwhile.
	fd, err := openRead(path)
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
	live := owned && int(by.pid) != unix.Getpid() && isAlive(int(by.pid))
	return file.id, !live && !isOwn(file.id)
}

// isRegionName tells whether name is exactly that of a region of service.
func isRegionName(name, service string) bool {
	rest, ours := strings.CutPrefix(name, service+"-")
	id, region := strings.CutSuffix(rest, ".ipcshm")
	return ours && region && len(id) == 16 && strings.Trim(id, "0123456789abcdef") == ""
}
