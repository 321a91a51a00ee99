/* SPDX-License-Identifier: Apache-2.0 */
/* Durations in Go's syntax, as time.ParseDuration and Duration.String have it: pipelines written for the Go connector use it. */
#include "base/clock.h"

#include "base/banned.h"

static const struct duration_unit {
    struct s3c_view name;
    uint64_t ns;
} units[] = {
    {{"ns", 2}, 1},
    {{"us", 2}, 1000},
    {{"\xc2\xb5s", 3}, 1000}, /* U+00B5, micro sign */
    {{"\xce\xbcs", 3}, 1000}, /* U+03BC, Greek mu */
    {{"ms", 2}, 1000000},
    {{"s", 1}, 1000000000},
    {{"m", 1}, UINT64_C(60000000000)},
    {{"h", 1}, UINT64_C(3600000000000)},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digit_run(struct s3c_view v)
{
    size_t n = 0;

    while (n < v.len && is_digit(v.ptr[n]))
        n++;
    return n;
}

/* Cuts the unit off the front of *v: everything up to the next digit or point, as Go does; 0 if it is none. */
static uint64_t take_unit(struct s3c_view *v)
{
    struct s3c_view name;
    size_t n = 0;

    while (n < v->len && !is_digit(v->ptr[n]) && v->ptr[n] != '.')
        n++;
    name = s3c_view_first(*v, n);
    *v = s3c_view_skip(*v, n);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (s3c_view_eq(units[i].name, name))
            return units[i].ns;
    }
    return 0;
}

/* 0.<digits> of a unit, rounded down; digits beyond what 64 bits hold are below a nanosecond. */
static uint64_t fraction_ns(struct s3c_view digits, uint64_t unit)
{
    uint64_t value = 0, scale = 1;

    for (size_t i = 0; i < digits.len && i < 18; i++) {
        value = value * 10 + (uint64_t)(digits.ptr[i] - '0');
        scale *= 10;
    }
    return (uint64_t)((unsigned __int128)value * unit / scale);
}

/* Cuts one "12.5ms" off the front of *v and adds it to *sum. */
static int take_term(struct s3c_view *v, uint64_t *sum)
{
    struct s3c_view whole = s3c_view_first(*v, digit_run(*v)), fraction = {"", 0};
    uint64_t unit, count = 0;

    *v = s3c_view_skip(*v, whole.len);
    if (v->len && v->ptr[0] == '.') {
        *v = s3c_view_skip(*v, 1);
        fraction = s3c_view_first(*v, digit_run(*v));
        *v = s3c_view_skip(*v, fraction.len);
    }
    if (whole.len + fraction.len == 0 || (whole.len && s3c_view_u64(whole, &count) < 0))
        return S3C_E_INVALID;
    unit = take_unit(v);
    if (unit == 0 || __builtin_mul_overflow(count, unit, &count) ||
        __builtin_add_overflow(*sum, count, sum) ||
        __builtin_add_overflow(*sum, fraction_ns(fraction, unit), sum))
        return S3C_E_INVALID;
    return 0;
}

int s3c_duration_parse(struct s3c_view v, int64_t *ret_ns)
{
    bool negative = v.len && v.ptr[0] == '-';
    uint64_t sum = 0;

    if (v.len && (v.ptr[0] == '-' || v.ptr[0] == '+'))
        v = s3c_view_skip(v, 1);
    if (v.len == 0)
        return S3C_E_INVALID;
    if (s3c_view_eq_str(v, "0")) {
        *ret_ns = 0;
        return 0;
    }
    while (v.len) {
        if (take_term(&v, &sum) < 0)
            return S3C_E_INVALID;
    }
    if (sum > (uint64_t)INT64_MAX + negative)
        return S3C_E_INVALID;
    *ret_ns = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return 0;
}

/* Writes `whole` and, without its trailing zeros, the fraction `part` of `digits` digits. */
static size_t put_decimal(char *dst, uint64_t whole, uint64_t part, int digits)
{
    size_t n = (size_t)snprintf(dst, S3C_TIME_TEXT_SIZE, "%llu", (unsigned long long)whole);

    if (part == 0)
        return n;
    while (part % 10 == 0) {
        part /= 10;
        digits--;
    }
    return n + (size_t)snprintf(dst + n, S3C_TIME_TEXT_SIZE - n, ".%0*llu", digits,
                                (unsigned long long)part);
}

static size_t put_small(char *dst, uint64_t ns)
{
    const char *unit = ns >= 1000000 ? "ms" : ns >= 1000 ? "\xc2\xb5s" : "ns";
    uint64_t scale = ns >= 1000000 ? 1000000 : ns >= 1000 ? 1000 : 1;
    size_t n = put_decimal(dst, ns / scale, ns % scale, scale == 1000000 ? 6 : 3);

    return n + (size_t)snprintf(dst + n, S3C_TIME_TEXT_SIZE - n, "%s", unit);
}

size_t s3c_duration_format(char *dst, int64_t ns)
{
    uint64_t left = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns, hours, minutes;
    char text[S3C_TIME_TEXT_SIZE];
    size_t n = 0;

    if (ns == 0)
        return (size_t)snprintf(dst, S3C_TIME_TEXT_SIZE, "0s");
    if (ns < 0)
        dst[n++] = '-';
    if (left < (uint64_t)S3C_NS_PER_SEC) {
        put_small(text, left);
        return n + (size_t)snprintf(dst + n, S3C_TIME_TEXT_SIZE - n, "%s", text);
    }
    hours = left / UINT64_C(3600000000000);
    minutes = left / UINT64_C(60000000000) % 60;
    left %= UINT64_C(60000000000);
    if (hours)
        n += (size_t)snprintf(dst + n, S3C_TIME_TEXT_SIZE - n, "%lluh", (unsigned long long)hours);
    if (hours || minutes)
        n +=
            (size_t)snprintf(dst + n, S3C_TIME_TEXT_SIZE - n, "%llum", (unsigned long long)minutes);
    put_decimal(text, left / (uint64_t)S3C_NS_PER_SEC, left % (uint64_t)S3C_NS_PER_SEC, 9);
    return n + (size_t)snprintf(dst + n, S3C_TIME_TEXT_SIZE - n, "%ss", text);
}
