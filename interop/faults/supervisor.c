/* Runs a program whose system calls can be made to fail: one of them by its number, or all of a kind.
 *
 *     supervisor CONTROL PROGRAM [ARGUMENT]..
 *
 * The kernel tells of each call of the library's kinds (seccomp, user notification) before it happens, and
 * does what is answered here: it goes on, or fails. The program itself has nothing that knows of this, and may
 * be in any language. CONTROL is a stream socket that somebody listens at, who says and is told, a line each:
 *
 *     fail CALL NTH ERRNO      the NTH call of a kind from now on fails                        -> ok
 *     refuse CALL AFTER ERRNO  every call of a kind fails but the next AFTER                   -> ok
 *     interrupt                every other call that signals can interrupt fails by EINTR      -> ok
 *     go                       starts the program                                              -> pid N
 *     count                    counts from here                                                -> ok
 *     report                                               -> CALL=N.. of those that came, end
 *     clear                    nothing fails any more                      -> failed N, since the last plan
 *
 * Ends as the program does, with a last report, and the program ends with it. */
#define _GNU_SOURCE

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"

/* What is to fail. */
static struct {
    int call;       /* Of which kind, or NONE. */
    unsigned nth;   /* How many calls until it is the one. */
    bool on;        /* Whether those after it fail, too. */
    int error;      /* How. */
    bool interrupt; /* Whether every other call that can be interrupted is. */
    unsigned failed;
} plan = {.call = NONE};

static unsigned counts[CALLS];
static bool odd[CALLS];

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(126);
}

/* The filter: calls of our kinds are told of, by number alone; all others go on. */
static int install_filter(void)
{
    struct sock_filter code[CALLS + 3];
    unsigned short at = 0;
    code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (unsigned call = 0; call < CALLS; call++)
        code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[call].number,
                                                  (unsigned char)(CALLS - call), 0);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    struct sock_fprog program = {.len = at, .filter = code};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* Shared with the child until it has become the program. */
struct start {
    volatile int listener;
};

/* Starts the program under the filter. The child shares our descriptors until it executes, so that the
 * listener, which it makes, is ours too, without a call that the filter might hold up. */
static pid_t start(char **words, int *listener)
{
    struct start *start = mmap(NULL, sizeof *start, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        give_up("mmap");
    start->listener = -1;
    pid_t parent = getpid();
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child < 0)
        give_up("clone");
    if (child == 0) {
        signal(SIGPIPE, SIG_DFL);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
            _exit(126);
        int made = install_filter();
        if (made < 0)
            _exit(125);
        start->listener = made;
        execvp(words[0], words);
        _exit(127);
    }
    int status;
    while (start->listener < 0) {
        if (waitpid(child, &status, WNOHANG) == child) {
            fprintf(stderr, "cannot run %s under a filter\n", words[0]);
            exit(126);
        }
        sched_yield();
    }
    *listener = start->listener;
    munmap(start, sizeof *start);
    return child;
}

static int call_of(const struct seccomp_data *data)
{
    for (int call = 0; call < CALLS; call++)
        if (calls[call].number == data->nr && (calls[call].is == NULL || calls[call].is(data->args)))
            return call;
    return NONE;
}

/* The error that a call is to have; 0: it goes on. */
static int verdict(int call)
{
    if (call == NONE)
        return 0;
    counts[call]++;
    bool fails = false;
    int error = plan.error;
    if (plan.interrupt) {
        odd[call] = !odd[call];
        fails = odd[call] && calls[call].interruptible;
        error = EINTR;
    } else if (call == plan.call) {
        fails = plan.nth == 1;
        if (plan.nth > 1)
            plan.nth--;
        else if (!plan.on)
            plan.call = NONE;
    }
    plan.failed += fails;
    return fails ? error : 0;
}

static void answer(int listener)
{
    static struct seccomp_notif_sizes sizes;
    static struct seccomp_notif *told;
    static struct seccomp_notif_resp *reply;
    if (told == NULL) {
        if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
            give_up("seccomp");
        told = calloc(1, sizes.seccomp_notif > sizeof *told ? sizes.seccomp_notif : sizeof *told);
        reply = calloc(1, sizes.seccomp_notif_resp > sizeof *reply ? sizes.seccomp_notif_resp : sizeof *reply);
        if (told == NULL || reply == NULL)
            give_up("calloc");
    }
    memset(told, 0, sizes.seccomp_notif);
    /* Who asked may be gone, or interrupted, by now. */
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, told) != 0)
        return;
    int error = verdict(call_of(&told->data));
    memset(reply, 0, sizes.seccomp_notif_resp);
    reply->id = told->id;
    if (error == 0)
        reply->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else
        reply->error = -error;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, reply);
}

static void say(FILE *control, const char *word, unsigned number)
{
    fprintf(control, "%s %u\n", word, number);
    fflush(control);
}

static void report(FILE *control)
{
    for (int call = 0; call < CALLS; call++)
        if (counts[call] > 0)
            fprintf(control, "%s=%u ", calls[call].name, counts[call]);
    fputs("end\n", control);
    fflush(control);
}

static bool plan_failure(const char *line)
{
    char word[16], name[32];
    unsigned nth;
    int error;
    if (sscanf(line, "%15s %31s %u %d", word, name, &nth, &error) != 4)
        return false;
    bool on = strcmp(word, "refuse") == 0;
    if (!on && strcmp(word, "fail") != 0)
        return false;
    for (int call = 0; call < CALLS; call++)
        if (strcmp(calls[call].name, name) == 0) {
            plan.call = call;
            plan.nth = on ? nth + 1 : nth;
            plan.on = on;
            plan.error = error;
            plan.failed = 0;
            return true;
        }
    return false;
}

/* Does what a line says; whether that was to start. */
static bool obey(FILE *control, const char *line)
{
    if (strcmp(line, "go\n") == 0)
        return true;
    if (strcmp(line, "report\n") == 0) {
        report(control);
    } else if (strcmp(line, "clear\n") == 0) {
        say(control, "failed", plan.failed);
        plan.call = NONE;
        plan.interrupt = false;
        plan.failed = 0;
    } else if (strcmp(line, "count\n") == 0) {
        memset(counts, 0, sizeof counts);
        say(control, "ok", 0);
    } else if (strcmp(line, "interrupt\n") == 0) {
        plan.interrupt = true;
        memset(odd, 0, sizeof odd);
        say(control, "ok", 0);
    } else if (plan_failure(line)) {
        say(control, "ok", 0);
    } else {
        fprintf(stderr, "cannot do %s", line);
        exit(126);
    }
    return false;
}

static FILE *connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        fputs("the path of the control socket is too long\n", stderr);
        exit(126);
    }
    strcpy(address.sun_path, path);
    int socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0 || connect(socket_, (struct sockaddr *)&address, sizeof address) != 0)
        give_up(path);
    FILE *control = fdopen(socket_, "r+");
    if (control == NULL)
        give_up("fdopen");
    /* Whoever listens may have left by then. */
    signal(SIGPIPE, SIG_IGN);
    return control;
}

/* Reads a line at once: each is read as it comes, so that none waits in a buffer while we poll. */
static bool read_line(FILE *control, char *line, size_t size)
{
    size_t at = 0;
    while (at + 1 < size && read(fileno(control), &line[at], 1) == 1)
        if (line[at++] == '\n') {
            line[at] = '\0';
            return true;
        }
    return false;
}

/* Ends as the program did. */
static _Noreturn void end_as(pid_t child, FILE *control)
{
    int status;
    report(control);
    if (waitpid(child, &status, 0) != child)
        give_up("waitpid");
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "ended by signal %d\n", WTERMSIG(status));
        exit(128 + WTERMSIG(status));
    }
    exit(WEXITSTATUS(status));
}

int main(int count, char **words)
{
    if (count < 3) {
        fputs("usage: supervisor CONTROL PROGRAM [ARGUMENT]..\n", stderr);
        return 126;
    }
    FILE *control = connect_to(words[1]);
    char line[128];
    do {
        if (!read_line(control, line, sizeof line))
            return 126;
    } while (!obey(control, line));
    int listener;
    pid_t child = start(words + 2, &listener);
    say(control, "pid", (unsigned)child);
    struct pollfd fds[] = {{.fd = listener, .events = POLLIN}, {.fd = fileno(control), .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            give_up("poll");
        if (fds[0].revents & POLLIN)
            answer(listener);
        else if (fds[0].revents != 0)
            end_as(child, control);
        if (fds[1].revents & POLLIN) {
            if (!read_line(control, line, sizeof line))
                fds[1].fd = -1;
            else
                obey(control, line);
        } else if (fds[1].revents != 0) {
            fds[1].fd = -1;
        }
    }
}
