package service

import (
	"context"
	"slices"

	"github.com/netipc/netipc/go/internal/connection"
	"github.com/netipc/netipc/go/protocol"
	"github.com/netipc/netipc/go/transport"
)

// pipelineState is where the requests of a pipeline are.
type pipelineState struct {
	// Which requests have a reply, by index.
	answered []bool
	// The requests in flight, oldest first, and the session they are in flight over.
	inFlight []pending
	session  *connection.Connection
}

type pending struct {
	header protocol.Header
	index  int
}

// CallPipelined asks many requests with up to window of them in flight, and hands each reply with the
// index of its request to each, in the order the replies come.
//
// Over shared memory, where one message is in flight at a time, they go one by one. After a lost
// session only those without a reply are asked again. It fails with a [*CallError], after which each
// may have seen some of the replies.
func (c *Client[Q, R]) CallPipelined(requests []Q, window int, each func(index int, reply R)) error {
	return c.CallPipelinedContext(context.Background(), requests, window, each)
}

// CallPipelinedContext is CallPipelined, called off at once when ctx is done.
func (c *Client[Q, R]) CallPipelinedContext(ctx context.Context, requests []Q, window int, each func(index int, reply R)) error {
	p := &c.pipelineState
	p.answered = slices.Grow(p.answered[:0], len(requests))[:len(requests)]
	clear(p.answered)
	return c.callWithContext(ctx, func(wait transport.Wait) *Failure {
		defer c.dropUnanswered()
		var tried attempts
		for {
			failure := c.pipeline(requests, window, each, wait)
			if failure == nil {
				return nil
			}
			if tried, failure = c.retry(failure, tried, wait); failure != nil {
				return failure
			}
		}
	})
}

// pipeline asks everything that has no reply yet, over one session.
func (c *Client[Q, R]) pipeline(requests []Q, window int, each func(int, R), wait transport.Wait) *Failure {
	largest := 0
	for _, request := range requests {
		largest = max(largest, c.service.Request.Size(request))
	}
	if f := c.makeRoom(ofRequest(largest, 1), wait); f != nil {
		return f
	}
	p := &c.pipelineState
	p.inFlight, p.session = p.inFlight[:0], c.connection
	next := 0
	for {
		for next < len(requests) && p.answered[next] {
			next++
		}
		if next < len(requests) && c.maySend(window, c.service.Request.Size(requests[next])) {
			sent, f := c.sendNext(requests[next], next, wait)
			if f != nil {
				return f
			}
			if sent {
				next++
				continue
			}
		}
		if len(p.inFlight) == 0 {
			return nil
		}
		if f := c.receiveOne(each, wait); f != nil {
			return f
		}
	}
}

// dropUnanswered drops a session that still has requests in flight, also when a caller's function
// panics: the next call would receive their answers.
func (c *Client[Q, R]) dropUnanswered() {
	p := &c.pipelineState
	if len(p.inFlight) > 0 && c.connection != nil && c.connection == p.session {
		c.dropSession(StateBroken)
	}
	p.inFlight, p.session = p.inFlight[:0], nil
}

// sendNext sends a request; it tells whether that needed no waiting while others are in flight.
func (c *Client[Q, R]) sendNext(request Q, index int, wait transport.Wait) (bool, *Failure) {
	out, f := c.encode(request)
	if f != nil {
		return false, f
	}
	alone := len(c.pipelineState.inFlight) == 0
	if !alone {
		// With requests in flight a send must not wait: the server may be waiting for us to take its
		// answers. A deadline that has passed sends what needs no waiting.
		wait.Deadline = c.created.Add(c.began)
	}
	header := out.header(c.nextID)
	f = c.send(&header, out.payload, wait)
	switch {
	case f == nil:
		c.pipelineState.inFlight = append(c.pipelineState.inFlight, pending{header, index})
		return true, nil
	case f.Kind == FailureTimeout && !alone:
		return false, nil
	}
	return false, f
}

// receiveOne receives one answer and hands it over.
func (c *Client[Q, R]) receiveOne(each func(int, R), wait transport.Wait) *Failure {
	reply, f := c.receive(wait)
	if f != nil {
		return f
	}
	p := &c.pipelineState
	at := slices.IndexFunc(p.inFlight, func(f pending) bool { return f.header.MessageID == reply.MessageID })
	// An answer to none of them is checked against the oldest, and fails there.
	at = max(at, 0)
	asked := p.inFlight[at]
	p.inFlight = slices.Delete(p.inFlight, at, at+1)
	if f := c.checkAnswer(&asked.header, reply); f != nil {
		return f
	}
	c.countReply(reply)
	value, err := c.service.Reply.Decode(c.payload)
	if err != nil {
		return broken(err)
	}
	each(asked.index, value)
	p.answered[asked.index] = true
	return nil
}

// maySend tells whether a request of size bytes may join those in flight, of which there may be most.
func (c *Client[Q, R]) maySend(most, size int) bool {
	inFlight := len(c.pipelineState.inFlight)
	if inFlight == 0 {
		return true
	}
	window, packet := c.window()
	// A message of several packets waits until nothing is in flight: with half of one sent, we would
	// wait for the server while it waits for us to take its answers.
	return size+protocol.HeaderLen <= packet && inFlight < min(most, window)
}
