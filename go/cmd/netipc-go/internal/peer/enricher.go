package peer

import (
	"fmt"
	"runtime"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
)

// enricherSurvives: an enricher knows what its provider does, keeps that while the provider is gone, and goes on with
// the next one.
func (c *checker) enricherSurvives() (service.ClientStatus, error) {
	enricher := apps_lookup.NewEnricher(c.runDir, c.service, c.clientConfig(), service.EnricherConfig{Logger: quiet})
	defer enricher.Close()
	pids := make([]uint32, c.count)
	for i := range pids {
		pids[i] = numberAt(c.first + uint32(i))
	}
	next := numberAt(c.first + c.count)
	for !isKnown(next) {
		next++
	}
	err := all(
		func() error { return c.learns(enricher, pids, c.generation) },
		func() error { return enriched(enricher, pids, false) },
		func() error { return c.want("kill") },
		func() error { return loses(enricher) },
		func() error { return enriched(enricher, pids, true) },
		func() error { return c.want(fmt.Sprintf("start --generation %d", c.generation+1)) },
		func() error { return c.learns(enricher, []uint32{next}, c.generation+1) },
		func() error { return enriched(enricher, append(pids, next), false) },
	)
	return enricher.ClientStatus(), err
}

// isKnown tells whether every provider has an item for this process.
func isKnown(pid uint32) bool { return process(pid, false).Status == protocol.PidStatusKnown }

// learns has an enricher ask for processes, of data of this generation.
func (c *checker) learns(enricher *apps_lookup.Enricher, pids []uint32, generation uint64) error {
	known := 0
	for _, pid := range pids {
		if isKnown(pid) {
			known++
		}
	}
	found := enricher.RefreshNow(pids, patience)
	for until := time.Now().Add(patience); found != known && time.Now().Before(until); {
		found = enricher.RefreshNow(pids, patience) // a handshake takes too long where much else is done
	}
	return all(
		func() error { return same("the number of items", found, known) },
		func() error { return same("the generation", enricher.Stats().Generation, generation) },
	)
}

// loses steps until there is no provider: systems may tell of its end some time after it.
func loses(enricher *apps_lookup.Enricher) error {
	until := time.Now().Add(patience)
	end := enricher.Step(patience).End
	for end == service.StepIdle && time.Now().Before(until) {
		runtime.Gosched()
		end = enricher.Step(patience).End
	}
	return same("a step without a provider", end, service.StepAbsent)
}

// enriched expects an enricher to have what every provider knows of processes.
func enriched(enricher *apps_lookup.Enricher, pids []uint32, isStale bool) error {
	for _, pid := range pids {
		found := enricher.Get(pid)
		if !isKnown(pid) {
			if err := same("what is not known", found.Outcome, service.OutcomeForNow); err != nil {
				return err
			}
			continue
		}
		item, _ := found.Item()
		err := all(
			func() error { return same("an item", found.Outcome, service.OutcomeKnown) },
			func() error { return same("whether it is stale", found.Stale, isStale) },
			func() error { return sameItem(item, process(pid, false)) },
		)
		if err != nil {
			return err
		}
	}
	return nil
}
