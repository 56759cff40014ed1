/* The kinds of system calls that the library makes, told from those that a language's own runtime and loader
 * make by the same numbers: by their arguments, where it takes that. Not here: close and munmap, which cannot
 * fail for a descriptor or a mapping of one's own, and a call that does not happen would be a leak that is
 * none of the library's; what the kernel answers without a call, as clocks; and calls that cannot fail, as
 * getpid. */
#ifndef INTEROP_CALLS_H
#define INTEROP_CALLS_H

#include <fcntl.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

typedef bool (*is_fn)(const __u64 *arguments);

static bool is_unix_socket(const __u64 *arguments)
{
    return arguments[0] == AF_UNIX && ((arguments[1] & 0xf) == SOCK_SEQPACKET);
}

/* Loaders and runtimes map shared what they never write. */
static bool is_shared_map(const __u64 *arguments)
{
    return (arguments[3] & 0xf) == MAP_SHARED && (arguments[2] & PROT_WRITE) != 0 && (int)arguments[4] >= 0;
}

/* The stack of a thread, not that of its signals. */
static bool is_stack(const __u64 *arguments)
{
    return (arguments[3] & MAP_STACK) != 0 && arguments[1] >= 1 << 20;
}

static bool is_our_open(const __u64 *arguments)
{
    return (arguments[2] & (O_NOFOLLOW | O_PATH | O_DIRECTORY)) != 0;
}

/* Sleeping and waking across processes; runtimes do so within theirs, or wait for the end of a thread. */
static bool is_shared_wait(const __u64 *arguments)
{
    return arguments[1] == FUTEX_WAIT;
}

static bool is_shared_wake(const __u64 *arguments)
{
    return arguments[1] == FUTEX_WAKE;
}

static bool is_seals(const __u64 *arguments)
{
    return arguments[1] == F_ADD_SEALS || arguments[1] == F_GET_SEALS;
}

static bool is_file_limit(const __u64 *arguments)
{
    return arguments[1] == RLIMIT_FSIZE;
}

/* The counter of an event, not lines of text. */
static bool is_event(const __u64 *arguments)
{
    return arguments[0] > 2 && arguments[2] == 8;
}

static bool is_probe(const __u64 *arguments)
{
    return arguments[1] == 0;
}

/* A thread: processes are made by programs, not by the library. */
static bool is_thread(const __u64 *arguments)
{
    return (arguments[0] & CLONE_THREAD) != 0;
}

static const struct {
    const char *name;
    long number;
    bool interruptible;
    is_fn is;
} calls[] = {
    {"socket", SYS_socket, false, is_unix_socket},
    {"socketpair", SYS_socketpair, false, is_unix_socket},
    {"connect", SYS_connect, true, NULL},
    {"bind", SYS_bind, false, NULL},
    {"listen", SYS_listen, false, NULL},
    {"accept4", SYS_accept4, true, NULL},
    {"sendto", SYS_sendto, true, NULL},
    {"sendmsg", SYS_sendmsg, true, NULL},
    {"recvfrom", SYS_recvfrom, true, NULL},
    {"recvmsg", SYS_recvmsg, true, NULL},
    {"shutdown", SYS_shutdown, false, NULL},
    {"getsockopt", SYS_getsockopt, false, NULL},
    {"setsockopt", SYS_setsockopt, false, NULL},
    {"ppoll", SYS_ppoll, true, NULL},
#ifdef SYS_poll
    {"poll", SYS_poll, true, NULL},
#endif
    {"eventfd2", SYS_eventfd2, false, NULL},
    {"epoll_create1", SYS_epoll_create1, false, NULL},
    {"epoll_ctl", SYS_epoll_ctl, false, NULL},
    {"epoll_pwait", SYS_epoll_pwait, true, NULL},
#ifdef SYS_epoll_wait
    {"epoll_wait", SYS_epoll_wait, true, NULL},
#endif
    {"newfstatat", SYS_newfstatat, false, NULL},
    {"fstat", SYS_fstat, false, NULL},
    {"statx", SYS_statx, false, NULL},
    {"openat", SYS_openat, true, is_our_open},
    {"getdents64", SYS_getdents64, false, NULL},
    {"mkdirat", SYS_mkdirat, false, NULL},
    {"flock", SYS_flock, true, NULL},
    {"fchmod", SYS_fchmod, false, NULL},
    {"fchmodat", SYS_fchmodat, false, NULL},
    {"prlimit64", SYS_prlimit64, false, is_file_limit},
    {"fallocate", SYS_fallocate, true, NULL},
    {"memfd_create", SYS_memfd_create, false, NULL},
    {"fcntl", SYS_fcntl, false, is_seals},
    {"pread64", SYS_pread64, true, NULL},
    {"unlinkat", SYS_unlinkat, false, NULL},
    {"futex-wait", SYS_futex, true, is_shared_wait},
    {"futex-wake", SYS_futex, false, is_shared_wake},
#ifdef SYS_futex_waitv
    {"futex_waitv", SYS_futex_waitv, true, NULL},
#endif
    {"mmap", SYS_mmap, false, is_shared_map},
    {"stack", SYS_mmap, false, is_stack},
    {"kill", SYS_kill, false, is_probe},
    {"read", SYS_read, true, is_event},
    {"write", SYS_write, true, is_event},
    {"clone3", SYS_clone3, false, NULL},
    {"clone", SYS_clone, false, is_thread},
#ifdef SYS_chmod
    {"chmod", SYS_chmod, false, NULL},
    {"mkdir", SYS_mkdir, false, NULL},
    {"unlink", SYS_unlink, false, NULL},
#endif
};

enum { CALLS = sizeof calls / sizeof *calls, NONE = -1 };

#endif
