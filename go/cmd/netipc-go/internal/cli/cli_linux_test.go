package cli

import (
	"os"
	"testing"
)

func TestRunDirectoryIsGivenOrUsual(t *testing.T) {
	t.Parallel()
	if dir, err := (&Endpoint{runDir: "/x"}).RunDir(environment(nil)); dir != "/x" || err != nil {
		t.Error(dir, err)
	}
	named := environment(map[string]string{"NETIPC_RUN_DIR": "/n", "XDG_RUNTIME_DIR": "/run/user/7"})
	if dir, err := (&Endpoint{}).RunDir(named); dir != "/n" || err != nil {
		t.Error(dir, err)
	}
	dir, err := (&Endpoint{}).RunDir(environment(map[string]string{"XDG_RUNTIME_DIR": "/run/user/7"}))
	usual := "/run/user/7/netipc"
	if os.Geteuid() == 0 {
		usual = "/run/netipc"
	}
	if dir != usual || err != nil {
		t.Error(dir, err)
	}
}

func TestProfilesAreBits(t *testing.T) {
	t.Parallel()
	for list, bits := range map[string]uint32{"baseline": 1, "baseline,shm": 23, "shm-hybrid": 2, "baseline,shm-futex": 5} {
		var endpoint Endpoint
		if err := endpoint.profiles.Set(list); err != nil {
			t.Fatal(err)
		}
		if found, err := endpoint.Profiles(environment(nil)); err != nil || found != bits {
			t.Errorf("%s: %d, %v", list, found, err)
		}
	}
	if bits, err := (&Endpoint{}).Profiles(environment(nil)); err != nil || bits != 23 {
		t.Error(bits, err)
	}
	named := environment(map[string]string{"NETIPC_PROFILES": "baseline, shm-futex"})
	if bits, err := (&Endpoint{}).Profiles(named); err != nil || bits != 5 {
		t.Error(bits, err)
	}
	if bits, err := (&Endpoint{profiles: Many{"baseline"}}).Profiles(named); err != nil || bits != 1 {
		t.Error("an option comes first:", bits, err)
	}
	if _, err := (&Endpoint{profiles: Many{"smoke"}}).Profiles(environment(nil)); exitOf(err) != Usage {
		t.Error(err)
	}
}
