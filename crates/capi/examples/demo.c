/*
 * The consumer of "netipc demo" in C: demo [NETIPC [SECONDS]]
 *
 * Starts the program NETIPC ("netipc" where none is named) as the provider of this machine's
 * services, asks it over the socket and over shared memory, then kills it and starts it again.
 * Needs nothing set up, leaves nothing behind, and ends with 1 if anything did not work.
 */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <netipc/netipc_service.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROWS 10               /* of a table */
#define MOST_PIDS 32768       /* that are asked for */
#define MOST_TIMES (1u << 20) /* calls that are timed one by one */
#define START_SECONDS 10      /* until a provider serves */
#define SHM (NIPC_PROFILE_BASELINE | NIPC_PROFILE_SHM_HYBRID)

static char run_dir[] = "/tmp/netipc-demo-XXXXXX";
static const char *program;
static nipc_client_config_t config = {.auth_token = 42, .call_timeout_ms = 2000};
static uint32_t pids[MOST_PIDS], pid_count;
static int failures;

/* Starts a provider; gives its process, and in `ready` where it will say that it serves. */
static pid_t start(int *ready) {
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    pid_t demo = getpid(), provider = fork();
    if (provider == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* a demo that is killed cannot clean up */
        if (getppid() != demo)
            _exit(1);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]), close(ends[1]);
        setenv("NETIPC_AUTH_TOKEN", "42", 1);
        execlp(program, program, "serve", "--run-dir", run_dir, "--refresh", "0.25", (char *)NULL);
        perror(program);
        _exit(127);
    }
    close(ends[1]);
    *ready = ends[0];
    return provider;
}

/* Whether the provider says in time that it serves; one that ends says nothing. */
static bool serves(int ready) {
    char line[6] = "";
    struct pollfd said = {.fd = ready, .events = POLLIN};
    bool read_it = poll(&said, 1, START_SECONDS * 1000) == 1 && read(ready, line, 6) == 6;
    close(ready);
    return read_it && memcmp(line, "READY\n", 6) == 0;
}

static void end(pid_t provider, int how) {
    if (provider > 0 && kill(provider, how) == 0)
        waitpid(provider, NULL, 0);
}

/* Counts a failure, and says why. */
static void failed(nipc_client_ctx_t *client, const char *what) {
    char why[512];
    nipc_client_last_error(client, why, sizeof(why));
    fprintf(stderr, "Error: %s: %s\n", what, why);
    failures++;
}

/* A client of `service` with a session over `profiles`, if there can be one. */
static nipc_client_ctx_t *connected(nipc_client_ctx_t *client, const char *service,
                                    uint32_t profiles) {
    config.supported_profiles = profiles;
    nipc_client_init(client, run_dir, service, &config);
    nipc_client_refresh(client);
    if (!nipc_client_ready(client))
        failed(client, service);
    return client;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static const char *orchestrator(uint16_t number) {
    static const char names[][8] = {"unknown", "systemd", "docker", "k8s",
                                    "kvm",     "lxc",     "podman", "nspawn"};
    return number < sizeof(names) / sizeof(names[0]) ? names[number] : "?";
}

/* Prints some cgroups of the cache, and what cgroups-lookup knows of them. */
static void show_cgroups(nipc_cgroups_cache_t *cache) {
    nipc_client_ctx_t client;
    nipc_cgroups_cache_read_guard_t guard;
    nipc_cgroups_lookup_resp_view_t answer;
    nipc_cgroups_lookup_item_view_t item;
    nipc_str_view_t paths[ROWS];
    uint32_t shown = 0;
    if (!nipc_cgroups_cache_read_lock(cache, &guard))
        return;
    uint32_t count = nipc_cgroups_cache_item_count(&guard);
    for (; shown < count && shown < ROWS; shown++) {
        const char *path = nipc_cgroups_cache_item_at(&guard, shown)->path;
        paths[shown] = (nipc_str_view_t){path, (uint32_t)strlen(path)};
    }
    connected(&client, "cgroups-lookup", SHM);
    if (nipc_client_call_cgroups_lookup(&client, paths, shown, &answer) != NIPC_OK)
        failed(&client, "names and labels of cgroups");
    printf("\n%u cgroups\n%-24s %-8s %-6s PATH\n", count, "CGROUP", "RUN BY", "LABELS");
    for (uint32_t i = 0; nipc_cgroups_lookup_resp_item(&answer, i, &item) == NIPC_OK; i++) {
        const char *name = nipc_cgroups_cache_item_at(&guard, i)->name;
        printf("%-24.24s %-8s %-6u %.36s\n", name, orchestrator(item.orchestrator),
               (unsigned)item.label_count, item.path.ptr);
    }
    if (count > shown)
        printf(" ... and %u more\n", count - shown);
    nipc_cgroups_cache_read_unlock(&guard);
    nipc_client_close(&client);
}

/* Finds all process ids of this machine. */
static void find_processes(void) {
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    while (proc != NULL && pid_count < MOST_PIDS && (entry = readdir(proc)) != NULL) {
        char *end = NULL;
        unsigned long pid = strtoul(entry->d_name, &end, 10);
        if (pid > 0 && *end == '\0')
            pids[pid_count++] = (uint32_t)pid;
    }
    if (proc != NULL)
        closedir(proc);
    if (pid_count == 0)
        pids[pid_count++] = (uint32_t)getpid();
}

/* Asks for all processes in one call, and prints the first ones. */
static void show_processes(void) {
    nipc_client_ctx_t client;
    nipc_apps_lookup_resp_view_t answer;
    nipc_apps_lookup_item_view_t item;
    unsigned shown = 0;
    find_processes();
    connected(&client, "apps-lookup", SHM);
    double begin = now();
    if (nipc_client_call_apps_lookup(&client, pids, pid_count, &answer) != NIPC_OK)
        failed(&client, "processes");
    printf("\n%u processes, asked for in one call of %.0f us\n%7s %-16s %6s %-8s CGROUP\n",
           pid_count, (now() - begin) * 1e6, "PID", "COMMAND", "UID", "RUN BY");
    for (uint32_t i = 0; nipc_apps_lookup_resp_item(&answer, i, &item) == NIPC_OK; i++) {
        if (item.status != NIPC_PID_LOOKUP_KNOWN || shown++ >= ROWS)
            continue;
        long uid = item.uid == NIPC_UID_UNSET ? -1L : (long)item.uid;
        printf("%7u %-16s %6ld %-8s %.36s\n", item.pid, item.comm.ptr, uid,
               orchestrator(item.orchestrator),
               item.cgroup_name.len > 0 ? item.cgroup_name.ptr : item.cgroup_path.ptr);
    }
    if (shown > ROWS)
        printf(" ... and %u more\n", shown - ROWS);
    nipc_client_close(&client);
}

static bool ask_one_process(nipc_client_ctx_t *client, unsigned round) {
    nipc_apps_lookup_resp_view_t answer;
    return nipc_client_call_apps_lookup(client, &pids[round % pid_count], 1, &answer) == NIPC_OK;
}

static bool ask_all_cgroups(nipc_client_ctx_t *client, unsigned round) {
    nipc_cgroups_resp_view_t answer;
    (void)round;
    return nipc_client_call_cgroups_snapshot(client, &answer) == NIPC_OK;
}

static int by_time(const void *a, const void *b) {
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* Asks one question after the other for `seconds`, and prints how long they took. */
static void measure(const char *what, const char *service, uint32_t profiles,
                    bool (*ask)(nipc_client_ctx_t *, unsigned), double seconds) {
    static double times[MOST_TIMES];
    nipc_client_ctx_t client;
    unsigned calls = 0;
    connected(&client, service, profiles);
    bool answered = ask(&client, 0); /* this one may make a session with more room */
    double begin = now(), after = begin;
    while (answered && after < begin + seconds && calls < MOST_TIMES) {
        double before = after;
        answered = ask(&client, calls);
        times[calls++] = (after = now()) - before;
    }
    if (!answered)
        failed(&client, what);
    if (answered && profiles == SHM && client.shm == NULL)
        printf("Note: there is no shared memory in %s: the socket carries everything.\n", run_dir);
    if (calls > 0) {
        qsort(times, calls, sizeof(times[0]), by_time);
        printf("%-12s %-14s %10.0f %9.1f us %9.1f us\n", what,
               client.shm != NULL ? "shared memory" : "socket", calls / (after - begin),
               times[calls / 2] * 1e6, times[(unsigned)(calls * 0.99)] * 1e6);
    }
    nipc_client_close(&client);
}

/* Whether the cache finds everything that it had; counts lookups. Memory only. */
static bool cache_serves(nipc_cgroups_cache_t *cache, uint32_t expected, unsigned long *lookups) {
    nipc_cgroups_cache_read_guard_t guard;
    bool served = nipc_cgroups_cache_read_lock(cache, &guard);
    uint32_t count = nipc_cgroups_cache_item_count(&guard);
    for (uint32_t i = 0; i < count; i++, ++*lookups) {
        const nipc_cgroups_cache_item_view_t *item = nipc_cgroups_cache_item_at(&guard, i);
        served &= nipc_cgroups_cache_get(&guard, item->hash, item->name) != NULL;
    }
    nipc_cgroups_cache_read_unlock(&guard);
    return served && count == expected;
}

static void show_speeds(nipc_cgroups_cache_t *cache, uint32_t cgroups, double seconds) {
    unsigned long lookups = 0;
    printf("\nSpeed, one question after the other\n%-12s %-14s %10s %12s %12s\n", "ASKING FOR",
           "OVER", "PER SECOND", "MEDIAN", "99 %");
    measure("one process", "apps-lookup", NIPC_PROFILE_BASELINE, ask_one_process, seconds);
    measure("one process", "apps-lookup", SHM, ask_one_process, seconds);
    measure("all cgroups", "cgroups-snapshot", NIPC_PROFILE_BASELINE, ask_all_cgroups, seconds);
    measure("all cgroups", "cgroups-snapshot", SHM, ask_all_cgroups, seconds);
    double begin = now();
    while (now() < begin + seconds && cache_serves(cache, cgroups, &lookups) && cgroups > 0) {}
    printf("%-12s %-14s %10.0f\n", "one cgroup", "the cache", (double)lookups / (now() - begin));
}

/* Kills the provider and starts another one, while client and cache go on. Gives the new one. */
static pid_t restart(pid_t provider, nipc_cgroups_cache_t *cache, uint32_t cgroups) {
    nipc_client_ctx_t client;
    const struct timespec pace = {.tv_nsec = 1000000};
    unsigned long lookups = 0;
    int ready = -1;
    if (!ask_one_process(connected(&client, "apps-lookup", SHM), 0))
        failed(&client, "before the restart");
    double killed = now();
    end(provider, SIGKILL);
    bool refreshed = nipc_cgroups_cache_refresh(cache); /* nobody is there: it keeps all it has */
    bool kept = cache_serves(cache, cgroups, &lookups);
    provider = start(&ready);
    bool back = false;
    while (!back && now() < killed + START_SECONDS) {
        nipc_client_refresh(&client);
        back = ask_one_process(&client, 0);
        kept &= cache_serves(cache, cgroups, &lookups);
        nanosleep(&pace, NULL);
    }
    printf("\nRestart: no call was answered for %.0f ms; the cache served %s %lu lookups\n"
           "meanwhile, and the client %s.\n", (now() - killed) * 1e3, kept ? "all" : "not all",
           lookups, back ? "came back by itself" : "did not come back");
    if (!back || !kept || refreshed)
        failed(&client, "restart");
    if (!serves(ready) || !nipc_cgroups_cache_refresh(cache))
        failures++, fprintf(stderr, "Error: restart: the cache got no new answer\n");
    nipc_client_close(&client);
    return provider;
}

int main(int argc, char **argv) {
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 5.0;
    static nipc_cgroups_cache_t cache;
    nipc_cgroups_cache_status_t status = {0};
    int ready = -1;
    program = argc > 1 ? argv[1] : "netipc";
    if (mkdtemp(run_dir) == NULL)
        return perror(run_dir), EXIT_FAILURE;
    pid_t provider = start(&ready);
    if (!serves(ready)) {
        failures++, fprintf(stderr, "Error: the provider did not start\n");
    } else {
        printf("NetIPC demo: process %d provides cgroups-snapshot, cgroups-lookup and apps-lookup\n"
               "in %s, and this process asks them in C.\n", (int)provider, run_dir);
        config.supported_profiles = SHM;
        nipc_cgroups_cache_init(&cache, run_dir, "cgroups-snapshot", &config);
        nipc_cgroups_cache_refresh(&cache);
        nipc_cgroups_cache_status(&cache, &status);
        show_cgroups(&cache);
        show_processes();
        show_speeds(&cache, status.item_count, seconds / 6);
        provider = restart(provider, &cache, status.item_count);
        nipc_cgroups_cache_close(&cache);
    }
    end(provider, SIGTERM);
    if (rmdir(run_dir) != 0)
        failures++, perror(run_dir);
    printf("\nSummary: %d error%s.\n", failures, failures == 1 ? "" : "s");
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
