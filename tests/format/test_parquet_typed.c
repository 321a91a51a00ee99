/* SPDX-License-Identifier: Apache-2.0 */
/* Typed columns: which columns a schema gives, which cells a datum gives, and which files records go into. What readers make of them: tests/py. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "format/parquet_typed.h"
#include "format/parquet_typed_shred.h"

struct bed {
    struct s3c_schema *schema;
    struct s3c_parquet_schema columns;
    struct s3c_typed_plan plan;
    struct s3c_typed_scratch scratch;
    struct s3c_cells cells;
    struct s3c_error err;
    char text[8000];
};

static int plan(struct bed *b, const char *schema)
{
    int r;

    memset(b, 0, sizeof(*b));
    b->scratch = S3C_TYPED_SCRATCH_INIT;
    b->plan.memory = S3C_ARENA_INIT(0);
    r = s3c_schema_parse(&b->schema, s3c_view_str(schema), &b->err);
    if (r == 0)
        r = s3c_parquet_schema_init(&b->columns);
    return r < 0 ? r : s3c_typed_plan_init(&b->plan, &b->columns, "p", b->schema->root, &b->err);
}

static void done(struct bed *b)
{
    s3c_typed_plan_done(&b->plan);
    s3c_typed_scratch_done(&b->scratch);
    s3c_parquet_schema_done(&b->columns);
    s3c_cells_done(&b->cells);
    s3c_schema_unref(b->schema);
}

static void say(struct bed *b, const char *text)
{
    check_append(b->text, sizeof(b->text), text, strlen(text));
}

/* "p? {a:i64 b?:STRING l*...}": ? optional, * repeated. */
static uint32_t show_node(struct bed *b, uint32_t i)
{
    static const char *const types[] = {"bool", "i32", "i64", "", "f32", "f64", "bytes", "fixed"};
    static const char *const logicals[] = {
        [S3C_PARQUET_STRING] = "STRING",   [S3C_PARQUET_MAP] = "MAP",
        [S3C_PARQUET_LIST] = "LIST",       [S3C_PARQUET_ENUM] = "ENUM",
        [S3C_PARQUET_DECIMAL] = "DECIMAL", [S3C_PARQUET_DATE] = "DATE",
        [S3C_PARQUET_TIME] = "TIME",       [S3C_PARQUET_TIMESTAMP] = "TIMESTAMP",
        [S3C_PARQUET_JSON] = "JSON",       [S3C_PARQUET_UUID] = "UUID"};
    const struct s3c_parquet_node *n = &b->columns.nodes[i++];
    char text[100];

    (void)snprintf(text, sizeof(text), "%.*s%s", (int)n->name.len, n->name.ptr,
                   n->repetition == S3C_PARQUET_OPTIONAL   ? "?"
                   : n->repetition == S3C_PARQUET_REPEATED ? "*"
                                                           : "");
    say(b, text);
    if (n->type != S3C_PARQUET_GROUP) {
        (void)snprintf(text, sizeof(text), ":%s", types[n->type]);
        say(b, text);
        if (n->type == S3C_PARQUET_FIXED) {
            (void)snprintf(text, sizeof(text), "%u", n->length);
            say(b, text);
        }
    }
    if (n->logical) {
        (void)snprintf(text, sizeof(text), " %s", logicals[n->logical]);
        say(b, text);
    }
    if (n->logical == S3C_PARQUET_DECIMAL) {
        (void)snprintf(text, sizeof(text), "(%u,%u)", n->precision, n->scale);
        say(b, text);
    }
    if (n->unit) {
        (void)snprintf(text, sizeof(text), "(%s,%u)", n->utc ? "utc" : "local", n->unit);
        say(b, text);
    }
    if (n->type != S3C_PARQUET_GROUP)
        return i;
    say(b, "{");
    for (uint32_t k = 0; k < n->children; k++) {
        if (k > 0)
            say(b, ", ");
        i = show_node(b, i);
    }
    say(b, "}");
    return i;
}

static void show_cell(struct bed *b, const struct s3c_cell *c)
{
    const struct s3c_parquet_node *n = s3c_parquet_leaf(&b->columns, c->leaf);
    char text[100], *p = text;

    p += snprintf(p, 40, "%u:%u:%u", c->leaf, c->rep, c->def);
    if (c->def == n->max_def) {
        if (n->type == S3C_PARQUET_BOOLEAN)
            p += snprintf(p, 40, "=%d", c->value.boolean);
        else if (n->type == S3C_PARQUET_INT32)
            p += snprintf(p, 40, "=%d", c->value.i32);
        else if (n->type == S3C_PARQUET_INT64)
            p += snprintf(p, 40, "=%lld", (long long)c->value.i64);
        else if (n->type == S3C_PARQUET_FLOAT)
            p += snprintf(p, 40, "=%g", (double)c->value.f32);
        else if (n->type == S3C_PARQUET_DOUBLE)
            p += snprintf(p, 40, "=%g", c->value.f64);
        else
            p += snprintf(p, 60, "=%.*s", (int)c->value.bytes.len, c->value.bytes.ptr);
    }
    (void)snprintf(p, 2, " ");
    say(b, text);
}

#define RECORD(name, fields) "{\"type\":\"record\",\"name\":\"" name "\",\"fields\":[" fields "]}"
#define FIELD(n, type)       "{\"name\":\"" n "\",\"type\":" type "}"
#define LOGICAL(type, l)     "{\"type\":\"" type "\",\"logicalType\":\"" l "\"}"
#define ARRAY(items)         "{\"type\":\"array\",\"items\":" items "}"
#define MAP(values)          "{\"type\":\"map\",\"values\":" values "}"

static const struct {
    const char *schema, *columns;
} plans[] = {
    {"\"string\"", "p?:bytes STRING"},
    {RECORD("R", FIELD("a", "\"boolean\"") "," FIELD("b", "\"int\"") "," FIELD("c", "\"long\"")),
     "p?{a:bool, b:i32, c:i64}"},
    {RECORD("R", FIELD("a", "\"float\"") "," FIELD("b", "\"double\"") "," FIELD("c", "\"bytes\"")),
     "p?{a:f32, b:f64, c:bytes}"},
    {RECORD("R", FIELD("a", LOGICAL("int", "date")) "," FIELD("b", LOGICAL("int", "time-millis"))),
     "p?{a:i32 DATE, b:i32 TIME(utc,1)}"},
    {RECORD("R", FIELD("a", LOGICAL("long", "timestamp-nanos")) "," FIELD(
                     "b", LOGICAL("long", "local-timestamp-micros"))),
     "p?{a:i64 TIMESTAMP(utc,3), b:i64 TIMESTAMP(local,2)}"},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":3}",
     "p?:fixed4 DECIMAL(9,3)"},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":38}",
     "p?:fixed16 DECIMAL(38,0)"},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":39}", "p?:fixed17"},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":16,\"logicalType\":\"uuid\"}", "p?:fixed16 UUID"},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":12,\"logicalType\":\"duration\"}", "p?:fixed12"},
    {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}", "p?:bytes ENUM"},
    {ARRAY("[\"null\",\"int\"]"), "p? LIST{list*{element?:i32}}"},
    {MAP(RECORD("R", FIELD("a", "\"int\""))), "p? MAP{key_value*{key:bytes STRING, value{a:i32}}}"},
    {RECORD("R", FIELD("n", "\"null\"") "," FIELD("u", "[\"null\"]") "," FIELD("a", "\"int\"")),
     "p?{a:i32}"},
    {ARRAY("\"null\""), "p? LIST{list*{element?:bytes JSON}}"},
    {RECORD("R", FIELD("n", "\"null\"")), "p?:bytes JSON"},
    {RECORD("R", FIELD("v", "\"int\"") "," FIELD("kids", ARRAY("\"R\""))),
     "p?{v:i32, kids LIST{list*{element:bytes JSON}}}"},
    {RECORD("R", FIELD("u", "[\"int\",\"string\"]")), "p?{u{int?:i32, string?:bytes STRING}}"},
    {RECORD("R", FIELD("u", "[\"null\",\"int\"," RECORD("x.y.S", FIELD("a", "\"int\"")) "]")),
     "p?{u?{int?:i32, S?{a:i32}}}"},
    {"[" RECORD("x.S", FIELD("a", "\"int\"")) "," RECORD("y.S", FIELD("a", "\"int\"")) "]",
     "p?{x.S?{a:i32}, y.S?{a:i32}}"},
    /* the same record twice beside itself is no recursion */
    {RECORD("R", FIELD("a", RECORD("S", FIELD("x", "\"int\""))) "," FIELD("b", "\"S\"")),
     "p?{a{x:i32}, b{x:i32}}"},
};

static void schemas_become_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        struct bed b;

        CHECK_OK(plan(&b, plans[i].schema), &b.err);
        (void)show_node(&b, 1);
        assert_string_equal(b.text, plans[i].columns);
        done(&b);
    }
}

/* S0 is two of S1, S1 is two of S2, ...: 2^n columns. */
static char *doubling(unsigned n)
{
    char *text = strdup("\"int\"");

    for (unsigned i = n; i-- > 0;) {
        char *more = malloc(strlen(text) + 200);
        const char *again = i + 1 == n ? "\"int\"" : "";
        char name[20];

        (void)snprintf(name, sizeof(name), "\"S%u\"", i + 1);
        (void)snprintf(more, strlen(text) + 200,
                       RECORD("S%u", FIELD("a", "%s") "," FIELD("b", "%s")), i, text,
                       *again ? again : name);
        free(text);
        text = more;
    }
    return text;
}

/* Each is two groups: as many as pyarrow takes. */
#define A5(x)  ARRAY(ARRAY(ARRAY(ARRAY(ARRAY(x)))))
#define A45(x) A5(A5(A5(A5(A5(A5(A5(A5(A5(x)))))))))

static void schemas_without_columns_are_refused(void **state)
{
    char *wide = doubling(20);
    const struct {
        const char *schema;
        int code;
        const char *says;
    } rows[] = {
        {RECORD("R", FIELD("a", ARRAY("{\"type\":\"fixed\",\"name\":\"F\",\"size\":0}"))),
         S3C_E_RECORD, "p.a: a fixed of no bytes cannot be a column"},
        {"[\"int\",\"int\"]", S3C_E_RECORD, "p: a union has two types of one name"},
        {RECORD("R", FIELD("u", "[]")), S3C_E_RECORD, "p.u: a union of no types"},
        {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":2461}", S3C_E_RECORD,
         "more than 2,460 digits"},
        {RECORD("R", FIELD("a\\u0000b", "\"int\"")), S3C_E_RECORD, "a name with a NUL"},
        {ARRAY(A45("\"int\"")), S3C_E_TOO_LARGE, "types are nested too deeply"},
        {wide, S3C_E_TOO_LARGE, "more than 100,000 columns"},
    };

    struct bed b;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK_CODE(plan(&b, rows[i].schema), rows[i].code);
        CHECK_HAS(b.err.message, rows[i].says);
        done(&b);
    }
    free(wide);
    CHECK_OK(plan(&b, A45("\"int\"")), &b.err);
    done(&b);
}

static const struct {
    const char *schema;
    struct s3c_view datum;
    const char *cells; /* leaf:rep:def=value */
} shreds[] = {
    {"\"int\"", {"\x02", 1}, "0:0:1=1 "},
    {"[\"null\",\"int\"]", {"\x00", 1}, "0:0:0 "},
    {"[\"int\",\"null\"]", {"\x02", 1}, "0:0:0 "},
    {"[\"int\",\"null\"]", {"\x00\x02", 2}, "0:0:1=1 "},
    {RECORD("R", FIELD("a", "\"boolean\"") "," FIELD("n", "\"null\"") "," FIELD("b", "\"string\"")),
     {"\x01\x04hi", 4},
     "0:0:1=1 1:0:1=hi "},
    {ARRAY("\"int\""), {"\x00", 1}, "0:0:1 "},
    {ARRAY("\"int\""), {"\x04\x02\x04\x02\x06\x00", 6}, "0:0:2=1 0:1:2=2 0:1:2=3 "},
    {ARRAY("\"int\""), {"\x03\x04\x02\x04\x00", 5}, "0:0:2=1 0:1:2=2 "}, /* with the block's size */
    {ARRAY("[\"null\",\"int\"]"), {"\x04\x00\x02\x02\x00", 5}, "0:0:2 0:1:3=1 "},
    {ARRAY(ARRAY("\"int\"")),
     {"\x06\x04\x02\x04\x00\x00\x02\x06\x00\x00", 10},
     "0:0:3=1 0:2:3=2 0:1:2 0:1:3=3 "},
    {MAP("[\"null\",\"long\"]"),
     {"\x04\x02"
      "a\x02\x02\x02"
      "b\x00\x00",
      9},
     "0:0:2=a 1:0:3=1 0:1:2=b 1:1:2 "},
    {MAP("\"int\""), {"\x00", 1}, "0:0:1 1:0:1 "},
    {RECORD("R", FIELD("u", "[\"null\",\"int\",\"string\"]") "," FIELD("z", "\"int\"")),
     {"\x04\x02x\x02", 4},
     "0:0:2 1:0:3=x 2:0:1=1 "},
    {RECORD("R", FIELD("u", "[\"null\",\"int\",\"string\"]") "," FIELD("z", "\"int\"")),
     {"\x00\x02", 2},
     "0:0:1 1:0:1 2:0:1=1 "},
    {RECORD("R", FIELD("o", "[\"null\"," RECORD("S", FIELD("a", "\"int\"") "," FIELD(
                                                         "b", "[\"null\",\"int\"]")) "]")),
     {"\x02\x02\x00", 3},
     "0:0:2=1 1:0:2 "},
    {RECORD("R", FIELD("o", "[\"null\"," RECORD("S", FIELD("a", "\"int\"") "," FIELD(
                                                         "b", "[\"null\",\"int\"]")) "]")),
     {"\x00", 1},
     "0:0:1 1:0:1 "},
    {ARRAY("\"null\""), {"\x04\x00", 2}, "0:0:2 0:1:2 "},
    {RECORD("R", FIELD("v", "\"int\"") "," FIELD("kids", ARRAY("\"R\""))),
     {"\x02\x02\x04\x00\x00", 5},
     "0:0:1=1 1:0:2={\"kids\":[],\"v\":2} "},
    {RECORD("R", ""), {"", 0}, "0:0:1={} "},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9}",
     {"\x0c\x00\x00\x00\x30\x31\x32", 7},
     "0:0:1=" /* a NUL ends what is shown */},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":6}",
     {"\x0a\x00\x00\x07\x61\x62", 6},
     "0:0:1=\aab "},
};

static void data_become_cells(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(shreds) / sizeof(shreds[0]); i++) {
        struct check_guard datum = check_guard_new(shreds[i].datum.ptr, shreds[i].datum.len);
        struct bed b;

        CHECK_OK(plan(&b, shreds[i].schema), &b.err);
        CHECK_OK(s3c_typed_shred(&b.plan, &b.scratch, "p", (struct s3c_view){datum.ptr, datum.len},
                                 &b.cells, &b.err),
                 &b.err);
        for (size_t k = 0; k < b.cells.count; k++)
            show_cell(&b, &b.cells.ptr[k]);
        if (shreds[i].cells[strlen(shreds[i].cells) - 1] == ' ')
            assert_string_equal(b.text, shreds[i].cells);
        else
            CHECK_HAS(b.text, shreds[i].cells);
        done(&b);
        check_guard_free(&datum);
    }
}

static void bad_data_are_named(void **state)
{
    static const struct {
        const char *schema;
        struct s3c_view datum;
        int code;
        const char *says;
    } rows[] = {
        {"\"int\"", {"", 0}, S3C_E_RECORD, "p: the data ends too early (Avro, at byte 0 of 0)"},
        {"\"int\"", {"\x02\x02", 2}, S3C_E_RECORD, "p: there is data behind its end"},
        {"\"boolean\"", {"\x02", 1}, S3C_E_RECORD, "a boolean is neither 0 nor 1"},
        {"[\"null\",\"int\"]", {"\x04", 1}, S3C_E_RECORD, "no such type in a union"},
        {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}",
         {"\x02", 1},
         S3C_E_RECORD,
         "no such symbol"},
        {RECORD("R", FIELD("l", ARRAY(MAP(RECORD("S", FIELD("s", "\"string\"")))))),
         {"\x02\x02\x02k\x02\xff", 6},
         S3C_E_RECORD,
         "p.l[0][\"k\"].s: a string is not valid UTF-8"},
        {MAP("\"int\""), {"\x02\x02\xff\x02\x00", 5}, S3C_E_RECORD, "p: a map's key is not valid"},
        {LOGICAL("int", "time-millis"),
         {"\xff\xff\xff\xff\x0f", 5},
         S3C_E_RECORD,
         "a time of the day is not within a day"},
        {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":2}",
         {"\x02\x64", 2},
         S3C_E_RECORD,
         "more digits than its precision"},
        {ARRAY("\"null\""),
         {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
         S3C_E_RECORD,
         "ends too early"},
        {ARRAY("\"null\""),
         {"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
         S3C_E_TOO_LARGE,
         "p: it has more than 4194304 values in its columns"},
        {ARRAY(RECORD("R", FIELD("v", "\"double\"") "," FIELD("k", ARRAY("\"R\"")))),
         {"\x02\0\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\xf8\x7f\x00\x00\x00", 21},
         S3C_E_RECORD,
         "p[0].k[0]: JSON has no NaN"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;

        CHECK_OK(plan(&b, rows[i].schema), &b.err);
        CHECK_CODE(s3c_typed_shred(&b.plan, &b.scratch, "p", rows[i].datum, &b.cells, &b.err),
                   rows[i].code);
        CHECK_HAS(b.err.message, rows[i].says);
        done(&b);
    }
}

static void memory_runs_out_while_cells_are_made(void **state)
{
    static const char schema[] = RECORD(
        "R",
        FIELD("d", "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9}") "," FIELD(
            "kids", ARRAY("\"R\"")) "," FIELD("u", "[\"int\",\"string\"]"));
    static const struct s3c_view datum = {"\x02\x01\x02\x02\x02\x00\x00\x02\x00\x02\x02x", 12};

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct bed b;
        int r = plan(&b, schema);

        if (r == 0)
            r = s3c_typed_shred(&b.plan, &b.scratch, "p", datum, &b.cells, &b.err);
        if (r < 0 && r != S3C_E_NOMEM)
            fail_msg("%s", b.err.message);
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        done(&b);
    }
}

/* ---- the format ---- */

static const struct s3c_parquet_options plain = {S3C_CODEC_NONE, 1 << 20};

static struct s3c_record record_of(enum s3c_data_kind kind, const char *payload,
                                   const struct s3c_schema *schema)
{
    return (struct s3c_record){.operation = S3C_OP_CREATE,
                               .position = S3C_VIEW("p"),
                               .metadata_nil = true,
                               .after = {kind, s3c_view_str(payload)},
                               .schema = schema};
}

static int variant_of(struct s3c_format *f, const struct s3c_record *r, char out[33],
                      struct s3c_error *err)
{
    struct s3c_buf b = S3C_BUF_INIT(100);
    int rc = f->ops->variant(f, r, &b, err);

    out[0] = '\0';
    for (size_t i = 0; i < b.len; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", (unsigned char)b.ptr[i]);
    s3c_buf_done(&b);
    return rc;
}

static void schemas_part_records(void **state)
{
    struct s3c_schema *a = NULL, *same = NULL, *other = NULL;
    struct s3c_record nothing = record_of(S3C_DATA_NIL, "", NULL), r;
    char one[33], two[33];
    struct s3c_format *f = NULL;
    struct s3c_error err;

    (void)state;
    CHECK_OK(s3c_schema_parse(&a, S3C_VIEW("{\"type\":\"int\"}"), &err), &err);
    CHECK_OK(s3c_schema_parse(&same, S3C_VIEW("{\"type\":\"int\"}"), &err), &err);
    CHECK_OK(s3c_schema_parse(&other, S3C_VIEW("\"int\""), &err), &err);
    CHECK_OK(s3c_parquet_typed_format_new(&f, &plain, NULL, &err), &err);
    assert_true(f->ops->takes_avro);
    r = record_of(S3C_DATA_AVRO, "\2", a);
    CHECK_OK(variant_of(f, &r, one, &err), &err);
    assert_int_equal(strlen(one), 32);
    r.schema = same;
    CHECK_OK(variant_of(f, &r, two, &err), &err);
    assert_string_equal(one, two);
    r = record_of(S3C_DATA_NIL, "", a); /* a delete */
    CHECK_OK(variant_of(f, &r, two, &err), &err);
    assert_string_equal(one, two);
    r.schema = other;
    CHECK_OK(variant_of(f, &r, two, &err), &err);
    assert_string_not_equal(one, two);
    CHECK_OK(variant_of(f, &nothing, two, &err), &err);
    assert_string_equal(two, "");
    r = record_of(S3C_DATA_RAW, "{}", NULL);
    CHECK_CODE(variant_of(f, &r, two, &err), S3C_E_RECORD);
    CHECK_HAS(err.message, "give one with the option schema, or set parquet.columns to raw");
    r = record_of(S3C_DATA_AVRO, "\2", NULL);
    CHECK_CODE(variant_of(f, &r, two, &err), S3C_E_RECORD);
    f->ops->release(f);
    s3c_schema_unref(a);
    s3c_schema_unref(same);
    s3c_schema_unref(other);
}

/* Writers outlive the format's memory of their shapes. */
static void many_schemas_are_open_at_once(void **state)
{
    enum { N = 40 };
    struct s3c_schema *schemas[N] = {NULL};
    struct s3c_writer *writers[N];
    struct s3c_format *f = NULL;
    struct s3c_error err;

    (void)state;
    CHECK_OK(s3c_parquet_typed_format_new(&f, &plain, NULL, &err), &err);
    for (int i = 0; i < N; i++) {
        char text[100];
        struct s3c_record r;

        (void)snprintf(text, sizeof(text), RECORD("R", FIELD("f%d", "\"int\"")), i);
        CHECK_OK(s3c_schema_parse(&schemas[i], s3c_view_str(text), &err), &err);
        r = record_of(S3C_DATA_AVRO, "\2", schemas[i]);
        CHECK_OK(f->ops->open(f, &r, &writers[i], &err), &err);
        s3c_schema_unref(schemas[i]);
    }
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < N; i++) {
            char text[40];
            struct s3c_record r;
            struct s3c_buf file;

            (void)snprintf(text, sizeof(text), "{\"f%d\":%d}", i, i);
            r = record_of(S3C_DATA_STRUCTURED, text, NULL);
            CHECK_OK(writers[i]->ops->add(writers[i], &r, &err), &err);
            CHECK_OK(writers[i]->ops->finish(writers[i], &file, &err), &err);
            (void)snprintf(text, sizeof(text), "\"name\":\"f%d\"", i);
            assert_non_null(memmem(file.ptr, file.len, text, strlen(text)));
            s3c_buf_done(&file);
        }
    for (int i = 0; i < N; i++)
        writers[i]->ops->release(writers[i]);
    f->ops->release(f);
}

/* What stands before the misfit in its row is in no column. */
static void a_misfit_leaves_no_trace(void **state)
{
    static const char *const texts[2][3] = {
        {"{\"a\":1,\"l\":[\"x\"],\"z\":2}", "{\"a\":7,\"l\":[\"w\",\"v\"],\"z\":\"\"}",
         "{\"a\":2,\"l\":[],\"z\":3}"},
        {"{\"a\":1,\"l\":[\"x\"],\"z\":2}", NULL, "{\"a\":2,\"l\":[],\"z\":3}"}};
    struct s3c_schema *schema = NULL;
    struct s3c_buf files[2];
    struct s3c_error err;

    (void)state;
    CHECK_OK(s3c_schema_parse(
                 &schema,
                 S3C_VIEW(RECORD("R", FIELD("a", "\"int\"") "," FIELD(
                                          "l", ARRAY("\"string\"")) "," FIELD("z", "\"int\""))),
                 &err),
             &err);
    for (int i = 0; i < 2; i++) {
        struct s3c_record r = record_of(S3C_DATA_NIL, "", NULL);
        struct s3c_format *f = NULL;
        struct s3c_writer *w = NULL;

        CHECK_OK(s3c_parquet_typed_format_new(&f, &plain, schema, &err), &err);
        CHECK_OK(f->ops->open(f, &r, &w, &err), &err);
        for (int k = 0; k < 3; k++) {
            if (!texts[i][k])
                continue;
            r = record_of(S3C_DATA_RAW, texts[i][k], NULL);
            CHECK_CODE(w->ops->add(w, &r, &err), k == 1 ? S3C_E_RECORD : 0);
            if (k == 1)
                CHECK_HAS(err.message, "payload.z: it is a string, but its type is int");
        }
        CHECK_OK(w->ops->finish(w, &files[i], &err), &err);
        w->ops->release(w);
        f->ops->release(f);
    }
    assert_int_equal(files[0].len, files[1].len);
    assert_memory_equal(files[0].ptr, files[1].ptr, files[0].len);
    s3c_buf_done(&files[0]);
    s3c_buf_done(&files[1]);
    s3c_schema_unref(schema);
}

static void memory_runs_out_while_files_are_written(void **state)
{
    struct s3c_schema *schema = NULL;
    struct s3c_error err;

    (void)state;
    CHECK_OK(
        s3c_schema_parse(&schema, S3C_VIEW(RECORD("R", FIELD("a", ARRAY("\"string\"")))), &err),
        &err);
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_record r = record_of(S3C_DATA_STRUCTURED, "{\"a\":[\"x\\n\",\"y\"]}", schema);
        struct s3c_format *f = NULL;
        struct s3c_writer *w = NULL;
        struct s3c_buf file = S3C_BUF_INIT(SIZE_MAX);
        int rc = s3c_parquet_typed_format_new(&f, &plain, NULL, &err);

        if (rc == 0)
            rc = f->ops->open(f, &r, &w, &err);
        if (rc == 0)
            rc = w->ops->add(w, &r, &err);
        if (rc == 0)
            rc = w->ops->finish(w, &file, &err);
        CHECK_CODE(rc, check_alloc_failed() ? S3C_E_NOMEM : 0);
        if (w)
            w->ops->release(w);
        if (f)
            f->ops->release(f);
        s3c_buf_done(&file);
    }
    s3c_schema_unref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(schemas_become_columns),
        CHECK_TEST(schemas_without_columns_are_refused),
        CHECK_TEST(data_become_cells),
        CHECK_TEST(bad_data_are_named),
        CHECK_TEST(memory_runs_out_while_cells_are_made),
        CHECK_TEST(schemas_part_records),
        CHECK_TEST(many_schemas_are_open_at_once),
        CHECK_TEST(a_misfit_leaves_no_trace),
        CHECK_TEST(memory_runs_out_while_files_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
