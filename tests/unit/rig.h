/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole engine with its surfaces on the fakes of fake.h, as main.c builds
 * it: what a client calls goes in by connection number, and what comes back is
 * kept until the test takes it.  A call is answered once; a second answer, one
 * that nobody asked for, or a part of a stream where none was asked for ends
 * the program.  So does an answer of methods_quick() that is not the same.
 */
#ifndef AWSFED_TEST_RIG_H
#define AWSFED_TEST_RIG_H

#include "unit.h"

#include <jansson.h>

#include "awsfed/clock.h"
#include "awsfed/fault.h"

#include "fake.h"

#define RIG_CONNS 12

struct fake_vault;
struct manager;

struct rig {
	struct loop *loop;
	struct jobs *jobs;
	struct files *files;
	struct commands *commands;
	struct prompts *prompts;
	struct ledger *ledger;
	struct fake_vault *vault; /* empty; fake-vault.h */
	const char *secrets;	  /* $CREDENTIALS_DIRECTORY: its dir */
	struct recorder *recorder;
	char *pages; /* its directory */
	struct manager *manager;
	struct credfile *credfile;
	struct methods *methods;
	char *dir;
	char *settings; /* text of awsfed.conf; NULL: empty */
	char *config;	/* paths */
	char *credentials;
	char *attempts;
	double random;	      /* what the dice show */
	bool busy[RIG_CONNS]; /* a call waits for its answer */
	json_t *reply[RIG_CONNS];
	json_t *stream[RIG_CONNS]; /* array: what came before the last */
	uint64_t lives[RIG_CONNS]; /* which client has this number */
	size_t calls, replies;
	size_t quicks; /* calls that methods_quick() answers; each is checked */
	unsigned long keys; /* not 0: each key gets an id of its own */
	/* Frees the surfaces that a test made; after those that call them. */
	void (*done)(struct rig *r);
};

/* An AD FS profile of a user, with the role of that letter. */
#define PROFILE(name, host, user, role) \
	"[profile " name "]\n" \
	"adfs_config.adfs_host = " host "\n" \
	"adfs_config.adfs_user = " user "\n" \
	"adfs_config.role_arn = arn:aws:iam::000000000001:role/" role "\n" \
	"region = us-east-1\n"
#define ARN(role) "arn:aws:iam::000000000001:role/" role
#define ONE PROFILE("a", "adfs.example.com", "CORP\\jane", "A")
#define TWO ONE PROFILE("b", "adfs.example.com", "CORP\\jane", "B")

struct rig *rig_new(const char *config);
/* Takes it down in the order of main.c, in whatever state it is. */
void rig_free(struct rig *r);
/* What is in the AWS config file from now on; nothing is reloaded. */
void rig_config(struct rig *r, const char *text);
/* What is in awsfed.conf from now on; nothing is reloaded. */
void rig_settings(struct rig *r, const char *text);

/* Calls a method of io.awsfed.Control; fmt is json_pack()'s, or NULL. */
void rig_call(
    struct rig *r, unsigned conn, const char *method, const char *fmt, ...);
/* The same, from an object (taken, NULL allowed). */
void rig_call_json(
    struct rig *r, unsigned conn, const char *method, json_t *params);
/* The same, from one who takes any number of replies ("more"). */
void rig_stream(
    struct rig *r, unsigned conn, const char *method, json_t *params);
/* The next part of the stream, taken by the caller; NULL: none yet. */
json_t *rig_next(struct rig *r, unsigned conn);
void rig_close(struct rig *r, unsigned conn);
/* The answer of the call, taken by the caller; NULL: none yet. */
json_t *rig_take(struct rig *r, unsigned conn);

/* A string below the answer: "step.question.name".  NULL when not there. */
const char *rig_str(const json_t *j, const char *path);
const json_t *rig_at(const json_t *j, const char *path);

/* ---- what a worker says ------------------------------------------------- */
struct job *rig_job(struct rig *r); /* the last one; it must run */
void rig_ask(struct job *job, int id, const char *kind, const char *name);
void rig_attempt(struct job *job, int id, const char *tag, const char *user);
/* Letters of roles: "AB". */
void rig_assertion(struct job *job, int id, const char *roles);
void rig_credentials(struct rig *r, struct job *job, const char *profile,
    const char *role, int life);
/* Assertion, credentials for each redeemed profile, a clean end. */
void rig_succeed(struct rig *r, struct job *job, const char *roles);
/* Ends the job with a fault. */
void rig_fail(struct job *job, enum fault_kind kind, enum reason reason);
/* The next message to the worker, which must have this type. */
const json_t *rig_took(struct job *job, const char *type);

/* State names: of a profile, of the i-th identity. */
const char *rig_state(struct rig *r, const char *profile);
const char *rig_identity(struct rig *r, size_t i);
/* Every object agrees with itself and with the others. */
void rig_check(struct rig *r);

#endif
