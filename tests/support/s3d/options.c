/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "text.h"

static const char usage[] =
    "usage: s3d [options]\n"
    "  --port N               listen on 127.0.0.1:N; 0 (default): any free port\n"
    "  --access-key K         default AKTEST\n"
    "  --secret-key S         default sktest\n"
    "  --session-token T      ask for this token as well\n"
    "  --no-auth              take every request, signed or not\n"
    "  --check-skew           refuse old signatures with a virtual clock too\n"
    "  --region R             default us-east-1\n"
    "  --domain D             BUCKET.D in Host is virtual-host style\n"
    "  --granularity 1s|1ms   of LastModified in listings; default 1s, as AWS\n"
    "  --mpu-time initiation|completion   of multipart uploads; default initiation, as AWS\n"
    "  --latency P50[,P99]    of each reply: fixed, or log-normal\n"
    "  --clock real|virtual   virtual: stands still at 2026-01-01 until told to move\n"
    "  --synth N,SIZE[,BUCKET]   a bucket of N objects that share one body; may be repeated\n"
    "  --quirk NAME           be less like AWS; may be repeated\n";

enum {
    PORT,
    ACCESS_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    NO_AUTH,
    CHECK_SKEW,
    REGION,
    DOMAIN_,
    GRANULARITY,
    MPU_TIME,
    LATENCY,
    CLOCK,
    SYNTH,
    QUIRK,
    HELP
};

static const struct option longs[] = {
    {"port", required_argument, NULL, PORT},
    {"access-key", required_argument, NULL, ACCESS_KEY},
    {"secret-key", required_argument, NULL, SECRET_KEY},
    {"session-token", required_argument, NULL, SESSION_TOKEN},
    {"no-auth", no_argument, NULL, NO_AUTH},
    {"check-skew", no_argument, NULL, CHECK_SKEW},
    {"region", required_argument, NULL, REGION},
    {"domain", required_argument, NULL, DOMAIN_},
    {"granularity", required_argument, NULL, GRANULARITY},
    {"mpu-time", required_argument, NULL, MPU_TIME},
    {"latency", required_argument, NULL, LATENCY},
    {"clock", required_argument, NULL, CLOCK},
    {"synth", required_argument, NULL, SYNTH},
    {"quirk", required_argument, NULL, QUIRK},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static bool one_of(const char *text, const char *first, const char *second, bool *ret_second)
{
    *ret_second = strcmp(text, second) == 0;
    return *ret_second || strcmp(text, first) == 0;
}

bool s3d_latency_parse(struct s3c_view text, struct s3d_latency *ret)
{
    struct s3c_view p50 = text, p99 = text;

    (void)s3c_view_split(text, ',', &p50, &p99);
    return s3c_duration_parse(p50, &ret->p50_ns) == 0 &&
           s3c_duration_parse(p99, &ret->p99_ns) == 0 && ret->p50_ns >= 0 &&
           ret->p99_ns >= ret->p50_ns;
}

enum s3d_quirk s3d_quirk_by_name(struct s3c_view name)
{
    static const char *const names[] = {
#define X(symbol, text) text,
        S3D_QUIRKS(X)
#undef X
    };
    unsigned q = 0;

    while (q < S3D_QUIRK_COUNT && !s3c_view_eq_str(name, names[q]))
        q++;
    return (enum s3d_quirk)q;
}

static bool parse_quirk(struct s3d_options *o, const char *text)
{
    enum s3d_quirk q = s3d_quirk_by_name(s3c_view_str(text));

    if (q == S3D_QUIRK_COUNT)
        return false;
    o->quirks |= 1u << q;
    return true;
}

static bool parse_synth(struct s3d_options *o, const char *text)
{
    struct s3c_view count, size, bucket = S3C_VIEW("synth");
    struct s3d_synth *s = &o->synth[o->nsynth];
    uint64_t n, bytes;

    if (o->nsynth == sizeof o->synth / sizeof *o->synth ||
        !s3c_view_split(s3c_view_str(text), ',', &count, &size))
        return false;
    (void)s3c_view_split(size, ',', &size, &bucket);
    if (s3c_view_u64(count, &n) < 0 || s3c_view_u64(size, &bytes) < 0 || bytes > UINT64_C(1) << 34)
        return false;
    s->count = (size_t)n;
    s->size = (size_t)bytes;
    s3c_view_copy(s->bucket, sizeof s->bucket, bucket);
    o->nsynth++;
    return true;
}

static bool parse_port(struct s3d_options *o, const char *text)
{
    uint64_t port;

    if (s3c_view_u64(s3c_view_str(text), &port) < 0 || port > 65535)
        return false;
    o->port = (unsigned)port;
    return true;
}

/* An option that stands for one word; false: a value that it does not take. */
static bool parse_one(struct s3d_options *o, int option, const char *text)
{
    bool second = false, ok;

    switch (option) {
    case PORT:
        return parse_port(o, text);
    case GRANULARITY:
        ok = one_of(text, "1s", "1ms", &second);
        o->granularity = second ? S3D_GRANULARITY_1MS : S3D_GRANULARITY_1S;
        return ok;
    case MPU_TIME:
        ok = one_of(text, "initiation", "completion", &second);
        o->upload_time_initiation = !second;
        return ok;
    case CLOCK:
        ok = one_of(text, "real", "virtual", &second);
        o->virtual_clock = second;
        return ok;
    case LATENCY:
        return s3d_latency_parse(s3c_view_str(text), &o->latency);
    case SYNTH:
        return parse_synth(o, text);
    case QUIRK:
        return parse_quirk(o, text);
    default:
        return false;
    }
}

static bool parse_text(struct s3d_options *o, int option, const char *text)
{
    const char **slot = option == ACCESS_KEY      ? &o->access_key
                        : option == SECRET_KEY    ? &o->secret_key
                        : option == SESSION_TOKEN ? &o->session_token
                        : option == REGION        ? &o->region
                        : option == DOMAIN_       ? &o->domain
                                                  : NULL;

    if (slot)
        *slot = text;
    return slot != NULL;
}

void s3d_options_parse(struct s3d_options *o, int argc, char **argv)
{
    bool check_skew = false;
    int option, which = 0;

    *o = (struct s3d_options){.access_key = "AKTEST",
                              .secret_key = "sktest",
                              .region = "us-east-1",
                              .upload_time_initiation = true};
    while ((option = getopt_long(argc, argv, "", longs, &which)) != -1) {
        if (option == HELP) {
            fputs(usage, stdout);
            exit(0);
        }
        if (option == NO_AUTH)
            o->no_auth = true;
        else if (option == CHECK_SKEW)
            check_skew = true;
        else if (option == '?' ||
                 (!parse_text(o, option, optarg) && !parse_one(o, option, optarg))) {
            if (option != '?')
                fprintf(stderr, "s3d: --%s does not take \"%s\"; see --help\n", longs[which].name,
                        optarg);
            exit(2);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "s3d: unexpected argument \"%s\"; see --help\n", argv[optind]);
        exit(2);
    }
    o->skew_check = check_skew || !o->virtual_clock;
}
