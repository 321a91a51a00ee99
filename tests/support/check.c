/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- results ---- */

void check_ok_(int r, const struct s3c_error *err, const char *text, const char *file, int line)
{
    if (r >= 0)
        return;
    print_error("%s\n  gave %d (%s): %s\n", text, r, s3c_code_text(r), err ? err->message : "");
    _fail(file, line);
}

void check_code_(int r, int code, const char *text, const char *file, int line)
{
    if (r == code)
        return;
    print_error("%s\n  gave %d (%s), not %d (%s)\n", text, r, s3c_code_text(r), code,
                s3c_code_text(code));
    _fail(file, line);
}

void check_view_(struct s3c_view v, const char *str, const char *text, const char *file, int line)
{
    size_t len = strlen(str);

    if (v.len == len && (len == 0 || memcmp(v.ptr, str, len) == 0))
        return;
    print_error("%s\n  is     [%.*s]\n  not    [%s]\n", text, (int)v.len, v.ptr ? v.ptr : "", str);
    _fail(file, line);
}

void check_has_(const char *haystack, const char *needle, const char *file, int line)
{
    if (strstr(haystack, needle))
        return;
    print_error("[%s]\n  does not contain [%s]\n", haystack, needle);
    _fail(file, line);
}

/* ---- the tracing allocator ---- */

/* In front of each block; its size keeps malloc's alignment. */
struct block {
    struct block *prev, *next;
    size_t size, number;
};

static struct {
    pthread_mutex_t lock;
    struct block *live;
    size_t live_count, made;
    size_t fail_at; /* the allocation that will fail, counted in `made`; 0 = none */
    bool failed;
} tracer = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool must_fail_locked(void)
{
    tracer.made++;
    if (tracer.fail_at == 0 || tracer.made != tracer.fail_at)
        return false;
    tracer.failed = true;
    return true;
}

static void link_locked(struct block *b, size_t n)
{
    *b = (struct block){.next = tracer.live, .size = n, .number = tracer.made};
    if (tracer.live)
        tracer.live->prev = b;
    tracer.live = b;
    tracer.live_count++;
}

static void unlink_locked(struct block *b)
{
    if (b->prev)
        b->prev->next = b->next;
    else
        tracer.live = b->next;
    if (b->next)
        b->next->prev = b->prev;
    tracer.live_count--;
}

static void *trace_alloc(size_t n)
{
    struct block *b = NULL;

    pthread_mutex_lock(&tracer.lock);
    if (!must_fail_locked() && n <= SIZE_MAX - sizeof(*b))
        b = malloc(sizeof(*b) + n);
    if (b)
        link_locked(b, n);
    pthread_mutex_unlock(&tracer.lock);
    return b ? b + 1 : NULL;
}

static void trace_free(void *p)
{
    struct block *b = (struct block *)p - 1;

    pthread_mutex_lock(&tracer.lock);
    unlink_locked(b);
    pthread_mutex_unlock(&tracer.lock);
    free(b);
}

/* Always moves, so that a pointer kept over a growth is found by the address sanitizer. */
static void *trace_realloc(void *p, size_t n)
{
    void *moved = trace_alloc(n);

    if (moved && p) {
        size_t old = ((struct block *)p - 1)->size;

        memcpy(moved, p, old < n ? old : n);
        trace_free(p);
    }
    return moved;
}

int check_mem_begin(void **state)
{
    static const struct s3c_mem_hooks hooks = {trace_alloc, trace_realloc, trace_free};

    (void)state;
    tracer.live = NULL;
    tracer.live_count = tracer.made = tracer.fail_at = 0;
    tracer.failed = false;
    s3c_mem_set_hooks(&hooks);
    return 0;
}

static void print_leaks(void)
{
    int shown = 0;

    for (const struct block *b = tracer.live; b && shown < 10; b = b->next, shown++)
        print_error("  leaked: %zu bytes, allocation number %zu\n", b->size, b->number);
}

int check_mem_end(void **state)
{
    size_t leaked = tracer.live_count;

    (void)state;
    s3c_mem_set_hooks(NULL);
    if (leaked == 0)
        return 0;
    print_error("%zu blocks were not freed\n", leaked);
    print_leaks();
    return -1;
}

size_t check_mem_live(void)
{
    size_t n;

    pthread_mutex_lock(&tracer.lock);
    n = tracer.live_count;
    pthread_mutex_unlock(&tracer.lock);
    return n;
}

size_t check_mem_made(void)
{
    size_t n;

    pthread_mutex_lock(&tracer.lock);
    n = tracer.made;
    pthread_mutex_unlock(&tracer.lock);
    return n;
}

bool check_alloc_failed(void)
{
    bool failed;

    pthread_mutex_lock(&tracer.lock);
    failed = tracer.failed;
    pthread_mutex_unlock(&tracer.lock);
    return failed;
}

bool check_alloc_next_(size_t *n, size_t live_before)
{
    enum { TOO_MANY = 100000 };
    bool more;

    if (check_mem_live() != live_before) {
        print_error("with allocation %zu of the run failing, %zu blocks are alive, not %zu\n", *n,
                    check_mem_live(), live_before);
        print_leaks();
        fail();
    }
    pthread_mutex_lock(&tracer.lock);
    more = *n == 0 || tracer.failed;
    ++*n;
    tracer.failed = false;
    tracer.fail_at = more ? tracer.made + *n : 0;
    pthread_mutex_unlock(&tracer.lock);
    if (*n > TOO_MANY)
        fail_msg("%d allocations and no end: does the body stop on failure?", TOO_MANY);
    return more;
}

/* ---- input at the end of memory ---- */

struct check_guard check_guard_new(const void *p, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (n + page - 1) / page * page;
    struct check_guard g = {.len = n, .map_len = room + page};

    g.map = mmap(NULL, g.map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g.map != MAP_FAILED);
    assert_int_equal(mprotect((char *)g.map + room, page, PROT_NONE), 0);
    g.ptr = (char *)g.map + room - n;
    if (p && n)
        memcpy(g.ptr, p, n);
    return g;
}

void check_guard_free(struct check_guard *g)
{
    if (g->map)
        munmap(g->map, g->map_len);
    *g = (struct check_guard){0};
}

void check_each_split(struct s3c_view v,
                      void (*fn)(void *ctx, struct s3c_view head, struct s3c_view tail), void *ctx)
{
    for (size_t n = 0; n <= v.len; n++) {
        struct check_guard head = check_guard_new(v.ptr, n),
                           tail = check_guard_new(v.ptr + n, v.len - n);

        fn(ctx, (struct s3c_view){head.ptr, head.len}, (struct s3c_view){tail.ptr, tail.len});
        check_guard_free(&head);
        check_guard_free(&tail);
    }
}

void check_each_prefix(struct s3c_view v, void (*fn)(void *ctx, char *p, size_t n), void *ctx)
{
    for (size_t n = 0; n <= v.len; n++) {
        struct check_guard g = check_guard_new(v.ptr, n);

        fn(ctx, g.ptr, n);
        check_guard_free(&g);
    }
}

uint64_t check_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

void check_append(char *dst, size_t size, const char *text, size_t len)
{
    size_t used = strlen(dst);

    assert_true(used + len < size);
    memcpy(dst + used, text, len);
    dst[used + len] = '\0';
}
