package service

import (
	"context"
	"iter"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// BatchReply is the replies to a batch, in the order of its requests.
type BatchReply[R any] struct {
	items  protocol.Packed
	decode func([]byte) (R, error)
}

// Len returns the number of replies.
func (b BatchReply[R]) Len() int { return b.items.Len() }

// Get returns reply i; false beyond the last.
func (b BatchReply[R]) Get(i int) (R, bool) {
	if uint(i) >= uint(b.items.Len()) {
		var none R
		return none, false
	}
	// Every reply was decoded before.
	reply, err := b.decode(b.items.Get(i))
	return reply, err == nil
}

// All returns every reply, in order.
func (b BatchReply[R]) All() iter.Seq2[int, R] {
	return func(yield func(int, R) bool) {
		for i := range b.items.Len() {
			if reply, ok := b.Get(i); !ok || !yield(i, reply) {
				return
			}
		}
	}
}

// CallBatch asks many requests in one message. No requests need no I/O. It fails with a [*CallError];
// one request that fails fails the batch.
func (c *Client[Q, R]) CallBatch(requests []Q) (BatchReply[R], error) {
	return c.CallBatchContext(context.Background(), requests)
}

// CallBatchContext is CallBatch, called off at once when ctx is done.
func (c *Client[Q, R]) CallBatchContext(ctx context.Context, requests []Q) (BatchReply[R], error) {
	if len(requests) == 0 {
		return BatchReply[R]{}, nil
	}
	reply := BatchReply[R]{decode: c.service.Reply.Decode}
	err := c.callWithContext(ctx, func(wait transport.Wait) *Failure {
		out, f := c.encodeBatch(requests)
		if f != nil {
			return f
		}
		return c.perform(out, wait, func([]byte) error { return reply.read(c.batch) })
	})
	if err != nil {
		return BatchReply[R]{}, err
	}
	return reply, nil
}

func (c *Client[Q, R]) encodeBatch(requests []Q) (outgoing, *Failure) {
	if !c.service.Batches {
		const what = "items of a method without batches"
		return outgoing{}, invalid(protocol.NewWireError(protocol.ErrBadItemCount, what, 1, uint64(len(requests))))
	}
	size := len(requests) * protocol.EntryLen
	for _, request := range requests {
		size += align8(c.service.Request.Size(request))
	}
	buf := c.requestBuffer(size)
	list, err := protocol.NewPackedWriter(buf, 0, len(requests))
	for _, request := range requests {
		if err != nil {
			break
		}
		err = push(&list, &c.service.Request, request)
	}
	if err == nil {
		size, err = list.FinishBatch()
	}
	if err != nil {
		return outgoing{}, invalid(err)
	}
	return outgoing{method: c.service.Code, items: clamp(len(requests)), payload: buf[:size]}, nil
}

// read takes the items of an answer and decodes each.
func (b *BatchReply[R]) read(items protocol.Packed) error {
	b.items = items
	for i := range b.items.Len() {
		if _, err := b.decode(b.items.Get(i)); err != nil {
			return err
		}
	}
	return nil
}

func push[T any](list *protocol.PackedWriter, codec *Codec[T], value T) error {
	dst, err := list.Open(codec.Size(value))
	if err != nil {
		return err
	}
	n, err := codec.Encode(dst, value)
	if err == nil {
		list.Commit(n)
	}
	return err
}

func align8(n int) int { return (n + 7) &^ 7 }
