/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which source of credentials each family of SDKs takes for a profile, and what
 * shadows what.  Pure: from the two AWS files and the names of the caller's
 * variables.  The rules were tried out with the SDKs where `known` says so; of
 * a combination that nobody tried it says that, and never guesses.
 */
#ifndef AWSFED_EXPLAIN_H
#define AWSFED_EXPLAIN_H

#include <jansson.h>

struct ini;
struct strv;

/*
 * {"sources","sdks","notes"} of docs/PROTOCOL.md (Explain).  variables: names
 * that are set in the caller's environment.  NULL when neither file has the
 * profile.
 */
json_t *explain(const struct ini *config, const struct ini *credentials,
    const char *profile, const struct strv *variables);

#endif
