/*
 * A C peer for `netipc bench --peer c=./driver`: the loop, and how it is told what to do.
 *
 *     cc -std=c11 -O2 -pthread -o driver *.c $(pkg-config --cflags --libs netipc)
 *
 * Arguments tell the scenario, and which end it is. It says "ready" once it has its session, or
 * serves; then, for each line of stdin, a client measures for so many nanoseconds and prints one
 * JSON object, and a server prints what it has used. See docs/cli.md, "bench".
 */

#define _DEFAULT_SOURCE

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "driver.h"

/* A time is kept to this many bits, as the Rust side's histogram does: about one in a thousand. */
#define PRECISION 11
#define HALF (UINT64_C(1) << (PRECISION - 1))
#define BUCKETS ((64 - PRECISION + 2) * HALF)

struct used {
    uint64_t cpu_ns;
    uint64_t switches;
};

/* Operations a second; 0 is as many as possible. */
static uint32_t rate;
static int argument_count;
static char **arguments;
static uint64_t histogram[BUCKETS];

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct used used_now(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    const time_t seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
    const long micros = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    return (struct used){
        .cpu_ns = (uint64_t)seconds * 1000000000 + (uint64_t)micros * 1000,
        .switches = (uint64_t)(usage.ru_nvcsw + usage.ru_nivcsw),
    };
}

/* Small times have a bucket each; above, each power of two has HALF of them. */
static size_t bucket_of(uint64_t ns)
{
    unsigned shift = 0;
    for (uint64_t rest = ns >> PRECISION; rest != 0; rest >>= 1)
        shift++;
    return (size_t)(shift * HALF + (ns >> shift));
}

static uint64_t bucket_end(size_t bucket)
{
    if (bucket < 2 * HALF)
        return bucket;
    const unsigned shift = (unsigned)(bucket / HALF) - 1;
    const uint64_t first = bucket - shift * HALF;
    return ((first + 1) << shift) - 1;
}

/* Sleeps until operation number index is due, in a schedule that does not drift; gives the time. */
static uint64_t wait_for_turn(uint64_t begin, uint64_t index, uint64_t now)
{
    if (rate == 0)
        return now;
    const uint64_t due = begin + UINT64_C(1000000000) / rate * index;
    if (now >= due)
        return now;
    const uint64_t left = due - now;
    const struct timespec rest = {
        .tv_sec = (time_t)(left / 1000000000),
        .tv_nsec = (long)(left % 1000000000),
    };
    nanosleep(&rest, NULL);
    return now_ns();
}

static void report(uint64_t units, uint64_t ops, uint64_t elapsed_ns, struct used used)
{
    printf("{\"units\":%" PRIu64 ",\"ops\":%" PRIu64 ",\"elapsed_ns\":%" PRIu64, units, ops,
           elapsed_ns);
    printf(",\"cpu_ns\":%" PRIu64 ",\"switches\":%" PRIu64 ",\"latency\":[", used.cpu_ns,
           used.switches);
    const char *comma = "";
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
        if (histogram[bucket] == 0)
            continue;
        printf("%s[%" PRIu64 ",%" PRIu64 "]", comma, bucket_end(bucket), histogram[bucket]);
        comma = ",";
    }
    puts("]}");
    fflush(stdout);
}

void report_usage(void)
{
    const struct used used = used_now();
    printf("{\"cpu_ns\":%" PRIu64 ",\"switches\":%" PRIu64 "}\n", used.cpu_ns, used.switches);
    fflush(stdout);
}

/* One look at the clock for each operation, as the Rust client has. */
static void measure(operation run, uint64_t time_ns)
{
    memset(histogram, 0, sizeof histogram);
    uint64_t units = 0;
    uint64_t ops = 0;
    const struct used before = used_now();
    const uint64_t begin = now_ns();
    uint64_t now = begin;
    do {
        const uint64_t start = wait_for_turn(begin, ops, now);
        units += run();
        ops++;
        now = now_ns();
        histogram[bucket_of(now - start)]++;
    } while (now - begin < time_ns);
    /* To the end of the last period: a rate counts periods, not their beginnings. */
    now = wait_for_turn(begin, ops, now);
    const struct used after = used_now();
    const struct used used = {
        .cpu_ns = after.cpu_ns - before.cpu_ns,
        .switches = after.switches - before.switches,
    };
    report(units, ops, now - begin, used);
}

const char *option(const char *name)
{
    for (int i = 1; i + 1 < argument_count; i += 2)
        if (strncmp(arguments[i], "--", 2) == 0 && strcmp(arguments[i] + 2, name) == 0)
            return arguments[i + 1];
    fail("--%s is missing", name);
}

uint32_t number(const char *name)
{
    const char *text = option(name);
    char *end = NULL;
    const unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value > UINT32_MAX)
        fail("--%s is no number: %s", name, text);
    return (uint32_t)value;
}

bool option_is(const char *name, const char *value)
{
    return strcmp(option(name), value) == 0;
}

void fail(const char *why, ...)
{
    va_list values;
    va_start(values, why);
    vprintf(why, values);
    va_end(values);
    puts("");
    fflush(stdout);
    exit(EXIT_FAILURE);
}

void check(bool right, const char *otherwise)
{
    if (!right)
        fail("wrong answer: %s", otherwise);
}

void *room_for(size_t count, size_t size)
{
    void *room = calloc(count > 0 ? count : 1, size);
    if (room == NULL)
        fail("no memory for %zu times %zu bytes", count, size);
    return room;
}

static operation scenario_open(void)
{
    const char *scenario = option("scenario");
    if (strcmp(scenario, "cache") == 0)
        return cache_open();
    if (strcmp(scenario, "enricher") == 0)
        return enricher_open();
    if (strcmp(scenario, "item") == 0)
        return items_open();
    return calls_open(scenario);
}

int main(int argc, char **argv)
{
    argument_count = argc;
    arguments = argv;
#ifdef __linux__
    /* Who asks may be killed while we measure for long. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (option_is("role", "server"))
        return serve();
    rate = number("rate");
    const operation run = scenario_open();
    puts("ready");
    fflush(stdout);
    char line[32];
    while (fgets(line, sizeof line, stdin) != NULL)
        measure(run, strtoull(line, NULL, 10));
    return EXIT_SUCCESS;
}
