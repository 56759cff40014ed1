package service_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
)

// container returns the name and the path of a container as a node of Kubernetes has thousands of.
func container(index int) (name, path string) {
	return fmt.Sprintf("container_%08x", index), fmt.Sprintf(
		"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod%08x_52a4_4c7e_9b3d_7f1e2a9c4d55.slice/cri-containerd-%064x.scope",
		index/4, index)
}

func serveNode(w *services.World, cgroups int, config service.ServerConfig) {
	handler := cgroups_snapshot.Handler{Handle: func(_ *protocol.CgroupsRequest, answer *protocol.CgroupsBuilder) bool {
		answer.SetHeader(1, 1)
		for index := range cgroups {
			name, path := container(index)
			if answer.Add(cgroups_snapshot.SimpleHash(name), 0, 1, []byte(name), []byte(path)) != nil {
				return false
			}
		}
		return true
	}}
	w.Serve(cgroups_snapshot.NewServer(w.Dir, "svc", config, handler))
}

// Rules S13, S31, W16.
func TestACacheThatNobodyConfiguredHoldsALargeNode(t *testing.T) {
	for _, cgroups := range []int{3_500, 57_000} {
		t.Run(fmt.Sprint(cgroups), func(t *testing.T) {
			w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
			serveNode(w, cgroups, w.ServerConfig())
			cache := cgroups_snapshot.NewCache(w.Dir, "svc", w.ClientConfig())
			defer cache.Close()
			if !cache.Refresh() {
				t.Fatalf("nothing came: %v", cache.Status().LastError)
			}
			name, path := container(cgroups - 1)
			item, found := cache.Lookup(cgroups_snapshot.SimpleHash(name), name)
			if !found || item.Path != path || int(cache.Status().ItemCount) != cgroups {
				t.Fatalf("%d items, found %v: %+v", cache.Status().ItemCount, found, item)
			}
		})
	}
}

func TestWhatDoesNotFitNamesTheLimitItsSideAndTheOption(t *testing.T) {
	for _, row := range []struct {
		server, client uint32
		why            string
	}{
		{100_000, 0, "the agreed 100000 bytes: raise MaxResponsePayloadBytes of the server"},
		{0, 200_000, "the agreed 200000 bytes: raise MaxResponsePayloadBytes of the client"},
	} {
		w := services.NewWorld(t, memory(), protocol.ProfileBaseline)
		server, config := w.ServerConfig(), w.ClientConfig()
		server.MaxResponsePayloadBytes, config.MaxResponsePayloadBytes = row.server, row.client
		serveNode(w, 3_500, server)
		client := cgroups_snapshot.NewClient(w.Dir, "svc", config)
		defer client.Close()
		client.Refresh()
		_, err := client.CallSnapshot()
		if !errors.Is(err, service.ErrOverflow) || !strings.Contains(err.Error(), row.why) {
			t.Errorf("%v, want %q", err, row.why)
		}
	}
}
