package service_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/apps_lookup"
)

// The processes of a large host are found where responses start small.
func TestManyProcessesMakeAServerGrow(t *testing.T) {
	t.Parallel()
	services.FindManyProcesses(services.NewWorld(t, memory(), protocol.ProfileBaseline), 20_000, 4096)
}

// Whatever a server grows to, and when: a lookup comes to an end, within its ceilings, with what fits.
func TestLookupsEndWhateverAServerGrowsTo(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		pick := func(values ...uint32) uint32 { return values[random.IntN(len(values))] }
		most := pick(math.MaxUint32, 512+random.Uint32N(20_000))
		names := int(pick(1, 1+random.Uint32N(1000), 1+random.Uint32N(20_000)))
		subcalls := pick(0, 1+random.Uint32N(200))
		nameLen := func(pid uint32) int { return int(pid*2_654_435_761>>8) % names }
		pids := make([]uint32, random.IntN(150))
		for i := range pids {
			pids[i] = random.Uint32()
		}

		w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
		server := w.Grow(most, services.AppsResponses(nameLen))
		config := w.ClientConfig()
		config.MaxLogicalLookupSubcalls = subcalls
		config.MaxResponsePayloadBytes = pick(0, 512+random.Uint32N(20_000))
		c := services.Connected(w, apps_lookup.NewClient(w.Dir, "svc", config))
		for range 2 {
			reply, err := c.Call(pids)
			if err != nil {
				if subcalls == 0 || !errors.Is(err, service.ErrOverflow) {
					w.Fatalf("seed %d: %v", seed, err)
				}
				continue
			}
			if reply.Len() != len(pids) {
				w.Fatalf("seed %d: %d items", seed, reply.Len())
			}
			for i, item := range reply.Items() {
				want := services.Process(pids[i], nameLen(pids[i]))
				if item.Status == protocol.PidStatusOversizedItem {
					if want.Size()+24 <= 512 {
						w.Fatalf("seed %d: item %d fits", seed, i)
					}
				} else if item.Pid != want.Pid || item.CgroupName.Len() != want.CgroupName.Len() {
					w.Fatalf("seed %d: item %d is %+v", seed, i, item)
				}
			}
		}
		w.No(c.Close())
		limit := 4096
		if subcalls > 0 {
			limit = int(subcalls)
		}
		if got := server.Finish(); got.Requests > 2*limit || got.ResponseBytes > 8192 {
			w.Fatalf("seed %d: %+v", seed, got)
		}
	}
}
