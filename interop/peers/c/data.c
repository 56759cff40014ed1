#include "data.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDE "-größe-日本"
#define LONG 3000
#define HUGE_PADDING 20000

static void clear(struct text *text)
{
    text->len = 0;
    text->bytes[0] = '\0';
}

/* TEXT_MAX holds every text of the rule: a longer one is a mistake in this program. */
static void overflow(void)
{
    fputs("a text is longer than TEXT_MAX\n", stderr);
    abort();
}

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof text->bytes - text->len;
    int len = vsnprintf(text->bytes + text->len, room, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= room)
        overflow();
    text->len += (uint32_t)len;
}

static void pad(struct text *text, char byte, uint32_t times)
{
    if (times >= sizeof text->bytes - text->len)
        overflow();
    memset(text->bytes + text->len, byte, times);
    text->len += times;
    text->bytes[text->len] = '\0';
}

static bool is_odd(uint32_t number)
{
    return number % 2 == 1;
}

static bool is_long(uint32_t number)
{
    return number % 100 == 7;
}

bool data_is_huge(uint32_t number)
{
    return number % 1000 == 999;
}

static uint32_t number_of(nipc_str_view_t path)
{
    uint32_t start = path.len;
    while (start > 0 && path.ptr[start - 1] >= '0' && path.ptr[start - 1] <= '9')
        start--;
    uint32_t number = 0;
    for (uint32_t at = start; at < path.len; at++)
        number = number * 10 + (uint32_t)(path.ptr[at] - '0');
    return number;
}

void data_name(uint32_t number, struct text *name)
{
    clear(name);
    add(name, "name-%" PRIu32 "%s", number, is_odd(number) ? WIDE : "");
    if (is_long(number))
        pad(name, 'n', LONG);
    if (data_is_huge(number))
        pad(name, 'x', HUGE_PADDING);
}

static void labels_of(uint32_t number, struct labels *labels)
{
    labels->count = (uint16_t)(number % 5);
    for (uint32_t nth = 0; nth < labels->count; nth++) {
        char *key = labels->keys[nth], *value = labels->values[nth];
        snprintf(key, sizeof labels->keys[nth], "key-%" PRIu32, nth);
        value[0] = '\0';
        if (nth > 0)
            snprintf(value, sizeof labels->values[nth], "value-%" PRIu32 "-%" PRIu32 "%s", number, nth,
                     is_odd(nth) ? "-ü" : "");
        labels->views[nth].key = (nipc_str_view_t){key, (uint32_t)strlen(key)};
        labels->views[nth].value = (nipc_str_view_t){value, (uint32_t)strlen(value)};
    }
}

static uint16_t orchestrator_of(uint32_t number)
{
    return (uint16_t)(1 + number % 7);
}

uint32_t data_number(uint32_t index)
{
    return index * 37 + 1;
}

void data_path(uint32_t number, struct text *path)
{
    clear(path);
    if (is_long(number)) {
        add(path, "/");
        pad(path, 'p', LONG);
        add(path, "/%" PRIu32, number);
    } else {
        add(path, "%sunit-%" PRIu32, is_odd(number) ? "/größe-日本/" : "/", number);
    }
}

void data_cgroup(nipc_str_view_t path, bool small, struct cgroup *cgroup)
{
    uint32_t number = number_of(path);
    cgroup->status = NIPC_CGROUP_LOOKUP_KNOWN;
    cgroup->orchestrator = NIPC_ORCHESTRATOR_UNKNOWN;
    clear(&cgroup->name);
    cgroup->labels.count = 0;
    if (small && data_is_huge(number)) {
        cgroup->status = NIPC_CGROUP_LOOKUP_OVERSIZED_ITEM;
        return;
    }
    switch (number % 8) {
    case 0:
        cgroup->status = NIPC_CGROUP_LOOKUP_UNKNOWN_RETRY_LATER;
        break;
    case 1:
        cgroup->status = NIPC_CGROUP_LOOKUP_UNKNOWN_PERMANENT;
        break;
    case 2:
        break;
    default:
        cgroup->orchestrator = orchestrator_of(number);
        data_name(number, &cgroup->name);
        labels_of(number, &cgroup->labels);
    }
}

static void data_no_process(uint16_t status, struct process *process)
{
    process->status = status;
    process->orchestrator = NIPC_ORCHESTRATOR_UNKNOWN;
    process->cgroup_status = NIPC_APPS_CGROUP_KNOWN;
    process->ppid = 0;
    process->uid = NIPC_UID_UNSET;
    process->starttime = 0;
    clear(&process->comm);
    clear(&process->cgroup_path);
    clear(&process->cgroup_name);
    process->labels.count = 0;
}

void data_process(uint32_t pid, bool small, struct process *process)
{
    data_no_process(NIPC_PID_LOOKUP_UNKNOWN, process);
    if (small && data_is_huge(pid))
        process->status = NIPC_PID_LOOKUP_OVERSIZED_ITEM;
    if (process->status == NIPC_PID_LOOKUP_OVERSIZED_ITEM || pid % 8 == 0)
        return;
    process->status = NIPC_PID_LOOKUP_KNOWN;
    process->ppid = pid / 2;
    process->uid = pid % 1000;
    process->starttime = ((uint64_t)1 << 40) + (uint64_t)pid * 1000003;
    add(&process->comm, "%s%" PRIu32, pid % 3 == 0 ? "é" : "c", pid);
    switch (pid % 8) {
    case 1:
        process->cgroup_status = NIPC_APPS_CGROUP_HOST_ROOT;
        break;
    case 2:
        process->cgroup_status = NIPC_APPS_CGROUP_UNKNOWN_RETRY_LATER;
        break;
    case 3:
        process->cgroup_status = NIPC_APPS_CGROUP_UNKNOWN_PERMANENT;
        data_path(pid, &process->cgroup_path);
        break;
    default:
        process->orchestrator = orchestrator_of(pid);
        data_path(pid, &process->cgroup_path);
        data_name(pid, &process->cgroup_name);
        labels_of(pid, &process->labels);
    }
}

void data_item(uint32_t index, uint64_t generation, uint32_t path_len, struct item *item)
{
    clear(&item->name);
    add(&item->name, "cgroup-%" PRIu32 "%s", index, is_odd(index) ? WIDE : "");
    clear(&item->path);
    add(&item->path, "/sys/fs/cgroup/%" PRIu32 "/", index);
    if (item->path.len < path_len)
        pad(&item->path, 'p', path_len - item->path.len);
    item->hash = nipc_simple_hash(item->name.bytes);
    item->options = (uint32_t)((index + generation) % 16);
    item->enabled = index % 3;
}

uint64_t data_value(uint64_t index)
{
    return UINT64_MAX - index * UINT64_C(0x9E3779B97F4A7C15);
}

void data_text(char *text, size_t len)
{
    for (size_t at = 0; at < len; at++)
        text[at] = (char)(1 + at % 251);
}

nipc_str_view_t text_view(const struct text *text)
{
    return (nipc_str_view_t){text->bytes, text->len};
}
