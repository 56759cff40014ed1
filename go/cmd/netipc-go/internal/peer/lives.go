package peer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
)

// Checks of what happens when providers come, go and refuse.

const (
	// patience is the longest that anything here may take.
	patience = 60 * time.Second
	// period is between two looks at what has to change by itself.
	period = 10 * time.Millisecond
)

// cacheSurvives: a cache keeps what it has while its provider is gone, and has the new data after a
// restart.
func (c *checker) cacheSurvives() (service.ClientStatus, error) {
	cache := cgroups_snapshot.NewCache(c.runDir, c.service, c.clientConfig())
	defer cache.Close()
	before, after := c.snapshot(), c.snapshot()
	after.generation++
	failed := uint64(1) // Without a provider.
	refresh := func() error {
		for until := time.Now().Add(patience); ; failed++ {
			// Again where a handshake took too long, as it may on a busy machine.
			err := cache.RefreshContext(context.Background())
			if !errors.Is(err, service.ErrTimeout) || time.Now().After(until) {
				return err
			}
		}
	}
	err := all(
		refresh,
		func() error { return holds(cache, before) },
		func() error { return c.want("kill") },
		func() error { return same("a refresh without a provider", cache.Refresh(), false) },
		func() error { return holds(cache, before) },
		func() error { return c.want(fmt.Sprintf("start --generation %d", after.generation)) },
		refresh,
		func() error { return holds(cache, after) },
		func() error { return same("refreshes that succeeded", cache.Status().RefreshSuccessCount, 2) },
		func() error { return same("refreshes that failed", cache.Status().RefreshFailureCount, failed) },
	)
	return cache.ClientStatus(), err
}

// holds expects a cache to have exactly the items of a snapshot, and to find each.
func holds(cache *cgroups_snapshot.Cache, expected snapshot) error {
	guard := cache.ReadLock()
	defer guard.Unlock()
	err := all(
		func() error { return same("the number of items", guard.Len(), int(expected.items)) },
		func() error { return same("the generation", guard.Generation(), expected.generation) },
		func() error { return same("systemd_enabled", guard.SystemdEnabled(), expected.systemdEnabled()) },
	)
	for index := uint32(0); index < expected.items && err == nil; index++ {
		want := expected.item(index)
		item, found := guard.Get(want.Hash, want.Name.String())
		if !found {
			return fmt.Errorf("item %d is not found", index)
		}
		err = sameItem(item, want)
	}
	if err != nil {
		return err
	}
	_, found := guard.Get(1, "nobody")
	return same("whether an item is found that is not there", found, false)
}

// wrongTokenHeals: who has a wrong token is told so, and gets in once it is the right one.
func (c *checker) wrongTokenHeals() (service.ClientStatus, error) {
	config := c.clientConfig()
	config.AuthToken++
	stranger := increment.NewClient(c.runDir, c.service, config)
	defer stranger.Close()
	err := all(
		func() error { return turnedDown(stranger, service.StateAuthFailed) },
		func() error { return failsWith(stranger, 1, service.ErrNotReady) },
		c.friendGetsAnAnswer,
		func() error { return c.want("stop") },
		func() error { return c.want(fmt.Sprintf("start --token %d", config.AuthToken)) },
	)
	// It leaves a server that has refused it alone for a second.
	looks := time.NewTicker(period)
	defer looks.Stop()
	for until := time.Now().Add(patience); err == nil && !stranger.Ready() && time.Now().Before(until); {
		<-looks.C
		stranger.Refresh()
	}
	if err == nil {
		err = all(
			func() error { return connects(stranger) },
			func() error { return increments(stranger, 2) },
		)
	}
	return stranger.Status(), err
}

func (c *checker) friendGetsAnAnswer() error {
	friend := c.incrementer()
	defer friend.Close()
	err := connects(friend)
	if err != nil {
		return err
	}
	return increments(friend, 1)
}

// failsWith expects a call to fail in one way.
func failsWith(client *increment.Client, value uint64, expected service.ErrorCode) error {
	_, err := client.Call(value)
	if !errors.Is(err, expected) {
		return fmt.Errorf("a call is %v instead of %v", err, expected)
	}
	return nil
}

// secondClientWaitsItsTurn: a full server says so, harms nobody, and takes the second client once the
// first has left.
func (c *checker) secondClientWaitsItsTurn() (service.ClientStatus, error) {
	first := c.incrementer()
	defer first.Close()
	err := connects(first)
	second := increment.NewClient(c.runDir, c.service, c.clientConfig())
	defer second.Close()
	if err == nil {
		err = all(
			func() error { return increments(first, 1) },
			func() error { return turnedDown(second, service.StateDisconnected) },
			func() error { return increments(first, 2) },
			first.Close,
			func() error { return connects(second) },
			func() error { return increments(second, 3) },
		)
	}
	return second.Status(), err
}

// restartCostsARetry: a provider that was killed and is back costs the next call one retry, and its
// caller nothing.
func (c *checker) restartCostsARetry() (service.ClientStatus, error) {
	client := c.incrementer()
	defer client.Close()
	err := connects(client)
	if err == nil {
		err = all(
			func() error { return increments(client, 1) },
			func() error { return c.want("kill") },
			func() error { return c.want("start") },
			func() error { return increments(client, 2) },
			func() error { return same("retries", client.Counters().Retries, 1) },
			func() error { return same("reconnects", client.Counters().Reconnects, 1) },
			func() error { return same("errors", client.Counters().Errors, 0) },
		)
	}
	return client.Status(), err
}

// deathEndsACall: a call that waits for a provider that dies fails at once, and the client can be used
// again.
func (c *checker) deathEndsACall() (service.ClientStatus, error) {
	client := c.incrementer()
	defer client.Close()
	err := connects(client)
	if err == nil {
		began := time.Now()
		err = all(
			func() error { return increments(client, 1) },
			func() error { return c.wish("kill-when-stuck") },
			func() error { return failsWith(client, c.stuckOn, service.ErrDisconnected) },
			func() error { return same("whether it failed soon", time.Since(began) < patience, true) },
			c.fulfilled,
			func() error {
				client.Refresh()
				return same("the state", client.State(), service.StateNotFound)
			},
			func() error { return c.want("start") },
			func() error { return connects(client) },
			func() error { return increments(client, 3) },
		)
	}
	return client.Status(), err
}
