//go:build linux

package posix

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/netipc/netipc/go/transport"
)

// ringSeals is what keeps the size of memory as it is.
const ringSeals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW

// ring is a mapped ring.
type ring struct {
	memory mapping
	shape  ringShape
}

// createRing makes the ring of a session for the server, and the descriptor to pass. A failure leaves
// nothing behind.
func createRing(plan transport.SessionPlan) (*ring, int, error) {
	shape := planRing(plan)
	fd, err := createSealed(shape.size())
	if err != nil {
		return nil, -1, fmt.Errorf("cannot make the memory of a ring: %w", err)
	}
	// Now, while there still is another profile to take.
	if err := tryToPass(fd); err != nil {
		closeFD(fd)
		return nil, -1, fmt.Errorf("cannot pass the memory of a ring: %w", err)
	}
	memory, err := mapShared(fd, shape.size())
	if err != nil {
		closeFD(fd)
		return nil, -1, fmt.Errorf("cannot map the memory of a ring: %w", err)
	}
	// All but the header was never written and so reads as 0.
	header := shape.encode()
	copy(memory.bytes, header[:])
	return &ring{memory: memory, shape: shape}, fd, nil
}

// attachRing maps what the server has passed. It fails with the reason why that cannot be used.
func attachRing(fd int) (*ring, error) {
	file, err := lookInto(fd)
	switch {
	case err != nil:
		return nil, err
	case !file.isRegular():
		return nil, permanentFlaw("it is no memory")
	case !isSealed(fd):
		// Whoever could still shrink it could end us by that.
		return nil, permanentFlaw("it is not sealed against changes of its size")
	case hasOtherPages(fd):
		return nil, permanentFlaw("it is not of ordinary pages")
	}
	var header [ringHeader]byte
	count, err := readStart(fd, header[:])
	switch {
	case err != nil:
		return nil, err
	case count < ringHeader:
		return nil, permanentFlaw("it is shorter than its header")
	}
	shape, err := decodeRing(&header, file.size)
	if err != nil {
		return nil, err
	}
	memory, err := mapShared(fd, shape.size())
	if err != nil {
		return nil, err
	}
	return &ring{memory: memory, shape: shape}, nil
}

func (r *ring) close() { r.memory.unmap() }

// createSealed makes memory of size bytes that others can map, reserved for real, and never to change its
// size.
func createSealed(size int64) (int, error) {
	create := func(flags int) (fd int, err error) {
		err = retry(func() error {
			fd, err = unix.MemfdCreate("netipc-ring", flags)
			return err
		})
		return fd, err
	}
	flags := unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	// Kernels before 6.3 do not know the third flag.
	fd, err := create(flags | unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL {
		fd, err = create(flags)
	}
	if err != nil {
		return -1, err
	}
	if err = allocate(fd, size); err == nil {
		err = retry(func() error {
			_, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, ringSeals|unix.F_SEAL_SEAL)
			return err
		})
	}
	if err != nil {
		closeFD(fd)
		return -1, err
	}
	return fd, nil
}

// hasOtherPages tells whether what is open is surely no memory of ordinary pages: a seal keeps the size of huge ones
// as well, but whoever reaches one that the system has no page for gets a signal.
func hasOtherPages(fd int) bool {
	var system unix.Statfs_t
	// Where a sandbox forbids to ask, it is the server that is trusted.
	err := retry(func() error { return unix.Fstatfs(fd, &system) })
	return err == nil && int64(system.Type) != unix.TMPFS_MAGIC
}

// isSealed tells whether nobody can change the size of what is open.
func isSealed(fd int) bool {
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	return err == nil && seals&ringSeals == ringSeals
}
