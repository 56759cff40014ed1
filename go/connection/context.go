package connection

import (
	"context"
	"errors"
	"fmt"

	"github.com/netipc/netipc/go/transport"
)

// ofContext runs an operation for as long as ctx allows.
func ofContext[T any](ctx context.Context, operation func(transport.Wait) (T, error)) (result T, err error) {
	var cancelled transport.Abort
	defer cancelled.Close()
	err = within(ctx, &cancelled, func(wait transport.Wait) (err error) {
		result, err = operation(wait)
		return err
	})
	return result, err
}

// during is the same for operations of a connection, whose abort is made once.
func (c *Connection) during(ctx context.Context, operation func(transport.Wait) error) error {
	return within(ctx, &c.cancelled, operation)
}

// within raises cancelled once ctx is cancelled, for as long as the operation runs. What it then fails with is
// also the error of ctx.
func within(ctx context.Context, cancelled *transport.Abort, operation func(transport.Wait) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	wait := transport.Wait{Abort: cancelled}
	deadline, bounded := ctx.Deadline()
	if bounded {
		wait.Deadline = deadline
	}
	raised := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(raised)
		// The wait knows the deadline itself.
		if !bounded || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			cancelled.Raise()
		}
	})
	err := operation(wait)
	if !stop() {
		<-raised
		cancelled.Clear()
	}
	switch {
	case errors.Is(err, transport.ErrAborted):
		return fmt.Errorf("%w: %w", err, ctx.Err())
	case errors.Is(err, transport.ErrTimeout):
		// The same deadline, which ctx may tell a little later.
		return fmt.Errorf("%w: %w", err, context.DeadlineExceeded)
	}
	return err
}
