/* SPDX-License-Identifier: Apache-2.0 */
/* One value: from text to its type, checked against the range of its row. */
#include "config/config.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"
#include "base/view.h"

_Static_assert(sizeof(enum s3c_file_format) == sizeof(int) &&
                   sizeof(enum s3c_compression) == sizeof(int) &&
                   sizeof(enum s3c_addressing) == sizeof(int) &&
                   sizeof(enum s3c_on_trouble) == sizeof(int) &&
                   sizeof(enum s3c_record_format) == sizeof(int),
               "enum fields are stored as int");

const char *s3c_value_show(char dst[S3C_VALUE_SHOWN], const char *text)
{
    struct s3c_view v = s3c_view_str(text);
    bool plain = s3c_utf8_valid(v);
    size_t n = 0;

    for (; n < v.len && n < S3C_VALUE_SHOWN - 4; n++) {
        unsigned char c = (unsigned char)v.ptr[n];
        dst[n] = c < 0x20 || c == 0x7f || (c >= 0x80 && !plain) ? '?' : (char)c;
    }
    if (n < v.len) { /* cut before a whole character, and say so */
        while (n > 0 && ((unsigned char)v.ptr[n] & 0xc0) == 0x80)
            n--;
        memcpy(dst + n, "...", 3);
        n += 3;
    }
    dst[n] = '\0';
    return dst;
}

static int parse_size(struct s3c_view v, int64_t *ret)
{
    static const struct {
        struct s3c_view suffix;
        unsigned shift;
    } units[] = {{{"KiB", 3}, 10}, {{"MiB", 3}, 20}, {{"GiB", 3}, 30}};
    unsigned shift = 0;
    uint64_t n;
    int r;

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (s3c_view_ends(v, units[i].suffix)) {
            v = s3c_view_trim(s3c_view_first(v, v.len - units[i].suffix.len));
            shift = units[i].shift;
            break;
        }
    r = s3c_view_u64(v, &n);
    if (r < 0)
        return r;
    if (n > ((uint64_t)INT64_MAX >> shift))
        return S3C_E_INVALID;
    *ret = (int64_t)(n << shift);
    return 0;
}

static int parse_enum(const char *allowed, struct s3c_view v, int *ret)
{
    struct s3c_view rest = s3c_view_str(allowed), word;

    for (int i = 0; rest.len > 0; i++) {
        if (!s3c_view_split(rest, ',', &word, &rest)) {
            word = rest;
            rest = (struct s3c_view){NULL, 0};
        }
        if (s3c_view_eq(s3c_view_trim(word), v)) {
            *ret = i;
            return 0;
        }
    }
    return S3C_E_INVALID;
}

/* The words of Go's strconv.ParseBool, in the lists of each value. */
static int parse_bool(struct s3c_view v, int *ret)
{
    static const char *const words[] = {"0, f, F, FALSE, false, False",
                                        "1, t, T, TRUE, true, True"};
    int word;

    for (int i = 0; i < 2; i++)
        if (parse_enum(words[i], v, &word) == 0) {
            *ret = i;
            return 0;
        }
    return S3C_E_INVALID;
}

/* Decimal only: strtod alone would take "nan", "0x1p3" and leading spaces. */
static const char *float_problem(const struct s3c_option *o, struct s3c_view v, double *ret)
{
    char text[64], *end;

    if (v.len == 0 || v.len >= sizeof(text))
        return "is not a number";
    s3c_view_copy(text, sizeof(text), v);
    if (strspn(text, "0123456789.eE+-") != v.len)
        return "is not a number";
    *ret = strtod(text, &end);
    if (*end)
        return "is not a number";
    if (!isfinite(*ret) || *ret < (double)o->min || (o->max > 0 && *ret > (double)o->max))
        return "is out of range";
    return NULL;
}

/* Returns NULL when it is fine. User names and passwords are refused because URLs end up in logs. */
static const char *url_problem(struct s3c_view v)
{
    struct s3c_view rest;

    if (s3c_view_starts(v, S3C_VIEW("http://")))
        rest = s3c_view_skip(v, 7);
    else if (s3c_view_starts(v, S3C_VIEW("https://")))
        rest = s3c_view_skip(v, 8);
    else
        return "is not an http:// or https:// URL";
    if (rest.len == 0 || rest.ptr[0] == '/' || rest.ptr[0] == ':')
        return "has no host name";
    for (size_t i = 0; i < rest.len; i++) {
        unsigned char c = (unsigned char)rest.ptr[i];
        if (c <= 0x20 || c >= 0x7f || strchr("?#@\"<>\\", c))
            return "has a character that an endpoint cannot have (no user, query or fragment)";
    }
    return NULL;
}

static const char *number_problem(const struct s3c_option *o, struct s3c_view v, int64_t *ret)
{
    switch (o->type) {
    case S3C_TYPE_INT:
        if (s3c_view_i64(v, ret) < 0)
            return "is not a whole number";
        break;
    case S3C_TYPE_SIZE:
        if (parse_size(v, ret) < 0)
            return "is not a size (bytes, or a number with KiB, MiB or GiB)";
        break;
    default:
        if (s3c_duration_parse(v, ret) < 0)
            return "is not a duration (like 500ms, 2s or 1h2m)";
        if (o->unit > 0 && *ret % o->unit != 0)
            return "is not a whole number of seconds";
    }
    if (*ret < o->min || (o->max > 0 && *ret > o->max))
        return "is out of range";
    if (o->unit > 0)
        *ret /= o->unit;
    return NULL;
}

int s3c_value_parse(const struct s3c_option *o, const char *text, struct s3c_settings *ret,
                    const char **ret_why)
{
    struct s3c_view v = s3c_view_str(text);
    char *field = (char *)ret + o->field;
    const char *why = NULL;
    int64_t number = 0;
    double real = 0;
    int word = 0;

    switch (o->type) {
    case S3C_TYPE_ENUM:
    case S3C_TYPE_BOOL:
        if ((o->type == S3C_TYPE_BOOL ? parse_bool(v, &word) : parse_enum(o->allowed, v, &word)) <
            0)
            why = "is not one of the words";
        else
            memcpy(field, &word, sizeof(word));
        break;
    case S3C_TYPE_INT:
    case S3C_TYPE_SIZE:
    case S3C_TYPE_DURATION:
        why = number_problem(o, v, &number);
        if (!why)
            memcpy(field, &number, sizeof(number));
        break;
    case S3C_TYPE_FLOAT:
        why = float_problem(o, v, &real);
        if (!why)
            memcpy(field, &real, sizeof(real));
        break;
    case S3C_TYPE_URL:
        why = url_problem(v);
        /* fall through */
    case S3C_TYPE_STRING:
    case S3C_TYPE_PATH:
        if (!why)
            memcpy(field, &text, sizeof(text));
        break;
    }
    if (!why)
        return 0;
    *ret_why = why;
    return S3C_E_INVALID;
}
