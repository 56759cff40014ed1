package service

import (
	"context"
	"sync"

	"github.com/netipc/netipc/go/transport"
)

// interrupt calls off what a client does: by its owner, until cleared; or by a context, for one call.
type interrupt struct {
	abort transport.Abort

	mu sync.Mutex
	// Whether the owner has called everything off, and whether a context has this call.
	owner, context bool
}

func (i *interrupt) raise() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.owner = true
	i.abort.Raise()
}

func (i *interrupt) clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.owner = false
	if !i.context {
		i.abort.Clear()
	}
}

// follow calls off what waits once ctx is done, until release is called. Nothing runs after that.
func (i *interrupt) follow(ctx context.Context) (release func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		i.mu.Lock()
		defer i.mu.Unlock()
		i.context = true
		i.abort.Raise()
	})
	return func() {
		if stop() {
			return
		}
		<-done
		i.mu.Lock()
		defer i.mu.Unlock()
		i.context = false
		if !i.owner {
			i.abort.Clear()
		}
	}
}
