//go:build unix

package system

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// MakeRunDir makes the run directory for our own user alone, where there is none. What was made here
// is removed by remove, unless somebody else uses it by then; remove is nil where it was there.
func MakeRunDir(path string) (remove func(), err error) {
	err = os.Mkdir(path, 0o700)
	switch {
	case err == nil:
		return func() { _ = os.Remove(path) }, nil
	case errors.Is(err, fs.ErrExist):
		if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
			return nil, nil
		}
	}
	return nil, fmt.Errorf("cannot make the run directory: %w", err)
}
