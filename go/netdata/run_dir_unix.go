//go:build unix

package netdata

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// usualRunDirs is where agents keep their run directory, the likeliest first.
var usualRunDirs = func() []string {
	common := []string{"/var/run/netdata", "/tmp/netdata"}
	switch runtime.GOOS {
	case "linux":
		return append([]string{"/run/netdata"}, common...)
	case "darwin":
		return append([]string{"/private/var/run/netdata"}, common...)
	default:
		return common
	}
}()

// isAccessible tells whether dir is a directory in which this process may do what it wants to.
func isAccessible(dir string, access Access) bool {
	mode := uint32(unix.R_OK | unix.X_OK)
	if access == Write {
		mode = unix.W_OK | unix.X_OK
	}
	info, err := os.Stat(dir)
	return err == nil && info.IsDir() && unix.Faccessat(unix.AT_FDCWD, dir, mode, unix.AT_EACCESS) == nil
}

// create makes dir, whose parent must be there.
func create(dir string) error { return os.Mkdir(dir, 0o755) }
