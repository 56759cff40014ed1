package service_test

import (
	"errors"
	"testing"

	"github.com/netipc/netipc/go/internal/conformance"
	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/transport"
)

// Untyped clients and servers keep all the rules of typed ones, over every transport.
func TestUntypedSidesMeetTypedOnes(t *testing.T) {
	for _, world := range worlds {
		t.Run(world.name, func(t *testing.T) {
			t.Parallel()
			w := services.NewWorld(t, world.backend(), world.profiles)
			w.Serve(incrementServer(w, w.ServerConfig()))
			c := service.NewAnyClient(w.Dir, "svc", w.ClientConfig())
			t.Cleanup(func() { w.No(c.Close()) })
			soon := transport.Timeout(conformance.Soon)
			if !c.Refresh(soon) || !c.Ready() || c.OpenError() != nil {
				t.Fatalf("%+v", c.Status())
			}
			request := make([]byte, 8)
			_, err := protocol.EncodeIncrement(request, 41)
			w.No(err)
			reply, err := c.Call(protocol.MethodIncrement, request, soon, nil)
			w.No(err)
			if n, err := protocol.DecodeIncrement(reply); n != 42 || err != nil {
				t.Fatal(n, err)
			}
			batch, err := c.CallBatch(protocol.MethodIncrement, [][]byte{request, request, request}, soon)
			w.No(err)
			if batch.Len() != 3 || len(batch.Get(2)) != 8 {
				t.Fatal(batch)
			}
			_, err = c.Call(protocol.MethodStringReverse, request, soon, nil)
			w.Fails(err, service.ErrUnsupported)
			refusals := 0
			_, err = c.Call(protocol.MethodIncrement, request, soon, func([]byte) error {
				refusals++
				return errors.New("not as I like it")
			})
			w.Fails(err, service.ErrProtocol)
			if refusals != 2 {
				t.Fatalf("it was looked at %d times", refusals)
			}
			var abort transport.Abort
			defer abort.Close()
			abort.Raise()
			c.Refresh(soon)
			_, err = c.Call(protocol.MethodIncrement, request, soon.OrAbort(&abort), nil)
			w.Fails(err, service.ErrAborted)
		})
	}
}
