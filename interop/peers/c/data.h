/* What every provider knows: a pure function of the key, the same in every language. The README of
 * the matrix has it in words. */
#ifndef INTEROP_DATA_H
#define INTEROP_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netipc/netipc_protocol.h>

/* Bytes of the longest text: a name that is odd, long and huge. */
#define TEXT_MAX 24000
/* Labels of one item, at most. */
#define LABELS_MAX 4

/* A text that is being put together. */
struct text {
    uint32_t len;
    char bytes[TEXT_MAX];
};

/* The labels of an item. The views point into it, so that it must not be copied. */
struct labels {
    uint16_t count;
    nipc_lookup_label_view_t views[LABELS_MAX];
    char keys[LABELS_MAX][16];
    char values[LABELS_MAX][48];
};

/* What is known of a cgroup that is looked up. */
struct cgroup {
    uint16_t status;
    uint16_t orchestrator;
    struct text name;
    struct labels labels;
};

/* What is known of a process that is looked up. */
struct process {
    uint16_t status;
    uint16_t orchestrator;
    uint16_t cgroup_status;
    uint32_t ppid;
    uint32_t uid;
    uint64_t starttime;
    struct text comm;
    struct text cgroup_path;
    struct text cgroup_name;
    struct labels labels;
};

/* An item of a snapshot. */
struct item {
    uint32_t hash;
    uint32_t options;
    uint32_t enabled;
    struct text name;
    struct text path;
};

/* Which key `index` of a lookup is about. */
uint32_t data_number(uint32_t index);

/* Whether what is known of a number fits no answer of 16 KiB, and its name. */
bool data_is_huge(uint32_t number);
void data_name(uint32_t number, struct text *name);

/* The path that stands for a number. */
void data_path(uint32_t number, struct text *path);

/* What is known of the cgroup of `path`, or of the process `pid`. With `small`, answers are too
 * small for huge items. */
void data_cgroup(nipc_str_view_t path, bool small, struct cgroup *cgroup);
void data_process(uint32_t pid, bool small, struct process *process);

/* Item `index` of a snapshot of `generation`, whose path has at least `path_len` bytes. */
void data_item(uint32_t index, uint64_t generation, uint32_t path_len, struct item *item);

/* Number `index` to increment. */
uint64_t data_value(uint64_t index);

/* Fills `text` with the `len` bytes to reverse. */
void data_text(char *text, size_t len);

/* The text as the library takes it. */
nipc_str_view_t text_view(const struct text *text);

#endif
