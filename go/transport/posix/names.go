//go:build linux

package posix

import (
	"fmt"

	"github.com/netipc/netipc/go/transport"
)

// MaxSocketPath is the bytes that the path of a socket may have; one more is its final NUL.
const MaxSocketPath = 107

// SocketPath returns the path of the socket of endpoint: {run_dir}/{service}.sock. It fails with an
// [*transport.EndpointError] where that exceeds [MaxSocketPath] bytes.
func SocketPath(endpoint transport.Endpoint) (string, error) {
	// Not a path join: every byte of the directory stays, and an empty one is not the working
	// directory.
	path := endpoint.RunDir() + "/" + endpoint.Service() + ".sock"
	if len(path) > MaxSocketPath {
		return "", &transport.EndpointError{Kind: transport.ErrNameTooLong, Name: path, Limit: MaxSocketPath}
	}
	return path, nil
}

// RegionPath returns the path of a session's shared region:
// {run_dir}/{service}-{session_id:016x}.ipcshm.
func RegionPath(endpoint transport.Endpoint, sessionID uint64) string {
	return fmt.Sprintf("%s/%s-%016x.ipcshm", endpoint.RunDir(), endpoint.Service(), sessionID)
}
