# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, and where: the two sides of the fault matrix.

A fault says what the simulator is told ("do"); a step, where that is. Which
faults belong to a step follows from their groups; "never" has the reason why a
step is not met without a person.
"""

from harness import HOST
from matrixlib import ASK_CODE, CHAINED, MFA, PUSH, ROLE, SIGNIN, STS

MODES = ("person", "alone")


def both(**place):
    return {mode: dict(place) for mode in MODES}


# name: title, what happens there, the places of its faults, how to get there
STEPS = {
    "connect": {
        "title": "Connecting to AD FS",
        "text": "The name is looked up, TCP and TLS are set up. Nothing has "
                "been sent.",
        "groups": ("net", "tls"),
        "connect": both(host=HOST),
    },
    "entry": {
        "title": "The sign-in page",
        "text": "The first page of AD FS; with a live sign-in it holds the "
                "assertion already.",
        "groups": ("http", "page"),
        "place": both(place="adfs-get"),
    },
    "name": {
        "title": "The page for the name",
        "text": "Where the farm asks for the user's name on a page of its "
                "own, before the password.",
        "groups": ("http", "page"),
        "place": both(place="adfs-name"),
        "sim": {"flavour": "password-second"},
        "ended": True,
    },
    "realm": {
        "title": "The choice of the organisation",
        "text": "Home realm discovery, where the farm trusts several.",
        "groups": ("http", "page"),
        "place": both(place="adfs-realm"),
        "sim": {"realms": "N=Nord,S=South"},
        "never": {"alone": "AD FS remembers the choice in a cookie, and "
                           "asks nobody twice."},
    },
    "password": {
        "title": "The password",
        "text": "The form is posted. From here on the password counts as "
                "spent, whatever happens, unless no connection was made. "
                "Without a person it is a stored one, and the sign-in has "
                "ended.",
        "groups": ("http", "page", "password"),
        "place": both(place="adfs-password"),
        "ended": True,
    },
    "second": {
        "title": "The page after the password",
        "text": "AD FS took the password and sends on to the page of the "
                "second factor.",
        "groups": ("http", "page"),
        "place": both(place="adfs-get", after=1),
        "mfa": MFA,
        "ended": True,
    },
    "code": {
        "title": "The code of the second factor",
        "text": "A code is posted, at most three in a sign-in.",
        "groups": ("http", "page", "code"),
        "place": both(place="adfs-factor"),
        "mfa": MFA,
        "never": {"alone": "Without a person nothing is posted to a second "
                           "factor's page."},
    },
    "push": {
        "title": "The approval on a telephone",
        "text": "AD FS is asked again and again whether the person has "
                "approved.",
        "groups": ("http", "page", "push"),
        "place": both(place="adfs-factor"),
        "mfa": PUSH,
        "keys": {"awsfed__mfa_timeout": "10"},
        "never": {"alone": "Without a person no push is asked for."},
    },
    "saml": {
        "title": "The assertion",
        "text": "AD FS has let the person in and makes the SAML response.",
        "groups": ("http", "saml", "account"),
        "place": both(place="saml"),
    },
    "sts": {
        "title": "The role (AssumeRoleWithSAML)",
        "text": "The assertion is changed for keys at STS.",
        "groups": ("net", "tls", "http", "sts", "role"),
        "place": both(place="sts", role=ROLE),
        "connect": both(host=STS),
    },
    "chain": {
        "title": "A chained role (AssumeRole)",
        "text": "The keys of one profile assume the role of another.",
        "groups": ("tls", "http", "sts", "trust"),
        "place": both(place="sts", role=CHAINED),
        "connect": {"person": {"host": STS, "after": 1},
                    "alone": {"host": STS}},
        "verb": {"person": ["login", "c"], "alone": ["refresh", "c"]},
        "profile": "c",
    },
    "console": {
        "title": "The console (awsfedctl console)",
        "text": "Live keys are changed for an address that signs a browser "
                "in.",
        "groups": ("net", "tls", "http"),
        "place": both(place="federation"),
        "connect": both(host=SIGNIN),
        "verb": {"person": ["console", "p", "--print"]},
        "signed_in": True,
        "never": {"alone": "Only a person asks for it; nothing is renewed."},
    },
}

WRONG = [(ASK_CODE, code) for code in ("111111", "222222", "333333")]
SLOW = {"worker_timeout": 5, "connect_timeout": 1}


def on(what, **args):
    return [(what, args)]


def request(kind, **more):
    return on("request", kind=kind, **more)


def status(number, after=None):
    more = {"retry_after": after} if after else {}
    return request("status", status=number, **more)


def msis(code, text):
    return request("error-page", code=code, text=text)


# group: name: title, what is done to the simulator, settings, answers
FAULTS = {
    "net": {
        "refused": ("nothing listens there", on("names", dead=True)),
        "no-name": ("the name is not known", on("names", but=True)),
    },
    "tls": {
        "tls-close": ("closed in the handshake", on(
            "connect", kind="tls-close")),
        "tls-reset": ("reset in the handshake", on(
            "connect", kind="tls-reset")),
        "tls-stall": ("connected, then silence", on(
            "connect", kind="tls-stall"), SLOW),
        "tls-alert": ("the handshake is refused", on(
            "connect", kind="tls-alert")),
        "no-tls": ("plain HTTP in place of TLS", on(
            "connect", kind="no-tls")),
        "self-signed": ("a self-signed certificate", on(
            "connect", kind="self-signed")),
        "wrong-name": ("the certificate of another host", on(
            "connect", kind="wrong-name")),
        "cert-expired": ("an expired certificate", on(
            "connect", kind="cert-expired")),
        "cert-future": ("a certificate that is not valid yet", on(
            "connect", kind="cert-future")),
    },
    "http": {
        "stall": ("no answer", request("stall"), SLOW),
        "slow": ("an answer after a second", request("delay", delay=1000)),
        "close": ("closed before the answer", request("close")),
        "close-once": ("the same, once", request("close", count=1)),
        "reset": ("reset before the answer", request("reset")),
        "cut-head": ("cut in the headers", request("cut-head")),
        "truncated": ("cut in the body", request("truncated")),
        "empty": ("an empty page", request("empty")),
        "garbage": ("garbage", request("garbage")),
        "content-type": ("another content type", request("content-type")),
        "400": ("HTTP 400", status(400)),
        "403": ("HTTP 403", status(403)),
        "404": ("HTTP 404", status(404)),
        "407": ("HTTP 407", status(407)),
        "429": ("HTTP 429", status(429)),
        "429-after": ("HTTP 429, Retry-After 60", status(429, 60)),
        "500": ("HTTP 500", status(500)),
        "502": ("HTTP 502", status(502)),
        "503": ("HTTP 503", status(503)),
        "503-once": ("HTTP 503, once", request("status", status=503,
                                               count=1)),
        "503-after": ("HTTP 503, Retry-After 60", status(503, 60)),
        "504": ("HTTP 504", status(504)),
        "511": ("HTTP 511", status(511)),
    },
    "page": {
        "captive": ("sent on to a portal", request("captive")),
        "captive-page": ("a portal's page", request("captive-page",
                                                    status=200)),
        "foreign-redirect": ("sent on to a foreign host", request(
            "foreign-redirect")),
        "foreign-action": ("a form that leads to a foreign host", request(
            "foreign-action")),
        "foreign-autopost": ("a page that posts itself to a foreign host",
                             request("foreign-autopost")),
        "redirect-loop": ("redirects in a circle", request("redirect-loop")),
        "malformed": ("broken HTML", request("malformed")),
        "unknown": ("a page that nobody knows", request("unknown")),
        "huge": ("three megabytes", request("huge")),
        "wia": ("Windows authentication (HTTP 401)", request("wia")),
        "MSIS7001": ("MSIS7001", msis("MSIS7001", "The passive protocol "
                                      "context was not found.")),
        "MSIS7001-once": ("MSIS7001, once", request(
            "error-page", code="MSIS7001", text="Not found.", count=1)),
        "MSIS7007": ("MSIS7007", msis("MSIS7007", "The requested relying "
                                      "party trust is unspecified.")),
        "MSIS7012": ("MSIS7012", msis("MSIS7012", "An error occurred.")),
        "MSIS7042": ("MSIS7042, once", request(
            "error-page", code="MSIS7042", text="The same client browser "
            "session has made 6 requests in the last 1 seconds.", count=1)),
        "MSIS7065": ("MSIS7065", msis("MSIS7065", "There are no registered "
                                      "protocol handlers.")),
        "MSIS7066": ("MSIS7066", msis("MSIS7066",
                                      "Authentication failed.")),
        "error-page": ("an error page without a code", request(
            "error-page", text="Contact your administrator.")),
        "error-500": ("an error page with HTTP 500", request(
            "error-page", text="Contact your administrator.", status=500)),
    },
    "password": {
        "wrong-password": ("refused", on("user", password="another")),
        "locked": ("the account is locked", on("user", locked=True)),
        "must-change": ("it has expired", on("user", expired=True)),
    },
    "code": {
        "wrong-codes": ("three wrong codes", on("user", code="999999"), {},
                        WRONG),
        "code-lockout": ("locked after wrong codes", [
            ("set", {"mfa_tries": 1}), ("user", {"code": "999999"})], {},
            WRONG),
        "unregistered": ("no factor is registered", on(
            "user", unregistered=True)),
    },
    "push": {
        "push-denied": ("denied on the telephone", on(
            "user", answer="deny")),
        "push-silence": ("nobody answers", on("user", answer="timeout"),
                         {}),
        "push-unregistered": ("no factor is registered", on(
            "user", unregistered=True)),
    },
    "saml": {
        kind: (title, request(kind)) for kind, title in (
            ("status-failure", "AD FS answers with a failure"),
            ("expired", "it has expired"),
            ("future", "it is not valid yet"),
            ("destination", "it is for another address"),
            ("recipient", "its recipient is another"),
            ("audience", "it is for another relying party"),
            ("no-roles", "it names no role"),
            ("no-session-name", "it names no session"),
            ("dtd", "XML with a DTD"),
            ("base64", "damaged base64"),
            ("malformed-xml", "damaged XML"),
            ("not-response", "other XML"),
            ("two-assertions", "two assertions"),
            ("encrypted", "it is encrypted"),
            ("signature", "its signature is wrong"),
            ("foreign-acs", "a form that leads to a foreign host"))
    },
    "account": {
        "denied": ("the person may not use it", on("user", denied=True)),
        "gone": ("the role is not in it any more", [
            ("user", {"drop_roles": True}),
            ("user", {"roles": [ROLE.replace("Admin", "Other") +
                                ",arn:aws:iam::111122223333:saml-provider/"
                                "ADFS"]})]),
    },
    "sts": {
        code: (code, request("code", code=code)) for code in (
            "AccessDenied", "ExpiredTokenException", "ExpiredToken",
            "IDPCommunicationError", "IDPRejectedClaim",
            "IncompleteSignature", "InternalFailure",
            "InvalidAction", "InvalidClientTokenId", "InvalidIdentityToken",
            "MalformedPolicyDocument", "MissingAuthenticationToken",
            "PackedPolicyTooLarge", "RegionDisabledException",
            "RequestLimitExceeded", "ServiceUnavailable",
            "SignatureDoesNotMatch", "Throttling", "ThrottlingException",
            "ValidationError")
    },
    "role": {
        "untrusted": ("the role does not trust the provider", on(
            "role", arn=ROLE, drop_providers=True,
            providers=["arn:aws:iam::111122223333:saml-provider/Other"])),
    },
    "trust": {
        "untrusted": ("the role does not trust its source", on(
            "role", arn=CHAINED, drop_trust=True, trust=["999999999999"])),
    },
}
FAULTS["sts"].update({
    "throttled-once": ("Throttling, once", request(
        "code", code="Throttling", count=1)),
    "duration": ("the session is too long", request(
        "code", code="ValidationError", text="The requested "
        "DurationSeconds exceeds the MaxSessionDuration set for this "
        "role.")),
    "sts-malformed": ("damaged XML", request("malformed")),
    "missing-fields": ("an answer without the secret", request(
        "missing-fields")),
    "sts-huge": ("three megabytes", request("huge")),
})


def fault_of(group, name):
    row = FAULTS[group][name]
    return {"title": row[0], "do": row[1],
            "settings": row[2] if len(row) > 2 else {},
            **({"answers": row[3]} if len(row) > 3 else {})}


def cells():
    """(step, group, fault) of all that make sense for somebody."""
    for step, s in STEPS.items():
        for group in s["groups"]:
            for name in FAULTS[group]:
                yield step, group, name


def modes(step):
    return [m for m in MODES if m not in STEPS[step].get("never", {})]
