/* SPDX-License-Identifier: Apache-2.0 */
/* The words of Avro. */
#include "avro/schema.h"

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
