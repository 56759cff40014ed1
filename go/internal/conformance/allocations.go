package conformance

import (
	"testing"

	"github.com/netipc/netipc/go/transport"
)

// steadyAllocations has a peer answer, so that the client sleeps, and counts what both allocate.
func steadyAllocations(r *linkRig) {
	const warmUp, rounds = 100, 400
	client, server := r.pair()
	if client.Info().Kind == transport.LinkMemory {
		// It waits with timers. What it does without waiting is counted.
		r.countAllocations(func() { r.roundTrip(client, server) })
		return
	}
	var abort transport.Abort
	defer abort.Close()
	w := transport.Timeout(Soon).OrAbort(&abort)
	request, answer := make([]byte, 5000), make([]byte, 5000)
	ended := make(chan error)
	// AllocsPerRun calls once more than asked.
	go func() { ended <- echo(server, warmUp+rounds+1) }()
	step := func() {
		if err := client.Send(request[:32], request[32:1500], w); err != nil {
			r.Error(err)
		}
		if _, err := client.Receive(answer, w); err != nil {
			r.Error(err)
		}
	}
	for range warmUp {
		step()
	}
	if allocations := testing.AllocsPerRun(rounds, step); allocations != 0 {
		r.Errorf("%v allocations per round trip", allocations)
	}
	r.no(<-ended)
}

func (r *linkRig) countAllocations(step func()) {
	if allocations := testing.AllocsPerRun(100, step); allocations != 0 {
		r.Errorf("%v allocations per round trip", allocations)
	}
}

func (r *linkRig) roundTrip(client, server transport.Link) {
	for _, way := range [...][2]transport.Link{{client, server}, {server, client}} {
		r.no(way[0].Send(roundTripPacket[:32], roundTripPacket[32:], transport.Wait{}))
		_, err := way[1].Receive(roundTripBuffer, transport.Wait{})
		r.no(err)
	}
}

var (
	roundTripPacket = make([]byte, 64)
	roundTripBuffer = make([]byte, 64)
)
