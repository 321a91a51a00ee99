/* SPDX-License-Identifier: Apache-2.0 */
/* The words of Avro, and finding things by their names. */
#include "avro/schema.h"

#include <stdlib.h>

#include "base/banned.h"
#include "base/view.h"

static const char *const kind_names[] = {
    [AVRO_NULL] = "null",   [AVRO_BOOLEAN] = "boolean", [AVRO_INT] = "int",
    [AVRO_LONG] = "long",   [AVRO_FLOAT] = "float",     [AVRO_DOUBLE] = "double",
    [AVRO_BYTES] = "bytes", [AVRO_STRING] = "string",   [AVRO_RECORD] = "record",
    [AVRO_ENUM] = "enum",   [AVRO_ARRAY] = "array",     [AVRO_MAP] = "map",
    [AVRO_FIXED] = "fixed", [AVRO_UNION] = "union",
};

/* Each logical type belongs to one kind; decimal to two. */
static const struct {
    enum avro_logical logical;
    enum avro_kind kind;
    const char *name;
} logicals[] = {
    {AVRO_DECIMAL, AVRO_BYTES, "decimal"},
    {AVRO_DECIMAL, AVRO_FIXED, "decimal"},
    {AVRO_DURATION, AVRO_FIXED, "duration"},
    {AVRO_UUID, AVRO_STRING, "uuid"},
    {AVRO_UUID, AVRO_FIXED, "uuid"},
    {AVRO_DATE, AVRO_INT, "date"},
    {AVRO_TIME_MILLIS, AVRO_INT, "time-millis"},
    {AVRO_TIME_MICROS, AVRO_LONG, "time-micros"},
    {AVRO_TIMESTAMP_MILLIS, AVRO_LONG, "timestamp-millis"},
    {AVRO_TIMESTAMP_MICROS, AVRO_LONG, "timestamp-micros"},
    {AVRO_TIMESTAMP_NANOS, AVRO_LONG, "timestamp-nanos"},
    {AVRO_LOCAL_TIMESTAMP_MILLIS, AVRO_LONG, "local-timestamp-millis"},
    {AVRO_LOCAL_TIMESTAMP_MICROS, AVRO_LONG, "local-timestamp-micros"},
    {AVRO_LOCAL_TIMESTAMP_NANOS, AVRO_LONG, "local-timestamp-nanos"},
};

const char *avro_primitive_name(enum avro_kind kind)
{
    return kind < AVRO_PRIMITIVES ? kind_names[kind] : NULL;
}

enum avro_logical avro_logical_of(enum avro_kind kind, struct s3c_view name)
{
    for (size_t i = 0; i < sizeof(logicals) / sizeof(logicals[0]); i++)
        if (logicals[i].kind == kind && s3c_view_eq_str(name, logicals[i].name))
            return logicals[i].logical;
    return AVRO_PLAIN;
}

static bool is_known_to_go(enum avro_logical l)
{
    return l != AVRO_PLAIN && l != AVRO_TIMESTAMP_NANOS && l != AVRO_LOCAL_TIMESTAMP_NANOS;
}

struct avro_name avro_type_name(const struct avro_type *t)
{
    struct avro_name name = {.logical = {"", 0}};

    if (t->name.len > 0) {
        name.type = t->name;
        return name;
    }
    name.type = s3c_view_str(kind_names[t->kind]);
    for (size_t i = 0; is_known_to_go(t->logical) && i < sizeof(logicals) / sizeof(logicals[0]);
         i++)
        if (logicals[i].logical == t->logical)
            name.logical = s3c_view_str(logicals[i].name);
    return name;
}

static int compare_fields(const void *a, const void *b, void *ctx)
{
    const struct avro_field *fields = ctx;

    return s3c_view_cmp(fields[*(const uint32_t *)a].name, fields[*(const uint32_t *)b].name);
}

size_t avro_sort_fields(struct avro_type *t)
{
    for (size_t i = 0; i < t->count; i++)
        t->by_name[i] = (uint32_t)i;
    qsort_r(t->by_name, t->count, sizeof(*t->by_name), compare_fields, t->fields);
    for (size_t i = 1; i < t->count; i++)
        if (s3c_view_eq(t->fields[t->by_name[i - 1]].name, t->fields[t->by_name[i]].name))
            return t->by_name[i];
    return t->count;
}

size_t avro_find_field(const struct avro_type *t, struct s3c_view name)
{
    size_t low = 0, high = t->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = s3c_view_cmp(name, t->fields[t->by_name[middle]].name);
        if (c == 0)
            return t->by_name[middle];
        if (c < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return t->count;
}
