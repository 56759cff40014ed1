// Netipc-codec-peer is the Go peer of the differential test: it encodes and decodes what it is told
// to, until its input ends. The README of the interop directory has the lines.
package main

import (
	"fmt"
	"os"

	"github.com/netipc/netipc/go/internal/codecpeer"
)

func main() {
	if err := codecpeer.Run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "netipc-codec-peer:", err)
		os.Exit(1)
	}
}
