package system

import (
	"io"
	"os"
)

// Stderr writes to stderr, where nothing tells whether anybody reads.
func Stderr() io.Writer { return os.Stderr }
