// The programs that integrators' documentation begins with, as they stand there but for the run
// directory: they compile, and they find each other.
package cgroups_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service/cgroups"
)

func clientProgram(runDir string, see func(string)) {
	config := cgroups.ClientConfig{
		SupportedProfiles:       protocol.ProfileBaseline,
		MaxRequestBatchItems:    1,
		MaxResponsePayloadBytes: 65536,
		AuthToken:               0xDEADBEEFCAFEBABE,
	}
	client := cgroups.NewClient(runDir, "cgroups-snapshot", config)
	defer client.Close()

	client.Refresh()
	if client.Ready() {
		view, err := client.CallSnapshot()
		if err == nil {
			for i := uint32(0); i < view.ItemCount; i++ {
				item, _ := view.Item(i)
				see(fmt.Sprintf("%d %s %s", item.Hash, item.Name, item.Path))
			}
		}
	}
}

func serverProgram(runDir string) *cgroups.Server {
	handler := cgroups.Handler{
		Handle: func(req protocol.CgroupsRequestView, builder *protocol.CgroupsBuilder) bool {
			builder.SetHeader(1, 42)
			return builder.Add(1001, 0, 1, []byte("docker-abc123"), []byte("/docker/abc123")) == nil
		},
	}
	server := cgroups.NewServerWithWorkers(runDir, "cgroups-snapshot",
		cgroups.ServerConfig{AuthToken: 0xDEADBEEFCAFEBABE}, handler, 4)
	return server
}

func cacheProgram(runDir string, see func(string)) {
	config := cgroups.ClientConfig{AuthToken: 0xDEADBEEFCAFEBABE}
	hash := uint32(1001)
	cache := cgroups.NewCache(runDir, "cgroups-snapshot", config)
	defer cache.Close()

	if cache.Refresh() {
		see("cache updated")
	}
	if item, found := cache.Lookup(hash, "docker-abc123"); found {
		see(fmt.Sprintf("%s: %s", item.Name, item.Path))
	}
}

// runDir is a short directory: names of sockets may not be long.
func runDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "netipc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestTheFirstProgramsFindEachOther(t *testing.T) {
	dir := runDir(t)
	server := serverProgram(dir)
	go server.Run()
	defer server.Stop()

	// The program says nothing when it is ready.
	var seen []string
	for patience := time.Now().Add(time.Minute); len(seen) == 0; {
		clientProgram(dir, func(item string) { seen = append(seen, item) })
		if time.Now().After(patience) {
			t.Fatal("the server does not come up")
		}
	}
	cacheProgram(dir, func(line string) { seen = append(seen, line) })
	want := []string{"1001 docker-abc123 /docker/abc123", "cache updated", "docker-abc123: /docker/abc123"}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", seen, want)
	}
}

func TestWithoutAProviderTheySayNothing(t *testing.T) {
	dir := runDir(t)
	clientProgram(dir, func(item string) { t.Errorf("%s of nobody", item) })
	cacheProgram(dir, func(line string) { t.Errorf("%s of nobody", line) })
}

// A handler that is given by the name of a pointer is the same.
var _ = cgroups.Handler{Handle: func(*protocol.CgroupsRequest, *protocol.CgroupsBuilder) bool { return true }}
