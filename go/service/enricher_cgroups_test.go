package service_test

import (
	"testing"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_lookup"
)

// entry is what a provider publishes of a path.
type entry struct {
	name   string
	status protocol.CgroupStatus
}

// Every status of an item has an outcome of its own, and what is known has its texts also where two share one.
func TestAnEnricherOfCgroupsTellsEveryStatus(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
	published := service.NewPublished(map[string]entry{
		"/docker/a": {"web", protocol.CgroupStatusKnown},
		"/docker/b": {"web", protocol.CgroupStatusKnown},
		"/docker/c": {status: protocol.CgroupStatusUnknownPermanent},
		"/docker/d": {status: protocol.CgroupStatusOversizedItem},
	})
	labels := []protocol.Label{{Key: protocol.CString([]byte("image")), Value: protocol.CString([]byte("nginx"))}}
	handler := cgroups_lookup.PublishedHandler(published, func(known map[string]entry, path string, answer *protocol.CgroupsLookupBuilder) error {
		found, is := known[path]
		switch {
		case !is:
			return answer.AddBare(protocol.CgroupStatusUnknownRetryLater)
		case found.status != protocol.CgroupStatusKnown:
			return answer.AddBare(found.status)
		}
		return answer.Add(protocol.CgroupsLookupItemView{
			Orchestrator: protocol.OrchestratorDocker, Path: protocol.CString([]byte(path)), Name: protocol.CString([]byte(found.name)),
			Labels: protocol.LabelsOf(labels),
		})
	})
	w.Serve(cgroups_lookup.NewServer(w.Dir, "svc", w.ServerConfig(), handler))
	e := cgroups_lookup.NewEnricher(w.Dir, "svc", w.ClientConfig(), service.EnricherConfig{Logger: quiet})
	w.Cleanup(func() { w.No(e.Close()) })
	if known := e.RefreshNow([]string{"/docker/a", "/docker/b", "/docker/c", "/docker/d", "/docker/e"}, conformance.Soon); known != 2 {
		t.Fatalf("%d are known: %+v", known, e.Stats())
	}
	for path, outcome := range map[string]service.Outcome{
		"/docker/a": service.OutcomeKnown,
		"/docker/b": service.OutcomeKnown,
		"/docker/c": service.OutcomeForGood,
		"/docker/d": service.OutcomeOversized,
		"/docker/e": service.OutcomeForNow,
	} {
		found := e.Get(path)
		if found.Outcome != outcome {
			t.Errorf("%s: %v, not %v", path, found.Outcome, outcome)
		}
		item, known := found.Item()
		if known != (outcome == service.OutcomeKnown) {
			t.Errorf("%s: %v", path, known)
		}
		if known && (item.Path.String() != path || item.Name.String() != "web" || item.Labels.Len() != 1) {
			t.Errorf("%s: %+v", path, item)
		}
	}
}
