//go:build !linux && !windows

package native

import (
	"fmt"
	"log/slog"
	"runtime"

	"github.com/netipc/netipc/go/transport"
)

// New returns a transport that says that there is none for this platform. Those inside a
// process work.
func New(*slog.Logger) transport.Transport { return missing{} }

// missing is the transport of platforms that have none.
type missing struct{}

var errMissing = fmt.Errorf("there is no transport for %s: it takes packet sockets for Unix addresses, as Linux has them, "+
	"or named pipes, as Windows has them", runtime.GOOS)

func (missing) Profiles() []transport.Profile {
	return []transport.Profile{{Bit: transport.ProfileBaseline, Name: "baseline", Kind: transport.LinkSocket}}
}

func (missing) Connect(endpoint transport.Endpoint, _ transport.Wait) (transport.Baseline, error) {
	return nil, &transport.ConnectError{Endpoint: endpoint.String(), Kind: transport.ErrUnsupported, Cause: errMissing}
}

func (missing) Bind(endpoint transport.Endpoint, _ transport.BindOptions) (transport.Listener, error) {
	return nil, &transport.BindError{Endpoint: endpoint.String(), Kind: transport.ErrUnsupported, Cause: errMissing}
}
