/* SPDX-License-Identifier: Apache-2.0 */
#include "avro/decimal_read.h"

#include <string.h>

#include "base/banned.h"

#define EXPONENT_MAX 100000 /* beyond it a number is too large or too small anyway */

/* 10^power, power at most 38. */
static unsigned __int128 ten_to(unsigned power)
{
    unsigned __int128 v = 1;

    for (; power >= 9; power -= 9)
        v *= AVRO_BIG_TEN9;
    for (; power > 0; power--)
        v *= 10;
    return v;
}

/* [-]digits[.digits][e[+-]digits] taken apart. */
struct number {
    bool negative;
    struct s3c_view whole, fraction;
    long exponent;
};

static struct s3c_view take_digits(struct s3c_view *v)
{
    size_t n = 0;
    struct s3c_view digits;

    while (n < v->len && v->ptr[n] >= '0' && v->ptr[n] <= '9')
        n++;
    digits = s3c_view_first(*v, n);
    *v = s3c_view_skip(*v, n);
    return digits;
}

static bool take_char(struct s3c_view *v, char c)
{
    if (v->len == 0 || *v->ptr != c)
        return false;
    *v = s3c_view_skip(*v, 1);
    return true;
}

static bool take_exponent(struct s3c_view *v, long *ret)
{
    bool negative = take_char(v, '-');
    struct s3c_view digits;

    if (!negative)
        (void)take_char(v, '+');
    digits = take_digits(v);
    *ret = 0;
    for (size_t i = 0; i < digits.len && *ret < EXPONENT_MAX; i++)
        *ret = *ret * 10 + (digits.ptr[i] - '0');
    if (negative)
        *ret = -*ret;
    return digits.len > 0;
}

static bool read_number(struct s3c_view text, struct number *n)
{
    *n = (struct number){.negative = take_char(&text, '-'), .fraction = {"", 0}};
    n->whole = take_digits(&text);
    if (n->whole.len == 0)
        return false;
    if (take_char(&text, '.')) {
        n->fraction = take_digits(&text);
        if (n->fraction.len == 0)
            return false;
    }
    if ((take_char(&text, 'e') || take_char(&text, 'E')) && !take_exponent(&text, &n->exponent))
        return false;
    return text.len == 0;
}

/* The digits before and behind the point as one run, without the zeros at both ends, which grow the exponent. */
static int join_digits(struct number *n, char digits[AVRO_BIG_DIGITS_MAX], size_t *ret_len)
{
    struct s3c_view parts[2] = {n->whole, n->fraction};
    size_t len = 0, zeros = 0;

    n->exponent -= (long)n->fraction.len;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < parts[k].len; i++) {
            char c = parts[k].ptr[i];

            zeros = c == '0' ? zeros + 1 : 0;
            if (len == 0 && c == '0')
                continue;
            if (len + 1 > AVRO_BIG_DIGITS_MAX)
                return S3C_E_TOO_LARGE;
            digits[len++] = c;
        }
    zeros = zeros < len ? zeros : len;
    n->exponent += (long)zeros;
    *ret_len = len - zeros;
    return 0;
}

static int read_decimal(struct number *n, unsigned scale, struct avro_big *ret, const char **why)
{
    char digits[AVRO_BIG_DIGITS_MAX];
    size_t len;
    int r = join_digits(n, digits, &len);

    *why = "has too many digits";
    if (r < 0)
        return S3C_E_RECORD;
    if (len == 0)
        n->exponent = -(long)scale; /* zero is zero, whatever follows its e */
    n->exponent += scale;
    if (n->exponent < 0) {
        *why = "has more digits behind the point than its scale";
        return S3C_E_RECORD;
    }
    if (len + (size_t)n->exponent > AVRO_BIG_DIGITS_MAX)
        return S3C_E_RECORD;
    r = avro_big_digits(ret, (struct s3c_view){digits, len});
    if (r == 0)
        avro_big_ten(ret, (unsigned)n->exponent);
    return r < 0 ? S3C_E_RECORD : 0;
}

/* Divides b by a number of which all factors are twos and fives, if that leaves no rest. */
static bool divide_exactly(struct avro_big *b, struct avro_big *by)
{
    unsigned twos = avro_big_cancel(by, 2, 8 * AVRO_BIG_BYTES_MAX);
    unsigned fives = avro_big_cancel(by, 5, 8 * AVRO_BIG_BYTES_MAX);

    if (by->n != 1 || by->limb[0] != 1)
        return false;
    return b->n == 0 ||
           (avro_big_cancel(b, 2, twos) == twos && avro_big_cancel(b, 5, fives) == fives);
}

static int read_fraction(struct s3c_view text, unsigned scale, bool *negative, struct avro_big *ret,
                         const char **why)
{
    struct s3c_view above, below, digits;
    struct avro_big by;

    *why = "is no number";
    *negative = take_char(&text, '-');
    above = take_digits(&text);
    if (above.len == 0 || !take_char(&text, '/'))
        return S3C_E_RECORD;
    digits = below = take_digits(&text);
    if (below.len == 0 || text.len > 0)
        return S3C_E_RECORD;
    while (digits.len > 0 && *digits.ptr == '0')
        digits = s3c_view_skip(digits, 1);
    if (digits.len == 0)
        return S3C_E_RECORD; /* x/0 */
    *why = "has too many digits";
    if (above.len + scale > AVRO_BIG_DIGITS_MAX || avro_big_digits(&by, below) < 0 ||
        avro_big_digits(ret, above) < 0)
        return S3C_E_RECORD;
    avro_big_ten(ret, scale);
    *why = "is no decimal of its scale";
    return divide_exactly(ret, &by) ? 0 : S3C_E_RECORD;
}

/* ---- nearly all numbers: up to 18 digits on each side of what they are divided by ---- */

#define SHORT_DIGITS 18

static uint64_t short_value(struct s3c_view digits, uint64_t v)
{
    for (size_t i = 0; i < digits.len; i++)
        v = v * 10 + (uint64_t)(digits.ptr[i] - '0');
    return v;
}

/* The number without its sign, if it is one of these and nothing is wrong with it. */
static bool read_short(struct s3c_view text, unsigned scale, unsigned __int128 *ret)
{
    struct s3c_view whole = take_digits(&text), part = {"", 0};
    bool point = take_char(&text, '.'), slash = !point && take_char(&text, '/');
    uint64_t divisor;

    if (point || slash)
        part = take_digits(&text);
    if (text.len > 0 || whole.len == 0 || (part.len == 0 && (point || slash)) ||
        scale > SHORT_DIGITS || whole.len + (point ? part.len : 0) > SHORT_DIGITS ||
        part.len > SHORT_DIGITS)
        return false;
    if (!slash) {
        *ret = short_value(part, short_value(whole, 0)) *
               ten_to(part.len <= scale ? scale - (unsigned)part.len : 0);
        return part.len <= scale;
    }
    divisor = short_value(part, 0);
    if (divisor == 0)
        return false;
    *ret = short_value(whole, 0) * ten_to(scale);
    if (*ret % divisor != 0)
        return false;
    *ret /= divisor;
    return true;
}

/* As avro_big_write. */
static size_t write_short(unsigned __int128 v, bool negative, uint8_t *dst)
{
    __int128 left = negative ? -(__int128)v : (__int128)v;
    uint8_t bytes[sizeof(left) + 1];
    size_t n = 0;

    do {
        bytes[n++] = (uint8_t)left;
        left >>= 8;
    } while (left != ((bytes[n - 1] & 0x80) ? -1 : 0));
    for (size_t i = 0; i < n; i++)
        dst[i] = bytes[n - 1 - i];
    return n;
}

int avro_decimal_read(struct s3c_view text, unsigned scale, uint8_t dst[AVRO_DECIMAL_ROOM],
                      size_t *ret_len, const char **why)
{
    bool negative = text.len > 0 && *text.ptr == '-';
    unsigned __int128 v;
    struct avro_big b;
    struct number n;
    int r;

    if (read_short(s3c_view_skip(text, negative), scale, &v)) {
        *ret_len = write_short(v, negative, dst);
        return 0;
    }
    if (read_number(text, &n))
        r = read_decimal(&n, scale, &b, why);
    else
        r = read_fraction(text, scale, &n.negative, &b, why);
    if (r < 0)
        return r;
    *ret_len = avro_big_write(&b, n.negative && b.n > 0, dst);
    return 0;
}

static bool fits_short(struct s3c_view v, unsigned precision)
{
    unsigned __int128 most = ten_to(precision), bits = 0, size;
    bool negative = v.len > 0 && ((unsigned char)v.ptr[0] & 0x80);

    if (negative)
        bits = ~bits;
    for (size_t i = 0; i < v.len; i++)
        bits = bits << 8 | (unsigned char)v.ptr[i];
    size = negative ? -bits : bits;
    return size < most;
}

bool avro_decimal_fits(struct s3c_view unscaled, unsigned precision)
{
    struct avro_big b, most = {.limb = {1}, .n = 1};

    if (unscaled.len <= 16 && precision <= 38)
        return fits_short(unscaled, precision);
    if (unscaled.len > AVRO_BIG_BYTES_MAX)
        return false;
    (void)avro_big_read(unscaled, &b);
    if (precision > AVRO_BIG_DIGITS_MAX)
        return true; /* no number that was read has so many */
    avro_big_ten(&most, precision);
    return avro_big_compare(&b, &most) < 0;
}

/* log2(10) is 3.321928...; the sign takes a bit. */
size_t avro_decimal_width(unsigned precision)
{
    return (size_t)((double)precision * 3.3219280948873626 + 1) / 8 + 1;
}
