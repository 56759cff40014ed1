//go:build unix

package system

import "os"

// UsualRunDir returns where endpoints are unless somebody says otherwise; false where that cannot be
// told.
func UsualRunDir(getenv func(string) (string, bool)) (string, bool) {
	if os.Geteuid() == 0 {
		return "/run/netipc", true
	}
	if dir, _ := getenv("XDG_RUNTIME_DIR"); dir != "" {
		return dir + "/netipc", true
	}
	return "", false
}

// Place returns what stands for a service in a run directory: its socket.
func Place(runDir, service string) string { return runDir + "/" + service + ".sock" }
