// Package connection is Level 1: a session with one peer that one drives on one's own. Messages are a
// header and bytes; what the bytes mean is nobody's business here.
//
//	client   Connect ─▶ Send, Send, .. ─▶ Receive, Receive, ..     answers are matched by their ids
//	server   Listen ─▶ Accept ─▶ Receive ─▶ Send(request.Header.Answer(status), ..)
//
// It is for event loops, for services whose requests are not typed, and for tests of peers. Everybody
// else wants package service, which is made of this and adds what a plugin needs: reconnecting, retry,
// growth, many sessions, typed handlers. The bytes of the known request kinds are in package protocol.
//
// Every operation that may wait takes a [transport.Wait], which says until when and who may call it
// off; [transport.Timeout] of 0 does what needs no waiting. Each has a twin that takes a
// [context.Context] instead.
package connection
