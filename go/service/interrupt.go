package service

import (
	"context"
	"sync"

	"github.com/netipc/netipc/go/transport"
)

// interrupt ends what a client does, and has two causes: its owner aborts it, until that is cleared, or
// the context of one call is done.
type interrupt struct {
	abort transport.Abort

	mu sync.Mutex
	// Whether the abort is raised by the owner, and by the context of a call.
	byOwner, byContext bool
}

func (i *interrupt) raise() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.byOwner = true
	i.abort.Raise()
}

// isByOwner tells whether the owner has raised the abort.
func (i *interrupt) isByOwner() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.byOwner
}

func (i *interrupt) clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.byOwner = false
	if !i.byContext {
		i.abort.Clear()
	}
}

// follow raises the abort once ctx is done, until release is called, which waits for it and takes it
// back.
func (i *interrupt) follow(ctx context.Context) (release func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		i.mu.Lock()
		defer i.mu.Unlock()
		i.byContext = true
		i.abort.Raise()
	})
	return func() {
		if stop() {
			return
		}
		<-done
		i.mu.Lock()
		defer i.mu.Unlock()
		i.byContext = false
		if !i.byOwner {
			i.abort.Clear()
		}
	}
}
