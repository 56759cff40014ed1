package transport

import (
	"errors"
	"strings"
	"testing"
)

func TestHashesAreThoseOfTheContract(t *testing.T) {
	for text, want := range map[string]uint64{
		"":                                  0xcbf29ce484222325,
		"/run/netdata":                      0xefc07ed598ac339b,
		`C:\ProgramData\netdata`:            0x039a2c9647792c17,
		"/run/netdata\ncgroups-snapshot\n0": 0x90a72e535d3026ed,
		"/run/netdata\ncgroups-snapshot\n16045690984503098046": 0xdc862a8018111f88,
		"C:\\run\\netipc\nsvc\n1":                              0x1ad6f2382c38733d,
	} {
		if got := fnv1a(text); got != want {
			t.Errorf("%q: %016x, want %016x", text, got, want)
		}
	}
}

func TestNamesAreThoseOfTheContract(t *testing.T) {
	endpoint, err := NewEndpoint("/run/netdata", "cgroups-snapshot")
	if err != nil || endpoint.PipeName() != `\\.\pipe\netipc-efc07ed598ac339b-cgroups-snapshot` {
		t.Error(endpoint, err)
	}
	name, err := endpoint.ObjectName(0xDEADBEEFCAFEBABE, 2, 0xab, "req_event")
	if want := `Local\netipc-dc862a8018111f88-cgroups-snapshot-p2-s00000000000000ab-req_event`; err != nil || name != want {
		t.Error(name, err)
	}
	longest := strings.Repeat("s", 222)
	endpoint, err = NewEndpoint("", longest)
	if err != nil || len(endpoint.PipeName()) != MaxObjectName {
		t.Error(len(endpoint.PipeName()), err)
	}
	if _, err := endpoint.ObjectName(0, 4, 1, "mapping"); !errors.Is(err, ErrPathTooLong) {
		t.Error(err)
	}
	if _, err := NewEndpoint("", longest+"s"); !errors.Is(err, ErrPathTooLong) {
		t.Error(err)
	}
}
