/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that are easy to get wrong are compile errors; scripts/lint.sh greps for the same list. */
#ifndef S3C_BASE_BANNED_H
#define S3C_BASE_BANNED_H

/* The headers that declare them come first, so that only uses are poisoned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gets atoi atol atoll \
    sscanf gmtime localtime ctime asctime

#endif
