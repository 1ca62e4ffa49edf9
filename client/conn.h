/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to the agent: one call at a time, answered or ended by its
 * deadline.  Nothing is sent before the other end is known to be ours
 * (SO_PEERCRED); docs/PROTOCOL.md section 1 is the contract.
 */
#ifndef CLIENT_CONN_H
#define CLIENT_CONN_H

#include <jansson.h>

#include "problem.h"

struct conn;

/* Milliseconds a call may take. */
#define CALL_SHORT (30 * 1000)	      /* what the agent knows by itself */
#define CALL_NETWORK (10 * 60 * 1000) /* a job without a person */
#define CALL_PERSON (60 * 60 * 1000)  /* a job that may ask */

/*
 * 0, or a negative value with *problem saying what to type: -ENOENT and
 * -ECONNREFUSED when nobody listens there, and another one otherwise.
 */
int conn_open(struct conn **ret, struct problem *problem);
struct conn *conn_free(struct conn *c); /* returns NULL */
/*
 * Calls a method; parameters are stolen.  0 with the reply's parameters (a new
 * reference, always an object); -EINTR when a held signal came (the call goes
 * on at the agent, this connection can only be closed), else -1; both with
 * *problem.
 */
int conn_call(struct conn *c, const char *method, json_t *parameters,
    int timeout, json_t **ret, struct problem *problem);
/* The parameters of the error that conn_call met; borrowed, or NULL. */
json_t *conn_error(const struct conn *c);
/*
 * Starts a call that is answered by many replies (stolen parameters).  0, or -1
 * with *problem.  conn_next() gives one reply after the other, waiting
 * milliseconds (-1: for ever): 0; -ETIMEDOUT; -EINTR for a held signal; -1
 * with *problem when the stream has ended.
 */
int conn_stream(struct conn *c, const char *method, json_t *parameters,
    struct problem *problem);
int conn_next(
    struct conn *c, int timeout, json_t **ret, struct problem *problem);
/* fn is called about once a second while a call is awaited; NULL: none. */
void conn_tick(struct conn *c, void (*fn)(void *arg), void *arg);
/* conn_open, one conn_call, conn_free: for verbs of a single question. */
int conn_ask(const char *method, json_t *parameters, int timeout, json_t **ret,
    struct problem *problem);

void conn_freep(struct conn **c);
#define _cleanup_conn_ __attribute__((cleanup(conn_freep)))

#endif
