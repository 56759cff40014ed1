package cli

import "testing"

func TestRunDirectoryIsGivenOrUsual(t *testing.T) {
	t.Parallel()
	if dir, err := (&Endpoint{runDir: "x"}).RunDir(environment(nil)); dir != "x" || err != nil {
		t.Error(dir, err)
	}
	env := environment(map[string]string{"LOCALAPPDATA": `C:\users\x`})
	if dir, err := (&Endpoint{}).RunDir(env); dir != `C:\users\x\netipc` || err != nil {
		t.Error(dir, err)
	}
	if _, err := (&Endpoint{}).RunDir(environment(nil)); exitOf(err) != Usage {
		t.Error(err)
	}
}

func TestProfilesAreBits(t *testing.T) {
	t.Parallel()
	for list, bits := range map[string]uint32{"baseline": 1, "baseline,shm": 3, "shm-hybrid": 2, "baseline,shm-busywait": 5} {
		var endpoint Endpoint
		if err := endpoint.profiles.Set(list); err != nil {
			t.Fatal(err)
		}
		if found, err := endpoint.Profiles(environment(nil)); err != nil || found != bits {
			t.Errorf("%s: %d, %v", list, found, err)
		}
	}
	if bits, err := (&Endpoint{}).Profiles(environment(nil)); err != nil || bits != 3 {
		t.Error(bits, err)
	}
	if _, err := (&Endpoint{profiles: Many{"smoke"}}).Profiles(environment(nil)); exitOf(err) != Usage {
		t.Error(err)
	}
}
