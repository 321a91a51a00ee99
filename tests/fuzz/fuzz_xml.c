/* SPDX-License-Identifier: Apache-2.0 */
/* Starts and ends balance, views stay within the body, and the short ways (text, skip) agree with the long one. */
#include "fuzz.h"

#include <string.h>

#include "base/mem.h"
#include "base/xml.h"

static void require_inside(struct s3c_view v, const char *body, size_t size)
{
    require(v.ptr >= body && v.ptr + v.len <= body + size);
}

/* Returns the last result; *ret_events is how many events came before it. */
static int read_all(char *body, size_t size, size_t *ret_events)
{
    struct s3c_xml x;
    int r, depth = 0;

    s3c_xml_init(&x, body, size);
    *ret_events = 0;
    while ((r = s3c_xml_next(&x)) > 0) {
        depth += r == S3C_XML_START;
        require(x.depth == depth && depth >= 1 && depth <= S3C_XML_MAX_DEPTH);
        require_inside(r == S3C_XML_TEXT ? x.text : x.name, body, size);
        depth -= r == S3C_XML_END;
        require(++*ret_events <= size);
    }
    require(r == 0 ? depth == 0 : r == S3C_E_PROTOCOL && x.problem);
    return r;
}

/* As list pages are read: descend into containers, take or skip everything else, which the first byte of the name decides. */
static int read_short(char *body, size_t size)
{
    struct s3c_xml x;
    struct s3c_view text;
    int r;

    s3c_xml_init(&x, body, size);
    while ((r = s3c_xml_next(&x)) > 0) {
        if (r != S3C_XML_START || !x.name.len || x.name.ptr[0] % 3 == 0)
            continue;
        if (x.name.ptr[0] % 3 == 1) {
            r = s3c_xml_skip(&x);
        } else {
            r = s3c_xml_text(&x, &text);
            if (r == 0)
                require_inside(text, body, size);
        }
        if (r < 0)
            break;
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *first = malloc(size + 1), *second = malloc(size + 1);
    size_t events;
    int whole, parts;

    require(first && second);
    /* The body ends where the block ends. */
    memcpy(first + 1, data, size);
    memcpy(second + 1, data, size);
    whole = read_all(first + 1, size, &events);
    parts = read_short(second + 1, size);
    if (parts == 0)
        require(whole == 0); /* what the short way takes is well-formed */
    free(first);
    free(second);
    return 0;
}
