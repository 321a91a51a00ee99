/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/lockstep.h"

#include "base/banned.h"

/* The clock is asked once a round, not once a message: hosts that do not wait send many between two answers. */
void lockstep_heard(struct lockstep *l, const struct s3c_clock *clock)
{
    if (!l->answered || s3c_mono_ns(clock) - l->answered_ns > LOCKSTEP_PROMPT_NS)
        l->rounds = 0;
    else if (l->rounds < LOCKSTEP_ROUNDS)
        l->rounds++;
    l->answered = false;
}

void lockstep_answered(struct lockstep *l, const struct s3c_clock *clock)
{
    if (l->answered)
        return;
    l->answered = true;
    l->answered_ns = s3c_mono_ns(clock);
}

bool lockstep_is_certain(const struct lockstep *l)
{
    return l->rounds >= LOCKSTEP_ROUNDS;
}
