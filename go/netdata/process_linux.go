package netdata

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// AuthTokenOfProcess returns the token of the agent that started process pid: for a program of the
// operator that wants to ask what that process serves. Root and the process's own user may ask.
func AuthTokenOfProcess(pid int) (uint64, error) {
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return 0, fmt.Errorf("cannot read the environment of process %d, which root and its own user can: %w", pid, err)
	}
	entries := strings.Split(string(environment), "\x00")
	token, err := tokenOf(func(name string) string {
		for _, entry := range entries {
			if value, ok := strings.CutPrefix(entry, name+"="); ok && value != "" {
				return value
			}
		}
		return ""
	})
	if errors.Is(err, ErrNoToken) {
		return 0, fmt.Errorf("process %d: %w", pid, err)
	}
	return token, err
}
