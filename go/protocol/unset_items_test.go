package protocol_test

import (
	"testing"

	"github.com/netipc/netipc/go/protocol"
)

// As in Rust and C, where an item that is not filled in has the same status.
func TestItemsInWhichNothingIsSetSayThatThereIsNoData(t *testing.T) {
	process := protocol.NewAppsLookupItem(7)
	if process.Status != protocol.PidStatusUnknown || process.Pid != 7 || process.Uid != protocol.UidUnset {
		t.Errorf("a process in which nothing is set is %+v", process)
	}
	if err := process.Encode(make([]byte, process.Size())); err != nil {
		t.Errorf("it cannot be sent: %v", err)
	}
	path := protocol.TextKey{CStringView: protocol.CString([]byte("/a"))}
	cgroup := protocol.NewCgroupsLookupItem(path)
	if cgroup.Status != protocol.CgroupStatusUnknownRetryLater || string(cgroup.Path.Bytes()) != "/a" {
		t.Errorf("a cgroup in which nothing is set is %+v", cgroup)
	}
}
