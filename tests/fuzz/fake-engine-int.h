/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by fake-engine.c (the graph), fake-events.c (what comes in) and disk. */
#ifndef AWSFED_FAKE_ENGINE_INT_H
#define AWSFED_FAKE_ENGINE_INT_H

#include <jansson.h>

#include "awsfed/buf.h"

#include "fake-engine.h"
#include "fake-vault.h"
#include "fake.h"

#define ENGINE_FOLDER "/nonexistent/aws"
#define ENGINE_CONFIG ENGINE_FOLDER "/config"
#define ENGINE_IDS "LQSRD"
#define ENGINE_ID_SIZE 80

struct engine_client {
	uint64_t life; /* how often it has hung up */
	char *method;  /* of the call that waits for its answer, or NULL */
	bool more;
};

struct engine {
	struct loop *loop;
	struct jobs *jobs;
	struct files *files;
	struct commands *commands;
	struct prompts *prompts;
	struct ledger *ledger;
	struct recorder *recorder;
	struct known *known;
	struct undo *undo;
	struct fake_vault *vault;
	struct manager *manager;
	struct credfile *credfile;
	struct twins *twins;
	struct methods *methods;
	struct feed *feed;
	struct hooks *hooks;
	struct attention *attention;

	struct engine_client clients[ENGINE_CLIENTS];
	char ids[sizeof(ENGINE_IDS) - 1][ENGINE_ID_SIZE];
	struct buf quick; /* what methods_quick() says of the call that runs */
	char marker[24];  /* in each secret key */
	unsigned lines;
};

void engine_trace(const char *what, const char *text, size_t len);
void engine_config(struct engine *e, unsigned which);
/* The config file holds that from now on; text has to stay. */
void fake_disk_config(const char *text, int64_t now_s);
void engine_end_commands(struct engine *e);

#endif
