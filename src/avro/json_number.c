/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floating point numbers as encoding/json prints them: the fewest digits that read back as the same number; an exponent below 1e-6
 * and from 1e21 on. A number of at most 15 (float: 6) digits is what printing it with so many digits gives, less zeros at the
 * end; only the others need trying, and those next to zero, which have fewer digits than that.
 */
#include "avro/json_out.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

#define DIGITS_MAX 17

/* d.ddd x 10^exponent, without zeros at the end. */
struct decimal {
    char digits[DIGITS_MAX + 1];
    int count, exponent;
};

/* text is of "%.*e": d[.ddd]e[+-]dd */
static void read_decimal(const char *text, struct decimal *ret)
{
    const char *p = text;

    ret->count = 0;
    for (; *p != 'e'; p++)
        if (*p != '.')
            ret->digits[ret->count++] = *p;
    ret->exponent = (int)strtol(p + 1, NULL, 10);
}

static bool reads_back(const char *text, double v, bool is_float)
{
    return is_float ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v;
}

/* The last digit of "%.*e" one up, if that needs no carry. */
static bool bump(char *text)
{
    char *last = strchr(text, 'e') - 1;

    if (*last == '9' || *last == '.')
        return false;
    ++*last;
    return true;
}

/*
 * Shortest digits of a positive number; `is_float`: among the numbers of type float. Below a power of two numbers lie twice as dense, so
 * that the nearest decimal may be another number's, and still the one above it be this one's.
 */
static void shortest(double v, bool is_float, struct decimal *ret)
{
    int digits = is_float ? FLT_DIG : DBL_DIG, exponent;
    bool is_power = frexp(v, &exponent) == 0.5;
    char text[40];

    if (v < (is_float ? (double)FLT_MIN : DBL_MIN))
        digits = 1;
    for (; digits <= DIGITS_MAX; digits++) {
        (void)snprintf(text, sizeof(text), "%.*e", digits - 1, v);
        if (reads_back(text, v, is_float))
            break;
        if (is_power && bump(text) && reads_back(text, v, is_float))
            break;
    }
    read_decimal(text, ret);
    while (ret->count > 1 && ret->digits[ret->count - 1] == '0')
        ret->count--;
}

static int put_exponent_form(struct s3c_buf *out, const struct decimal *d)
{
    int r = s3c_buf_add_char(out, d->digits[0]);

    if (r == 0 && d->count > 1)
        r = s3c_buf_addf(out, ".%.*s", d->count - 1, d->digits + 1);
    /* Go: e+21, but e-7 and not e-07 */
    return r < 0 ? r : s3c_buf_addf(out, "e%c%d", d->exponent < 0 ? '-' : '+', abs(d->exponent));
}

static int put_plain_form(struct s3c_buf *out, const struct decimal *d)
{
    int whole = d->exponent + 1; /* digits before the point */

    if (whole <= 0)
        return s3c_buf_addf(out, "0.%.*s%.*s", -whole, "000000", d->count, d->digits);
    if (whole >= d->count)
        return s3c_buf_addf(out, "%.*s%.*s", d->count, d->digits, whole - d->count,
                            "00000000000000000000000");
    return s3c_buf_addf(out, "%.*s.%.*s", whole, d->digits, d->count - whole, d->digits + whole);
}

static int add_number(struct s3c_buf *out, double v, bool is_float)
{
    double size = fabs(v);
    bool exponent;
    struct decimal d;
    int r = 0;

    if (!isfinite(v))
        return S3C_E_RECORD;
    if (signbit(v))
        r = s3c_buf_add_char(out, '-');
    if (r < 0)
        return r;
    /* whole numbers up to where a type has no gaps: every digit counts */
    if (size < (is_float ? 0x1p24 : 0x1p53) && size == (double)(uint64_t)size)
        return s3c_buf_add_u64(out, (uint64_t)size);
    /* The limits are compared in the number's own type. */
    exponent = is_float ? (float)size < 1e-6f || (float)size >= 1e21f : size < 1e-6 || size >= 1e21;
    shortest(size, is_float, &d);
    return exponent ? put_exponent_form(out, &d) : put_plain_form(out, &d);
}

int json_add_double(struct json_out *j, double v)
{
    return add_number(&j->text, v, false);
}

int json_add_float(struct json_out *j, float v)
{
    return add_number(&j->text, (double)v, true);
}
