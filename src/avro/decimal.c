/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimals as Go's big.Rat prints them: numerator/denominator in lowest terms. The denominator is a power of ten, so that only twos and
 * fives can be cancelled.
 */
#include "avro/big.h"
#include "avro/schema.h"
#include "avro/to_json.h"
#include "base/banned.h"

#define TEXT_MAX (AVRO_BIG_LIMBS * 10 + 10)

/* Destroys b. */
static int add_digits(struct json_out *out, struct avro_big *b)
{
    char text[TEXT_MAX];
    size_t at = sizeof(text);

    do {
        uint32_t part = avro_big_divide(b, AVRO_BIG_TEN9);
        for (int i = 0; i < 9 && (part > 0 || b->n > 0 || at == sizeof(text)); i++) {
            text[--at] = (char)('0' + part % 10);
            part /= 10;
        }
    } while (b->n > 0);
    return json_add_text(out, (struct s3c_view){text + at, sizeof(text) - at});
}

static int add_denominator(struct json_out *out, unsigned twos, unsigned fives)
{
    struct avro_big b = {.limb = {1}, .n = 1};
    int r;

    if (twos == 0 && fives == 0)
        return 0;
    for (; twos > 0; twos--)
        avro_big_multiply(&b, 2);
    for (; fives > 0; fives--)
        avro_big_multiply(&b, 5);
    r = json_add_text(out, S3C_VIEW("/"));
    return r < 0 ? r : add_digits(out, &b);
}

int avro_add_decimal(struct json_out *out, struct s3c_view unscaled, unsigned scale)
{
    struct avro_big b;
    unsigned twos = scale, fives = scale;
    bool negative;
    int r;

    if (unscaled.len > AVRO_BIG_BYTES_MAX || scale > AVRO_DECIMAL_SCALE_MAX)
        return S3C_E_RECORD;
    negative = avro_big_read(unscaled, &b);
    if (b.n == 0) {
        twos = fives = 0;
    } else {
        twos -= avro_big_cancel(&b, 2, twos);
        fives -= avro_big_cancel(&b, 5, fives);
    }
    r = json_add_text(out, negative ? S3C_VIEW("\"-") : S3C_VIEW("\""));
    if (r == 0)
        r = add_digits(out, &b);
    if (r == 0)
        r = add_denominator(out, twos, fives);
    return r < 0 ? r : json_add_text(out, S3C_VIEW("\""));
}
