/* SPDX-License-Identifier: Apache-2.0 */
/* One request on one easy handle: setting it up, receiving its response, saying what became of it. */
#include "http/curl_private.h"

#include <strings.h>

#include "base/view.h"

#define RECEIVE_BUFFER      (64L << 10) /* larger ones leave the cache: 5 % more CPU for large objects */
#define SEND_BUFFER         (256L << 10)
#define USER_AGENT          "s3c" /* short: libcurl prints each byte of the header twice */
#define ORIGIN_MAX          1024u
#define MIN_SWEEP_NS        (10 * S3C_NS_PER_MS)
#define SWEEP_STEPS_A_STALL 4

/* ---- receiving ---- */

/* "HTTP/1.1 200 OK" -> 200; 0 if it is no status line. */
static int parse_status(struct s3c_view line)
{
    struct s3c_view version, rest;
    uint64_t status;

    if (!s3c_view_starts(line, S3C_VIEW("HTTP/")) || !s3c_view_split(line, ' ', &version, &rest) ||
        rest.len < 3)
        return 0;
    return s3c_view_u64(s3c_view_first(rest, 3), &status) == 0 ? (int)status : 0;
}

static int deliver(struct s3c_curl_slot *s)
{
    struct s3c_http_request *r = s->request;
    curl_off_t length =
        -1; /* stays so for chunked answers and those that end with the connection */

    s->delivered = true;
    (void)curl_easy_getinfo(s->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return r->sink->response(r, s->status, s3c_buf_view(&s->head), length);
}

static size_t header_callback(char *p, size_t size, size_t n, void *ctx)
{
    struct s3c_curl_slot *s = ctx;
    struct s3c_view line = {p, size * n};
    int status;

    s->received += line.len;
    if (s->delivered)
        return line.len; /* trailers */
    status = parse_status(line);
    if (status != 0) {
        s->status = status;
        s3c_buf_clear(&s->head);
        return line.len;
    }
    if (s3c_view_trim(line).len > 0)
        s->callback_result = s3c_buf_add_view(&s->head, line);
    else if (s->status >= 200)
        s->callback_result = deliver(s);
    return s->callback_result < 0 ? 0 : line.len;
}

static size_t body_callback(char *p, size_t size, size_t n, void *ctx)
{
    struct s3c_curl_slot *s = ctx;
    struct s3c_http_request *r = s->request;

    s->received += size * n;
    s->callback_result = r->sink->body(r, p, size * n);
    return s->callback_result < 0 ? 0 : size * n;
}

/* ---- setting up ---- */

static void set_invariants(struct s3c_curl *t, struct s3c_curl_slot *s)
{
    CURL *e = s->easy;

    (void)curl_easy_setopt(e, CURLOPT_PRIVATE, s);
    (void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->detail);
    (void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, header_callback);
    (void)curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, body_callback);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
    (void)curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, s3c_curl_open_socket);
    (void)curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
    (void)curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, s3c_curl_close_socket);
    (void)curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, t);
    (void)curl_easy_setopt(e, CURLOPT_SHARE, t->share);
    (void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(e, CURLOPT_NOPROGRESS, 1L);
    (void)curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    (void)curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(e, CURLOPT_PATH_AS_IS,
                           1L); /* the path is signed: "." and ".." are part of the key */
    (void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    (void)curl_easy_setopt(e, CURLOPT_USERAGENT, USER_AGENT);
    (void)curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(e, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
    (void)curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE,
                           SEND_BUFFER); /* allocated only while a body is sent */
    (void)curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    if (t->no_proxy)
        (void)curl_easy_setopt(e, CURLOPT_PROXY, "");
#if LIBCURL_VERSION_NUM >= 0x075500
    (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    (void)curl_easy_setopt(e, CURLOPT_QUICK_EXIT,
                           1L); /* an abort does not wait for the resolver's thread */
#endif
}

static struct s3c_curl_shard *shard_for_new_slot(struct s3c_curl *t)
{
    struct s3c_curl_shard **p;

    if (t->slot_count < t->shard_count * S3C_CURL_SHARD_SLOTS)
        return t->shards[t->shard_count - 1];
    p = s3c_reallocarray(t->shards, t->shard_count + 1, sizeof(*p));
    if (p == NULL)
        return NULL;
    t->shards = p;
    p[t->shard_count] = s3c_curl_shard_new(t);
    return p[t->shard_count] == NULL ? NULL : p[t->shard_count++];
}

static bool reserve_active(struct s3c_curl *t)
{
    struct s3c_curl_slot **p;

    if (t->slot_count < t->active_cap)
        return true;
    p = s3c_reallocarray(t->active, t->active_cap + S3C_CURL_SHARD_SLOTS,
                         sizeof(struct s3c_curl_slot *));
    if (p == NULL)
        return false;
    t->active = p;
    t->active_cap += S3C_CURL_SHARD_SLOTS;
    return true;
}

static struct s3c_curl_slot *slot_new(struct s3c_curl *t)
{
    struct s3c_curl_slot *s;

    if (!reserve_active(t))
        return NULL;
    s = s3c_zalloc(sizeof(*s));
    if (s == NULL)
        return NULL;
    s->head = (struct s3c_buf)S3C_BUF_INIT(S3C_CURL_HEAD_MAX);
    s->origin_text = (struct s3c_buf)S3C_BUF_INIT(ORIGIN_MAX);
    s->method = S3C_HTTP_GET;
    s->shard = shard_for_new_slot(t);
    s->easy = s->shard != NULL ? curl_easy_init() : NULL;
    if (s->easy == NULL)
        goto fail;
    set_invariants(t, s);
    if (t->ca_bundle != NULL && curl_easy_setopt(s->easy, CURLOPT_CAINFO, t->ca_bundle) != CURLE_OK)
        goto fail;
    t->slot_count++;
    return s;
fail:
    s3c_curl_slot_free(s);
    return NULL;
}

/* The slot used last comes first: few requests at a time use few connections, and warm ones. */
struct s3c_curl_slot *s3c_curl_slot_take(struct s3c_curl *t)
{
    struct s3c_curl_slot *s = t->free_slots;

    if (s == NULL)
        return slot_new(t);
    t->free_slots = s->next_free;
    s->next_free = NULL;
    return s;
}

void s3c_curl_slot_free(struct s3c_curl_slot *s)
{
    if (s == NULL)
        return;
    if (s->easy != NULL)
        curl_easy_cleanup(s->easy);
    curl_url_cleanup(s->origin);
    s3c_buf_done(&s->origin_text);
    s3c_buf_done(&s->head);
    s3c_free(s);
}

/* "http://host:80/a?b" -> "http://host:80"; empty if no path follows it. */
static struct s3c_view origin_of(const char *url)
{
    const char *host = strstr(url, "://");
    size_t n = host != NULL ? (size_t)(host - url) + 3 : 0;

    n += strcspn(url + n, "/?#");
    return (struct s3c_view){url, host != NULL && url[n] == '/' ? n : 0};
}

static bool set_origin(struct s3c_curl_slot *s, struct s3c_view origin)
{
    if (s->origin == NULL)
        s->origin = curl_url();
    s3c_buf_clear(&s->origin_text);
    if (s->origin == NULL || s3c_buf_add_view(&s->origin_text, origin) < 0 ||
        s3c_buf_add(&s->origin_text, "/", 2) < 0)
        return false;
    s->origin_text.len = origin.len;
    return curl_url_set(s->origin, CURLUPART_URL, s->origin_text.ptr, 0) == CURLUE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_CURLU, s->origin) == CURLE_OK;
}

/* libcurl takes a URL apart and puts it together again at each request. All ours begin alike, so it is given the beginning once, parsed, and
 * then the rest, which it sends as it is. A proxy must be told the whole. */
static CURLcode set_url(struct s3c_curl *t, struct s3c_curl_slot *s, const char *url)
{
    struct s3c_view origin = origin_of(url);

    if (t->no_proxy && origin.len > 0 &&
        (s3c_view_eq(origin, s3c_buf_view(&s->origin_text)) || set_origin(s, origin)))
        return curl_easy_setopt(s->easy, CURLOPT_REQUEST_TARGET, url + origin.len);
    s3c_buf_clear(&s->origin_text);
    (void)curl_easy_setopt(s->easy, CURLOPT_CURLU, NULL);
    (void)curl_easy_setopt(s->easy, CURLOPT_REQUEST_TARGET, NULL);
    return curl_easy_setopt(s->easy, CURLOPT_URL, url);
}

static const char *method_name(enum s3c_http_method m)
{
    static const char *const names[] = {"GET", "HEAD", "PUT", "POST", "DELETE"};

    return names[m];
}

/* A body goes as POST data under the method's own name: libcurl can then send it with the header in one write, and again from
 * its start when a kept-alive connection turns out to be dead. */
static CURLcode set_method(struct s3c_curl_slot *s, const struct s3c_http_request *r)
{
    bool has_body = r->method == S3C_HTTP_PUT || r->method == S3C_HTTP_POST;
    CURLcode code = CURLE_OK;

    if (s->method != r->method) {
        code = curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L); /* undoes NOBODY and POST */
        if (code == CURLE_OK && r->method == S3C_HTTP_HEAD)
            code = curl_easy_setopt(s->easy, CURLOPT_NOBODY, 1L);
        if (code == CURLE_OK && has_body)
            code = curl_easy_setopt(s->easy, CURLOPT_POST, 1L);
        if (code == CURLE_OK)
            code = curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST,
                                    r->method == S3C_HTTP_PUT || r->method == S3C_HTTP_DELETE
                                        ? method_name(r->method)
                                        : NULL);
        s->method = r->method;
    }
    if (code == CURLE_OK && has_body) {
        (void)curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
        (void)curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, r->body.len > 0 ? r->body.ptr : "");
    }
    s->has_body = has_body;
    return code;
}

static bool names_content_type(const struct s3c_http_request *r)
{
    size_t i;

    for (i = 0; i < r->header_count; i++) {
        if (strncasecmp(r->headers[i], "content-type:", 13) == 0)
            return true;
    }
    return false;
}

static void link_headers(struct s3c_curl_slot *s, const struct s3c_http_request *r)
{
    static const char no_accept[] = "Accept:", no_content_type[] = "Content-Type:";
    size_t i, n = 0;

    s->nodes[n++].data = (char *)no_accept; /* libcurl only reads them */
    if (s->has_body && !names_content_type(r))
        s->nodes[n++].data = (char *)no_content_type;
    for (i = 0; i < r->header_count; i++)
        s->nodes[n++].data = (char *)r->headers[i];
    for (i = 0; i < n; i++)
        s->nodes[i].next = i + 1 < n ? &s->nodes[i + 1] : NULL;
    (void)curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->nodes);
}

static void set_limits(struct s3c_curl *t, struct s3c_curl_slot *s,
                       const struct s3c_http_request *r)
{
    int connect_ms = r->connect_timeout_ms > 0 ? r->connect_timeout_ms : t->connect_timeout_ms;

    if (s->connect_timeout_ms != connect_ms) {
        (void)curl_easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
        s->connect_timeout_ms = connect_ms;
    }
}

static void plan_sweep(struct s3c_curl *t, const struct s3c_http_request *r)
{
    int64_t at = t->now_ns + t->stall_timeout_ms * S3C_NS_PER_MS / SWEEP_STEPS_A_STALL;

    if (r->deadline_mono_ns > 0 && r->deadline_mono_ns < at)
        at = r->deadline_mono_ns;
    if (t->sweep_ns == 0 || at < t->sweep_ns)
        t->sweep_ns = at;
}

static void give_back(struct s3c_curl *t, struct s3c_curl_slot *s)
{
    s->request = NULL;
    s->next_free = t->free_slots;
    t->free_slots = s;
}

int s3c_curl_slot_send(struct s3c_curl *t, struct s3c_curl_slot *s, struct s3c_http_request *r,
                       struct s3c_error *err)
{
    CURLcode code;

    s->request = r;
    s3c_buf_clear(&s->head);
    s->status = 0;
    s->delivered = false;
    s->callback_result = 0;
    s->received = s->progress = 0;
    s->progress_ns = t->now_ns;
    s->detail[0] = '\0';
    code = set_url(t, s, r->url);
    if (code == CURLE_OK)
        code = set_method(s, r);
    if (code == CURLE_OK) {
        link_headers(s, r);
        set_limits(t, s, r);
        if (curl_multi_add_handle(s->shard->multi, s->easy) != CURLM_OK)
            code = CURLE_OUT_OF_MEMORY;
    }
    if (code != CURLE_OK) {
        give_back(t, s);
        return code == CURLE_OUT_OF_MEMORY
                   ? s3c_error_nomem(err)
                   : s3c_error_set(err, S3C_E_INVALID, "request cannot be set up: %s",
                                   curl_easy_strerror(code));
    }
    s->active_index = t->active_count;
    t->active[t->active_count++] = s;
    r->transport_data = s;
    plan_sweep(t, r);
    return 0;
}

/* ---- the end ---- */

void s3c_curl_slot_finish(struct s3c_curl *t, struct s3c_curl_slot *s, int result,
                          const struct s3c_error *err)
{
    struct s3c_http_request *r = s->request;

    (void)curl_multi_remove_handle(s->shard->multi, s->easy);
    t->active[s->active_index] = t->active[--t->active_count];
    t->active[s->active_index]->active_index = s->active_index;
    r->transport_data = NULL;
    give_back(t, s);
    r->sink->done(r, result, err);
}

/*
 * What a request that ran out of time was waiting for: that says more about the cause than the lack of an answer. libcurl notes a step
 * once it is done, and notes the ones before sending only for a connection that is new.
 */
static int waited_for(struct s3c_curl_slot *s, const char **ret_text)
{
    curl_off_t named_us = 0, ready_us = 0;
    long port = 0;

    (void)curl_easy_getinfo(s->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    (void)curl_easy_getinfo(s->easy, CURLINFO_NAMELOOKUP_TIME_T, &named_us);
    (void)curl_easy_getinfo(s->easy, CURLINFO_LOCAL_PORT, &port);
    if (ready_us > 0) {
        *ret_text = s->delivered ? "in the middle of the answer" : "before an answer came";
        return S3C_E_TIMEOUT;
    }
    if (named_us > 0 && port > 0 && strncmp(s->request->url, "https:", 6) == 0) {
        *ret_text = "before TLS was agreed on";
        return S3C_E_TLS;
    }
    *ret_text = named_us > 0 ? "before there was a connection" : "before the name was resolved";
    return named_us > 0 ? S3C_E_CONNECT : S3C_E_RESOLVE;
}

static int code_of(struct s3c_curl_slot *s, CURLcode code)
{
    const char *step;
    long os_errno = 0;

    switch (code) {
    case CURLE_OUT_OF_MEMORY:
        return S3C_E_NOMEM;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return S3C_E_RESOLVE;
    case CURLE_OPERATION_TIMEDOUT: /* the only timeout libcurl knows of is the one for connecting; others are the sweep's */
        return waited_for(s, &step);
    case CURLE_SSL_CONNECT_ERROR: /* also a connection that breaks during the handshake */
        (void)curl_easy_getinfo(s->easy, CURLINFO_OS_ERRNO, &os_errno);
        return os_errno != 0 ? S3C_E_CONNECT : S3C_E_TLS;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
        return S3C_E_TLS;
    case CURLE_URL_MALFORMAT:
        return S3C_E_INVALID;
    case CURLE_UNSUPPORTED_PROTOCOL: /* "Received HTTP/0.9 when not allowed" */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return S3C_E_PROTOCOL;
    default: /* could not connect, sent nothing, closed early, reset */
        return S3C_E_CONNECT;
    }
}

int s3c_curl_slot_result(struct s3c_curl_slot *s, CURLcode code, struct s3c_error *err)
{
    int r;

    if (s->callback_result < 0)
        return s3c_error_set(err, s->callback_result, "the response was not wanted");
    if (code == CURLE_OK && s->delivered)
        return 0;
    if (code == CURLE_OK)
        return s3c_error_set(err, S3C_E_PROTOCOL, "the answer has no HTTP status line");
    r = s3c_error_set(err, code_of(s, code), "%s",
                      s->detail[0] != '\0' ? s->detail : curl_easy_strerror(code));
    if (err != NULL)
        err->retryable = r == S3C_E_RESOLVE || r == S3C_E_CONNECT || r == S3C_E_NOMEM;
    return r;
}

/* ---- what libcurl's own timers would cost at every request ---- */

static bool stalled(struct s3c_curl *t, struct s3c_curl_slot *s)
{
    curl_off_t sent = 0;
    uint64_t progress;

    if (s->has_body)
        (void)curl_easy_getinfo(s->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    progress = s->received + (uint64_t)sent;
    if (progress != s->progress) {
        s->progress = progress;
        s->progress_ns = t->now_ns;
        return false;
    }
    return t->now_ns - s->progress_ns >= t->stall_timeout_ms * S3C_NS_PER_MS;
}

static void time_out(struct s3c_curl *t, struct s3c_curl_slot *s, bool deadline)
{
    struct s3c_error err;
    const char *step;
    int r;

    if (deadline) {
        r = waited_for(s, &step);
        (void)s3c_error_set(&err, r, "the time given was over %s", step);
    } else {
        r = s3c_error_set(&err, S3C_E_TIMEOUT, "no byte moved for %d ms", t->stall_timeout_ms);
    }
    err.retryable = true;
    s3c_curl_slot_finish(t, s, r, &err);
}

/* done callbacks may send, which changes t->active: the slot at i is looked at again after each. */
void s3c_curl_sweep(struct s3c_curl *t)
{
    size_t i = 0;

    t->sweep_ns = 0;
    while (i < t->active_count) {
        struct s3c_curl_slot *s = t->active[i];
        bool deadline =
            s->request->deadline_mono_ns > 0 && t->now_ns >= s->request->deadline_mono_ns;
        if (deadline || stalled(t, s)) {
            time_out(t, s, deadline);
            continue;
        }
        plan_sweep(t, s->request);
        i++;
    }
    if (t->sweep_ns != 0 && t->sweep_ns < t->now_ns + MIN_SWEEP_NS)
        t->sweep_ns = t->now_ns + MIN_SWEEP_NS;
}
