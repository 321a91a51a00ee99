/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a host waits for the acknowledgement of all that it sent before it sends more (Conduit's architecture 2 does). Then keeping a file open for
 * more records gains nothing: it is only a pause for file.max-idle after each message.
 *
 * It is learned, never assumed: a host is in step when it has spoken LOCKSTEP_ROUNDS times in a row right after its last acknowledgement, and not once
 * before it. A message that comes while another is not answered, or late, ends that at once. A stream that is just slow does neither for long. Pure.
 */
#ifndef S3C_PLUGIN_LOCKSTEP_H
#define S3C_PLUGIN_LOCKSTEP_H

#include <stdbool.h>

#include "base/clock.h"

#define LOCKSTEP_ROUNDS    3
#define LOCKSTEP_PROMPT_NS (100 * S3C_NS_PER_MS)

/* All zero to begin with. */
struct lockstep {
    unsigned rounds;
    bool answered; /* all that came has been acknowledged, at: */
    int64_t answered_ns;
};
void lockstep_heard(struct lockstep *l, const struct s3c_clock *clock); /* a message */
/* All that came has been acknowledged; told again, it changes nothing. */
void lockstep_answered(struct lockstep *l, const struct s3c_clock *clock);
bool lockstep_is_certain(const struct lockstep *l);

#endif
