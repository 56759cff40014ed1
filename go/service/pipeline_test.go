package service_test

import (
	"context"
	"errors"
	"testing"

	"github.com/netipc/netipc/go/internal/conformance/services"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/service"
	"github.com/netipc/netipc/go/service/increment"
)

// A pipeline that gives up leaves no answers behind for who calls next.
func TestAPipelineThatGivesUpLeavesNoAnswersBehind(t *testing.T) {
	t.Parallel()
	numbers := increment.Service
	numbers.Request.Encode = func(dst []byte, n uint64) (int, error) {
		if n == 13 {
			return 0, errors.New("unlucky")
		}
		return protocol.EncodeIncrement(dst, n)
	}
	for name, row := range map[string]struct {
		requests []uint64
		fails    error
	}{
		"unsupported": {[]uint64{3, 4, 5}, service.ErrUnsupported},
		"invalid":     {[]uint64{4, 5, 13}, service.ErrInvalidRequest},
		"panic":       {[]uint64{6, 7, 8}, errPanic},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := services.NewWorld(t, native(), protocol.ProfileBaseline)
			w.Serve(service.NewServer(w.Dir, "svc", w.ServerConfig(), service.ValueHandler(&increment.Service, func(n uint64) (uint64, error) {
				if n == 3 {
					return 0, &service.HandlerError{Status: protocol.StatusUnsupported}
				}
				return n + 1, nil
			})))
			c := services.Connected(w, service.NewClient(&numbers, w.Dir, "svc", w.ClientConfig()))
			ctx, cancel := context.WithCancel(t.Context())
			if err := pipelined(ctx, c, row.requests); !errors.Is(err, row.fails) {
				t.Fatal(err)
			}
			if c.State() != service.StateBroken {
				t.Fatalf("%+v", c.Status())
			}
			// Nor does the context of what failed end anything else.
			cancel()
			c.Refresh()
			if n, err := c.Call(100); n != 101 || err != nil || c.Counters().Retries != 0 {
				t.Fatal(n, err, c.Counters())
			}
		})
	}
}

func TestAPipelineThatFailsWithItsLastRequestKeepsTheSession(t *testing.T) {
	t.Parallel()
	w := services.NewWorld(t, native(), protocol.ProfileBaseline)
	w.Serve(service.NewServer(w.Dir, "svc", w.ServerConfig(), service.ValueHandler(&increment.Service, func(n uint64) (uint64, error) {
		return 0, &service.HandlerError{Status: protocol.StatusUnsupported}
	})))
	c := w.Incrementer()
	w.Fails(c.CallPipelined([]uint64{3}, 3, func(int, uint64) {}), service.ErrUnsupported)
	if !c.Ready() {
		t.Fatalf("%+v", c.Status())
	}
}

var errPanic = errors.New("a panic")

// pipelined asks requests, all of them in flight at once, and panics at the answer to 6.
func pipelined(ctx context.Context, c *service.Client[uint64, uint64], requests []uint64) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	return c.CallPipelinedContext(ctx, requests, len(requests), func(_ int, reply uint64) {
		if reply == 7 {
			panic("on purpose")
		}
	})
}
