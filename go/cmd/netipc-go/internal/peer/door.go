package peer

import (
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
)

// What --door asks for.
const (
	// doorOpen: nobody is turned down.
	doorOpen = iota
	// doorWrongToken: somebody with another token is turned down.
	doorWrongToken
	// doorFull: somebody is turned down while another client has the only place.
	doorFull
)

// passDoor expects whoever comes first to be turned down, a cache or a client; then the door is open.
func (c *checker) passDoor(cached bool) error {
	refused := c.clientIsRefused
	if cached {
		refused = c.cacheIsRefused
	}
	config := c.clientConfig()
	switch c.door {
	case doorWrongToken:
		config.AuthToken++
		return refused(config, service.StateAuthFailed)
	case doorFull:
		first := c.incrementer()
		defer first.Close()
		err := connects(first)
		if err != nil {
			return err
		}
		return refused(config, service.StateDisconnected)
	}
	return same("the door", c.door, doorOpen)
}

func (c *checker) clientIsRefused(config service.ClientConfig, state service.ClientState) error {
	client := increment.NewClient(c.runDir, c.service, config)
	defer client.Close()
	return turnedDown(client, state)
}

// turnedDown expects a refresh to end in state, with a reason.
func turnedDown(client *increment.Client, state service.ClientState) error {
	refresh(client)
	if err := same("the state", client.State(), state); err != nil {
		return err
	}
	return same("whether the refusal has a reason", client.OpenError() != nil, true)
}

func (c *checker) cacheIsRefused(config service.ClientConfig, state service.ClientState) error {
	cache := cgroups_snapshot.NewCache(c.runDir, c.service, config)
	defer cache.Close()
	return all(
		func() error { return same("a refresh at the door", cache.Refresh(), false) },
		func() error { return same("the state at the door", cache.ClientStatus().State, state) },
		func() error { return same("whether there is something to read", cache.Ready(), false) },
	)
}
