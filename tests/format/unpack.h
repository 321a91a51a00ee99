/* SPDX-License-Identifier: Apache-2.0 */
/* What the codecs wrote, undone by the libraries' own decoders. */
#ifndef S3C_TESTS_UNPACK_H
#define S3C_TESTS_UNPACK_H

#include "format/codec.h"

/* Fails the test unless `packed` is exactly one block or stream of the codec that holds `expected`. */
void check_unpacked(enum s3c_codec codec, struct s3c_view packed, struct s3c_view expected);

#endif
