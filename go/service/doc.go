// Package service has typed clients, servers and caches of NetIPC, for any request kind.
//
// The packages below it are the five kinds that every peer knows, one short file each; most programs
// need one of them and nothing else. A program with a kind of its own describes it as a [Service].
//
//   - A client connects when it is refreshed, and survives an absent, restarting or vanishing
//     provider. One deadline covers a whole call. No goroutine works for it.
//   - A server runs a typed handler for many sessions at once, and tells a client that it has no slot
//     for before it accepts it.
//   - A cache keeps the last good answer, and finds items in it without I/O, locks or allocations.
//
// Errors are [*CallError] and [*ServeError]. errors.Is finds their number, such as [ErrTimeout], and
// whatever caused them.
package service
