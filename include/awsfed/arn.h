/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ARNs and the partition table.  The ARN decides the partition, and the
 * partition decides STS host, sign-in host, console host and implicit region.
 * Source: IAM and STS service models, botocore endpoints (see docs).
 */
#ifndef AWSFED_ARN_H
#define AWSFED_ARN_H

#include <stdbool.h>
#include <stddef.h>

enum arn_type { ARN_OTHER, ARN_ROLE, ARN_SAML_PROVIDER, ARN_ASSUMED_ROLE };

#define ARN_MAX 2048

struct arn {
	enum arn_type type;
	char *partition; /* "aws" */
	char *service;	 /* "iam" or "sts" */
	char *account;	 /* usually 12 digits; see arn_account_odd */
	char *path;	 /* "/" or "/team/x/" */
	char *name;	 /* role, provider; for assumed-role the role */
	char *session;	 /* assumed-role only */
};

struct partition {
	const char *name;	      /* "aws" */
	const char *region_prefixes;  /* space-separated: "us- eu- …" */
	const char *dns_suffix;	      /* "amazonaws.com" */
	const char *dualstack_suffix; /* "api.aws", or NULL */
	const char *fips_sts;	      /* "sts-fips" or "sts" or NULL */
	const char *implicit_region;
	const char *global_sts;	  /* host, or NULL */
	const char *signin_host;  /* "signin.aws.amazon.com" or NULL */
	const char *console_host; /* or NULL */
	const char *provider_id;  /* relying-party id of its metadata */
	/* What "<region>." stands before, where signin_host is NULL. */
	const char *signin_suffix;
};

/* 0 or -EINVAL.  Digits of odd count are let through (AWS decides). */
int arn_parse(const char *text, struct arn *ret);
void arn_done(struct arn *a);
bool arn_account_odd(const struct arn *a); /* not 12 digits */
/*
 * A Role attribute: "role,provider" or "provider,role", blanks allowed after
 * the comma; role names may hold commas.  0 or -EINVAL; strings are xalloc's.
 */
int arn_split_pair(const char *text, char **ret_role, char **ret_provider);

const struct partition *partition_by_name(const char *name);
/* Falls back to "aws" for a region nobody knows. */
const struct partition *partition_by_region(const char *region);
const struct partition *partition_of_arn(const char *arn); /* or NULL */
const struct partition *partition_at(size_t i);		   /* NULL at the end */
/* Does this host take assertions (Destination, Recipient) of any partition? */
const struct partition *partition_by_signin_host(const char *host);
bool region_valid(const char *region); /* [a-z0-9-]{1,32} */
/*
 * STS host for a region of a partition: xalloc string.  NULL region: the
 * partition's implicit one.  ret_region may be NULL.
 */
char *sts_host(const struct partition *p, const char *region, bool fips,
    bool dualstack, char **ret_region);

void arn_donep(struct arn *a);
#define _cleanup_arn_ __attribute__((cleanup(arn_donep)))

#endif
