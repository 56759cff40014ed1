//go:build linux

package connection_test

import (
	"os"
	"testing"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

func init() {
	profileRows = append(profileRows,
		profileRow{"socket", posix.New(), protocol.ProfileBaseline, transport.LinkSocket},
		profileRow{"hybrid", posix.New(), protocol.ProfileBaseline | protocol.ProfileSHMHybrid, transport.LinkSharedMemory},
		profileRow{"futex", posix.New(), allProfiles, transport.LinkSharedMemory},
	)
}

func TestTheNextBestProfileWhereARegionCannotBeHad(t *testing.T) {
	r := newRig(t, posix.New(), allProfiles)
	// In the way at every name: the baseline is left.
	if err := os.Mkdir(r.endpoint.RegionPath(1), 0o700); err != nil {
		t.Fatal(err)
	}
	client, server := r.pair()
	if client.Info().Kind != transport.LinkSocket || client.Agreed().Profile != protocol.ProfileBaseline {
		t.Fatalf("%+v", client.Agreed())
	}
	if client.WaitObject() == transport.NoWaitObject || server.WaitObject() == transport.NoWaitObject {
		t.Error("there is nothing to watch")
	}
}

// TestSteadyCallsAllocateNothing counts what client and server allocate together.
func TestSteadyCallsAllocateNothing(t *testing.T) {
	eachProfile(t, func(r *rig, kind transport.LinkKind) {
		if kind == transport.LinkMemory {
			r.Skip("it waits with timers")
		}
		const rounds = 300
		client, server := r.pair()
		ended := make(chan error, 1)
		go func() {
			var err error
			for range 2*rounds + 1 {
				message, failed := server.Receive(soon())
				if err = failed; err == nil {
					err = server.Send(message.Header.Answer(protocol.StatusOK), message.Payload, soon())
				}
				if err != nil {
					break
				}
			}
			ended <- err
		}()
		payload := make([]byte, 100)
		id := uint64(0)
		call := func() {
			id++
			if err := client.Send(protocol.RequestHeader(protocol.MethodIncrement, id), payload, soon()); err != nil {
				r.Error(err)
			}
			if _, err := client.Receive(soon()); err != nil {
				r.Error(err)
			}
		}
		for range rounds {
			call()
		}
		if allocations := testing.AllocsPerRun(rounds, call); allocations != 0 {
			r.Errorf("%v allocations per call", allocations)
		}
		r.no(<-ended)
	})
}
