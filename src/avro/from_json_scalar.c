/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "avro/decimal_read.h"
#include "avro/from_json_private.h"
#include "base/banned.h"
#include "base/clock.h"
#include "base/digest.h"

#define SHOWN 40 /* bytes of a value in a message */

/* ---- tokens ---- */

static int take_token(struct encode *e, struct s3c_view *ret)
{
    return s3c_json_skip(&e->in, ret) < 0 ? encode_no_json(e) : 0;
}

static int take_string(struct encode *e, struct s3c_view *ret)
{
    return s3c_json_read_string(&e->in, ret) < 0 ? encode_no_json(e) : 0;
}

static bool is_number(char c)
{
    return c == '-' || (c >= '0' && c <= '9');
}

/* "VALUE why": values are shown where they are numbers and times. */
static int wrong_value(struct encode *e, struct s3c_view v, const char *why)
{
    return encode_fail(e, "%.*s%s %s", (int)(v.len < SHOWN ? v.len : SHOWN), v.ptr,
                       v.len > SHOWN ? "..." : "", why);
}

/* ---- whole numbers ---- */

static int read_whole(struct encode *e, struct s3c_view token, int64_t *ret)
{
    uint8_t bytes[AVRO_DECIMAL_ROOM];
    const char *why;
    uint64_t v;
    size_t n;

    if (s3c_view_i64(token, ret) == 0)
        return 0;
    if (avro_decimal_read(token, 0, bytes, &n, &why) < 0)
        return wrong_value(e, token, "is no whole number");
    if (n > sizeof(v))
        return wrong_value(e, token, "is too large for a long");
    v = bytes[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | bytes[i];
    *ret = (int64_t)v;
    return 0;
}

/* ---- times ---- */

/* How many of a type's units a second has; 0: it is no time of the day and no moment. */
static int64_t units_per_second(enum avro_logical l)
{
    switch (l) {
    case AVRO_TIME_MILLIS:
    case AVRO_TIMESTAMP_MILLIS:
    case AVRO_LOCAL_TIMESTAMP_MILLIS:
        return 1000;
    case AVRO_TIME_MICROS:
    case AVRO_TIMESTAMP_MICROS:
    case AVRO_LOCAL_TIMESTAMP_MICROS:
        return 1000000;
    case AVRO_TIMESTAMP_NANOS:
    case AVRO_LOCAL_TIMESTAMP_NANOS:
        return S3C_NS_PER_SEC;
    default:
        return 0;
    }
}

static bool is_local(enum avro_logical l)
{
    return l == AVRO_LOCAL_TIMESTAMP_MILLIS || l == AVRO_LOCAL_TIMESTAMP_MICROS ||
           l == AVRO_LOCAL_TIMESTAMP_NANOS;
}

/* The text between two others, as a moment. */
static bool read_moment(const char *before, struct s3c_view text, const char *after, int64_t *sec,
                        int64_t *fraction)
{
    char whole[64];
    int n;

    if (!*before && !*after)
        return s3c_time_parse_sec(text, sec, fraction) == 0;
    n = snprintf(whole, sizeof(whole), "%s%.*s%s", before, (int)text.len, text.ptr, after);

    return text.len < sizeof(whole) && n > 0 && (size_t)n < sizeof(whole) &&
           s3c_time_parse_sec((struct s3c_view){whole, (size_t)n}, sec, fraction) == 0;
}

static bool read_time_text(enum avro_logical l, struct s3c_view text, int64_t *sec,
                           int64_t *fraction)
{
    switch (l) {
    case AVRO_DATE:
        if (text.len == 10)
            return read_moment("", text, "T00:00:00Z", sec, fraction);
        return read_moment("", text, "", sec, fraction) && *fraction == 0 && *sec % 86400 == 0;
    case AVRO_TIME_MILLIS:
    case AVRO_TIME_MICROS:
        return read_moment("1970-01-01T", text, "Z", sec, fraction);
    default:
        if (!is_local(l))
            return read_moment("", text, "", sec, fraction);
        if (text.len > 0 && (text.ptr[text.len - 1] | 0x20) == 'z')
            text.len--;
        return read_moment("", text, "Z", sec, fraction);
    }
}

static int read_time(struct encode *e, const struct avro_type *t, struct s3c_view text,
                     int64_t *ret)
{
    int64_t per_second = units_per_second(t->logical), sec, fraction, unit;

    if (!read_time_text(t->logical, text, &sec, &fraction))
        return wrong_value(e, text, t->logical == AVRO_DATE ? "is no date" : "is no time");
    if (t->logical == AVRO_DATE) {
        *ret = sec / 86400;
        return 0;
    }
    unit = S3C_NS_PER_SEC / per_second;
    if (fraction % unit != 0)
        return wrong_value(e, text, "has more digits than the unit of its type");
    if (__builtin_mul_overflow(sec, per_second, ret) ||
        __builtin_add_overflow(*ret, fraction / unit, ret))
        return wrong_value(e, text, "is outside of what its type can hold");
    return 0;
}

static int encode_whole(struct encode *e, const struct avro_type *t)
{
    bool is_time = t->logical == AVRO_DATE || units_per_second(t->logical) > 0;
    char c = s3c_json_peek(&e->in);
    struct s3c_view token;
    int64_t v;
    int r;

    if (c == '"' && is_time) {
        r = take_string(e, &token);
        if (r == 0)
            r = read_time(e, t, token, &v);
    } else if (is_number(c)) {
        r = take_token(e, &token);
        if (r == 0)
            r = read_whole(e, token, &v);
    } else {
        return encode_misfit(e, t);
    }
    if (r < 0)
        return r;
    if (t->kind == AVRO_INT && (v < INT32_MIN || v > INT32_MAX))
        return wrong_value(e, token, "is too large for an int");
    return encode_long(e, v);
}

/* ---- floating point ---- */

/* The digits of a number, without point, sign, exponent and the zeros around them. *ret_len may be more than there is room for. */
static void significant(struct s3c_view token, char *digits, size_t room, size_t *ret_len)
{
    size_t len = 0, last = 0;

    for (size_t i = 0; i < token.len; i++) {
        char c = token.ptr[i];

        if (c == 'e' || c == 'E')
            break;
        if (c < '0' || c > '9' || (len == 0 && c == '0'))
            continue;
        if (len < room)
            digits[len] = c;
        len++;
        if (c != '0')
            last = len;
    }
    *ret_len = last;
}

/* Whether the number, printed with as many digits as the text has, has the same digits. */
static bool reads_back(struct s3c_view token, double v, bool is_float)
{
    enum { ROOM = 1100 }; /* digits of the longest exact double: 767 */
    char given[ROOM], printed[ROOM + 32], again[ROOM];
    size_t n, m;
    double least = is_float ? (double)FLT_MIN : DBL_MIN;
    int len;

    significant(token, given, sizeof(given), &n);
    if (n == 0)
        return true; /* zero */
    if (v == 0)
        return false;
    if (n <= (is_float ? FLT_DIG : DBL_DIG) && fabs(v) >= least)
        return true; /* so many always come back */
    if (n > sizeof(given))
        return false;
    len = snprintf(printed, sizeof(printed), "%.*e", (int)n - 1, v);
    significant((struct s3c_view){printed, (size_t)len}, again, sizeof(again), &m);
    return n == m && memcmp(given, again, n) == 0;
}

static bool special_number(struct s3c_view text, double *ret)
{
    if (s3c_view_eq_str(text, "NaN"))
        *ret = (double)NAN;
    else if (s3c_view_eq_str(text, "Infinity"))
        *ret = (double)INFINITY;
    else if (s3c_view_eq_str(text, "-Infinity"))
        *ret = -(double)INFINITY;
    else
        return false;
    return true;
}

static int read_real(struct encode *e, const struct avro_type *t, double *ret)
{
    bool is_float = t->kind == AVRO_FLOAT;
    struct s3c_view token;
    char text[1200], *end;
    int r = take_token(e, &token);

    if (r < 0)
        return r;
    if (token.len >= sizeof(text))
        return wrong_value(e, token, "has too many digits");
    s3c_view_copy(text, sizeof(text), token);
    *ret = is_float ? (double)strtof(text, &end) : strtod(text, &end);
    if (isinf(*ret))
        return wrong_value(e, token,
                           is_float ? "is too large for a float" : "is too large for a double");
    if (!reads_back(token, *ret, is_float))
        return wrong_value(e, token,
                           is_float ? "has digits that a float cannot hold"
                                    : "has digits that a double cannot hold");
    return 0;
}

static int encode_real(struct encode *e, const struct avro_type *t)
{
    char c = s3c_json_peek(&e->in), bytes[8];
    struct s3c_view text;
    uint64_t bits = 0;
    double v = 0;
    int r;

    if (c == '"') {
        r = take_string(e, &text);
        if (r == 0 && !special_number(text, &v))
            r = encode_fail(e, "a string that is neither NaN, Infinity nor -Infinity is no number");
    } else if (is_number(c)) {
        r = read_real(e, t, &v);
    } else {
        return encode_misfit(e, t);
    }
    if (r < 0)
        return r;
    if (t->kind == AVRO_FLOAT) {
        float f = (float)v;
        uint32_t half;

        memcpy(&half, &f, sizeof(half));
        bits = half;
    } else {
        memcpy(&bits, &v, sizeof(bits));
    }
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(bits >> (8 * i));
    return encode_bytes(e, (struct s3c_view){bytes, t->kind == AVRO_FLOAT ? 4 : 8});
}

/* ---- bytes ---- */

/* What has been read in f->bytes, as bytes or as a fixed. */
static int put_bytes(struct encode *e, const struct avro_type *t)
{
    struct s3c_view v = s3c_buf_view(&e->f->bytes);
    int r = 0;

    if (t->kind == AVRO_FIXED && v.len != t->size)
        return encode_fail(e, "it has %zu bytes, but its type %.*s has %zu", v.len,
                           (int)t->name.len, t->name.ptr, t->size);
    if (t->kind == AVRO_BYTES)
        r = encode_long(e, (int64_t)v.len);
    return r < 0 ? r : encode_bytes(e, v);
}

static int read_byte_numbers(struct encode *e)
{
    struct s3c_view token;
    uint64_t byte;
    bool first;
    int r = s3c_json_array_begin(&e->in, &first);

    while (r == 0 && (r = s3c_json_array_item(&e->in, &first)) == 0) {
        r = s3c_json_skip(&e->in, &token);
        if (r == 0 && (s3c_view_u64(token, &byte) < 0 || byte > 255))
            return encode_fail(e, "an array is bytes if it is of numbers from 0 to 255");
        if (r == 0 && s3c_buf_add_char(&e->f->bytes, (char)byte) < 0)
            return S3C_E_NOMEM;
    }
    return r == S3C_END ? 0 : encode_no_json(e);
}

/* U+0000 to U+00FF are the bytes: two bytes of UTF-8 at most. */
static int read_byte_characters(struct encode *e, struct s3c_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned c = (unsigned char)text.ptr[i];

        if (c >= 0xc4)
            return encode_fail(e, "the default of bytes has characters beyond U+00FF");
        if (c >= 0xc2)
            c = (c & 3) << 6 | ((unsigned char)text.ptr[++i] & 0x3f);
        if (s3c_buf_add_char(&e->f->bytes, (char)c) < 0)
            return S3C_E_NOMEM;
    }
    return 0;
}

/* "123e4567-e89b-12d3-a456-426614174000" */
static bool read_uuid(struct s3c_view text, uint8_t ret[16])
{
    size_t n = 0;

    if (text.len != 36)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        unsigned digit = c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-')
                return false;
            continue;
        }
        if (digit > 15 || (c > '9' && digit < 10))
            return false;
        ret[n / 2] = (uint8_t)(n % 2 ? ret[n / 2] | digit : digit << 4);
        n++;
    }
    return true;
}

static int read_byte_string(struct encode *e, const struct avro_type *t)
{
    struct s3c_view text;
    uint8_t uuid[16];
    int r = take_string(e, &text);

    if (r < 0)
        return r;
    if (e->is_default)
        return read_byte_characters(e, text);
    if (t->logical == AVRO_UUID && read_uuid(text, uuid))
        return s3c_buf_add(&e->f->bytes, uuid, sizeof(uuid));
    r = s3c_base64_decode(&e->f->bytes, text, NULL);
    return r == S3C_E_INVALID ? encode_fail(e, "a string that is not base64 is no bytes") : r;
}

static int read_decimal(struct encode *e, const struct avro_type *t, bool is_string)
{
    uint8_t bytes[AVRO_DECIMAL_ROOM];
    struct s3c_view text;
    const char *why;
    size_t n;
    int r = is_string ? take_string(e, &text) : take_token(e, &text);

    if (r < 0)
        return r;
    if (is_string && e->is_default)
        return read_byte_characters(e, text);
    if (avro_decimal_read(text, t->scale, bytes, &n, &why) < 0)
        return wrong_value(e, text, why);
    if (!avro_decimal_fits((struct s3c_view){(char *)bytes, n}, t->precision))
        return wrong_value(e, text, "has more digits than its precision");
    for (size_t i = n; t->kind == AVRO_FIXED && i < t->size && r == 0; i++)
        r = s3c_buf_add_char(&e->f->bytes, (char)(bytes[0] & 0x80 ? 0xff : 0));
    return r < 0 ? r : s3c_buf_add(&e->f->bytes, bytes, n);
}

/* ---- durations ---- */

static int read_duration(struct encode *e)
{
    static const char *const names[] = {"Months", "Days", "Milliseconds"};
    uint64_t parts[3] = {0};
    struct s3c_view name, token;
    unsigned seen = 0, i;
    bool first;
    int r = s3c_json_object_begin(&e->in, &first);

    while (r == 0 && (r = s3c_json_object_member(&e->in, &first, &name)) == 0) {
        for (i = 0; i < 3 && !s3c_view_eq_str(name, names[i]); i++)
            ;
        r = s3c_json_skip(&e->in, &token);
        if (r < 0)
            break;
        if (i == 3 || s3c_view_u64(token, &parts[i]) < 0 || parts[i] > UINT32_MAX)
            return encode_fail(e, "a duration has Months, Days and Milliseconds, whole numbers "
                                  "below 2^32");
        seen |= 1u << i;
    }
    if (r != S3C_END)
        return encode_no_json(e);
    if (seen != 7)
        return encode_fail(e, "a duration has Months, Days and Milliseconds");
    for (i = 0, r = 0; i < 12 && r == 0; i++)
        r = s3c_buf_add_char(&e->f->bytes, (char)(parts[i / 4] >> (8 * (i % 4))));
    return r;
}

static int encode_binary(struct encode *e, const struct avro_type *t)
{
    char c = s3c_json_peek(&e->in);
    int r;

    s3c_buf_clear(&e->f->bytes);
    if (t->logical == AVRO_DECIMAL && (c == '"' || is_number(c)))
        r = read_decimal(e, t, c == '"');
    else if (t->logical == AVRO_DURATION && c == '{')
        r = read_duration(e);
    else if (c == '"')
        r = read_byte_string(e, t);
    else if (c == '[')
        r = read_byte_numbers(e);
    else
        return encode_misfit(e, t);
    return r < 0 ? r : put_bytes(e, t);
}

/* ---- the others ---- */

static int encode_boolean(struct encode *e, const struct avro_type *t)
{
    char c = s3c_json_peek(&e->in);
    struct s3c_view token;
    int r;

    if (c != 't' && c != 'f')
        return encode_misfit(e, t);
    r = take_token(e, &token);
    return r < 0 ? r : encode_bytes(e, c == 't' ? S3C_VIEW("\1") : S3C_VIEW("\0"));
}

static int encode_text(struct encode *e, const struct avro_type *t)
{
    struct s3c_view text;
    int r;

    if (s3c_json_peek(&e->in) != '"')
        return encode_misfit(e, t);
    r = take_string(e, &text);
    if (r < 0)
        return r;
    if (t->kind == AVRO_STRING) {
        r = encode_long(e, (int64_t)text.len);
        return r < 0 ? r : encode_bytes(e, text);
    }
    for (size_t i = 0; i < t->count; i++)
        if (s3c_view_eq(t->symbols[i], text))
            return encode_long(e, (int64_t)i);
    return encode_fail(e, "its text is no symbol of the enum %.*s", (int)t->name.len, t->name.ptr);
}

int encode_scalar(struct encode *e, const struct avro_type *t)
{
    switch (t->kind) {
    case AVRO_NULL:
        if (s3c_json_peek(&e->in) != 'n')
            return encode_misfit(e, t);
        return s3c_json_read_null(&e->in) < 0 ? encode_no_json(e) : 0;
    case AVRO_BOOLEAN:
        return encode_boolean(e, t);
    case AVRO_INT:
    case AVRO_LONG:
        return encode_whole(e, t);
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
        return encode_real(e, t);
    case AVRO_BYTES:
    case AVRO_FIXED:
        return encode_binary(e, t);
    default:
        return encode_text(e, t);
    }
}
