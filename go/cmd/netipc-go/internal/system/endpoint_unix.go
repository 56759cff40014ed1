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

// RunDirHelp says what the usual run directory is, and what to do where there is none.
const (
	RunDirHelp = "$NETIPC_RUN_DIR, else /run/netipc for root and $XDG_RUNTIME_DIR/netipc for others"
	NoRunDir   = "there is no usual run directory without XDG_RUNTIME_DIR: give --run-dir"
)
