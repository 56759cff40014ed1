//go:build linux

package posix

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/transport"
)

// Its name can be opened as soon as there is one.
func TestARegionThatIsTruncatedBeforeItsHeaderIsWrittenIsAnError(t *testing.T) {
	file, err := os.Create(rundir.New(t) + "/region")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plan := transport.SessionPlan{Profile: profileHybrid, SessionID: 1, RequestBytes: 4128, ResponseBytes: 4128}
	areas, fits := planLayout(plan)
	if !fits {
		t.Fatal("it does not fit")
	}
	memory, err := mapNew(int(file.Fd()), areas.size())
	if err != nil {
		t.Fatal(err)
	}
	region := newRegion(memory, areas, plan, nil)
	defer region.close()
	header := areas.encode(owner{pid: int32(unix.Getpid()), generation: generation()})
	if err := region.begin(header); err != nil {
		t.Fatal(err)
	}
	if err := file.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if err := region.begin(header); err != errTruncated {
		t.Fatal(err)
	}
}
