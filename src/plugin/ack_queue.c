/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/ack_queue.h"

#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"
#include "grpc/pb.h"

struct ack_refusal {
    struct ack_refusal *next;
    uint64_t number; /* of the record, from 0 */
    char *why;
    size_t position_len;
    char position[];
};

void ack_queue_init(struct ack_queue *q)
{
    *q = (struct ack_queue){.out = S3C_BUF_INIT(SIZE_MAX / 2)};
}

static void free_refusal(struct ack_refusal *a)
{
    s3c_free(a->why);
    s3c_free(a);
}

void ack_queue_done(struct ack_queue *q)
{
    while (q->head) {
        struct ack_refusal *a = q->head;
        q->head = a->next;
        free_refusal(a);
    }
    q->tail = NULL;
    s3c_buf_done(&q->out);
}

void ack_queue_given(struct ack_queue *q, size_t n)
{
    q->records += n;
}

int ack_queue_refuse(struct ack_queue *q, struct s3c_view position, const char *why)
{
    struct ack_refusal *a = s3c_alloc(sizeof(*a) + position.len);

    if (!a)
        return S3C_E_NOMEM;
    *a = (struct ack_refusal){.number = q->records, .position_len = position.len};
    if (position.len > 0)
        memcpy(a->position, position.ptr, position.len);
    a->why = s3c_strdup(why);
    if (!a->why) {
        s3c_free(a);
        return S3C_E_NOMEM;
    }
    if (q->tail)
        q->tail->next = a;
    else
        q->head = a;
    q->tail = a;
    q->records++;
    return 0;
}

/* An error without a text would be taken for success. */
static int add_ack(struct ack_queue *q, struct s3c_view position, const char *why)
{
    size_t mark;
    int r = pb_begin(&q->out, 1, &mark);

    if (r == 0 && position.len > 0)
        r = pb_add_bytes(&q->out, 1, position);
    if (r == 0 && why)
        r = pb_add_bytes(&q->out, 2, s3c_view_str(*why ? why : "unknown error"));
    if (r == 0)
        r = pb_end(&q->out, mark);
    if (r == 0) {
        q->answered++;
        q->failed += why != NULL;
    }
    return r;
}

/* Those refused whose turn has come. */
static int add_refusals(struct ack_queue *q)
{
    int r = 0;

    while (r == 0 && q->head && q->head->number == q->answered) {
        struct ack_refusal *a = q->head;
        struct s3c_view position = {a->position, a->position_len};
        r = add_ack(q, position, a->why);
        if (r < 0)
            break;
        q->head = a->next;
        if (!q->head)
            q->tail = NULL;
        free_refusal(a);
    }
    return r;
}

static const char *error_text(const struct s3c_error *e)
{
    return *e->message ? e->message : s3c_code_text(e->code);
}

int ack_queue_answer(struct ack_queue *q, const struct s3c_ack *acks, size_t n)
{
    int r = add_refusals(q);

    for (size_t i = 0; i < n && r == 0; i++) {
        r = add_ack(q, acks[i].position, acks[i].error ? error_text(acks[i].error) : NULL);
        if (r == 0)
            r = add_refusals(q);
    }
    return r;
}

bool ack_queue_is_complete(const struct ack_queue *q)
{
    return q->answered == q->records;
}
