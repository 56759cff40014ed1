package native

import (
	"time"

	"github.com/netipc/netipc/go/transport"
)

// sleep waits until w ends, and fails as it does.
func sleep(w transport.Wait) error {
	for {
		if err := w.Sleep(time.Hour); err != nil {
			return err
		}
	}
}
