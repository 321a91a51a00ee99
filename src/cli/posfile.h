/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The position file: the raw position and one LF. It is replaced as a whole (temporary file beside it, synced, renamed), so that
 * whatever happens it holds the old position or the new one. Positions are noted as often as one likes and saved about twice a second.
 */
#ifndef S3C_CLI_POSFILE_H
#define S3C_CLI_POSFILE_H

#include <stdint.h>

#include <s3c/buf.h>

#define CLI_POSFILE_PERIOD_MS 500

struct cli_posfile {
    char *path; /* NULL: there is none, and every call does nothing */
    char *temp;
    struct s3c_buf position; /* as noted last, or loaded */
    bool dirty;              /* not yet saved */
    int64_t saved_ns;        /* monotonic time of the last save */
};

/*
 * Reads the position, to be found in p->position: empty when the file is empty or absent. path NULL: no file. 0; S3C_E_INVALID: not a regular
 * file, or too long to be one; S3C_E_IO; S3C_E_NOMEM.
 */
S3C_MUST_USE int cli_posfile_open(struct cli_posfile *p, const char *path, struct s3c_error *err);
/* Names the file in the error if it is about the position that was read from it. Returns r. */
int cli_posfile_explain(const struct cli_posfile *p, int r, struct s3c_error *err);
/* Remembers a position whose records are safe. 0 or S3C_E_NOMEM. */
S3C_MUST_USE int cli_posfile_note(struct cli_posfile *p, struct s3c_view position,
                                  struct s3c_error *err);
/* Saves what was noted if its time has come. 0, S3C_E_IO: the file still holds the last position that was saved. */
S3C_MUST_USE int cli_posfile_tick(struct cli_posfile *p, int64_t now_mono_ns,
                                  struct s3c_error *err);
S3C_MUST_USE int cli_posfile_save(struct cli_posfile *p,
                                  struct s3c_error *err); /* now, if there is something to save */
void cli_posfile_done(struct cli_posfile *p);             /* saves nothing; idempotent */

#endif
