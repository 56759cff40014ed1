package cli

import (
	"errors"
	"os"
	"time"

	"github.com/netipc/netipc/go/netdata"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/transport"
)

// connectTimeout is how long the provider of an endpoint may take to accept a connection.
const connectTimeout = 2 * time.Second

// agentVariable is the variable of the agent itself; systemd sets another one for every unit.
const agentVariable = "NETDATA_INVOCATION_ID"

// netdataRunDir returns the directory that the agent's endpoints are in.
func netdataRunDir() (string, error) {
	dir, err := netdata.RunDir(netdata.Read)
	if err != nil {
		return "", Fail(NotFound, "%w", err)
	}
	return dir, nil
}

// netdataServeDir returns the directory that the agent's providers make their endpoints in, made where
// there is none.
func netdataServeDir() (string, error) {
	dir, err := netdata.CreateRunDir()
	if err != nil {
		return "", Fail(Failed, "%w", err)
	}
	return dir, nil
}

// netdataOwnToken returns the token of the agent that started this program.
func netdataOwnToken() (uint64, error) {
	token, err := netdata.AuthToken()
	if err != nil {
		return 0, Fail(Usage, "%w", err)
	}
	return token, nil
}

// netdataTokenOf returns the token of the agent whose endpoint it is: by the agent's variable here, else
// by the environment of the process that serves the endpoint, else by the variable that systemd sets here,
// which may be that of another unit.
func netdataTokenOf(endpoint transport.Endpoint) (uint64, error) {
	if os.Getenv(agentVariable) != "" {
		return netdataOwnToken()
	}
	wait := transport.Timeout(connectTimeout)
	link, err := service.NativeTransport(nil).Connect(endpoint, wait)
	if err != nil {
		return 0, Fail(OfOpen(err), "%w", err)
	}
	process, known := link.Info().Peer.PID()
	_ = link.Close()
	why := errors.New("the system does not tell which process that is")
	if known {
		token, err := tokenOfProcess(int(process))
		if err == nil {
			return token, nil
		}
		why = err
	}
	token, err := netdata.AuthToken()
	switch {
	case err == nil:
		return token, nil
	case errors.Is(err, netdata.ErrNoToken):
		return 0, Fail(Usage, "no token of the agent: neither NETDATA_INVOCATION_ID nor INVOCATION_ID is set here, and "+
			"the process that serves %v gives none: %w; run as root or as its user, or pass the token", endpoint, why)
	}
	return 0, Fail(Usage, "%w", err)
}
