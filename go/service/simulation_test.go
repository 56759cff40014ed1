//go:build go1.25

package service_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
	"github.com/netipc/netipc/go/service/increment"
	"github.com/netipc/netipc/go/transport"
)

const (
	// calmLimit is how long anybody may take to come back once all is calm.
	calmLimit = 120 * time.Second
	// seenGone is how soon a server knows that its clients are gone, once all is calm.
	seenGone = 200 * time.Millisecond
)

// simulated is providers and consumers under the clock of a bubble, which moves when all of them wait.
type simulated struct {
	*testing.T
	net               *simulatedNet
	seed              uint64
	workers           int
	troubled, present atomic.Int64
	answered, failed  *atomic.Int64
	actors            atomic.Uint64
}

// Providers that are killed, stopped and drained, and consumers that call with deadlines, over a net that delays, cuts
// and loses: every answer is right, no call is over its deadline, a cache keeps what it has, everybody comes back,
// and nothing is left. What peers do depends on the seed alone; the turns of goroutines that are ready at the same
// moment do not.
//
// NETIPC_SEEDS is how many seeds to play, and NETIPC_SEED the first.
func TestSimulation(t *testing.T) {
	t.Parallel()
	number := func(name string, fallback uint64) uint64 {
		if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
			return n
		}
		return fallback
	}
	var answered, failed atomic.Int64
	first := number("NETIPC_SEED", 0)
	seeds := number("NETIPC_SEEDS", 1000)
	for seed := first; seed < first+seeds; seed++ {
		synctest.Test(t, func(t *testing.T) { playSeed(t, seed, &answered, &failed) })
	}
	t.Logf("%d seeds: %d right answers, %d failures", seeds, answered.Load(), failed.Load())
	if uint64(answered.Load()) < seeds {
		t.Error("hardly anybody was answered")
	}
}

func playSeed(t *testing.T, seed uint64, answered, failed *atomic.Int64) {
	random := rand.New(rand.NewPCG(seed, 0))
	pick := func(choices ...int) int { return choices[random.IntN(len(choices))] }
	net := &simulatedNet{
		Transport: transport.NewMemory().WithPacketSize(uint32(pick(100, 256, 4096))),
		trouble: trouble{
			delay:     time.Duration(pick(0, 1, 30, 700, 3000)) * time.Millisecond,
			cutOneIn:  pick(0, 0, 10, 60),
			loseOneIn: pick(0, 2, 4, 20),
		},
		seed:   seed,
		shared: &simulatedShared{},
	}
	s := &simulated{T: t, net: net, seed: seed, workers: pick(1, 2, 8), answered: answered, failed: failed}
	numbers, caches := 1+random.IntN(3), 1+random.IntN(2)
	s.troubled.Store(int64(numbers + caches))
	s.present.Store(int64(numbers + caches))
	var all sync.WaitGroup
	start := func(part func(*rand.Rand)) {
		all.Add(1)
		random := rand.New(rand.NewPCG(seed, 1<<32+s.actors.Add(1)))
		go func() {
			defer all.Done()
			part(random)
		}()
	}
	start(func(random *rand.Rand) { s.provide("numbers", random, s.numbers) })
	start(func(random *rand.Rand) { s.provide("snapshots", random, s.snapshots) })
	for range numbers {
		start(s.consumeNumbers)
	}
	for range caches {
		start(s.consumeCache)
	}
	all.Wait()
	if ends := net.shared.ends.Load(); ends != 0 {
		s.wrong("%d ends of connections are left", ends)
	}
}

func (s *simulated) wrong(format string, values ...any) {
	s.Errorf("seed %d: %s; again: NETIPC_SEED=%d NETIPC_SEEDS=1 go test ./service -run TestSimulation",
		s.seed, fmt.Sprintf(format, values...), s.seed)
}

func pauseFor(random *rand.Rand, most time.Duration) {
	time.Sleep(time.Duration(random.Int64N(int64(most))))
}

// thinks takes its time, sometimes, and fails, sometimes.
func (s *simulated) thinks() bool {
	if rand.IntN(4) == 0 {
		time.Sleep(time.Duration(rand.Int64N(int64(40 * time.Millisecond))))
	}
	return rand.IntN(50) != 0
}

func (s *simulated) numbers(config service.ServerConfig, _ uint64) *service.Server {
	handle := func(n uint64) (uint64, bool) { return n + 1, s.thinks() }
	return increment.NewServerWithWorkers("/run/simulated", "numbers", config, increment.Handler{Handle: handle}, s.workers)
}

func (s *simulated) snapshots(config service.ServerConfig, life uint64) *service.Server {
	handle := func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
		answer.SetHeader(uint32(life%2), life)
		for index := range itemsOf(life) {
			if answer.Add(index, index, 1, []byte(nameOf(life, index)), []byte("/")) != nil {
				return false
			}
		}
		return s.thinks()
	}
	return cgroups_snapshot.NewServerWithWorkers("/run/simulated", "snapshots", config, cgroups_snapshot.Handler{Handle: handle}, s.workers)
}

func itemsOf(generation uint64) uint32 { return uint32(generation * 7 % 30) }

func nameOf(generation uint64, index uint32) string {
	return fmt.Sprintf("cgroup-%d-%d", generation, index)
}

// provide has lives one after another, each ended in one of the ways there are.
func (s *simulated) provide(name string, random *rand.Rand, newServer func(service.ServerConfig, uint64) *service.Server) {
	for life := uint64(1); ; life++ {
		net := s.net.process()
		server := newServer(service.ServerConfig{AuthToken: 1, Transport: net, Logger: quiet}, life)
		calm := s.net.shared.calm.Load()
		ended := make(chan error)
		go func() { ended <- server.Run() }()
		if calm {
			for s.present.Load() > 0 {
				time.Sleep(50 * time.Millisecond)
			}
			time.Sleep(seenGone)
			if now := server.Stats().SessionsNow; now > 0 {
				s.wrong("%d sessions of %s are there without their clients", now, name)
			}
			server.Stop()
		} else {
			pauseFor(random, 6*time.Second)
			switch random.IntN(3) {
			case 0:
				net.killed.Store(true)
				server.Stop()
			case 1:
				server.Stop()
			default:
				server.Drain(time.Duration(random.Int64N(int64(500 * time.Millisecond))))
			}
		}
		if err := <-ended; err != nil {
			s.wrong("the server of %s: %v", name, err)
		}
		if now := server.Stats().SessionsNow; now > 0 {
			s.wrong("%d sessions of %s outlive their server", now, name)
		}
		if calm {
			return
		}
		if !s.net.shared.calm.Load() {
			pauseFor(random, 2*time.Second)
		}
	}
}

func (s *simulated) consumeNumbers(random *rand.Rand) {
	fresh := func() *increment.Client {
		return increment.NewClient("/run/simulated", "numbers", service.ClientConfig{AuthToken: 1, Transport: s.net.process(), Logger: quiet})
	}
	client := fresh()
	s.consume(random, func(limit time.Duration) bool {
		s.within(limit, "a refresh", func() {
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			client.RefreshContext(ctx)
		})
		n := random.Uint64()
		if random.IntN(2) == 0 {
			var answer uint64
			var err error
			s.within(limit, "a call", func() { answer, err = client.CallWithin(limit, n) })
			if err == nil && answer != n+1 {
				s.wrong("%d was incremented to %d", n, answer)
			}
			return err == nil
		}
		many, want := make([]uint64, random.IntN(40)), []uint64(nil)
		for i := range many {
			many[i] = n + uint64(i)
			want = append(want, many[i]+1)
		}
		var answers []uint64
		limit = max(limit, time.Millisecond)
		client.SetCallTimeout(uint32(limit.Milliseconds()))
		var err error
		s.within(limit, "a batch", func() {
			var reply service.BatchReply[uint64]
			if reply, err = client.CallBatch(many); err == nil {
				for _, answer := range reply.All() {
					answers = append(answers, answer)
				}
			}
		})
		if err == nil && !slices.Equal(answers, want) {
			s.wrong("%v were incremented to %v", many, answers)
		}
		return err == nil
	}, func() {
		_ = client.Close()
		client = fresh()
	})
	_ = client.Close()
	s.present.Add(-1)
}

func (s *simulated) consumeCache(random *rand.Rand) {
	fresh := func() *cgroups_snapshot.Cache {
		return cgroups_snapshot.NewCache("/run/simulated", "snapshots", service.ClientConfig{AuthToken: 1, Transport: s.net.process(), Logger: quiet})
	}
	cache := fresh()
	s.consume(random, func(limit time.Duration) bool {
		before := cache.Status()
		var err error
		s.within(limit, "a refresh", func() { err = cache.RefreshWithin(limit) })
		now := cache.Status()
		if err != nil && (now.Generation != before.Generation || now.Populated != before.Populated) {
			s.wrong("a refresh that failed made generation %d %d", before.Generation, now.Generation)
		}
		if now.Generation < before.Generation {
			s.wrong("generation %d came after %d", now.Generation, before.Generation)
		}
		s.holds(cache)
		return err == nil
	}, func() {
		_ = cache.Close()
		cache = fresh()
	})
	_ = cache.Close()
	s.present.Add(-1)
}

// holds expects a cache to have exactly what there is of its generation.
func (s *simulated) holds(cache *cgroups_snapshot.Cache) {
	guard := cache.ReadLock()
	defer guard.Unlock()
	generation := guard.Generation()
	if guard.Len() != int(itemsOf(generation)) {
		s.wrong("generation %d has %d items", generation, guard.Len())
	}
	for index := range itemsOf(generation) {
		if item, found := guard.Get(index, nameOf(generation, index)); !found || item.Options != index {
			s.wrong("%s is %+v", nameOf(generation, index), item)
		}
	}
}

// consume asks a few times in trouble, and until there is an answer once it is over.
func (s *simulated) consume(random *rand.Rand, ask func(limit time.Duration) bool, vanish func()) {
	limits := []time.Duration{0, 5 * time.Millisecond, 100 * time.Millisecond, 2500 * time.Millisecond, 20 * time.Second}
	count := func(right bool) bool {
		if right {
			s.answered.Add(1)
		} else {
			s.failed.Add(1)
		}
		return right
	}
	for range 6 {
		pauseFor(random, time.Second)
		count(ask(limits[random.IntN(len(limits))]))
		// It vanishes, and another one comes in its place.
		if random.IntN(12) == 0 {
			vanish()
		}
	}
	if s.troubled.Add(-1) == 0 {
		s.net.shared.calm.Store(true)
	}
	for !s.net.shared.calm.Load() {
		time.Sleep(time.Second)
	}
	for began := time.Now(); !count(ask(30 * time.Second)); {
		if time.Since(began) > calmLimit {
			s.wrong("no answer within %v of calm", calmLimit)
			return
		}
		// A session with a place may be somebody else's for as long as that one is there.
		vanish()
		pauseFor(random, time.Second)
	}
}

// within holds something to its time, by a clock that stands still while anybody works.
func (s *simulated) within(limit time.Duration, what string, step func()) {
	began := time.Now()
	step()
	if took := time.Since(began); took > limit {
		s.wrong("%s took %v of %v", what, took, limit)
	}
}
