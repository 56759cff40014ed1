/* A table of named tests, and checks that say where and with which values they failed. */
#ifndef NETIPC_TEST_H
#define NETIPC_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <netipc/netipc_service.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct test {
    const char *name;
    void (*run)(void);
};

/* Runs the test that the second argument names, or all. The first argument is a directory for
   sockets and shared memory. Prints one line for each test; gives the exit code. */
int test_main(int argc, char **argv, const struct test *tests, size_t count);

/* Takes the arguments, for what comes before the tests. */
void test_begin(int argc, char **argv);

/* Waits until no other thread is left; gives CODE, the exit code. The last that main does. */
int test_end(int code);

/* The directory of the first argument. */
const char *test_dir(void);

/* Whether everything takes many times as long as usual, so that less of the same must do. */
bool test_slow(void);

/* What the format attribute calls the formats that printf knows. */
#ifdef __MINGW_PRINTF_FORMAT
#define TEST_PRINTF __MINGW_PRINTF_FORMAT
#else
#define TEST_PRINTF printf
#endif

/* Says in every failure of this thread from now on what it was about. */
void test_context(const char *format, ...) __attribute__((format(TEST_PRINTF, 1, 2)));

/* All of these may be used in any thread, and go on after a failure. */
#define CHECK(condition) \
    ((condition) ? (void)0 : test_fail(__FILE__, __LINE__, "%s", #condition))
#define CHECK_EQ(found, expected) \
    test_equal(__FILE__, __LINE__, #found, (uint64_t)(found), (uint64_t)(expected))
#define CHECK_CODE(call, expected) test_code(__FILE__, __LINE__, #call, (call), (expected))
#define CHECK_OK(call) CHECK_CODE(call, NIPC_OK)
#define CHECK_BYTES(found, len, expected, expected_len) \
    test_bytes(__FILE__, __LINE__, #found, (found), (len), (expected), (expected_len))
/* A view of our own: the text, its length, and the NUL after it. */
#define CHECK_VIEW(found, expected) \
    test_view(__FILE__, __LINE__, #found, (found), (expected))
/* For types without padding. */
#define CHECK_ZEROED(object) test_zeroed(__FILE__, __LINE__, #object, &(object), sizeof(object))
/* That a view of an answer was zeroed. */
#define CHECK_NO_ITEMS(view)                 \
    do {                                     \
        CHECK_EQ((view).item_count, 0);      \
        CHECK_EQ((view).generation, 0);      \
        CHECK((view).payload == NULL);       \
        CHECK_EQ((view).payload_len, 0);     \
    } while (0)
#define CHECK_NO_TEXT(view) CHECK((view).str == NULL && (view).str_len == 0)
/* Ends the program where nothing that follows makes sense. */
#define REQUIRE(condition) \
    ((condition) ? (void)0 : test_give_up(__FILE__, __LINE__, #condition))

void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(TEST_PRINTF, 3, 4)));
void test_give_up(const char *file, int line, const char *what) __attribute__((noreturn));
void test_equal(const char *file, int line, const char *what, uint64_t found, uint64_t expected);
void test_code(const char *file, int line, const char *what, nipc_error_t found,
               nipc_error_t expected);
void test_bytes(const char *file, int line, const char *what, const void *found, size_t len,
                const void *expected, size_t expected_len);
void test_view(const char *file, int line, const char *what, nipc_str_view_t found,
               nipc_str_view_t expected);
void test_zeroed(const char *file, int line, const char *what, const void *object, size_t size);

/* A view of a string that ends with NUL. */
nipc_str_view_t view_of(const char *text);

#ifdef __cplusplus
}
#endif

#endif
