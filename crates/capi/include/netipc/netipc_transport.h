/**
 * \file netipc_transport.h
 * Level 1 of NetIPC: sessions and listeners, for programs that drive them themselves, such as those
 * around an event loop, or whose messages are their own. Everybody else wants netipc_service.h, which this
 * includes for configurations, states and the log. What messages hold is read and written with
 * netipc_protocol.h.
 *
 * A session carries messages: an envelope (nipc_header_t) and a payload. The side that connected sends
 * requests, several at a time if it likes, and the other side answers each by its message_id, in any
 * order. Packets, chunks and shared memory are behind it. docs/level1.md is the guide.
 *
 * Sessions and listeners live in storage of the caller that is zeroed before its first use, as "static" or
 * "= {0}" makes it, and must not be copied or moved while they are open. Closing one frees everything that it
 * holds, and may be repeated. None of the functions is for signal handlers, and what was opened before a
 * fork() is for the parent alone.
 *
 * Timeouts are in milliseconds: 0 does what needs no waiting, and NIPC_WAIT_FOREVER is no deadline. Pointers
 * that may not be NULL give NIPC_ERR_INVALID_ARGUMENT; functions that return nothing then do nothing.
 *
 * Generated from crates/capi/src/transport by "cargo xtask headers": change the sources, not this file.
 */
#ifndef NETIPC_TRANSPORT_H
#define NETIPC_TRANSPORT_H

#include "netipc_service.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Messages and what was agreed ---------------------------------------------------------- */

/** Waits as long as it takes, unless it is aborted. */
#define NIPC_WAIT_FOREVER 0xffffffffu

/**
 * A message that was received. Its payload lies in the session, until the next message is received or
 * the session is closed. The items of a batch are read by nipc_batch_item_get; the directory was
 * checked.
 */
typedef struct nipc_message_t {
    /** Its envelope. */
    nipc_header_t header;
    /** Its payload, of all packets together. */
    const void *payload;
    /** Bytes of the payload. */
    size_t payload_len;
} nipc_message_t;

/**
 * What the handshake of a session agreed on, what carries its data, and who is at its other end.
 */
typedef struct nipc_session_info_t {
    /** What the data really goes over: NIPC_TRANSPORT_SHM is shared memory. */
    nipc_transport_t transport;
    /** The profile that was selected: one NIPC_PROFILE_* bit. */
    uint32_t profile;
    /** The server's number for the session. */
    uint64_t session_id;
    /** The profiles that the server can use. */
    uint32_t server_profiles;
    /** Bytes of a packet. A longer message goes in several, unless they lie in shared memory. */
    uint32_t packet_size;
    /** Bytes that a request payload may have. */
    uint32_t max_request_payload_bytes;
    /** Items that a request batch may have. */
    uint32_t max_request_batch_items;
    /** Bytes that a response payload may have. */
    uint32_t max_response_payload_bytes;
    /** Items that a response batch may have. */
    uint32_t max_response_batch_items;
    /**
     * Messages that may be under way in one direction; sending one more gives NIPC_ERR_BUSY. 0 where
     * that is up to the peer: sending then waits.
     */
    uint32_t window;
    /** Requests that were sent and have no response yet. */
    uint32_t in_flight;
    /** The process at the other end; 0 where it is not known. */
    uint32_t peer_pid;
    /** Its user; NIPC_UID_UNSET where it is not known. */
    uint32_t peer_uid;
} nipc_session_info_t;

/**
 * Makes the envelope of the response to a request: with its code, its id, and the items of its batch
 * where the status is NIPC_STATUS_OK.
 *
 * \param request  the request's envelope
 * \param status   a NIPC_STATUS_ number. A response with another than NIPC_STATUS_OK has no payload
 * \param out      the envelope; zeroed on failure
 * \return NIPC_OK, or NIPC_ERR_INVALID_ARGUMENT for NULL
 */
nipc_error_t nipc_header_answer(const nipc_header_t *request,
                                uint16_t status,
                                nipc_header_t *out);

/* ---- Sessions ------------------------------------------------------------------------------ */

/**
 * A session with one peer: messages go out and come in, over whatever was negotiated. It lives where
 * the caller wants, zeroed before its first use, and must not be copied or moved while it is open.
 *
 * One thread uses it at a time; another gets NIPC_ERR_BUSY. nipc_session_abort, _clear_abort, _state
 * and _close are for any thread. What is sent is in the order of the calls; several requests may be
 * under way, and responses name them by their message_id.
 */
typedef struct nipc_session_t {
    /** Private. */
    nipc_storage_t storage;
    /** Private. */
    uint32_t state;
    /** Private. */
    uint32_t aborted;
    /** Private: why there is no session. */
    uint8_t failure[496];
} nipc_session_t;

/**
 * Connects to the service at run_dir/service.sock and shakes hands.
 *
 * Nothing is kept of the arguments. After an error the session is closed, as it was before;
 * nipc_session_state tells whether somebody serves the endpoint and what it made of the token and the
 * profiles, nipc_session_last_error tells it in words.
 *
 * \param session     zeroed, or closed
 * \param run_dir     the directory of the endpoints
 * \param service     the name of the service
 * \param config      what to propose; NULL is a zeroed one. Limits do not grow here: 0 proposes
 *                    requests of 1024 bytes and of one item, and responses of 1024 bytes, of which the
 *                    server may make more. The timeout and what concerns lookups is for clients, and
 *                    does not matter here
 * \param timeout_ms  milliseconds that it may take; NIPC_WAIT_FOREVER is no deadline
 * \return NIPC_OK; NIPC_ERR_BUSY for a session that is open; NIPC_ERR_INVALID_ARGUMENT for NULL or a
 *         name that is not valid; NIPC_ERR_DISCONNECTED where nobody serves the endpoint, or hung up;
 *         NIPC_ERR_REJECTED for the token, or for a server that is full; NIPC_ERR_UNSUPPORTED for
 *         another version, or no common profile; NIPC_ERR_OVERFLOW where the server does not take as
 *         large requests; NIPC_ERR_TIMEOUT, NIPC_ERR_ABORTED, NIPC_ERR_PROTOCOL, NIPC_ERR_IO
 */
nipc_error_t nipc_session_connect(nipc_session_t *session,
                                  const char *run_dir,
                                  const char *service,
                                  const nipc_client_config_t *config,
                                  uint32_t timeout_ms);

/**
 * Shakes hands with a client that nipc_listener_accept_link took. One that is refused is answered why.
 *
 * \param timeout_ms  milliseconds that it may take; a few are enough once the wait object is ready
 * \return NIPC_OK, with which the session is there; as nipc_listener_accept for a client that gets none, with
 *         which the session is closed, and which nipc_session_last_error explains; NIPC_ERR_NOT_READY for a
 *         session that waits for no handshake
 */
nipc_error_t nipc_session_handshake(nipc_session_t *session,
                                    uint32_t timeout_ms);

/**
 * Sends a message, in as many packets as it takes.
 *
 * \param header       its envelope: kind (NIPC_KIND_REQUEST from the side that connected, and
 *                     NIPC_KIND_RESPONSE from the other one), code, message_id, and for batches
 *                     NIPC_FLAG_BATCH and item_count. An item_count of 0 is 1. Magic, version and both
 *                     lengths are filled in: nipc_session_send_packet sends what is wrong
 * \param payload      may be that of the message that the same session received last; NULL with length
 *                     0 is none
 * \param payload_len  its bytes
 * \param timeout_ms   milliseconds that it may take, where the peer is slow to make room;
 *                     NIPC_WAIT_FOREVER is no deadline
 * \return NIPC_OK; nothing was sent, and the session goes on, after NIPC_ERR_OVERFLOW for more than was
 *         agreed, NIPC_ERR_BUSY for a full window, NIPC_ERR_INVALID_ARGUMENT for an id that is in flight
 *         or for NULL, and NIPC_ERR_BAD_KIND; after NIPC_ERR_TIMEOUT and NIPC_ERR_ABORTED nothing was
 *         sent unless nipc_session_state tells NIPC_CLIENT_BROKEN: then a part was, and the session is
 *         over, as after NIPC_ERR_DISCONNECTED and NIPC_ERR_IO; NIPC_ERR_NOT_READY where there is none
 */
nipc_error_t nipc_session_send(nipc_session_t *session,
                               const nipc_header_t *header,
                               const void *payload,
                               size_t payload_len,
                               uint32_t timeout_ms);

/**
 * Receives the next message.
 *
 * A request that is above the limits, or whose batch is malformed, is answered here with the status that
 * says so, before the error is returned.
 *
 * \param out         the message; zeroed on failure
 * \param timeout_ms  milliseconds to wait for one; 0 takes what is there; NIPC_WAIT_FOREVER waits for it
 * \return NIPC_OK; NIPC_ERR_TIMEOUT or NIPC_ERR_ABORTED, after which it may be tried again; after any
 *         other the session is over: NIPC_ERR_DISCONNECTED for a peer that has hung up, NIPC_ERR_OVERFLOW
 *         for more than was agreed, NIPC_ERR_PROTOCOL for a response to nothing that was asked, and the
 *         errors of decoders for bytes that break the layout; NIPC_ERR_NOT_READY where there is none
 */
nipc_error_t nipc_session_receive(nipc_session_t *session,
                                  nipc_message_t *out,
                                  uint32_t timeout_ms);

/**
 * Sends bytes as one packet, whatever they are: for tests, and for what peers should not send. The session
 * does not know of it: a response to what was sent this way is not one that nipc_session_receive
 * expects.
 *
 * \param packet  at least one byte
 * \return as nipc_session_send
 */
nipc_error_t nipc_session_send_packet(nipc_session_t *session,
                                      const void *packet,
                                      size_t packet_len,
                                      uint32_t timeout_ms);

/**
 * Receives one packet, whatever it is: the counterpart of nipc_session_send_packet.
 *
 * \param buf         where to
 * \param buf_len     its bytes; what does not fit is dropped
 * \param packet_len  bytes of the whole packet; 0 on failure
 * \return as nipc_session_receive, but for the errors that are about messages
 */
nipc_error_t nipc_session_receive_packet(nipc_session_t *session,
                                         void *buf,
                                         size_t buf_len,
                                         size_t *packet_len,
                                         uint32_t timeout_ms);

/**
 * Looks whether the peer is still there, at once and without taking data: the messages that it sent
 * before it hung up can still be received.
 *
 * \return NIPC_OK; NIPC_ERR_DISCONNECTED for one that has hung up; NIPC_ERR_NOT_READY without a session
 */
nipc_error_t nipc_session_check(nipc_session_t *session);

/**
 * Makes sure, before the session is closed, that what was sent last arrives, also where the peer has sent
 * what nobody received: nothing can be sent after. Waits at most 100 ms for the peer to go.
 */
void nipc_session_linger(nipc_session_t *session);

/**
 * Gives up on what was asked: nothing can be sent after. Tells which requests have no response, the oldest
 * first, for a program that asks them again in another session.
 *
 * \param ids   where to write their message_ids; may be NULL where room is 0
 * \param room  how many fit
 * \return how many there are; 0 where there is no session
 */
size_t nipc_session_give_up(nipc_session_t *session,
                            uint64_t *ids,
                            size_t room);

/**
 * Where the session stands: NIPC_CLIENT_READY while messages can be sent and received,
 * NIPC_CLIENT_BROKEN when it is over and is to be closed, NIPC_CLIENT_DISCONNECTED when it is closed;
 * after a failed connect why, as nipc_client_state_t says. For any thread.
 */
nipc_client_state_t nipc_session_state(const nipc_session_t *session);

/**
 * Tells what was agreed, what carries the data, and who is at the other end.
 *
 * \return NIPC_OK; with a zeroed out, NIPC_ERR_NOT_READY without a session, and NIPC_ERR_BUSY while
 *         another thread uses it
 */
nipc_error_t nipc_session_info(nipc_session_t *session, nipc_session_info_t *out);

/**
 * What an event loop can wait for. Over a socket or a pipe it becomes ready (a descriptor readable, a
 * handle signalled) when a message or a hang-up waits; over shared memory for hang-ups only, so that
 * programs that wait for messages in event loops offer NIPC_PROFILE_BASELINE alone. A ready one may
 * stand for a part of a message: receive with a timeout of 0, until NIPC_ERR_TIMEOUT. Before a handshake it
 * is for nipc_session_handshake. It belongs to the session: neither read nor close it.
 *
 * \return a descriptor on Unix, a HANDLE on Windows; NIPC_NATIVE_NONE without a session, and while
 *         another thread uses it
 */
nipc_native_t nipc_session_wait_object(const nipc_session_t *session);

/**
 * Aborts what the session is doing, and everything that follows until nipc_session_clear_abort: it
 * returns NIPC_ERR_ABORTED. For any thread, also before it is connected. Closing the session clears it.
 */
void nipc_session_abort(nipc_session_t *session);

/** Lets the session go on. For any thread. */
void nipc_session_clear_abort(nipc_session_t *session);

/**
 * Ends the session and frees everything. The message that was received last ends with it. What another
 * thread does with the session is aborted and waited for. Closing twice, or a zeroed session, does
 * nothing. A closed session can be connected again.
 */
void nipc_session_close(nipc_session_t *session);

/**
 * Why the last function that failed did, with the endpoint and the cause; after a failed connect, until
 * the next one. Copies as much as fits, with a NUL, like snprintf.
 *
 * \param buf      where to copy to; may be NULL where buf_len is 0
 * \param buf_len  its bytes
 * \return the length of the whole text, without NUL; 0 where nothing has failed
 */
size_t nipc_session_last_error(nipc_session_t *session,
                               char *buf,
                               size_t buf_len);

/* ---- Listeners ----------------------------------------------------------------------------- */

/**
 * An endpoint that gives sessions. It lives where the caller wants, zeroed before its first use, and
 * must not be copied or moved while it is open.
 *
 * One thread accepts at a time; another gets NIPC_ERR_BUSY. The other functions are for any thread.
 */
typedef struct nipc_listener_t {
    /** Private. */
    nipc_storage_t storage;
    /** Private. */
    uint32_t aborted;
    /** Private: why there is no listener. */
    uint8_t failure[496];
} nipc_listener_t;

/**
 * Becomes the owner of the endpoint run_dir/service.sock. Clients can connect from here on, and get
 * sessions from nipc_listener_accept.
 *
 * Nothing is kept of the arguments. After an error the listener is closed, as it was before;
 * nipc_listener_last_error tells more.
 *
 * \param listener  zeroed, or closed
 * \param run_dir   the directory of the endpoints; it must exist
 * \param service   the name of the service
 * \param config    what to agree to; NULL is a zeroed one
 * \return NIPC_OK; NIPC_ERR_BUSY for a listener that is open; NIPC_ERR_INVALID_ARGUMENT for NULL or a
 *         name that is not valid; NIPC_ERR_ADDRESS_IN_USE where another server has the endpoint;
 *         NIPC_ERR_IO where the system failed
 */
nipc_error_t nipc_listener_bind(nipc_listener_t *listener,
                                const char *run_dir,
                                const char *service,
                                const nipc_server_config_t *config);

/**
 * Takes the next client and shakes hands with it. A client that is refused is answered why.
 *
 * A client that connects and then says nothing takes 2 seconds at most: programs that must not wait for one
 * use nipc_listener_accept_link. The session is independent of the listener, which may be closed first.
 *
 * \param session     zeroed, or closed; its abort ends nothing here: that of the listener does
 * \param timeout_ms  milliseconds to wait for a client and its handshake, together; NIPC_WAIT_FOREVER
 *                    is no deadline
 * \return NIPC_OK; NIPC_ERR_TIMEOUT and NIPC_ERR_ABORTED; NIPC_ERR_REJECTED for a client that was
 *         refused, NIPC_ERR_DISCONNECTED for one that left, and NIPC_ERR_IO for a system that has no room,
 *         after which the next call takes the next client; NIPC_ERR_BUSY for a session that is open, and
 *         where another thread accepts; NIPC_ERR_NOT_READY where nothing is bound
 */
nipc_error_t nipc_listener_accept(nipc_listener_t *listener,
                                  nipc_session_t *session,
                                  uint32_t timeout_ms);

/**
 * Takes the next client, and does not wait for what it has to say: for programs that serve many clients in one
 * thread. The state of the session is NIPC_CLIENT_CONNECTING then; when its wait object becomes ready,
 * nipc_session_handshake makes it a session, or closes it. How long it may say nothing is for the program to
 * decide, which closes it when it has waited enough.
 *
 * \param session     zeroed, or closed; its abort ends nothing here: that of the listener does
 * \param timeout_ms  milliseconds to wait for a client; NIPC_WAIT_FOREVER is no deadline
 * \return as nipc_listener_accept, but for the errors that are about handshakes
 */
nipc_error_t nipc_listener_accept_link(nipc_listener_t *listener,
                                       nipc_session_t *session,
                                       uint32_t timeout_ms);

/**
 * What an event loop can wait for: it becomes ready (a descriptor readable, a handle signalled) when a
 * client waits. It belongs to the listener: neither read nor close it.
 *
 * \return a descriptor on Unix, a HANDLE on Windows; NIPC_NATIVE_NONE where nothing is bound, and while
 *         another thread accepts
 */
nipc_native_t nipc_listener_wait_object(const nipc_listener_t *listener);

/**
 * Aborts what the listener is doing, and everything that follows until nipc_listener_clear_abort: it
 * returns NIPC_ERR_ABORTED. For any thread, also before it is bound. Closing the listener clears it.
 */
void nipc_listener_abort(nipc_listener_t *listener);

/** Lets the listener go on. For any thread. */
void nipc_listener_clear_abort(nipc_listener_t *listener);

/**
 * Gives the endpoint back, and frees everything; sessions go on. A thread that accepts is aborted and
 * waited for. Closing twice, or a zeroed listener, does nothing. A closed one can be bound again.
 */
void nipc_listener_close(nipc_listener_t *listener);

/**
 * Why the last function that failed did, with the endpoint and the cause. Copies as much as fits, with a
 * NUL, like snprintf.
 *
 * \param buf      where to copy to; may be NULL where buf_len is 0
 * \param buf_len  its bytes
 * \return the length of the whole text, without NUL; 0 where nothing has failed
 */
size_t nipc_listener_last_error(nipc_listener_t *listener,
                                char *buf,
                                size_t buf_len);

#ifdef __cplusplus
}
#endif

/* ---- What compilers are held to ------------------------------------------------------------ */


#if UINTPTR_MAX > 0xffffffffu
NIPC_STATIC_ASSERT(sizeof(nipc_message_t) == 48, "nipc_message_t");
NIPC_STATIC_ASSERT(offsetof(nipc_message_t, header) == 0, "nipc_message_t.header");
NIPC_STATIC_ASSERT(offsetof(nipc_message_t, payload) == 32, "nipc_message_t.payload");
NIPC_STATIC_ASSERT(offsetof(nipc_message_t, payload_len) == 40, "nipc_message_t.payload_len");
NIPC_STATIC_ASSERT(sizeof(nipc_session_info_t) == 56, "nipc_session_info_t");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, transport) == 0, "nipc_session_info_t.transport");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, profile) == 4, "nipc_session_info_t.profile");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, session_id) == 8, "nipc_session_info_t.session_id");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, server_profiles) == 16, "nipc_session_info_t.server_profiles");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, packet_size) == 20, "nipc_session_info_t.packet_size");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, max_request_payload_bytes) == 24, "nipc_session_info_t.max_request_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, max_request_batch_items) == 28, "nipc_session_info_t.max_request_batch_items");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, max_response_payload_bytes) == 32, "nipc_session_info_t.max_response_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, max_response_batch_items) == 36, "nipc_session_info_t.max_response_batch_items");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, window) == 40, "nipc_session_info_t.window");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, in_flight) == 44, "nipc_session_info_t.in_flight");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, peer_pid) == 48, "nipc_session_info_t.peer_pid");
NIPC_STATIC_ASSERT(offsetof(nipc_session_info_t, peer_uid) == 52, "nipc_session_info_t.peer_uid");
NIPC_STATIC_ASSERT(sizeof(nipc_session_t) == 520, "nipc_session_t");
NIPC_STATIC_ASSERT(sizeof(nipc_listener_t) == 520, "nipc_listener_t");
#endif

#endif /* NETIPC_TRANSPORT_H */
