package service_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
)

// Not beside other tests: the limit is that of the process.
func TestSessionsWithoutSharedMemoryForOneReasonAreCountedTogether(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	w := services.NewWorld(t, native(), protocol.ProfileBaseline|protocol.ProfileSHMHybrid)
	server := incrementServer(w, w.ServerConfig())
	w.Serve(server)
	w.No(unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 4096, Max: before.Max}))
	t.Cleanup(func() { w.No(unix.Setrlimit(unix.RLIMIT_FSIZE, &before)) })
	for range 3 {
		client := w.Incrementer()
		w.No(callOne(client))
		w.No(client.Close())
	}
	wentWithoutSHM(t, server.StatsJSON(), "shm-hybrid: file too large", 3)
}
