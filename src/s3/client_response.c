/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receiving an answer. The body of a GET goes straight into the call's buffer, which has the right size beforehand; other wanted bodies
 * too; the body of an error goes aside. An answer that cannot be right is given up as soon as its header says so.
 */
#include "s3/client_private.h"

#include "base/view.h"

#define HEADERS_MAX (256u << 10)

static struct s3c_call_private *attempt_of(struct s3c_http_request *r)
{
    return r->user;
}

/* Gives the answer up; the attempt is judged by `why`. */
static int broken(struct s3c_call_private *a, const char *why)
{
    a->broken = why;
    return S3C_E_PROTOCOL;
}

/* "bytes 5-9/10" against the range that was asked for. */
static bool range_fits(const struct s3c_call_private *a, struct s3c_view v)
{
    struct s3c_view unit, rest, span, from, to, total;
    uint64_t first, size;

    if (!s3c_view_split(v, ' ', &unit, &rest) || !s3c_view_split(rest, '/', &span, &total) ||
        !s3c_view_split(span, '-', &from, &to))
        return false;
    if (s3c_view_u64(from, &first) < 0 || first != a->offset)
        return false;
    if (s3c_view_eq_str(total, "*") || a->call->expected_size == S3C_SIZE_UNKNOWN)
        return true;
    return s3c_view_u64(total, &size) == 0 && size == a->call->expected_size;
}

/* Notes what pins the rest of this body, should it break off. */
static void remember_etag(struct s3c_call_private *a)
{
    struct s3c_view etag = s3c_call_header(a->call, "etag");

    if (etag.len < sizeof(a->etag) && !s3c_view_starts(etag, S3C_VIEW("W/")))
        s3c_view_copy(a->etag, sizeof(a->etag), etag);
}

static int reserve(struct s3c_call_private *a, uint64_t size)
{
    struct s3c_call *call = a->call;

    if (size >= S3C_SPARE_MIN && call->reply.len == 0) {
        if (call->spare == NULL)
            call->spare = s3c_spare_ref(a->client->spare);
        s3c_spare_take(call->spare, &call->reply, size);
    }
    return s3c_buf_reserve(&call->reply, size - call->reply.len);
}

static int check_size(struct s3c_call_private *a, int64_t content_length)
{
    struct s3c_call *call = a->call;
    uint64_t size = call->expected_size;

    if (content_length >= 0) {
        size = a->offset + (uint64_t)content_length;
        if (call->expected_size != S3C_SIZE_UNKNOWN && size != call->expected_size)
            return broken(a, "the body has another size than the listing said");
    }
    if (size == S3C_SIZE_UNKNOWN)
        return 0;
    if (call->max_size > 0 && size > call->max_size)
        return S3C_E_TOO_LARGE;
    return reserve(a, size);
}

/* A piece that continues what is there: the header of the first piece stays, this one's is only looked at. */
static int continue_object(struct s3c_call_private *a, struct s3c_view headers,
                           int64_t content_length)
{
    struct s3c_call piece = {.headers = {.ptr = (char *)headers.ptr, .len = headers.len}};

    if (!range_fits(a, s3c_call_header(&piece, "content-range")))
        return broken(a, "the server sent another part of the object than was asked for");
    return check_size(a, content_length);
}

static int begin_object(struct s3c_call_private *a, int status, int64_t content_length)
{
    struct s3c_call *call = a->call;

    if (status == 206)
        return broken(a, "the server sent a part of the object that was not asked for");
    s3c_buf_clear(&call->reply); /* after a broken body: it knows no ranges, so from the start */
    a->offset = 0;
    remember_etag(a);
    call->reply.max = call->max_size > 0 ? call->max_size : SIZE_MAX;
    return check_size(a, content_length);
}

static int on_response(struct s3c_http_request *r, int status, struct s3c_view headers,
                       int64_t content_length)
{
    struct s3c_call_private *a = attempt_of(r);
    struct s3c_call *call = a->call;
    struct s3c_view date;
    int code;

    a->answered = true;
    call->attempt_ns = s3c_mono_ns(a->client->clock) - a->sent_ns;
    s3c_growth_answer(&a->client->growth, call->attempt_ns);
    call->http_status = status;
    a->keep_body = status >= 200 && status < 300;
    if (a->offset > 0 && status == 206)
        return continue_object(a, headers, content_length);
    if (a->offset > 0 && status == 416)
        return broken(a, "the server knows no such part of the object");
    call->headers.max = HEADERS_MAX;
    s3c_buf_clear(&call->headers);
    code = s3c_buf_add_view(&call->headers, headers);
    if (code < 0)
        return code;
    date = s3c_call_header(call, "date");
    if (date.len == 0 || s3c_time_parse_http(date, &call->date_ns) < 0)
        call->date_ns = 0;
    if (!a->keep_body)
        return 0;
    if (call->op == S3C_GET_OBJECT)
        return begin_object(a, status, content_length);
    if (a->request.method == S3C_HTTP_HEAD)
        return 0; /* the length is the object's; no byte of it comes */
    call->reply.max = S3C_LIST_BODY_MAX;
    return content_length > 0 ? s3c_buf_reserve(&call->reply, (size_t)content_length) : 0;
}

static int on_body(struct s3c_http_request *r, const char *p, size_t n)
{
    struct s3c_call_private *a = attempt_of(r);

    if (a->keep_body)
        return s3c_buf_add(&a->call->reply, p, n);
    /* What does not fit makes the XML end early; its code comes first and is read all the same. */
    (void)!s3c_buf_add(&a->error_body, p, n);
    return 0;
}

static void on_done(struct s3c_http_request *r, int result, const struct s3c_error *err)
{
    struct s3c_call_private *a = attempt_of(r);
    struct s3c_client *c = a->client;

    c->wire[a->wire_index] = c->wire[--c->wire_count];
    c->wire[a->wire_index]->wire_index = a->wire_index;
    atomic_store_explicit(&c->on_wire, (unsigned)c->wire_count, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->bytes_in, a->call->reply.len - a->offset + a->error_body.len,
                              memory_order_relaxed);
    s3c_client_conclude(a, result, err);
    s3c_client_pump(c);
}

const struct s3c_http_sink s3c_client_sink = {
    .response = on_response, .body = on_body, .done = on_done};
