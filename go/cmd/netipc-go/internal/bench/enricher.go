package bench

import (
	"log/slog"
	"time"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
)

// enricher looks at the keys of an enricher, which knows all of them, or none yet.
func (w *work) enricher() (*operation, error) {
	runDir, name := w.arguments["run-dir"], w.arguments["service"]
	config := service.EnricherConfig{Capacity: int(w.items), Logger: slog.New(slog.DiscardHandler)}
	switch name {
	case cgroups_lookup.Service.Name:
		e := cgroups_lookup.NewEnricher(runDir, name, w.config, config)
		path := func(i uint32) string { return string(pathOf(i, true)) }
		return looks(w, e, path, func(item *protocol.CgroupsLookupItemView) int { return item.Name.Len() })
	case apps_lookup.Service.Name:
		e := apps_lookup.NewEnricher(runDir, name, w.config, config)
		pid := func(i uint32) uint32 { return pidOf(i, true) }
		return looks(w, e, pid, func(item *protocol.AppsLookupItemView) int { return item.Comm.Len() })
	}
	return nil, errUnsupported
}

func looks[K comparable, I any](w *work, e *service.Enricher[K, I], key func(uint32) K, texts func(*I) int) (*operation, error) {
	keys := make([]K, w.items)
	for i := range keys {
		keys[i] = key(uint32(i))
	}
	if step := e.Step(time.Minute); step.End != service.StepIdle {
		return nil, cli.Fail(cli.Failed, "no provider for the enricher: %s", e.ClientStatus().LastError)
	}
	wanted := service.OutcomeQueued
	run := func() (uint64, error) {
		for _, key := range keys {
			found := e.Get(key)
			if item, known := found.Item(); found.Outcome != wanted || known && texts(&item) == 0 {
				return 0, wrong("a look that gave something else")
			}
		}
		return uint64(len(keys)), nil
	}
	if _, err := run(); err != nil {
		return nil, err
	}
	if w.arguments["looks"] == "hit" {
		if step := e.Step(time.Minute); step.Answered != len(keys) {
			return nil, wrong("a key that was not answered")
		}
		wanted = service.OutcomeKnown
	}
	return &operation{close: e.Close, run: run}, nil
}
