//go:build linux

package posix_test

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/netipc/netipc/go/internal/rundir"
	"github.com/netipc/netipc/go/transport"
	"github.com/netipc/netipc/go/transport/posix"
)

func TestARunDirectoryThatOthersMayWriteToIsWarnedOfOnce(t *testing.T) {
	t.Parallel()
	for mode, warnings := range map[os.FileMode]int{0o700: 0, 0o777: 1} {
		dir := rundir.New(t)
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		endpoint, err := transport.NewEndpoint(dir, "svc")
		if err != nil {
			t.Fatal(err)
		}
		var lines bytes.Buffer
		native := posix.New().WithLogger(slog.New(slog.NewTextHandler(&lines, nil)))
		listener, err := native.Bind(endpoint, transport.BindOptions{})
		if err != nil {
			t.Fatal(err)
		}
		client, err := native.Connect(endpoint, transport.Timeout(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		_ = client.Close()
		_ = listener.Close()
		if found := strings.Count(lines.String(), "others may write to the run directory"); found != warnings {
			t.Errorf("mode %o: %d warnings: %s", mode, found, lines.String())
		}
	}
}
