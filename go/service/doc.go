// Package service has typed clients, servers and caches of NetIPC, for any request kind.
//
// The packages below it are the five kinds that every peer knows, one short file each; most programs
// need one of them and nothing else. A program with a kind of its own describes it as a [Service].
//
//   - A client connects when it is refreshed, and survives an absent, restarting or vanishing
//     provider. One deadline covers a whole call. It starts no goroutine.
//   - A server runs a typed handler for many sessions at once, and refuses a client beyond the most
//     sessions in the handshake.
//   - A cache keeps the last good answer, and finds items in it without I/O, locks or allocations.
//
// Errors are [*CallError] and [*ServeError]. errors.Is finds their number, such as [ErrTimeout], and
// whatever caused them.
package service
