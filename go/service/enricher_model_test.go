package service

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// model is an enricher as its rules have it, with loops over everything in place of all that makes it quick.
type model struct {
	config EnricherConfig
	sim    *simProvider
	keys   map[uint32]*modelKey
	// Keys that wait, the next to be asked first; again are those that nobody wants.
	wanted, again []uint32

	round, order, world, generation, sessions uint64
	pid                                       uint32
	isAbsent, tried, newSession               bool
	nextProbe, nextAttempt, delay             time.Duration
	failedMark                                uint64
	nextScan                                  time.Duration
	scannedWorld                              uint64
	byAge, byCapacity, dropped, reused        uint64
}

type modelKey struct {
	pins       int
	isAnswered bool
	item       simItem
	// When it was answered, in which world and generation, and from when its age counts.
	answered, ages    time.Duration
	world, generation uint64
	usedRound, order  uint64
	usedSince         bool
}

func (k *modelKey) isUnsettled() bool {
	return !k.isAnswered || k.item.verdict == VerdictForNow || k.item.verdict == VerdictProvisional
}

func (m *model) key(key uint32) *modelKey {
	if m.keys[key] == nil {
		m.keys[key] = &modelKey{}
	}
	return m.keys[key]
}

func (m *model) isQueued(key uint32) bool {
	return slices.Contains(m.wanted, key) || slices.Contains(m.again, key)
}

func (m *model) want(key uint32) {
	if slices.Contains(m.wanted, key) {
		return
	}
	m.again = slices.DeleteFunc(m.again, func(other uint32) bool { return other == key })
	m.wanted = append(m.wanted, key)
	for len(m.wanted) > m.config.Intake {
		m.wanted = m.wanted[1:]
		m.dropped++
	}
}

// get is the outcome of a get, and the item.
func (m *model) get(key uint32, identity uint64) (Outcome, simItem) {
	k := m.key(key)
	if !k.isAnswered {
		if !m.isQueued(key) {
			m.want(key)
		}
		if m.isAbsent {
			return OutcomeAbsent, simItem{}
		}
		return OutcomeQueued, simItem{}
	}
	k.usedRound, k.usedSince = m.round, true
	isOther := k.world != m.world
	mayBeNew := isOther || m.sim.clock >= max(k.answered+m.config.Retry, m.nextProbe)
	asks := false
	outcome, item := outcomeOf(k.item.verdict), simItem{}
	switch {
	case k.item.verdict == VerdictForNow:
		asks = mayBeNew
	case !k.item.verdict.hasItem():
		asks = isOther
	case identity != 0 && k.item.identity != 0 && identity != k.item.identity:
		outcome = OutcomeReused
		asks = isOther || m.sim.clock >= k.answered+m.config.Retry
	default:
		item = k.item
		asks = k.item.verdict == VerdictProvisional && mayBeNew || k.item.verdict == VerdictKnown && isOther
	}
	if asks && !m.isQueued(key) {
		m.want(key)
	}
	return outcome, item
}

// step returns the keys that a step asks, in order, and how often it asks for the generation alone.
func (m *model) step() (asked []uint32, probes int) {
	m.round++
	defer m.evict()
	if !m.reach() {
		return nil, 0
	}
	m.askPinned()
	var patient []uint32
	for {
		now := m.sim.clock
		if now >= m.nextScan || m.scannedWorld != m.world {
			m.scan()
		}
		batch, waiting := m.take()
		patient = append(patient, waiting...)
		isProbe := len(batch) == 0
		if isProbe && (len(patient) == 0 || len(asked) > 0 || probes > 0 || now < m.nextProbe) {
			return asked, probes
		}
		if isProbe {
			probes++
		}
		if m.newSession && m.sim.gen < m.generation {
			m.world++
		}
		m.newSession = false
		isOther := m.generation != m.sim.gen
		m.generation, m.nextProbe, m.delay = m.sim.gen, now+m.config.Retry, 0
		if isOther {
			for _, key := range patient {
				if !m.isQueued(key) && !slices.Contains(batch, key) {
					m.again = append(m.again, key)
				}
			}
			patient = nil
		}
		for _, key := range batch {
			m.answer(key)
		}
		asked = append(asked, batch...)
	}
}

func (m *model) reach() bool {
	sim, now := m.sim, m.sim.clock
	if m.sessions != 0 && sim.connected {
		return true
	}
	mark := sim.mark()
	switch {
	case m.tried && mark != m.failedMark:
		m.delay = 0
	case m.tried && now < m.nextAttempt:
		return false
	}
	m.tried = true
	if !sim.isUp {
		m.delay = min(max(m.delay*2, m.config.BackoffFirst), m.config.BackoffMost)
		m.nextAttempt, m.failedMark, m.isAbsent = now+m.delay, mark, true
		return false
	}
	m.isAbsent = false
	m.sessions++
	switch {
	case m.world == 0:
		m.world = 1
	case m.pid != sim.pid:
		m.world, m.newSession = m.world+1, false
	default:
		m.newSession = true
	}
	m.pid = sim.pid
	return true
}

// isDue tells whether a key is to be asked, or once the generation is another.
func (m *model) isDue(k *modelKey) (due, patient bool) {
	age := m.sim.clock - k.answered
	isOld := age >= m.config.MaxAge
	switch {
	case !k.isAnswered || k.world != m.world:
		return true, false
	case k.item.verdict == VerdictKnown:
		return age >= m.config.Retry, false
	case k.isUnsettled() && age >= m.config.Retry:
		due = k.generation != m.generation || age >= m.config.RetryMost || isOld && k.item.verdict.hasItem()
		return due, !due
	}
	return false, false
}

func (m *model) take() (batch, patient []uint32) {
	for _, key := range slices.Concat(m.wanted, m.again) {
		k := m.keys[key]
		due, waits := m.isDue(k)
		if due {
			batch = append(batch, key)
		} else if waits {
			patient = append(patient, key)
		}
	}
	m.wanted, m.again = nil, nil
	return batch, patient
}

func (m *model) askPinned() {
	for key, k := range m.keys {
		if due, patient := m.isDue(k); k.pins > 0 && k.isUnsettled() && !m.isQueued(key) && (due || patient) {
			m.again = append(m.again, key)
		}
	}
}

func (m *model) scan() {
	m.nextScan, m.scannedWorld = never, m.world
	for key, k := range m.keys {
		if !k.isAnswered || m.isQueued(key) {
			continue
		}
		isOld, isWanted := m.sim.clock-k.ages >= m.config.MaxAge, k.usedSince || k.pins > 0
		switch {
		case k.pins > 0 && k.world != m.world, isOld && isWanted && k.item.verdict.hasItem():
			m.again = append(m.again, key)
			continue
		case isOld && !isWanted:
			m.forget(key)
			m.byAge++
			continue
		case isOld:
			k.ages, k.usedSince = m.sim.clock, false
		}
		m.nextScan = min(m.nextScan, k.ages+m.config.MaxAge)
	}
}

func (m *model) answer(key uint32) {
	k := m.keys[key]
	item, known := m.sim.items[key]
	if !known {
		item = simItem{verdict: VerdictForNow}
	}
	if !k.isAnswered {
		m.order++
		k.order, k.usedRound = m.order, m.round
	}
	had := k.isAnswered && k.item.verdict.hasItem() && k.item.identity != 0
	if had && item.verdict.hasItem() && item.identity != 0 && item.identity != k.item.identity {
		m.reused++
	}
	*k = modelKey{
		pins: k.pins, isAnswered: true, item: item, answered: m.sim.clock, ages: m.sim.clock, world: m.world,
		generation: m.generation, usedRound: k.usedRound, order: k.order,
	}
	m.nextScan = min(m.nextScan, m.sim.clock+m.config.MaxAge)
}

func (m *model) forget(key uint32) { m.keys[key] = &modelKey{pins: m.keys[key].pins} }

func (m *model) evict() {
	var answered, loose []uint32
	most := m.config.Capacity
	for key, k := range m.keys {
		most += int(one(k.pins > 0))
		if k.isAnswered {
			answered = append(answered, key)
			if k.pins == 0 {
				loose = append(loose, key)
			}
		}
	}
	slices.SortFunc(loose, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(m.keys[a].usedRound, m.keys[b].usedRound), cmp.Compare(m.keys[a].order, m.keys[b].order))
	})
	for i := 0; len(answered)-i > most && i < len(loose); i++ {
		m.forget(loose[i])
		m.byCapacity++
	}
}

// modelKeys is how many keys there are in the test against the model.
const modelKeys = 12

// A random life: whatever callers and provider do, the enricher does what its rules say.
func TestAnEnricherIsAsItsModel(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 7))
		r := newSimRig(t, EnricherConfig{
			Capacity: 1 + random.IntN(modelKeys), Intake: 1 + random.IntN(modelKeys), MaxAge: 20 * time.Second,
			RetryMost: 9 * time.Second, BackoffMost: 4 * time.Second,
		})
		m := &model{config: r.config, sim: r.simProvider, keys: map[uint32]*modelKey{}, nextScan: never}
		said := ""
		for range 200 {
			said = act(r, m, random)
			if got, want := summary(r), m.summary(); got != want {
				t.Fatalf("seed %d: after %q:\n%s instead of\n%s", seed, said, got, want)
			}
		}
	}
}

// act does the same to an enricher and its model; it returns what.
func act(r simRig, m *model, random *rand.Rand) string {
	key := uint32(1 + random.IntN(modelKeys))
	switch random.IntN(16) {
	case 0, 1, 2, 3, 4:
		identity := uint64(random.IntN(3))
		outcome, item := m.get(key, identity)
		found := r.GetAs(key, identity)
		got, _ := found.Item()
		if found.Outcome != outcome || got != item {
			r.Fatalf("get %d as %d: %v %+v instead of %v %+v", key, identity, found.Outcome, got, outcome, item)
		}
		return fmt.Sprintf("get %d as %d", key, identity)
	case 5, 6, 7, 8:
		wanted, probes := m.step()
		step := r.Step(time.Minute)
		got := slices.Concat(r.asked...)
		gotProbes := 0
		for _, call := range r.asked {
			gotProbes += int(one(len(call) == 0))
		}
		r.asked = nil
		slices.Sort(wanted)
		slices.Sort(got)
		if !slices.Equal(got, wanted) || gotProbes != probes {
			r.Fatalf("a step asks %v and %d probes instead of %v and %d: %+v", got, gotProbes, wanted, probes, step)
		}
		return "step"
	case 9:
		return "pin " + fmt.Sprint(key, r.Pin(key), m.pin(key))
	case 10:
		return "unpin " + fmt.Sprint(key, r.Unpin(key), m.unpin(key))
	case 11, 12:
		r.clock += time.Duration(random.Int64N(int64(3 * time.Second)))
		return "time passes"
	case 13:
		r.goes()
		return "goes"
	case 14:
		r.comes(100 + uint32(random.IntN(2)))
		if random.IntN(3) == 0 {
			r.gen = uint64(random.IntN(5))
		}
		return "comes"
	}
	r.gen++
	r.items[key] = simItem{Verdict(random.IntN(5)), uint64(random.IntN(3)), random.Uint64()}
	return "changes"
}

func (m *model) pin(key uint32) bool {
	k := m.key(key)
	if k.pins++; k.pins == 1 && !k.isAnswered && !m.isQueued(key) {
		m.want(key)
	}
	return true
}

func (m *model) unpin(key uint32) bool {
	k := m.key(key)
	if k.pins == 0 {
		return false
	}
	k.pins--
	return true
}

func (m *model) summary() string {
	answered, pinned := 0, 0
	for _, k := range m.keys {
		answered += int(one(k.isAnswered))
		pinned += int(one(k.pins > 0))
	}
	return fmt.Sprintln(answered, pinned, len(m.wanted), m.dropped, m.byAge, m.byCapacity, m.reused, m.world)
}

func summary(r simRig) string {
	s := r.Stats()
	return fmt.Sprintln(s.Entries, s.Pinned, s.IntakeDepth, s.IntakeDropped, s.EvictedByAge, s.EvictedByCapacity, s.Reused, s.World)
}
