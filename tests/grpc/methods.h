/* SPDX-License-Identifier: Apache-2.0 */
/* The methods that the tests of the server call; they keep count in a struct methods, which is the server's user. */
#ifndef S3C_TESTS_GRPC_METHODS_H
#define S3C_TESTS_GRPC_METHODS_H

#include "grpc/server.h"

struct methods {
    size_t opened, ended, cancelled; /* calls */
    size_t messages, bytes, half_closes;
    size_t pulls;
    struct grpc_call *last; /* the one opened last */
    bool hold_each;         /* Sink holds after each message */
    size_t to_send;         /* Stream: messages */
    size_t size, pieces;    /* of each */
    size_t number;          /* of the next */
    char *payload;          /* Stream: what it sends is all here */
};

/*
 * /t/Echo    unary: the request is the reply          /t/Later   unary: does nothing; the test replies
 * /t/Header  unary: the value of x-test               /t/Fail    unary: UNKNOWN, with a text that needs care
 * /t/Refuse  its open fails                           /t/Sink    counts messages, finishes at the end of the request
 * /t/Chat    answers each message with its number     /t/Stream  sends to_send messages, then finishes
 */
extern const struct grpc_method methods_table[];
#define METHODS_FAILURE "50% wrong:\n\xc3\xa4"

#endif
