package service

import (
	"context"
	"iter"
	"slices"

	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// BatchReply is the replies to a batch, in the order of its requests.
type BatchReply[R any] struct{ replies []R }

// Len returns the number of replies.
func (b BatchReply[R]) Len() int { return len(b.replies) }

// Get returns reply i; false beyond the last.
func (b BatchReply[R]) Get(i int) (R, bool) {
	if uint(i) >= uint(len(b.replies)) {
		var none R
		return none, false
	}
	return b.replies[i], true
}

// All returns every reply, in order.
func (b BatchReply[R]) All() iter.Seq2[int, R] { return slices.All(b.replies) }

// CallBatch asks many requests in one message. No requests need no I/O. It fails with a [*CallError];
// one request that fails fails the batch.
func (c *Client[Q, R]) CallBatch(requests []Q) (BatchReply[R], error) {
	if len(requests) == 0 {
		return BatchReply[R]{}, nil
	}
	return c.batchResult(c.finish(c.askBatch(requests, c.begin(0))))
}

// CallBatchContext is CallBatch, called off at once when ctx is done.
func (c *Client[Q, R]) CallBatchContext(ctx context.Context, requests []Q) (BatchReply[R], error) {
	if len(requests) == 0 {
		return BatchReply[R]{}, nil
	}
	return c.batchResult(c.callWithContext(ctx, func(wait transport.Wait) *Failure { return c.askBatch(requests, wait) }))
}

// batchResult returns the replies of a batch that succeeded, or err.
func (c *Client[Q, R]) batchResult(err error) (BatchReply[R], error) {
	if err != nil {
		return BatchReply[R]{}, err
	}
	return BatchReply[R]{c.replies}, nil
}

// askBatch makes one logical call; it leaves the replies in c.replies.
func (c *Client[Q, R]) askBatch(requests []Q, wait transport.Wait) *Failure {
	out, f := c.encodeBatch(requests)
	if f != nil {
		return f
	}
	return c.perform(out, wait, c.checkBatch)
}

func (c *Client[Q, R]) encodeBatch(requests []Q) (outgoing, *Failure) {
	if !c.service.Batches {
		const what = "items of a method without batches"
		return outgoing{}, invalid(protocol.NewWireError(protocol.ErrBadItemCount, what, 1, uint64(len(requests))))
	}
	buf := c.requestBuffer(c.service.Request.sizeOfAll(requests))
	size, err := c.service.Request.encodeAll(buf, requests)
	if err != nil {
		return outgoing{}, invalid(err)
	}
	return outgoing{method: c.service.Code, items: clamp(len(requests)), payload: buf[:size]}, nil
}

// decodeBatch makes the items of the answer that came last the replies.
func (c *Client[Q, R]) decodeBatch() error {
	count := c.batch.Len()
	c.replies = slices.Grow(c.replies[:0], count)[:count]
	return c.service.Reply.decodeAll(c.replies, c.batch)
}

// sizeOfAll returns the bytes of a batch of values.
func (c *Codec[T]) sizeOfAll(values []T) int {
	if c.FixedSize != 0 {
		return len(values) * (protocol.EntryLen + align8(c.FixedSize))
	}
	size := len(values) * protocol.EntryLen
	for _, value := range values {
		size += align8(c.Size(value))
	}
	return size
}

// encodeAll writes the payload of a batch of values to dst; it returns its length.
func (c *Codec[T]) encodeAll(dst []byte, values []T) (int, error) {
	if c.EncodeBatch != nil {
		return c.EncodeBatch(dst, values)
	}
	list, err := protocol.NewPackedWriter(dst, 0, len(values))
	if err != nil {
		return 0, err
	}
	for _, value := range values {
		if err := push(&list, c, value); err != nil {
			return 0, err
		}
	}
	return list.FinishBatch()
}

// decodeAll reads each item of a batch into values, of which there are as many.
func (c *Codec[T]) decodeAll(values []T, batch protocol.Packed) error {
	if c.DecodeBatch != nil {
		return c.DecodeBatch(values, batch)
	}
	for i := range values {
		var err error
		if values[i], err = c.Decode(batch.Get(i)); err != nil {
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
