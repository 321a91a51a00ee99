/* SPDX-License-Identifier: Apache-2.0 */
/* From an error code to words a person can act on: the class first, then what happened and where, then what to do. */
#include "session/session.h"

#include "base/banned.h"
#include "base/error.h"

struct class
{
    int code;
    const char *words, *advice;
};

static const struct class classes[] = {
    {S3C_E_RESOLVE, "name resolution", "check aws.endpoint, aws.region and the name service"},
    {S3C_E_CONNECT, "connection",
     "check aws.endpoint with its port, and that the server is reachable from here"},
    {S3C_E_TIMEOUT, "connection",
     "there was no answer in time: check aws.endpoint with its port, proxies and firewalls"},
    {S3C_E_TLS, "TLS",
     "check that aws.endpoint speaks TLS there, or name the authority that signed its certificate in aws.ca-bundle"},
    {S3C_E_PROTOCOL, "no S3 there",
     "check that aws.endpoint is the address of the S3 API itself (not of a console or web site)"},
    {S3C_E_CREDENTIALS, "credentials",
     "check the key pair, the session token and the profile that are in use"},
    {S3C_E_NO_BUCKET, "bucket missing",
     "check aws.bucket, aws.region and aws.endpoint, or create the bucket"},
    {S3C_E_DENIED, "permission",
     "allow this call on the bucket in the policy of these credentials"},
    {S3C_E_HTTP, "server", "try again later, or look up this error in the server's documentation"},
};

static const struct class *class_of(int code)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (classes[i].code == code)
            return &classes[i];
    return NULL;
}

/* The call that the message names, as " (ListObjectsV2)"; empty where it names none. */
static void call_named(const char *message, char *dst, size_t size)
{
    dst[0] = '\0';
    for (int op = 0; op < S3C_S3_OPS; op++) {
        const char *name = s3c_s3_op_name((enum s3c_s3_op)op);
        if (strstr(message, name)) {
            (void)snprintf(dst, size, " (%s)", name);
            return;
        }
    }
}

int s3c_session_explain(const struct s3c_session *s, struct s3c_error *err)
{
    const struct class *class;
    const char *endpoint = s->settings && s->settings->endpoint ? s->settings->endpoint : "AWS";
    const char *bucket = s->settings && s->settings->bucket ? s->settings->bucket : "";
    struct s3c_error old;
    char call[48] = "", where[300] = "", named[120];

    if (!err)
        return 0;
    class = class_of(err->code);
    if (!class || strncmp(err->message, class->words, strlen(class->words)) == 0)
        return err->code;
    old = *err;
    if (err->code == S3C_E_DENIED)
        call_named(old.message, call, sizeof(call));
    (void)snprintf(named, sizeof(named), "bucket \"%.100s\"", bucket);
    if (!strstr(old.message, named)) /* the client's messages name it like this */
        (void)snprintf(where, sizeof(where), " (%s at %.150s)", named, endpoint);
    (void)snprintf(err->message, sizeof(err->message), "%s%s: %.600s%s; %s", class->words, call,
                   old.message, where, class->advice);
    return err->code;
}
