#include "test.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"

/* More than any program takes, so that one that hangs is a failure with a name. */
#define MOST_SECONDS 240

/* What one cause makes fail many times is told often enough. */
#define MOST_TOLD 50

static atomic_uint failures;
static const char *directory = ".";
static _Thread_local char context[200];

/* A server has ended when its sessions have, but their threads may still be about to exit. What
   these have not freed yet would be a leak. */
static void wait_until_alone(void) {
    platform_watch(MOST_SECONDS);
    platform_wait_until_alone();
    platform_watch(0);
}

static bool run(const struct test *test) {
    unsigned before = atomic_load(&failures);
    test_context("%s", "");
    platform_watch(MOST_SECONDS);
    test->run();
    platform_watch(0);
    bool passed = atomic_load(&failures) == before;
    printf("%s %s\n", passed ? "ok" : "not ok", test->name);
    fflush(stdout);
    return passed;
}

void test_begin(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s directory [test]\n", argv[0]);
        exit(2);
    }
    directory = argv[1];
}

int test_end(int code) {
    wait_until_alone();
    return code;
}

int test_main(int argc, char **argv, const struct test *tests, size_t count) {
    const char *only = argc > 2 ? argv[2] : NULL;
    size_t ran = 0, failed = 0;
    test_begin(argc, argv);
    for (size_t i = 0; i < count; i++) {
        if (only == NULL || strcmp(only, tests[i].name) == 0) {
            ran++;
            failed += !run(&tests[i]);
        }
    }
    if (ran == 0) {
        printf("not ok: there is no test %s\n", only == NULL ? "at all" : only);
    }
    return ran > 0 && failed == 0 ? 0 : 1;
}

const char *test_dir(void) {
    return directory;
}

bool test_slow(void) {
    return getenv("NETIPC_TEST_SLOW") != NULL;
}

void test_context(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
}

void test_fail(const char *file, int line, const char *format, ...) {
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (atomic_fetch_add(&failures, 1) >= MOST_TOLD) {
        return;
    }
    printf("# %s:%d: %s%s%s\n", file, line, text, *context ? ", with " : "", context);
    fflush(stdout);
}

void test_give_up(const char *file, int line, const char *what) {
    test_fail(file, line, "%s (cannot go on)", what);
    exit(1);
}

void test_equal(const char *file, int line, const char *what, uint64_t found, uint64_t expected) {
    if (found != expected) {
        test_fail(file, line, "%s is %" PRIu64 ", expected %" PRIu64, what, found, expected);
    }
}

void test_code(const char *file, int line, const char *what, nipc_error_t found,
               nipc_error_t expected) {
    if (found != expected) {
        test_fail(file, line, "%s is %d (%s), expected %d (%s)", what, (int)found,
                  nipc_strerror(found), (int)expected, nipc_strerror(expected));
    }
}

void test_bytes(const char *file, int line, const char *what, const void *found, size_t len,
                const void *expected, size_t expected_len) {
    const unsigned char *left = (const unsigned char *)found;
    const unsigned char *right = (const unsigned char *)expected;
    if (len != expected_len) {
        test_fail(file, line, "%s has %zu bytes, expected %zu", what, len, expected_len);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        if (left[i] != right[i]) {
            test_fail(file, line, "byte %zu of %s is %02x, expected %02x", i, what, left[i],
                      right[i]);
            return;
        }
    }
}

void test_view(const char *file, int line, const char *what, nipc_str_view_t found,
               nipc_str_view_t expected) {
    if (found.ptr == NULL) {
        test_fail(file, line, "%s is NULL", what);
        return;
    }
    test_bytes(file, line, what, found.ptr, found.len, expected.ptr, expected.len);
    if (found.ptr[found.len] != '\0') {
        test_fail(file, line, "%s does not end with NUL", what);
    }
}

void test_zeroed(const char *file, int line, const char *what, const void *object, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (((const unsigned char *)object)[i] != 0) {
            test_fail(file, line, "%s is not zeroed at %zu", what, i);
            return;
        }
    }
}

nipc_str_view_t view_of(const char *text) {
    nipc_str_view_t view;
    view.ptr = text;
    view.len = (uint32_t)strlen(text);
    return view;
}
