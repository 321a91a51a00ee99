/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write.once: a file is named after its first record's position and put only where nothing has that name, so that a replay which begins where a file began
 * finds what it wrote before. Then what is there is looked at (dest/mark.h), records that it has are acknowledged as stored, and the others go
 * into files of their own. Of a partition one file is on its way at a time: what a replay finds there is the beginning of what it brings.
 *
 * A step between the pipeline, which decides when files are sent, and the sink, which sends them. Not thread-safe.
 */
#ifndef S3C_DEST_ONCE_H
#define S3C_DEST_ONCE_H

#include "dest/mark.h"
#include "dest/pipeline.h"
#include "dest/retained.h"
#include "format/format.h"
#include "record/template.h"

/* Of a file that is written once. */
struct s3c_file_once {
    struct s3c_file *file; /* whose it is, while it is in a line */
    struct s3c_retained retained;
    struct s3c_link turn; /* in its partition's line, from closing until it is done */
    size_t offset;        /* in positions: of the first record that is not known to be stored */
    unsigned further;     /* other files have the names before that number */
    bool looking;         /* the next request is a look at what is there */
    bool
        rebuild; /* the body has records that are stored already; it must be made again, without them */
    bool held;                  /* all its records may be in the file that its partition expects */
    bool found;                 /* it was not stored by us, but found to be there */
    struct s3c_mark_text *text; /* while it is being put */
};

struct s3c_once_options {
    struct s3c_format *format; /* borrowed, all of them */
    const struct s3c_template *template;
    int64_t shard;
    bool named; /* the template has {name}; else a number goes in front of the extension */
    bool
        honoured; /* the server refuses to overwrite where it is asked to; else every file is looked for before it is put */
    int64_t
        hold_ns; /* so long after the newest record those of a replay wait for the rest of a file that is there */
};

struct s3c_once;
S3C_MUST_USE int s3c_once_new(struct s3c_once **ret, const struct s3c_once_options *o,
                              struct s3c_error *err);
void s3c_once_free(struct s3c_once *o); /* NULL is fine */

/* A file that is being opened: 0 or S3C_E_NOMEM. s3c_file_free ends it. */
S3C_MUST_USE int s3c_once_begin(struct s3c_file *f);
size_t s3c_once_file_bytes(const struct s3c_file_once *f);
void s3c_file_once_free(struct s3c_file_once *f); /* NULL is fine */

/* ---- what the pipeline asks (p->once is set, and the file was begun) ---- */

/* A closed file comes: it waits until it is its turn. */
void s3c_once_line_up(struct s3c_pipeline *p, struct s3c_file *f);
/* Fills key, body and delivery for the next request. 0; S3C_E_NOMEM; another failure ends the file. */
S3C_MUST_USE int s3c_once_prepare(struct s3c_pipeline *p, struct s3c_file *f,
                                  struct s3c_error *err);
/* Looks at the sink's answer. true: it has decided what becomes of the file; false: as of any other file. */
bool s3c_once_answered(struct s3c_pipeline *p, struct s3c_file *f);
/* The file is done: the next one's turn. */
void s3c_once_leave(struct s3c_pipeline *p, struct s3c_file *f);
/* Lets those go whose turn it is, and acknowledges what has been held long enough. */
void s3c_once_step(struct s3c_pipeline *p, int64_t now_ns);
/* When there will be something to do for it that only time brings; INT64_MAX: never. */
int64_t s3c_once_due_ns(const struct s3c_pipeline *p);
/* An open file: its partition expects a file that has more records than have come, so that it need not end yet. */
bool s3c_once_may_grow(const struct s3c_file *f);
/* Acknowledges all that is held, because memory is out and nothing else would free any. */
void s3c_once_make_room(struct s3c_pipeline *p);
/* Acknowledges all that is held: nothing more will come. */
void s3c_once_release_all(struct s3c_pipeline *p);

#endif
