/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that records go into, one for each partition at most: found by what divides records (dest/partition.h), by age, and by size.
 * What a record costs here does not depend on how many there are: memory is counted by capacities, which change rarely, and
 * only then the heap of sizes is looked at. Knows nothing of deliveries. Not thread-safe.
 */
#ifndef S3C_DEST_OPEN_FILES_H
#define S3C_DEST_OPEN_FILES_H

#include "dest/file.h"
#include "dest/partition.h"
#include "format/format.h"
#include "record/template.h"

struct s3c_open_files {
    struct s3c_format *format; /* borrowed, like the template and the clock */
    const struct s3c_template *template;
    const struct s3c_clock *clock;
    bool once; /* files are written once (dest/once.h) */

    struct s3c_partitions partitions; /* private from here on */
    struct s3c_link by_age;           /* oldest first */
    struct s3c_file **heap;           /* largest first */
    size_t count, cap;
    size_t bytes; /* of the files */
    uint64_t opened;
    bool divided;       /* the template takes something from each record */
    struct s3c_buf key; /* of the record that find was asked about */
    size_t values_len;
    struct s3c_partition *latest; /* of the record before; NULL: it is gone */
    struct s3c_writer *spare;     /* of a closed file, for the next one of the same variant */
    struct s3c_buf spare_variant;
    struct s3c_buf spare_body; /* memory of a body that was stored */
    struct s3c_buf
        key_room;       /* for the object key of a file that is closed: taken when it was opened */
    size_t fresh_bytes; /* what the newest file took before its first record */
};

/* The fields above the line are set by the caller before. */
void s3c_open_files_init(struct s3c_open_files *o, uint64_t random);
void s3c_open_files_done(struct s3c_open_files *o); /* drops files that are still open */

/* *ret: the open file that the record belongs into; NULL: none yet. 0, S3C_E_NOMEM, S3C_E_RECORD: it can be in no file. */
S3C_MUST_USE int s3c_open_files_find(struct s3c_open_files *o, const struct s3c_record *r,
                                     struct s3c_file **ret, struct s3c_error *err);
/* Opens one for the record that find was asked about last and found none for; it has no record yet. 0, S3C_E_NOMEM, S3C_E_RECORD. */
S3C_MUST_USE int s3c_open_files_open(struct s3c_open_files *o, const struct s3c_record *first,
                                     struct s3c_file **ret, struct s3c_error *err);
/* Something was put into f or taken out of it: counts its bytes again. */
void s3c_open_files_recount(struct s3c_open_files *o, struct s3c_file *f);

/* Takes a file out, which keeps its writer, and its partition until s3c_open_files_forget. */
void s3c_open_files_remove(struct s3c_open_files *o, struct s3c_file *f);
/* Takes over an empty writer of a file that was removed; it may serve the next one. */
void s3c_open_files_keep_writer(struct s3c_open_files *o, struct s3c_file *f);
/* Gives back the memory of the spare writer and the spare body. */
void s3c_open_files_drop_spare(struct s3c_open_files *o);
/* Ends a file that was removed, with its place in its partition. */
void s3c_open_files_forget(struct s3c_open_files *o, struct s3c_file *f);

struct s3c_file *s3c_open_files_oldest(const struct s3c_open_files *o); /* NULL: there is none */
/* Of equal ones the oldest. NULL: there is none. */
struct s3c_file *s3c_open_files_largest(const struct s3c_open_files *o);
/* Memory of all of it. */
size_t s3c_open_files_bytes(const struct s3c_open_files *o);
/* What a file takes before its first record, going by the newest one. */
size_t s3c_open_files_fresh_bytes(const struct s3c_open_files *o);

#endif
