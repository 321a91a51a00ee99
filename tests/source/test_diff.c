/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The change table of DESIGN 4.3, one line a case. Entries are written newest first as words: a kind (v version, m marker, n
 * `null` version, k `null` marker, g ghost version, h ghost marker), a name, and optionally @second. W is 10, W' is 20.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "source/diff.h"

#define MAX 16

struct words {
    struct s3c_fingerprint print[MAX];
    struct s3c_diff_item item[MAX];
    char name[MAX][8];
    size_t count;
};

static struct words parse(const char *text)
{
    struct words w = {.count = 0};
    char copy[256], *save = NULL;

    snprintf(copy, sizeof(copy), "%s", text);
    for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
        char *at = strchr(p, '@');
        bool absorbed = p[strlen(p) - 1] == '!';
        uint64_t flags = (strchr("mkh", p[0]) ? S3C_FP_MARKER : 0) |
                         (strchr("nk", p[0]) ? S3C_FP_NULL : 0) |
                         (strchr("gh", p[0]) ? S3C_FP_GHOST : 0);
        int64_t second = at ? strtoll(at + 1, NULL, 10) : 5;

        p[strcspn(p, "@!")] = '\0';
        snprintf(w.name[w.count], sizeof(w.name[0]), "%s", p);
        w.print[w.count] = (struct s3c_fingerprint){(uint64_t)p[1] * 256 + (uint64_t)p[0], flags};
        w.item[w.count] = (struct s3c_diff_item){w.print[w.count], second, absorbed};
        w.count++;
    }
    return w;
}

static const char *op_text(enum s3c_operation op)
{
    return op == S3C_OP_CREATE ? "create" : op == S3C_OP_UPDATE ? "update" : "delete";
}

/* Events as "create:v2@15 delete@20/1"; "/n" = that many follow; "?v" or "?m" = what stands in when it cannot be read. */
static void events_text(char *dst, size_t size, const struct s3c_diff *d, const struct words *w)
{
    dst[0] = '\0';
    for (size_t i = 0; i < d->event_count; i++) {
        const struct s3c_diff_event *e = &d->events[i];
        size_t n = strlen(dst);

        n += (size_t)snprintf(dst + n, size - n, "%s%s", i ? " " : "", op_text(e->op));
        if (e->item != S3C_DIFF_NO_ITEM)
            n += (size_t)snprintf(dst + n, size - n, ":%s", w->name[e->item]);
        n += (size_t)snprintf(dst + n, size - n, "@%lld", (long long)e->second);
        if (e->following)
            n += (size_t)snprintf(dst + n, size - n, "/%u", e->following);
        if (e->prior != S3C_PRIOR_NONE)
            snprintf(dst + n, size - n, "?%c", e->prior == S3C_PRIOR_VERSION ? 'v' : 'm');
    }
}

static const struct diff_case {
    const char *what, *old, *listed;
    bool late;
    const char *events, *kept;
} cases[] = {
    {"nothing happened", "v2 v1", "v2 v1", false, "", "v2 v1"},
    {"new key", "", "v1@15", false, "create:v1@15", "v1"},
    {"new unversioned key", "", "n1@15", false, "create:n1@15", "n1"},
    {"overwritten unversioned key", "n1", "n2@15", false, "update:n2@15?v", "n2"},
    {"key gone", "n1", "", false, "delete@20", ""},
    {"new version above a version", "v1", "v2@15 v1", false, "update:v2@15", "v2 v1"},
    {"new version above a marker", "m1", "v2@15 m1", false, "create:v2@15", "v2 m1"},
    {"new marker", "v1", "m2@15 v1", false, "delete:m2@15", "m2 v1"},
    {"a marker upon a marker", "m1", "m2@15 m1", false, "delete:m2@15", "m2 m1"},
    {"several, oldest first", "v1", "v4@17 m3@16 v2@15 v1", false,
     "update:v2@15 delete:m3@16 create:v4@17", "v4 m3 v2 v1"},
    {"several in one second count down", "", "v3@15 v2@15 v1@14", false,
     "create:v1@14 update:v2@15/1 update:v3@15", "v3 v2 v1"},
    {"marker removed", "m2 v1", "v1", false, "create:v1@20?m", "v1"},
    {"latest removed", "v2 v1", "v1", false, "update:v1@20?v", "v1"},
    {"latest removed, a marker is on top now", "v3 m2 v1", "m2 v1", false, "delete:m2@20", "m2 v1"},
    {"marker removed from upon a marker", "m3 m2 v1", "m2 v1", false, "", "m2 v1"},
    {"last version removed", "v1", "", false, "delete@20", ""},
    {"last marker removed", "m1", "", false, "", ""},
    {"all versions removed at once", "v3 v2 v1", "", false, "delete@20", ""},
    {"a version below removed", "v3 v2 v1", "v3 v1", false, "", "v3 v1"},
    {"a marker below removed", "v3 m2 v1", "v3 v1", false, "", "v3 v1"},
    {"replaced within one pass", "v1", "v2@15", false, "create:v2@15?v", "v2"},
    {"latest removed and a newer one came", "v2 v1", "v3@15 v1", false, "update:v3@15?v", "v3 v1"},
    {"straggler on top", "v1", "v2@7 v1", false, "update:v2@20", "v2 v1"},
    {"straggler below", "v2", "v2 v1@7", false, "create:v1@20", "v2 v1"},
    {"straggler of the last closed second", "v1", "v2@10 v1", false, "update:v2@20", "v2 v1"},
    {"entry of the future", "v1", "v2@99999 v1", false, "update:v2@20", "v2 v1"},
    {"straggler below and the latest removed", "v3 v1", "v2@7", false, "create:v2@20?v", "v2"},
    {"a straggler below what resurfaces", "v3 v2", "v2 v1@7", false,
     "create:v1@20/1 update:v2@20?v", "v2 v1"},
    {"W itself is closed, W' is in", "", "v2@20 v1@11", false, "create:v1@11 update:v2@20",
     "v2 v1"},
    /* suspended */
    {"null upon a version", "v1", "n2@15 v1", false, "update:n2@15", "n2 v1"},
    {"null replaces null", "n2 v1", "n3@15 v1", false, "update:n3@15?v", "n3 v1"},
    {"null marker replaces null", "n2 v1", "k3@15 v1", false, "delete:k3@15?v", "k3 v1"},
    {"null replaces a null marker", "k2 v1", "n3@15 v1", false, "create:n3@15?m", "n3 v1"},
    {"null replaces a null marker below", "v3 k2 v1", "n4@15 v3 v1", false, "update:n4@15",
     "n4 v3 v1"},
    {"null replaces null below", "v2 n1", "n3@15 v2", false, "update:n3@15", "n3 v2"},
    {"a version, then null replaces null", "n1", "n3@16 v2@15", false,
     "update:v2@15?v update:n3@16", "n3 v2"},
    {"null removed, a version resurfaces", "n2 v1", "v1", false, "update:v1@20?v", "v1"},
    {"null marker removed", "k2 v1", "v1", false, "create:v1@20?m", "v1"},
    /* later entries: nothing counts as removed */
    {"late overwrite of a null", "n1", "", true, "", "n1"},
    {"late above a version", "v1", "v1", true, "", "v1"},
    {"new and late", "v1", "v2@15 v1", true, "update:v2@15", "v2 v1"},
    {"removed and late: it stays", "v2 v1", "v1", true, "", "v2 v1"},
    {"new upon a null that a late one replaced", "n1", "v2@15", true, "update:v2@15?v", "v2 n1"},
    {"null replaces null, and late", "n2 v1", "n3@15 v1", true, "update:n3@15?v", "n3 v1"},
    {"nothing known and late", "", "", true, "", ""},
    /* after a start from a position */
    {"absorbed", "", "v2@9! v1@8!", false, "", "v2 v1"},
    {"new upon absorbed", "", "v2@15 v1@8!", false, "update:v2@15", "v2 v1"},
    {"new upon an absorbed marker", "", "v2@15 m1@8!", false, "create:v2@15", "v2 m1"},
    /* ghosts: what the reader saw where the index cannot say it */
    {"ghost, and the key is gone", "g2", "", false, "delete@20", ""},
    {"ghost, and it is tried again", "g2", "n2@15", false, "update:n2@15?v", "n2"},
    {"ghost, and another one is there", "g2", "n3@15", false, "update:n3@15?v", "n3"},
    {"ghost marker, a version resurfaces", "h2 v1", "v1", false, "create:v1@20?m", "v1"},
    {"ghost marker, and the key is gone", "h2", "", false, "", ""},
    {"ghost version, a version resurfaces", "g2 v1", "v1", false, "update:v1@20?v", "v1"},
    {"ghost below", "v2 g1", "v2", false, "", "v2"},
    {"ghost and late: it stays", "g1", "", true, "", "g1"},
    {"order of equals changed", "v2 v1", "v1 v2", false, "", "v1 v2"},
};

static void check_case(struct s3c_diff *d, const struct diff_case *c)
{
    struct words old = parse(c->old), listed = parse(c->listed), kept = parse(c->kept);
    struct s3c_diff_input in = {.old = old.print,
                                .old_count = old.count,
                                .items = listed.item,
                                .item_count = listed.count,
                                .late = c->late,
                                .after = 10,
                                .closed = 20};
    char text[512];
    bool same;

    CHECK_OK(s3c_diff_run(d, &in), NULL);
    events_text(text, sizeof(text), d, &listed);
    if (strcmp(text, c->events) != 0)
        fail_msg("%s: got \"%s\", want \"%s\"", c->what, text, c->events);
    same = d->kept_count == kept.count;
    for (size_t i = 0; same && i < kept.count; i++)
        same = s3c_fingerprint_eq(d->kept[i], kept.print[i]);
    if (!same)
        fail_msg("%s: the index keeps something else than \"%s\"", c->what, c->kept);
    same = kept.count == old.count &&
           memcmp(kept.print, old.print, old.count * sizeof(old.print[0])) == 0;
    assert_int_equal(d->changed, !same);
}

static void follows_the_change_table(void **state)
{
    struct s3c_diff d = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_case(&d, &cases[i]);
    s3c_diff_done(&d);
}

static void survives_lack_of_memory(void **state)
{
    struct words old = parse("n2 v1"), listed = parse("v4@15 n3@15 v1");
    struct s3c_diff_input in = {old.print, old.count, listed.item, listed.count, false, 10, 20};

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_diff d = {0};
        int r = s3c_diff_run(&d, &in);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_diff_done(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(follows_the_change_table),
        CHECK_TEST(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
