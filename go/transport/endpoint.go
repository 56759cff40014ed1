package transport

import "fmt"

// MaxSocketPath is the bytes that a socket path may have; one more is its final NUL.
const MaxSocketPath = 107

// Endpoint is where a service is reached: a run directory and a service name.
//
// [NewEndpoint] makes only those that can be used: with a service name that is one plain file name
// part, and a socket path that the platform can bind. Endpoints are values and can be compared.
type Endpoint struct {
	runDir, service, socket string
}

// NewEndpoint names service in runDir, which is used exactly as given.
//
// It fails with [ErrInvalidName] unless the name is made of ASCII letters, digits, '.', '_' and '-'
// and is neither empty nor "." nor "..", and with [ErrPathTooLong] when the socket path exceeds
// [MaxSocketPath] bytes.
func NewEndpoint(runDir, service string) (Endpoint, error) {
	if !isValidName(service) {
		return Endpoint{}, &EndpointError{Kind: ErrInvalidName, Name: service}
	}
	// Not a path join: every byte of the directory stays, and an empty one is not the working
	// directory.
	socket := runDir + "/" + service + ".sock"
	if len(socket) > MaxSocketPath {
		return Endpoint{}, &EndpointError{Kind: ErrPathTooLong, Name: socket}
	}
	return Endpoint{runDir: runDir, service: service, socket: socket}, nil
}

// RunDir returns the directory, as given.
func (e Endpoint) RunDir() string { return e.runDir }

// Service returns the name of the service.
func (e Endpoint) Service() string { return e.service }

// SocketPath returns the path of the socket: {run_dir}/{service}.sock.
func (e Endpoint) SocketPath() string { return e.socket }

// RegionPath returns the path of a session's shared region: {run_dir}/{service}-{session_id:016x}.ipcshm.
func (e Endpoint) RegionPath(sessionID uint64) string {
	return fmt.Sprintf("%s/%s-%016x.ipcshm", e.runDir, e.service, sessionID)
}

// String returns the path of the socket.
func (e Endpoint) String() string { return e.socket }

func isValidName(service string) bool {
	if service == "" || service == "." || service == ".." {
		return false
	}
	for _, c := range []byte(service) {
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
		if !plain {
			return false
		}
	}
	return true
}
