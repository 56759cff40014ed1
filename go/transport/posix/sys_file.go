//go:build linux

package posix

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// privateMode is our own user and nobody else.
	privateMode = 0o600
	// maxAllocations is how often to try to reserve space while signals come.
	maxAllocations = 100
)

// fileID is which file a name stands for, whatever is renamed.
type fileID struct {
	dev, ino uint64
}

// fileInfo is what is known of a file.
type fileInfo struct {
	id   fileID
	uid  uint32
	size int64
	mode uint32
	// When its content was last changed.
	changed time.Time
}

func (i *fileInfo) isRegular() bool { return i.mode&unix.S_IFMT == unix.S_IFREG }
func (i *fileInfo) isSocket() bool  { return i.mode&unix.S_IFMT == unix.S_IFSOCK }
func (i *fileInfo) isSymlink() bool { return i.mode&unix.S_IFMT == unix.S_IFLNK }
func (i *fileInfo) isPrivate() bool { return i.mode&0o7777 == privateMode }

// lookAt tells what stands at path in an open directory itself, not behind a link.
func lookAt(dir int, path string) (fileInfo, error) {
	var stat unix.Stat_t
	err := retry(func() error { return unix.Fstatat(dir, path, &stat, unix.AT_SYMLINK_NOFOLLOW) })
	return infoOf(&stat), err
}

// leadsTo tells which file path leads to, through links.
func leadsTo(path string) (fileID, error) {
	var stat unix.Stat_t
	err := retry(func() error { return unix.Stat(path, &stat) })
	return infoOf(&stat).id, err
}

// ownerOfDir returns the owner of the directory that path leads to, through links, and whether nobody else may
// write there.
func ownerOfDir(path string) (uid uint32, closed bool) {
	var stat unix.Stat_t
	err := retry(func() error { return unix.Stat(path, &stat) })
	return stat.Uid, err == nil && stat.Mode&0o022 == 0
}

// openToOthers tells whether users other than the owner may write to the directory that path leads to.
func openToOthers(path string) bool {
	var stat unix.Stat_t
	err := retry(func() error { return unix.Stat(path, &stat) })
	return err == nil && stat.Mode&0o022 != 0
}

// lookInto tells what an open file is.
func lookInto(fd int) (fileInfo, error) {
	var stat unix.Stat_t
	err := retry(func() error { return unix.Fstat(fd, &stat) })
	return infoOf(&stat), err
}

func infoOf(stat *unix.Stat_t) fileInfo {
	return fileInfo{
		id:   fileID{dev: uint64(stat.Dev), ino: stat.Ino},
		uid:  stat.Uid,
		size: stat.Size,
		mode: stat.Mode,

		changed: time.Unix(stat.Mtim.Unix()),
	}
}

// createPrivate creates a file of mode 0600 that must not exist.
func createPrivate(dir int, path string) (int, error) {
	return openFile(dir, path, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW)
}

// openReadWrite opens a file to read and write; never waits, never follows a link.
func openReadWrite(dir int, path string) (int, error) {
	return openFile(dir, path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_NOFOLLOW)
}

// openRead opens a file to read; never waits, never follows a link.
func openRead(dir int, path string) (int, error) {
	return openFile(dir, path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW)
}

// openLock opens a file of mode 0600, made where there is none, that is only there to be locked. It tells whether it
// was made, and fails with EAGAIN where it was there and went meanwhile, and with errForeignLock where it was there and
// somebody else's alone. It may have gone since: whether it is there tells nothing.
func openLock(dir int, path string) (fd int, made bool, err error) {
	flags := unix.O_RDWR | unix.O_NONBLOCK | unix.O_NOFOLLOW
	fd, err = openFile(dir, path, flags|unix.O_CREAT|unix.O_EXCL)
	if err != unix.EEXIST {
		return fd, err == nil, err
	}
	fd, err = openFile(dir, path, flags)
	switch err {
	case unix.ENOENT:
		err = unix.EAGAIN
	case unix.EACCES, unix.EPERM:
		err = errForeignLock
	}
	return fd, false, err
}

// pinDir opens a directory, so that names can be looked up in it wherever it is moved.
func pinDir(path string) (int, error) {
	return openFile(unix.AT_FDCWD, path, unix.O_PATH|unix.O_DIRECTORY)
}

// openDir opens a pinned directory to read it.
func openDir(dir int) (int, error) { return openFile(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY) }

func openFile(dir int, path string, flags int) (int, error) {
	fd := -1
	err := retry(func() (err error) {
		fd, err = unix.Openat(dir, path, flags|unix.O_CLOEXEC, privateMode)
		return err
	})
	return fd, err
}

// closeFD closes a descriptor, unless it is -1. It is gone whatever close says, and never closed again.
func closeFD(fd int) {
	if fd >= 0 {
		_ = unix.Close(fd)
	}
}

// tryLock locks an open file for ourselves until it is closed; false when somebody else has it.
func tryLock(fd int) (bool, error) {
	err := retry(func() error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	if err == unix.EWOULDBLOCK {
		return false, nil
	}
	return err == nil, err
}

// makePrivate sets the mode to 0600, whatever the umask took away.
func makePrivate(fd int) error {
	return retry(func() error { return unix.Fchmod(fd, privateMode) })
}

// makePathPrivate sets the mode of what stands at path to 0600, if it is id.
func makePathPrivate(dir int, path string, id fileID) error {
	// A socket cannot be opened, only pinned; its mode is then set by way of /proc, which cannot be
	// led elsewhere by a rename.
	pinned, err := openFile(dir, path, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return err
	}
	defer closeFD(pinned)
	seen, err := lookInto(pinned)
	if err != nil {
		return err
	}
	if seen.id != id {
		return unix.ESTALE
	}
	return retry(func() error { return unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", pinned), privateMode) })
}

// allocate reserves size bytes for real, so that no later write can find the file system full.
//
// The limit of this process on file sizes is looked at before: the kernel would answer with a signal that
// ends the process.
func allocate(fd int, size int64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err == nil && uint64(size) > uint64(limit.Cur) {
		return unix.EFBIG
	}
	// A file system may say EINTR whenever a signal has come, and that for ever.
	for range maxAllocations {
		if err := unix.Fallocate(fd, 0, 0, size); err != unix.EINTR {
			return err
		}
	}
	return unix.EINTR
}

// readStart reads at the start of a file; may read less.
func readStart(fd int, bytes []byte) (int, error) {
	count := 0
	err := retry(func() (err error) {
		count, err = unix.Pread(fd, bytes, 0)
		return err
	})
	return max(count, 0), err
}

// removeIf removes the name path in an open directory if it stands for id; it tells whether it did.
func removeIf(dir int, path string, id fileID) (bool, error) {
	found, err := lookAt(dir, path)
	switch {
	case err == unix.ENOENT:
		return false, nil
	case err != nil:
		return false, err
	case found.id != id:
		return false, nil
	}
	err = retry(func() error { return unix.Unlinkat(dir, path, 0) })
	return err == nil, err
}

// isExhausted tells whether we are out of descriptors, and so know nothing.
func isExhausted(err error) bool { return err == unix.EMFILE || err == unix.ENFILE }
