/* SPDX-License-Identifier: Apache-2.0 */
/* The destination's parts among themselves: destination.c (the public functions), closing.c (how files leave the open ones). */
#ifndef S3C_DEST_ENGINE_PRIVATE_H
#define S3C_DEST_ENGINE_PRIVATE_H

#include "dest/engine.h"
#include "dest/name.h"
#include "dest/once.h"
#include "dest/open_files.h"
#include "dest/order.h"
#include "dest/pipeline.h"

struct s3c_destination {
    struct s3c_destination_parts parts;
    struct s3c_file_limits limits;
    size_t memory_limit; /* for what is counted: less than the option where files are many */
    size_t files_max;    /* closed files that wait */
    size_t part_size;
    size_t
        stream_bytes; /* a file streams once so many of its bytes are final; SIZE_MAX: none does */
    struct s3c_template *template;
    struct s3c_once *once; /* with write.once; else NULL */
    struct s3c_namer namer;
    struct s3c_open_files open;
    struct s3c_pipeline pipeline;
    struct s3c_order order;
    struct s3c_link given; /* files whose last positions were given; valid until the next call */
    int64_t last_ns;       /* monotonic: when the newest record came */
    size_t refused;        /* what the record needs that the latest write did not take; 0: none */
    bool refused_file;     /* it needs a new file */
    bool stopped;
    bool warned; /* that memory is small for so many open files */
    bool
        woken; /* s3c_destination_wake was called and no s3c_destination_acks has returned for it */
    struct s3c_destination_stats stats;
};

/* Closes all open files and sends them on their way; one that cannot be finished or named fails its records. */
void s3c_destination_close_all(struct s3c_destination *d, enum s3c_close_reason reason);
/* Closes what time says must be closed. */
void s3c_destination_close_due(struct s3c_destination *d, int64_t now_ns);
/* When that is; INT64_MAX: never. */
int64_t s3c_destination_close_due_ns(const struct s3c_destination *d);

/* After a record: closes the file if it is full, else sends what is final of it, if it streams. */
void s3c_destination_file_grew(struct s3c_destination *d, struct s3c_file *f);
/* Fails open files whose streams broke, and asks how much of the others the sink still holds. */
void s3c_destination_look_at_streams(struct s3c_destination *d);

/* Whether there are acknowledgements to be taken, and how many at most. */
bool s3c_destination_has_acks(const struct s3c_destination *d, size_t *ret_max);
size_t s3c_destination_memory(const struct s3c_destination *d);
/* Sees to it that `need` bytes more will be free soon, if that takes more than waiting. */
void s3c_destination_relieve(struct s3c_destination *d, size_t need);

#endif
