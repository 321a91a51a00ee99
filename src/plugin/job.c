/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/job.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/mem.h"

struct queue {
    struct job *head, **tail;
};

struct jobs {
    void (*wake)(void *ctx);
    void *ctx;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct queue waiting, finished; /* @locks lock */
    bool stopping, ended;           /* @locks lock */
};

static void queue_init(struct queue *q)
{
    q->head = NULL;
    q->tail = &q->head;
}

static void queue_add(struct queue *q, struct job *j)
{
    j->next = NULL;
    *q->tail = j;
    q->tail = &j->next;
}

static struct job *queue_take(struct queue *q)
{
    struct job *j = q->head;

    if (j) {
        q->head = j->next;
        if (!q->head)
            q->tail = &q->head;
    }
    return j;
}

static void *work(void *arg)
{
    struct jobs *js = arg;

    (void)pthread_mutex_lock(&js->lock);
    while (!js->stopping) {
        struct job *j = queue_take(&js->waiting);

        if (!j) {
            (void)pthread_cond_wait(&js->changed, &js->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&js->lock);
        j->result = j->run(j, &j->error);
        (void)pthread_mutex_lock(&js->lock);
        queue_add(&js->finished, j);
        js->wake(js->ctx);
    }
    js->ended = true;
    (void)pthread_cond_broadcast(&js->changed);
    (void)pthread_mutex_unlock(&js->lock);
    return NULL;
}

static void init_sync(struct jobs *js)
{
    pthread_condattr_t attr;

    (void)pthread_mutex_init(&js->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&js->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
}

int jobs_new(struct jobs **ret, void (*wake)(void *ctx), void *ctx, struct s3c_error *err)
{
    struct jobs *js = s3c_zalloc(sizeof(*js));
    int r;

    if (!js)
        return s3c_error_nomem(err);
    js->wake = wake;
    js->ctx = ctx;
    queue_init(&js->waiting);
    queue_init(&js->finished);
    init_sync(js);
    r = pthread_create(&js->thread, NULL, work, js);
    if (r != 0) {
        jobs_free(js);
        return s3c_error_errno(err, r, "worker thread");
    }
    *ret = js;
    return 0;
}

void jobs_submit(struct jobs *js, struct job *j)
{
    (void)pthread_mutex_lock(&js->lock);
    queue_add(&js->waiting, j);
    (void)pthread_cond_broadcast(&js->changed);
    (void)pthread_mutex_unlock(&js->lock);
}

void jobs_collect(struct jobs *js)
{
    struct job *j;

    do {
        (void)pthread_mutex_lock(&js->lock);
        j = queue_take(&js->finished);
        (void)pthread_mutex_unlock(&js->lock);
        if (j)
            j->done(j, j->result, &j->error);
    } while (j);
}

/* Whether the worker has ended within the time. */
static bool wait_for_end(struct jobs *js, int wait_ms)
{
    struct timespec until;
    bool ended;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    (void)pthread_mutex_lock(&js->lock);
    js->stopping = true;
    (void)pthread_cond_broadcast(&js->changed);
    while (!js->ended)
        if (pthread_cond_timedwait(&js->changed, &js->lock, &until) == ETIMEDOUT)
            break;
    ended = js->ended;
    (void)pthread_mutex_unlock(&js->lock);
    return ended;
}

bool jobs_stop(struct jobs *js, int wait_ms)
{
    struct job *j;

    if (!wait_for_end(js, wait_ms))
        return false;
    (void)pthread_join(js->thread, NULL);
    jobs_collect(js);
    while ((j = queue_take(&js->waiting)) != NULL) {
        j->result = s3c_error_set(&j->error, S3C_E_CANCELLED, "the plugin ends");
        j->done(j, j->result, &j->error);
    }
    return true;
}

void jobs_free(struct jobs *js)
{
    if (!js)
        return;
    (void)pthread_cond_destroy(&js->changed);
    (void)pthread_mutex_destroy(&js->lock);
    s3c_free(js);
}
