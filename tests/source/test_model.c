/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories of a bucket against models of what must come out. The exact models are written from the history of writes, not from
 * listings, so that they share nothing with the code under test; where versions are removed, arrive late or vanish between
 * listing and reading, what is checked is that a reader who applies the records ends with what is in the bucket.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

#define SEC      S3C_NS_PER_SEC
#define KEYS     6
#define MAX_PUTS 4096

static uint64_t seed;

static unsigned pick(unsigned n)
{
    return (unsigned)(check_random(&seed) % n);
}

static const char *const keys[KEYS] = {"a", "a_c1", "a_s2", "b/ +%", "b/", "\xc3\xa9"};

struct write {
    int key, order;
    int64_t second;
    bool marker;
    char body[24];
};

struct history {
    struct write writes[MAX_PUTS];
    int count;
};

struct want {
    char position[96];
    enum s3c_operation op;
    char body[24];
    int64_t second;
    int key, order;
    bool after_snapshot;
};

static struct history history;
static struct want wanted[MAX_PUTS];
static int wanted_count;

static int compare_wants(const void *a, const void *b)
{
    const struct want *x = a, *y = b;
    int c;

    if (x->after_snapshot != y->after_snapshot)
        return x->after_snapshot - y->after_snapshot;
    if (x->after_snapshot && x->second != y->second)
        return x->second < y->second ? -1 : 1;
    c = strcmp(keys[x->key], keys[y->key]);
    return c ? c : x->order - y->order;
}

/* `before`: whether something was visible before the write. */
static void want_event(const struct write *w, bool before, int64_t second)
{
    struct want *n = &wanted[wanted_count++];

    *n = (struct want){.second = second, .key = w->key, .order = w->order, .after_snapshot = true};
    n->op = w->marker ? S3C_OP_DELETE : before ? S3C_OP_UPDATE : S3C_OP_CREATE;
    snprintf(n->body, sizeof(n->body), "%s", w->marker ? "" : w->body);
}

/* Sorts what is wanted from `from` on and gives it its positions. */
static void place_wants(int from, int64_t w0)
{
    int last = -1;

    qsort(wanted + from, (size_t)(wanted_count - from), sizeof(*wanted), compare_wants);
    for (int i = from; i < wanted_count; i++)
        if (!wanted[i].after_snapshot)
            last = i;
    for (int i = wanted_count - 1, n = 0; i >= from; i--) {
        struct want *x = &wanted[i];
        char count[16] = "";

        if (!x->after_snapshot) {
            snprintf(x->position, sizeof(x->position), "%s_%c%lld", keys[x->key],
                     i == last ? 'c' : 's', (long long)w0);
            continue;
        }
        n = i + 1 < wanted_count && x[1].key == x->key && x[1].second == x->second ? n + 1 : 0;
        if (n)
            snprintf(count, sizeof(count), ".%d", n);
        snprintf(x->position, sizeof(x->position), "%s_c%lld%s", keys[x->key], (long long)x->second,
                 count);
    }
}

/* Every version is an event; what was visible before it is what was written before it. */
static void want_versions(int64_t w0)
{
    bool visible[KEYS] = {false};
    int newest[KEYS];

    memset(newest, -1, sizeof(newest));
    wanted_count = 0;
    for (int i = 0; i < history.count; i++) {
        const struct write *w = &history.writes[i];

        if (w->second <= w0)
            newest[w->key] = i;
        else
            want_event(w, visible[w->key], w->second);
        visible[w->key] = !w->marker;
    }
    for (int k = 0; k < KEYS; k++) {
        if (newest[k] < 0 || history.writes[newest[k]].marker)
            continue;
        wanted[wanted_count] = (struct want){.key = k, .op = S3C_OP_SNAPSHOT};
        snprintf(wanted[wanted_count++].body, 24, "%s", history.writes[newest[k]].body);
    }
    place_wants(0, w0);
}

static void write_something(struct rig *r)
{
    struct write *w = &history.writes[history.count];

    *w = (struct write){.key = (int)pick(KEYS), .order = history.count++, .marker = pick(4) == 0};
    if (pick(2))
        fake_pass_time(&r->bucket, (int64_t)pick(2500) * S3C_NS_PER_MS);
    w->second = s3c_floor_sec(r->bucket.wall_ns);
    snprintf(w->body, sizeof(w->body), "body %d", w->order);
    if (w->marker)
        fake_delete(&r->bucket, keys[w->key]);
    else
        fake_put(&r->bucket, keys[w->key], w->body);
}

static void check_same(const struct rig *r, int from, int first)
{
    if ((int)r->count != wanted_count - from)
        fail_msg("seed %llu: %zu records instead of %d", (unsigned long long)seed, r->count,
                 wanted_count - from);
    for (int i = first; i < (int)r->count; i++) {
        const struct seen *s = &r->seen[i];
        const struct want *w = &wanted[from + i];

        assert_string_equal(s->position, w->position);
        assert_string_equal(s->key, keys[w->key]);
        assert_int_equal(s->op, w->op);
        assert_string_equal(s->body, w->body);
    }
}

/* Records of the markers of second W0 behind the last snapshot record: a position cannot say that they had been passed over. */
static void drop_old_markers(struct rig *r, int64_t w0)
{
    size_t n = 0;

    for (size_t i = 0; i < r->count; i++) {
        struct s3c_position p;
        struct s3c_view text = {r->seen[i].position, r->seen[i].position_len};

        CHECK_OK(s3c_position_parse(&p, text, NULL), NULL);
        if (p.phase == S3C_PHASE_CDC && p.second == w0 && r->seen[i].op != S3C_OP_SNAPSHOT)
            continue;
        r->seen[n++] = r->seen[i];
    }
    r->count = n;
}

static void start_anywhere(struct rig *r, const char *position)
{
    r->bucket.page = 1 + pick(7);
    CHECK_OK(rig_start(r, position, strlen(position)), &r->err);
    rig_drain(r);
}

/* One history of a versioned bucket, read in one go, then again from every position of the run. */
static void versioned_history(void)
{
    struct rig r;
    unsigned before = pick(12), rounds = 1 + pick(4);
    int64_t w0;

    history.count = 0;
    rig_init(&r, FAKE_ENABLED);
    for (unsigned i = 0; i < before; i++)
        write_something(&r);
    fake_pass_time(&r.bucket, (int64_t)pick(6) * SEC);
    start_anywhere(&r, "");
    w0 = rig_stats(&r).closed_second;
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned n = pick(10); n > 0; n--)
            write_something(&r);
        rig_pass(&r);
    }
    want_versions(w0);
    check_same(&r, 0, 0);
    for (int at = 0; at < wanted_count; at++) {
        rig_forget(&r);
        start_anywhere(&r, wanted[at].position);
        rig_pass(&r);
        drop_old_markers(&r, w0);
        check_same(&r, at + 1, 0);
    }
    rig_done(&r);
}

static void every_version_once_and_resumes_exactly(void **state)
{
    (void)state;
    seed = 1;
    for (int i = 0; i < 200; i++)
        versioned_history();
}

/* What a pass over a bucket without versions must say: the difference of two states of the model. */
static void want_changes(const int *old, const int *now, int64_t closed)
{
    int from = wanted_count;

    for (int k = 0; k < KEYS; k++) {
        struct write gone = {.key = k, .marker = true};

        if (now[k] == old[k])
            continue;
        if (now[k] < 0)
            want_event(&gone, true, closed);
        else
            want_event(&history.writes[now[k]], old[k] >= 0, history.writes[now[k]].second);
    }
    place_wants(from, 0);
}

static void apply_writes(int *state, int from)
{
    for (int i = from; i < history.count; i++)
        state[history.writes[i].key] = history.writes[i].marker ? -1 : i;
}

static void unversioned_history(void)
{
    int old[KEYS], now[KEYS], from;
    struct rig r;

    memset(now, -1, sizeof(now));
    history.count = wanted_count = 0;
    rig_init(&r, FAKE_UNVERSIONED);
    start_anywhere(&r, "");
    for (unsigned round = 0; round < 5; round++) {
        from = history.count;
        memcpy(old, now, sizeof(old));
        for (unsigned n = pick(10); n > 0; n--)
            write_something(&r);
        apply_writes(now, from);
        rig_pass(&r);
        want_changes(old, now, rig_stats(&r).closed_second);
    }
    check_same(&r, 0, 0);
    rig_done(&r);
}

static void unversioned_changes_exactly(void **state)
{
    (void)state;
    seed = 2;
    for (int i = 0; i < 500; i++)
        unversioned_history();
}

/* ---- chaos ---- */

/* A reader's idea of the bucket: the bodies by key, "" = nothing. */
struct view {
    char body[KEYS][48];
};

static int key_number(const char *key)
{
    for (int k = 0; k < KEYS; k++)
        if (strcmp(keys[k], key) == 0)
            return k;
    fail_msg("a key that nobody wrote: %s", key);
    return -1;
}

/* latest_only: a reader who leaves out what is not the latest, as he must where versions arrive below others. */
static void read_all(const struct rig *r, struct view *v, bool latest_only)
{
    memset(v, 0, sizeof(*v));
    for (size_t i = 0; i < r->count; i++) {
        const struct seen *s = &r->seen[i];

        if (latest_only && s->has_version && !s->latest)
            continue;
        memcpy(v->body[key_number(s->key)], s->body, sizeof(s->body));
    }
}

static void check_view(struct rig *r, bool latest_only)
{
    struct view v;

    read_all(r, &v, latest_only);
    for (int k = 0; k < KEYS; k++) {
        const struct fake_version *f = fake_latest(&r->bucket, keys[k]);

        if (strcmp(v.body[k], f ? f->body : "") != 0)
            fail_msg("key %s: the reader has \"%s\", the bucket \"%s\"", keys[k], v.body[k],
                     f ? f->body : "");
    }
}

static void check_order(const struct rig *r)
{
    for (size_t i = 1; i < r->count; i++) {
        struct s3c_position a, b;
        struct s3c_view x = {r->seen[i - 1].position, r->seen[i - 1].position_len};
        struct s3c_view y = {r->seen[i].position, r->seen[i].position_len};

        CHECK_OK(s3c_position_parse(&a, x, NULL), NULL);
        CHECK_OK(s3c_position_parse(&b, y, NULL), NULL);
        if (s3c_position_cmp(&a, &b) >= 0)
            fail_msg("%s comes before %s", r->seen[i - 1].position, r->seen[i].position);
    }
}

/* Each version that is there now was given, whatever was above it when it came. */
static void check_complete(const struct rig *r, uint64_t born_after)
{
    for (size_t i = 0; i < r->bucket.count; i++) {
        const struct fake_version *f = &r->bucket.versions[i];
        bool found = f->born < born_after;

        for (size_t j = 0; !found && j < r->count; j++)
            found = strcmp(r->seen[j].key, f->key) == 0 && strcmp(r->seen[j].body, f->body) == 0 &&
                    (r->seen[j].op == S3C_OP_DELETE) == f->marker;
        if (!found)
            fail_msg("%s version %s \"%s\" was never given", f->key, f->id, f->body);
    }
}

static void change_something_locked(struct fake_bucket *b, bool stragglers)
{
    const char *key = keys[pick(KEYS)];
    char body[24];

    snprintf(body, sizeof(body), "body %llu", (unsigned long long)b->next_id);
    switch (pick(stragglers ? 10 : 8)) {
    case 0:
    case 1:
        fake_delete_locked(b, key);
        break;
    case 2:
    case 3:
        if (b->count > 0)
            fake_remove_locked(b, pick((unsigned)b->count));
        break;
    case 8:
    case 9:
        fake_put_locked(b, key, body, b->wall_ns - (int64_t)pick(100000) * SEC);
        break;
    default:
        fake_put_locked(b, key, body, b->wall_ns);
    }
}

static void meddle(struct fake_bucket *b)
{
    for (unsigned n = 1 + pick(4); n > 0; n--)
        change_something_locked(b, false);
}

static void change_some(struct rig *r, bool stragglers)
{
    pthread_mutex_lock(&r->bucket.lock);
    for (unsigned n = pick(8); n > 0; n--) {
        change_something_locked(&r->bucket, stragglers);
        if (r->bucket.mode != FAKE_UNVERSIONED && pick(10) == 0)
            r->bucket.mode = pick(2) ? FAKE_ENABLED : FAKE_SUSPENDED;
        fake_pass_time(&r->bucket, (int64_t)pick(1500) * S3C_NS_PER_MS);
    }
    pthread_mutex_unlock(&r->bucket.lock);
}

/* Short passes leave entries that are too late for them; meddling makes listed ones vanish before they are read. */
static void short_pass(struct rig *r)
{
    fake_pass_time(&r->bucket, (int64_t)pick(4) * SEC);
    if (pick(3) == 0)
        r->bucket.after_list = meddle;
    rig_drain(r);
    pthread_mutex_lock(&r->bucket.lock);
    r->bucket.after_list = NULL;
    pthread_mutex_unlock(&r->bucket.lock);
}

static void chaos(enum fake_mode mode, bool stragglers)
{
    uint64_t born;
    struct rig r;

    rig_init(&r, mode);
    if (!stragglers)
        r.settings.polling_period_ns = 1;
    r.bucket.page = 1 + pick(5);
    change_some(&r, false);
    fake_pass_time(&r.bucket, 10 * SEC);
    born = r.bucket.next_id;
    CHECK_OK(rig_start(&r, NULL, 0), &r.err);
    rig_drain(&r);
    for (unsigned round = 0; round < 8; round++) {
        change_some(&r, stragglers);
        if (stragglers)
            rig_pass(&r);
        else
            short_pass(&r);
    }
    rig_pass(&r);
    rig_pass(&r);
    check_order(&r);
    check_view(&r, stragglers);
    check_complete(&r, born);
    rig_done(&r);
}

/* scripts/soak.sh asks for others, and more. */
static uint64_t asked(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void a_reader_ends_with_what_is_in_the_bucket(void **state)
{
    uint64_t first = asked("S3C_MODEL_FIRST", 1), count = asked("S3C_MODEL_SEEDS", 800);

    (void)state;
    for (seed = first; seed < first + count; seed++) {
        uint64_t was = seed;

        chaos(pick(3), false);
        chaos(FAKE_ENABLED + pick(2), true);
        seed = was;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(every_version_once_and_resumes_exactly),
        CHECK_TEST(unversioned_changes_exactly),
        CHECK_TEST(a_reader_ends_with_what_is_in_the_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
