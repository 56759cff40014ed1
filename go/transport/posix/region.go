//go:build linux

package posix

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

const (
	// attachPatience is how long a server of another make may take to finish the region that it has
	// announced.
	attachPatience = 500 * time.Millisecond
	// attachRetry is how often to look meanwhile.
	attachRetry = 5 * time.Millisecond
)

var errPlanTooLarge = errors.New("the limits exceed what a region can hold")

// region is a mapped region that is ready for use. It owns the mapping, and the server's owns the
// name of the file, too.
type region struct {
	mapping           mapping
	request, response slot
	plan              transport.SessionPlan
	file              *ownFile
	// leftover is the file where it could not be removed so far.
	leftover *ownFile
}

// createRegion makes the region of a session for the server, complete on return. A failure leaves
// nothing behind; it is [fs.ErrExist] where another live session has its name.
func createRegion(dir *runDir, endpoint transport.Endpoint, plan transport.SessionPlan, log *slog.Logger) (*region, error) {
	layout, fits := planLayout(plan)
	if !fits {
		return nil, errPlanTooLarge
	}
	if dir == nil {
		return nil, transport.ErrUnsupported
	}
	path, name := endpoint.RegionPath(plan.SessionID), regionName(endpoint, plan.SessionID)
	fd, file, err := createOwnFile(dir, name, log)
	if err == unix.EEXIST && removeStale(dir, name, log) {
		fd, file, err = createOwnFile(dir, name, log)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot create the region %s: %w", path, err)
	}
	defer closeFD(fd)
	memory, err := mapNew(fd, layout.size())
	if err != nil {
		file.remove()
		file.forget()
		return nil, fmt.Errorf("cannot make the region %s: %w", path, err)
	}
	region := newRegion(memory, layout, plan, file)
	if err := region.begin(layout.encode(owner{pid: int32(os.Getpid()), generation: generation()})); err != nil {
		region.close()
		return nil, fmt.Errorf("cannot make the region %s: %w", path, err)
	}
	return region, nil
}

func mapNew(fd int, size int64) (mapping, error) {
	if err := makePrivate(fd); err != nil {
		return mapping{}, err
	}
	// Real blocks, or an error now: a sparse file would be a SIGBUS on a full file system later.
	if err := allocate(fd, size); err != nil {
		return mapping{}, err
	}
	return mapShared(fd, size)
}

// attachRegion attaches the region that the server has announced, waiting a little for servers that
// finish it late. hungUp tells whether the server is gone. It fails with a [*transport.AttachError].
func attachRegion(endpoint transport.Endpoint, plan transport.SessionPlan, w transport.Wait, hungUp func() bool) (*region, error) {
	path := endpoint.Place() + "/" + regionName(endpoint, plan.SessionID)
	patience := transport.Timeout(attachPatience)
	for {
		memory, layout, err := mapExisting(path, plan)
		if err == nil {
			return newRegion(memory, layout, plan, nil), nil
		}
		if hungUp() {
			return nil, &transport.AttachError{Profile: plan.Profile, Region: path, Kind: transport.ErrHungUp}
		}
		if isPermanent(err) || patience.Check() != nil {
			return nil, &transport.AttachError{Profile: plan.Profile, Region: path, Kind: transport.ErrUnusable, Why: err.Error()}
		}
		if err := w.Sleep(attachRetry); err != nil {
			return nil, &transport.AttachError{Profile: plan.Profile, Region: path, Kind: err}
		}
	}
}

// isPermanent tells whether waiting for the writer of a region does not help.
func isPermanent(err error) bool {
	var flaw *flaw
	if errors.As(err, &flaw) {
		return flaw.permanent
	}
	return err != unix.ENOENT
}

func mapExisting(path string, plan transport.SessionPlan) (mapping, layout, error) {
	fd, err := openReadWrite(unix.AT_FDCWD, path)
	if err != nil {
		return mapping{}, layout{}, err
	}
	defer closeFD(fd)
	file, err := lookInto(fd)
	if err != nil {
		return mapping{}, layout{}, err
	}
	if !file.isRegular() {
		return mapping{}, layout{}, permanentFlaw("it is no regular file")
	}
	if file.uid != uint32(unix.Geteuid()) && file.uid != 0 {
		return mapping{}, layout{}, permanentFlaw("it belongs to user %d", file.uid)
	}
	// One copy, and only the copy is looked at: the file may change under us.
	var header [regionHeader]byte
	count, err := readStart(fd, header[:])
	if err != nil {
		return mapping{}, layout{}, err
	}
	if file.size < regionHeader || count < regionHeader {
		return mapping{}, layout{}, unfinishedFlaw("it is shorter than its header")
	}
	areas, err := decodeLayout(&header, file.size, plan)
	if err != nil {
		return mapping{}, layout{}, err
	}
	memory, err := mapShared(fd, areas.size())
	return memory, areas, err
}

func newRegion(memory mapping, areas layout, plan transport.SessionPlan, file *ownFile) *region {
	return &region{
		mapping:  memory,
		request:  memory.slot(requestSeq, requestLen, requestSignal, areas.request),
		response: memory.slot(responseSeq, responseLen, responseSignal, areas.response),
		plan:     plan,
		file:     file,
	}
}

// removeName removes the file that is our own: its client has attached, and nobody else is to find it. Where that
// fails, closing the region is another try.
func (r *region) removeName() {
	if r.file != nil {
		if !r.file.remove() {
			r.leftover = r.file
		}
		r.file = nil
	}
}

// close unmaps the region, and removes the file that is our own. Closing again does nothing.
func (r *region) close() {
	r.request, r.response = slot{}, slot{}
	r.mapping.unmap()
	r.removeName()
	if r.leftover != nil {
		r.leftover.remove()
		r.leftover.forget()
		r.leftover = nil
	}
}

// ownFiles are the regions that this process has made and not yet removed.
var ownFiles = struct {
	sync.Mutex
	ids map[fileID]struct{}
}{ids: map[fileID]struct{}{}}

// ownFile is the name of a region in the file system.
type ownFile struct {
	dir  *runDir
	name string
	id   fileID
	log  *slog.Logger
	// forgotten is set once it holds nothing.
	forgotten bool
}

func createOwnFile(dir *runDir, name string, log *slog.Logger) (int, *ownFile, error) {
	// With the lock, so that isOwn never sees the new file before it is in the table.
	ownFiles.Lock()
	defer ownFiles.Unlock()
	fd, err := createPrivate(dir.fd, name)
	if err != nil {
		return -1, nil, err
	}
	seen, err := lookInto(fd)
	if err != nil {
		closeFD(fd)
		// It is ours: it has just been made.
		_ = unix.Unlinkat(dir.fd, name, 0)
		return -1, nil, err
	}
	ownFiles.ids[seen.id] = struct{}{}
	return fd, &ownFile{dir: dir.use(), name: name, id: seen.id, log: log}, nil
}

// remove removes the name, and tells whether it did.
func (f *ownFile) remove() bool {
	if _, err := removeIf(f.dir.fd, f.name, f.id); err != nil {
		f.log.Warn("netipc: cannot remove a shared region", "region", f.name, "error", err)
		return false
	}
	f.forget()
	return true
}

// forget is for who has removed the name, or gives it up.
func (f *ownFile) forget() {
	if f.forgotten {
		return
	}
	f.forgotten = true
	f.dir.release()
	ownFiles.Lock()
	defer ownFiles.Unlock()
	delete(ownFiles.ids, f.id)
}

// isOwn tells whether a region is one of this process and still in use.
func isOwn(id fileID) bool {
	ownFiles.Lock()
	defer ownFiles.Unlock()
	_, own := ownFiles.ids[id]
	return own
}

// generation tells the regions of one process id apart, and is never 0, which means "none".
func generation() uint32 { return max(uint32(time.Now().Unix()), 1) }
