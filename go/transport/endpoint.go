package transport

// Endpoint is where a service is reached: a run directory and a service name.
//
// [NewEndpoint] makes only those that can be used on this platform. What the platform makes of the two,
// a path or a name of an object, it has methods of its own for. Endpoints are values and can be
// compared.
type Endpoint struct {
	runDir, service string
	// What the platform calls it.
	name string
	// Where the run directory is, wherever the process goes.
	place string
}

// NewEndpoint names service in runDir, which is used exactly as given: a directory on Unix systems,
// nothing but a name on Windows.
//
// It fails with [ErrInvalidName] unless the name of the service is made of ASCII letters, digits, '.',
// '_' and '-' and is neither empty nor "." nor "..", and with [ErrPathTooLong] where what the platform
// makes of it is longer than it can be.
func NewEndpoint(runDir, service string) (Endpoint, error) {
	if !isValidName(service) {
		return Endpoint{}, &EndpointError{Kind: ErrInvalidName, Name: service}
	}
	name, limit := platformName(runDir, service)
	if len(name) > limit {
		return Endpoint{}, &EndpointError{Kind: ErrPathTooLong, Name: name, Limit: limit}
	}
	return Endpoint{runDir: runDir, service: service, name: name, place: placeOf(runDir)}, nil
}

// RunDir returns the directory, as given.
func (e Endpoint) RunDir() string { return e.runDir }

// Service returns the name of the service.
func (e Endpoint) Service() string { return e.service }

// String returns what the platform calls it: the path of the socket, or the name of the pipe.
func (e Endpoint) String() string { return e.name }

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
