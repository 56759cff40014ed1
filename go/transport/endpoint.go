package transport

// Endpoint is where a service is reached: a run directory and a service name.
//
// What a platform makes of the two, a path or a name of an object, is its transport's own. Endpoints
// are values and can be compared.
type Endpoint struct {
	runDir, service string
}

// NewEndpoint names service in runDir, which is used exactly as given: a directory on Unix systems,
// nothing but a name on Windows.
//
// It fails with [ErrInvalidName] unless the name of the service is made of ASCII letters, digits, '.',
// '_' and '-' and is neither empty nor "." nor "..".
func NewEndpoint(runDir, service string) (Endpoint, error) {
	if !isValidName(service) {
		return Endpoint{}, &EndpointError{Kind: ErrInvalidName, Name: service}
	}
	return Endpoint{runDir: runDir, service: service}, nil
}

// RunDir returns the directory, as given.
func (e Endpoint) RunDir() string { return e.runDir }

// Service returns the name of the service.
func (e Endpoint) Service() string { return e.service }

// String returns {run_dir}/{service}.
func (e Endpoint) String() string { return e.runDir + "/" + e.service }

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
