#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""awsfedctl login through each second factor, typed in a terminal: the right
code, wrong ones, approvals, denials, nobody there. The screens are the log."""
import harness
import tap
from tourlib import (AGREE, ASK, CHOOSE, NEXT, PIN, RIGHT, WRONG, Stop,
                     no_secrets_in_logs, together)

DONE = (r"1 profile fresh",)
MFA_SETUP = r"aka\.ms/mfasetup"

# AuthMethod: what the simulator's user has; what comes before a code; the
# product's name in our words.
CODES = {
    "AzureMfaAuthentication": ({"mode": "code"}, (), "Entra"),
    "WindowsAzureMultiFactorAuthentication": ({"mode": "code"}, (), "Entra"),
    "SecurIDAuthentication": ({}, (), "SecurID"),
    "SecurIDv2Authentication": ({"mode": "code"}, (), "SecurID"),
    "SymantecVipAdapter": ({"mode": "code"}, (), "Symantec"),
    "VIPAuthenticationProviderUPN": ({}, (), "Symantec"),
    "VIPAuthenticationProviderWindowsAccountName": ({}, (), "Symantec"),
    "SafeNet-MFA": ({}, (), "SafeNet"),
    "Defender AD FS Adapter": ({}, (), "Defender"),
    "privacyIDEAADFSProvider": ({"mode": "code"}, (), "privacyIDEA"),
    "MultiFactorAuthenticationProvider": ({"mode": "code"}, (), "adfsmfa"),
    "freeADFSOtp": ({}, (), "freeADFSOtp"),
    "Example-OneInput": ({}, (), "Example-OneInput"),
    "Example-Select": ({}, ((CHOOSE, "Red token"),), "Example-Select"),
    "Example-Radio": ({}, ((CHOOSE, "1"),), "Example-Radio"),
    "Site Made Name": ({}, (), "Site Made Name"),
}

# AuthMethod: the words while it waits; answers before it; what a denial ends
# in when no other request is wanted.
NO = ((AGREE, "n"),)
PUSHES = {
    "AzureMfaAuthentication": ("enter the number shown", (),
                               ((CHOOSE, "q"),), 1),
    "WindowsAzureMultiFactorAuthentication": ("enter the number shown", (),
                                              ((CHOOSE, "q"),), 1),
    "AzureMfaServerAuthentication": ("Answer it to go on", (), NO, 4),
    "SilverfortAdfs": ("Approve the request", (), (), 4),
    "SecurIDv2Authentication": ("approv", (), (), 4),
    "SymantecVipAdapter": ("approv", (), (), 4),
    "privacyIDEAADFSProvider": ("", (), (), 4),
    "MultiFactorAuthenticationProvider": ("", (), (), 4),
    "Example-Timer": ("", (), (), 4),
    "Example-Refresh": ("", (), (), 4),
    "Example-Button": ("", (), (), 4),
}


def code_stops():
    for mfa, (more, first, product) in CODES.items():
        user = dict(mfa=mfa, code=RIGHT, **more)
        yield Stop("%s: the right code" % mfa, (*first, (ASK, RIGHT)),
                   says=DONE, user=user, factor=dict(posts=1, passed=1))
        yield Stop("%s: a wrong code, then the right one" % mfa,
                   (*first, (ASK, WRONG[0]), (ASK, RIGHT)), says=DONE,
                   user=user, factor=dict(posts=2, rejected=1, passed=1))
        yield Stop("%s: three wrong codes" % mfa,
                   (*first, *((ASK, w) for w in WRONG)), rc=4,
                   says=("refused 3 codes", product), user=user,
                   factor=dict(posts=3, rejected=3))


def more_codes():
    yield Stop("SecurID: the next code", ((ASK, RIGHT), (ASK, NEXT)),
               says=("tokencode changes",) + DONE,
               factor=dict(posts=1, passed=1),
               user=dict(mfa="SecurIDAuthentication", code=RIGHT,
                         next_code=NEXT))
    yield Stop("Neos: a PIN beside the code", ((ASK, RIGHT),
                                            (r"PIN code: $", PIN)),
               says=DONE, factor=dict(posts=1, passed=1),
               user=dict(mfa="MultiFactorAuthenticationProvider", code=RIGHT,
                         pin=PIN, mode="code"))
    yield Stop("an unknown adapter with two fields",
               ((r"PIN: $", PIN), (r"card: $", RIGHT)), says=DONE,
               never=("Trust this device",), factor=dict(posts=1, passed=1),
               user=dict(mfa="Example-Several", code=RIGHT, pin=PIN))
    yield Stop("Entra: another way, from the push to a code",
               ((CHOOSE, "3"), (ASK, RIGHT)), says=("Use another|How do you",)
               + DONE, factor=dict(posts=1, pushes=1, passed=1),
               user=dict(mfa="AzureMfaAuthentication", mode="push",
                         code=RIGHT, answer="deny"))
    yield Stop("Entra: awsfed.mfa_method = sms", ((ASK, RIGHT),),
               says=("text message",) + DONE,
               keys=dict(awsfed__mfa_method="sms"),
               factor=dict(posts=1, pushes=None, passed=1),
               user=dict(mfa="AzureMfaAuthentication", mode="code",
                         code=RIGHT))
    yield Stop("Azure MFA Server: a choice of ways", ((CHOOSE, "1"),),
               says=("Call my phone",) + DONE,
               factor=dict(pushes=1, passed=1),
               user=dict(mfa="AzureMfaServerAuthentication", mode="choose"))
    yield Stop("an administrator's name for SafeNet", ((ASK, RIGHT),),
               says=DONE, keys=dict(awsfed__mfa_adapters="Site Name=sample"),
               factor=dict(posts=1, passed=1),
               user=dict(mfa="Site Name", code=RIGHT))
    for mfa in "AzureMfaAuthentication", "SafeNet-MFA":
        yield Stop("%s: not registered" % mfa, rc=4,
                   says=("not available for",), factor={},
                   user=dict(mfa=mfa, unregistered=True))


def push_stops():
    for mfa, (words, first, after, rc) in PUSHES.items():
        user = dict(mfa=mfa, mode="push")
        yield Stop("%s: nobody approves" % mfa, first, rc=3,
                   says=("within 10 seconds",),
                   keys=dict(awsfed__mfa_timeout="10"),
                   user=dict(user, answer="timeout"), factor=dict(pushes=1))
        yield Stop("%s: approved after a second" % mfa, first,
                   says=(words,) + DONE, user=dict(user, answer="wait-1"),
                   factor=dict(pushes=1, passed=1))
        yield Stop("%s: denied" % mfa, (*first, *after), rc=rc,
                   user=dict(user, answer="deny"), factor=dict(pushes=1))
    yield Stop("Azure MFA Server: denied, then another request",
               ((AGREE, "y"), (AGREE, "n")), rc=4,
               user=dict(mfa="AzureMfaServerAuthentication", answer="deny"),
               factor=dict(pushes=2))


def adapters(w):
    stops = sorted(push_stops(), key=lambda s: "nobody" not in s.name)
    together(w, stops + list(code_stops()) + list(more_codes()))


def main():
    with harness.World(user=False) as w:
        adapters(w)
        no_secrets_in_logs(w)


harness.need()
tap.run(main)
