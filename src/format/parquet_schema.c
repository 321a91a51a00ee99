/* SPDX-License-Identifier: Apache-2.0 */
#include "format/parquet_schema.h"

#include <assert.h>

#include "base/mem.h"
#include "base/view.h"

enum { NODES_MAX = 1 << 20 };

static int append(struct s3c_parquet_schema *s, const struct s3c_parquet_node *node)
{
    struct s3c_parquet_node n = *node;
    int r = s3c_grow(&s->nodes, &s->capacity, s->count + 1, sizeof(*s->nodes));

    if (r < 0)
        return r;
    n.name = s3c_arena_copy(&s->names, node->name);
    if (!n.name.ptr)
        return S3C_E_NOMEM;
    s->nodes[s->count++] = n;
    return 0;
}

int s3c_parquet_schema_init(struct s3c_parquet_schema *s)
{
    static const struct s3c_parquet_node root = {
        .name = {"record", 6}, .type = S3C_PARQUET_GROUP, .repetition = S3C_PARQUET_REQUIRED};

    *s = (struct s3c_parquet_schema){.names = S3C_ARENA_INIT(0)};
    return append(s, &root);
}

void s3c_parquet_schema_done(struct s3c_parquet_schema *s)
{
    s3c_free(s->nodes);
    s3c_free(s->leaves);
    s3c_arena_done(&s->names);
    *s = (struct s3c_parquet_schema){.names = S3C_ARENA_INIT(0)};
}

static int add_leaf(struct s3c_parquet_schema *s, uint32_t node)
{
    int r = s3c_grow(&s->leaves, &s->leaf_capacity, s->leaf_count + 1, sizeof(*s->leaves));

    if (r < 0)
        return r;
    s->leaves[s->leaf_count++] = node;
    s->nodes[node].leaves = 1;
    return 0;
}

int s3c_parquet_schema_add(struct s3c_parquet_schema *s, const struct s3c_parquet_node *node,
                           uint32_t *ret)
{
    const struct s3c_parquet_node *parent = &s->nodes[s->open];
    unsigned max_def = parent->max_def + (node->repetition != S3C_PARQUET_REQUIRED);
    unsigned max_rep = parent->max_rep + (node->repetition == S3C_PARQUET_REPEATED);
    uint32_t number = (uint32_t)s->count;
    int r;

    if (max_def > S3C_PARQUET_LEVEL_MAX || s->count == NODES_MAX)
        return S3C_E_TOO_LARGE;
    r = append(s, node);
    if (r < 0)
        return r;
    s->nodes[number].parent = s->open;
    s->nodes[number].max_def = (uint8_t)max_def;
    s->nodes[number].max_rep = (uint8_t)max_rep;
    s->nodes[number].first_leaf = (uint32_t)s->leaf_count;
    s->nodes[s->open].children++;
    if (ret)
        *ret = number;
    if (node->type != S3C_PARQUET_GROUP)
        return add_leaf(s, number);
    s->open = number;
    return 0;
}

static void end_group(struct s3c_parquet_schema *s, uint32_t group)
{
    s->nodes[group].leaves = (uint32_t)s->leaf_count - s->nodes[group].first_leaf;
}

void s3c_parquet_schema_close(struct s3c_parquet_schema *s)
{
    uint32_t group = s->open;

    assert(s->nodes[group].children > 0);
    end_group(s, group);
    s->open = s->nodes[group].parent;
    end_group(s, 0); /* the root is not closed, but counts all the same */
}
