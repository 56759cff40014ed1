package cgroups_test

import (
	"testing"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/service/cgroups"
	"github.com/netipc/netipc/go/service/cgroups_snapshot"
)

// What has another name here is the same thing there.
func TestNamesStandForThoseOfTheService(t *testing.T) {
	if name := "docker-abc123"; cgroups.SimpleHash(name) != cgroups_snapshot.SimpleHash(name) {
		t.Error("another hash")
	}
	for _, server := range []*cgroups.Server{
		cgroups.NewServer(rundir.New(t), "svc", cgroups.ServerConfig{}, cgroups.Handler{}),
		cgroups.NewServerWithWorkers(rundir.New(t), "svc", cgroups.ServerConfig{}, cgroups.Handler{}, 2),
	} {
		server.Stop()
		if err := server.Run(); err != nil {
			t.Errorf("a server that was stopped before: %v", err)
		}
	}
}
