/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters.h"

#include <string.h>
#include <strings.h>

#include "awsfed/str.h"
#include "awsfed/xalloc.h"

/* Names and fields: docs/ADFS.md says where each was seen. */
const struct adapter adapters[] = {
	{ "azure",
	    "AzureMfaAuthentication|WindowsAzureMultiFactorAuthentication",
	    N_("Microsoft Entra multifactor authentication"), azure_answer,
	    "VerificationCode #verificationCodeInput" },
	{ "azure-primary", "AzurePrimaryAuthentication",
	    N_("a Microsoft Entra one-time code"), code_answer,
	    "OathCode #oathCodeInput #oneTimePasscodeInput" },
	{ "azure-server", "AzureMfaServerAuthentication",
	    N_("Azure MFA Server"), approve_answer, NULL },
	{ "securid", "SecurIDAuthentication", N_("RSA SecurID"), code_answer,
	    "Passcode NextCode ChallengeQuestionAnswer" },
	{ "securid2", "SecurIDv2Authentication", N_("RSA SecurID"),
	    securid_answer, "Passcode NextCode ChallengeQuestionAnswer" },
	{ "vip",
	    "SymantecVipAdapter|VIPAuthenticationProviderWindowsAccountName|"
	    "VIPAuthenticationProviderUPN",
	    N_("Symantec VIP"), code_answer, "SecurityCode security_code" },
	{ "safenet", "SafeNet-MFA", N_("Thales SafeNet"), code_answer,
	    "SAFENET_PASSWORD" },
	{ "silverfort", "SilverfortAdfs", N_("Silverfort"), approve_answer,
	    NULL },
	{ "defender", "Defender AD FS Adapter", N_("One Identity Defender"),
	    code_answer, "ChallengeQuestionAnswer" },
	{ "privacyidea", "privacyIDEAADFSProvider", N_("privacyIDEA"),
	    privacyidea_answer, "otp" },
	{ "neos", "MultiFactorAuthenticationProvider", N_("adfsmfa"),
	    code_answer, "totp" },
	{ "free-otp", "free-adfs-otp|freeADFSOtp", N_("freeADFSOtp"),
	    code_answer, "otpCode" },
	{ "sample", NULL, N_("the second factor"), code_answer,
	    "ChallengeQuestionAnswer #challengeQuestionInput" },
	{ "duo", "DuoAdfsAdapter", N_("Duo"), duo_answer, NULL },
	{ "browser", "SURFnet.Authentication.ADFS.Plugin",
	    N_("a second factor in the browser"), browser_answer, NULL },
	{ "generic", NULL, N_("the second factor"), generic_answer, NULL },
};
const size_t adapters_count = ARRAY_SIZE(adapters);

const struct adapter *
adapter_kind(const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(adapters); i++)
		if (str_caseeq(adapters[i].kind, kind))
			return &adapters[i];
	return NULL;
}

/* The first len bytes of p, blanks at both ends left out, against s. */
static bool
part_is(const char *p, size_t len, const char *s)
{
	while (len > 0 && (*p == ' ' || *p == '\t'))
		p++, len--;
	while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
		len--;
	return len == strlen(s) && strncasecmp(p, s, len) == 0;
}

/* "NAME=KIND, NAME=KIND": names may hold blanks, but no comma. */
static const struct adapter *
by_alias(const char *name, const char *aliases)
{
	for (const char *p = aliases; p != NULL && *p != '\0';) {
		size_t len = strcspn(p, ",");
		const char *eq = memrchr(p, '=', len);

		if (eq != NULL && part_is(p, (size_t)(eq - p), name))
			for (size_t i = 0; i < ARRAY_SIZE(adapters); i++)
				if (part_is(eq + 1, len - (size_t)(eq - p) - 1,
					adapters[i].kind))
					return &adapters[i];
		p += len + (p[len] == ',');
	}
	return NULL;
}

const struct adapter *
adapter_find(const char *name, const char *aliases)
{
	const struct adapter *a = by_alias(name, aliases);

	for (size_t i = 0; a == NULL && i < ARRAY_SIZE(adapters); i++) {
		const char *p = adapters[i].names;

		while (a == NULL && p != NULL && *p != '\0') {
			size_t len = strcspn(p, "|");

			if (part_is(p, len, name))
				a = &adapters[i];
			p += len + (p[len] == '|');
		}
	}
	return a != NULL ? a : &adapters[ARRAY_SIZE(adapters) - 1];
}
