/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "base/error.h"
#include "plugin/job.h"

struct rig {
    struct jobs *jobs;
    sem_t woken;
    pthread_t loop;
    size_t done;
};

struct work {
    struct job job; /* first */
    struct rig *rig;
    sem_t *wait_for; /* NULL: does not block */
    sem_t *begun;    /* NULL: tells nobody */
    int result;
    pthread_t ran_on;
    int seen;
    char message[32];
};

static void wake(void *ctx)
{
    (void)sem_post(&((struct rig *)ctx)->woken);
}

static int run(struct job *j, struct s3c_error *err)
{
    struct work *w = (struct work *)j;

    w->ran_on = pthread_self();
    if (w->begun)
        (void)sem_post(w->begun);
    if (w->wait_for)
        (void)sem_wait(w->wait_for);
    return w->result < 0 ? s3c_error_set(err, w->result, "what went wrong") : w->result;
}

static void done(struct job *j, int r, const struct s3c_error *err)
{
    struct work *w = (struct work *)j;

    assert_true(pthread_equal(pthread_self(), w->rig->loop));
    w->seen = r;
    if (r < 0)
        (void)memcpy(w->message, err->message, sizeof(w->message) - 1);
    w->rig->done++;
}

static void begin(struct rig *r)
{
    struct s3c_error err;

    memset(r, 0, sizeof(*r));
    (void)sem_init(&r->woken, 0, 0);
    r->loop = pthread_self();
    CHECK_OK(jobs_new(&r->jobs, wake, r, &err), &err);
}

static void end(struct rig *r)
{
    jobs_free(r->jobs);
    (void)sem_destroy(&r->woken);
}

static struct work work(struct rig *r, int result)
{
    return (struct work){.job = {.run = run, .done = done}, .rig = r, .result = result, .seen = 99};
}

static void jobs_run_elsewhere_and_end_here(void **state)
{
    struct rig r;
    struct work w[3];

    (void)state;
    begin(&r);
    for (int i = 0; i < 3; i++) {
        w[i] = work(&r, i == 1 ? S3C_E_TIMEOUT : i);
        jobs_submit(r.jobs, &w[i].job);
    }
    while (r.done < 3) {
        (void)sem_wait(&r.woken);
        jobs_collect(r.jobs);
    }
    assert_false(pthread_equal(w[0].ran_on, r.loop));
    assert_true(pthread_equal(w[0].ran_on, w[2].ran_on));
    assert_int_equal(w[0].seen, 0);
    assert_int_equal(w[1].seen, S3C_E_TIMEOUT);
    CHECK_HAS(w[1].message, "what went wrong");
    assert_int_equal(w[2].seen, 2);
    assert_true(jobs_stop(r.jobs, 10000));
    end(&r);
}

/* Each job ends exactly once: one that is done, one that runs, one that has not begun. */
static void stopping_ends_every_job(void **state)
{
    struct rig r;
    struct work w[3];
    sem_t go, begun;

    (void)state;
    begin(&r);
    (void)sem_init(&go, 0, 0);
    (void)sem_init(&begun, 0, 0);
    for (int i = 0; i < 3; i++)
        w[i] = work(&r, 0);
    w[1].wait_for = &go;
    w[1].begun = &begun;
    for (int i = 0; i < 3; i++)
        jobs_submit(r.jobs, &w[i].job);
    (void)sem_wait(&begun);
    assert_false(jobs_stop(r.jobs, 1)); /* the second still blocks */
    (void)sem_post(&go);
    assert_true(jobs_stop(r.jobs, 10000));
    assert_int_equal(r.done, 3);
    assert_int_equal(w[0].seen, 0);
    assert_int_equal(w[1].seen, 0);
    assert_int_equal(w[2].seen, S3C_E_CANCELLED);
    end(&r);
    (void)sem_destroy(&go);
    (void)sem_destroy(&begun);
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct jobs *js = NULL;
        struct s3c_error err;
        struct rig r;
        int n;

        (void)sem_init(&r.woken, 0, 0);
        n = jobs_new(&js, wake, &r, &err);
        CHECK_CODE(n, check_alloc_failed() ? S3C_E_NOMEM : 0);
        if (n == 0)
            assert_true(jobs_stop(js, 10000));
        jobs_free(js);
        (void)sem_destroy(&r.woken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(jobs_run_elsewhere_and_end_here),
        CHECK_TEST(stopping_ends_every_job),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
