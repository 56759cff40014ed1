//go:build !windows

package transport

import (
	"fmt"
	"os"
	"strings"
)

// MaxSocketPath is the bytes that the path of a socket may have; one more is its final NUL.
const MaxSocketPath = 107

// platformName returns the path of the socket, and its longest length.
func platformName(runDir, service string) (name string, limit int) {
	// Not a path join: every byte of the directory stays, and an empty one is not the working
	// directory.
	return runDir + "/" + service + ".sock", MaxSocketPath
}

// placeOf returns the run directory as an absolute path.
func placeOf(runDir string) string {
	if here, err := os.Getwd(); err == nil && runDir != "" && !strings.HasPrefix(runDir, "/") {
		return here + "/" + runDir
	}
	if runDir == "" {
		return "/"
	}
	return runDir
}

// Place returns the run directory as an absolute path, which means the same after the process has changed
// its working directory.
func (e Endpoint) Place() string { return e.place }

// SocketPath returns the path of the socket: {run_dir}/{service}.sock.
func (e Endpoint) SocketPath() string { return e.name }

// RegionPath returns the path of a session's shared region: {run_dir}/{service}-{session_id:016x}.ipcshm.
func (e Endpoint) RegionPath(sessionID uint64) string {
	return fmt.Sprintf("%s/%s-%016x.ipcshm", e.runDir, e.service, sessionID)
}
