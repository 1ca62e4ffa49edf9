/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: verbs, their options and their help, all from tables.
 *
 * Each verb-*.c declares one struct verb; main.c lists them.  Help, completion
 * and the check of the man page read the same tables.
 */
#ifndef CLIENT_CLI_H
#define CLIENT_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/* What exec says of itself, as env(1) does; other statuses are the command's. */
#define EXIT_EXEC_OURS 125
#define EXIT_EXEC_CANNOT 126
#define EXIT_EXEC_MISSING 127

struct option_info {
	const char *name; /* long name without its dashes */
	int id;		  /* what the verb's setter is called with, > 0 */
	const char *arg;  /* name of the value in help, NULL: none */
	const char *help; /* half a sentence */
};

struct verb {
	const char *name;
	const char *usage;   /* what follows the verb's name */
	const char *summary; /* one line for the list of verbs */
	const char *details; /* a paragraph for its own help, or NULL */
	const struct option_info *options; /* ends with a NULL name */
	bool quick; /* no locale, no buffering: machines read it */
	int (*run)(const struct verb *v, int argc, char **argv);
};

extern const struct verb verb_login;
extern const struct verb verb_configure;
extern const struct verb verb_status;
extern const struct verb verb_roles;
extern const struct verb verb_refresh;
extern const struct verb verb_logout;
extern const struct verb verb_reload;
extern const struct verb verb_reset;
extern const struct verb verb_stop;
extern const struct verb verb_lock;
extern const struct verb verb_undo;
extern const struct verb verb_unlock;
extern const struct verb verb_approve;
extern const struct verb verb_list;
extern const struct verb verb_credential_process;
extern const struct verb verb_exec;
extern const struct verb verb_env;
extern const struct verb verb_console;
extern const struct verb verb_explain;

/*
 * Called for each option in the order typed.  0, or an exit status after
 * having said what is wrong.
 */
typedef int cli_set_fn(void *arg, int id, const char *value);

/*
 * Reads the options of argv[0] = verb.  The index of the first operand, or -1
 * with *ret_exit set when the program is to end (help was shown, or a usage
 * error was reported).
 */
int cli_options(const struct verb *v, int argc, char **argv, cli_set_fn *set,
    void *arg, int *ret_exit);

/* Reports a usage error of a verb and returns EXIT_USAGE. */
int cli_usage(const struct verb *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void cli_help(const struct verb *v, FILE *out);
/* Tab-separated: "verb NAME SUMMARY", "option VERB --NAME ARG HELP". */
void cli_dump(const struct verb *v, FILE *out);

/*
 * Sets a member of a call's parameters; a NULL value is left out.  what names
 * it in the error.  0, or EXIT_USAGE after having said what is wrong.
 */
int cli_put(const struct verb *v, json_t *parameters, const char *key,
    const char *what, const char *value);
/*
 * Appends the name of a profile to an array of JSON strings.  0, or EXIT_USAGE
 * after having said what is wrong with it.
 */
int cli_add_profile(const struct verb *v, json_t *names, const char *name);

/*
 * The profile that is meant when none is named: AWS_PROFILE, then
 * AWS_DEFAULT_PROFILE, NULL when both are unset or empty.  Borrowed.
 */
const char *cli_env_profile(void);

/* Can it be a profile's name in a call?  0 or -EINVAL; NULL and "" cannot. */
int cli_check_profile(const char *name);

/*
 * The profile of a verb that takes one: what an option has set already
 * (*profile), else the operand at *i (which moves on), else that of the
 * environment.  0, or -EINVAL when there is none or none that can be.
 */
int cli_profile_operand(int argc, char **argv, int *i, const char **profile);
/*
 * A whole command line of options and one profile, which set() may have stored
 * in *profile too.  0, or -1 with *ret_exit set.
 */
int cli_one_profile(const struct verb *v, int argc, char **argv,
    cli_set_fn *set, void *arg, const char **profile, int *ret_exit);

/* The table entry nearest to a mistyped word, or NULL when none is near. */
const char *cli_nearest(const char *word, const char *const *names, size_t n);

#endif
