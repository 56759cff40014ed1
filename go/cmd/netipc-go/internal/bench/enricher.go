package bench

import (
	"log/slog"
	"time"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/service"
)

// One in newOf keys is new in a round.
const newOf = 100

// enricher looks at the keys of an enricher, which knows all of them, or none yet, and has rounds in which some are new.
func (w *work) enricher() (*operation, error) {
	lookup, known := lookups[w.arguments["service"]]
	if !known {
		return nil, errUnsupported
	}
	return lookup.looks(w)
}

func pathText(index uint32) string { return string(pathOf(index, true)) }

func knownPid(index uint32) uint32 { return pidOf(index, true) }

// newEnricher makes an enricher of an endpoint.
type newEnricher[K comparable, I any] func(runDir, name string, client service.ClientConfig, config service.EnricherConfig) *service.Enricher[K, I]

// looks returns what looks at keys, and at the texts of their items.
func looks[K comparable, I any](makes newEnricher[K, I], key func(uint32) K, texts func(*I) int) func(*work) (*operation, error) {
	return func(w *work) (*operation, error) {
		config := service.EnricherConfig{Capacity: int(w.items), Logger: slog.New(slog.DiscardHandler)}
		e := makes(w.arguments["run-dir"], w.arguments["service"], w.config, config)
		keys := make([]K, w.items)
		for i := range keys {
			keys[i] = key(uint32(i))
		}
		if step := e.Step(time.Minute); step.End != service.StepIdle {
			return nil, cli.Fail(cli.Failed, "no provider for the enricher: %s", e.ClientStatus().LastError)
		}
		look := func(keys []K, wanted service.Outcome) error {
			for _, key := range keys {
				found := e.Get(key)
				if item, known := found.Item(); found.Outcome != wanted || known && texts(&item) == 0 {
					return wrong("a look that gave something else")
				}
			}
			return nil
		}
		ask := func(keys []K) error {
			if err := look(keys, service.OutcomeQueued); err != nil {
				return err
			}
			if step := e.Step(time.Minute); step.Answered != len(keys) {
				return wrong("a key that was not answered")
			}
			return nil
		}
		wanted := service.OutcomeQueued
		run := func() (uint64, error) { return uint64(len(keys)), look(keys, wanted) }
		switch w.arguments["looks"] {
		case "miss":
			return &operation{close: e.Close, run: run}, nil
		case "hit":
			wanted = service.OutcomeKnown
			return &operation{close: e.Close, run: run}, ask(keys)
		case "step":
			next := w.items
			some := make([]K, max(next/newOf, 1))
			fresh := func() (uint64, error) {
				for i := range some {
					some[i] = key(next)
					next++
				}
				return 1, ask(some)
			}
			return &operation{close: e.Close, run: fresh}, ask(keys)
		default:
			return nil, errUnsupported
		}
	}
}
