#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""awsfedctl login through each page of AD FS, typed in a terminal."""
import harness
import tap
from tourlib import (AGREE, ASK, CHOOSE, PASSWORD, RIGHT, Stop,
                     no_secrets_in_logs, tour)

DONE = (r"1 profile fresh",)
PARTNER = "https://partner.example.net/adfs/services/trust"
REALMS = "AD AUTHORITY=Active Directory,%s=Partner@partner.example.net" % \
    PARTNER
FLAVOURS = ("2.0", "2.1", "2012r2", "2016", "2019", "2022", "paginated",
            "centered", "localised", "chinese", "password-second")


def plain(name, **more):
    more.setdefault("says", DONE)
    return Stop(name, **more)


def sign_in_pages():
    for flavour in FLAVOURS:
        yield dict(flavour=flavour), [
            plain("the pages of " + flavour),
            Stop("a wrong password, " + flavour, rc=4,
                 password=("wrong horse",),
                 says=("refused the password", "sent once", "looks the same"))]
    yield dict(kmsi="yes"), [
        plain("keep me signed in: not asked for"),
        plain("keep me signed in", keys=dict(awsfed__keep_signed_in="yes"))]
    yield {}, [
        Stop("a locked account looks like a wrong password", rc=4,
             user=dict(locked=True), says=("looks the same",)),
        Stop("a password that has expired", rc=4, user=dict(expired=True),
             says=("updatepassword",)),
        plain("a password that expires soon", user=dict(expires_days=3),
              says=("expires in 3 days", "Change it at https://") + DONE),
        Stop("access denied by policy", rc=4, user=dict(denied=True),
             says=("Activity ID",))]


def realms():
    yield dict(realms=REALMS), [
        plain("home realm: the local directory, without a question"),
        plain("home realm: by its id",
              keys=dict(awsfed__home_realm="AD AUTHORITY")),
        plain("home realm: by its name",
              keys=dict(awsfed__home_realm="Active Directory")),
        Stop("home realm: one that is not there", rc=1, password=(),
             keys=dict(awsfed__home_realm="Nowhere"),
             says=('does not take "Nowhere"', "Active Directory")),
        Stop("claims provider: a host that nobody allowed", rc=1, password=(),
             keys=dict(awsfed__home_realm=PARTNER),
             says=("partner.example.net", "awsfed.allowed_hosts")),
        plain("claims provider: an allowed host",
              keys=dict(awsfed__home_realm=PARTNER,
                        awsfed__allowed_hosts="password@"
                        "partner.example.net"),
              says=("at partner.example.net",) + DONE)]
    yield dict(realms="N=Nord,S=South"), [
        plain("home realm: by a question", before=((CHOOSE, "2"),),
              says=("Your organisation", "awsfed.home_realm 'S'") + DONE)]
    yield dict(realms=REALMS, realm_suffixes="corp.example.com=AD AUTHORITY"
               ), [
        plain("home realm: by e-mail address",
              keys=dict(awsfed__home_realm="jane@corp.example.com"))]


def methods():
    two = "SafeNet-MFA,Defender AD FS Adapter"
    user = dict(mfa="SafeNet-MFA", code=RIGHT)
    for flavour in "2016", "2019", "paginated":
        yield dict(mfa_methods=two, flavour=flavour), [
            plain("method: chosen by a person, " + flavour, user=user,
                  answers=((CHOOSE, "2"), (ASK, RIGHT)),
                  says=("How to sign in",) + DONE),
            plain("method: awsfed.mfa_method, " + flavour, user=user,
                  keys=dict(awsfed__mfa_method="safenet"),
                  answers=((ASK, RIGHT),))]
    yield dict(mfa="AzurePrimaryAuthentication"), [
        plain("Entra as the first factor", user=dict(code=RIGHT),
              before=((ASK, RIGHT),))]


def sites():
    yield dict(rp_list="yes"), [
        plain("relying party: by a question", before=((CHOOSE, "1"),),
              keys=dict(adfs_config__provider_id="urn:other"),
              says=("which one is AWS", "provider_id") + DONE)]
    for flavour in "2.0", "2019":
        yield dict(flavour=flavour), [
            Stop("relying party: one that nobody knows, " + flavour, rc=1,
                 password=(), keys=dict(adfs_config__provider_id="urn:other"),
                 says=("adfs_config.provider_id",))]
    yield dict(interstitial="autopost"), [
        plain("a page between that posts itself")]
    yield dict(interstitial="consent"), [
        plain("a page between: consent", answers=((CHOOSE, "1"),),
              says=("will get your name",) + DONE),
        Stop("a page between: no consent", rc=4, answers=((CHOOSE, "2"),),
             says=("consent was not given",))]


def requests():
    sp = dict(awsfed__sp_initiated="yes")
    yield {}, [plain("a SAML request of our own, by redirect", keys=sp)]
    yield dict(start=fault("adfs-get", "error-page", code="MSIS7012")), [
        plain("a SAML request of our own, by POST", keys=sp)]
    yield dict(signed_requests="yes"), [
        Stop("requests must be signed", rc=4, password=(), keys=sp,
             says=("MSIS7012",))]
    yield dict(idp_page="no"), [
        plain("sign-ins without a request are switched off: y",
              before=((AGREE, "y"),), says=("sp_initiated yes",) + DONE),
        Stop("sign-ins without a request are switched off: n",
             before=((AGREE, "n"),), rc=1, password=(),
             says=("sp_initiated = yes",))]


def fault(place, kind, **more):
    return lambda w: w.sim.fault(place, kind, **more)


def troubles():
    # Until they are taken back: the agent tries some of them again meanwhile,
    # so those that are there once come first.
    def error(code, count=-1):
        return fault("adfs-get", "error-page", code=code, count=count)
    for name, start, rc, says, n in (
            ("MSIS7042 is waited out", fault(
                "adfs-get", "error-page", code="MSIS7042", retry_after=1),
             0, ("MSIS7042",) + DONE, 1),
            ("MSIS7001: once more", error("MSIS7001", 1), 0, DONE, 1),
            ("MSIS7012", error("MSIS7012"), 4, ("MSIS7012", "Activity ID"),
             0),
            ("MSIS7007", error("MSIS7007"), 1, ("adfs_config.provider_id",),
             0),
            ("a captive portal", fault("adfs-get", "captive", count=-1), 5,
             ("sign in to the network",), 0),
            ("a captive portal in place of the page", fault(
                "adfs-get", "captive-page", count=-1), 5, ("network",), 0),
            ("HTTP 503", fault("adfs-get", "status", status=503, count=-1), 5,
             ("503",), 0),
            ("a page that nobody knows", fault(
                "adfs-get", "unknown", count=-1), 1,
                 ("awsfed cannot answer",), 0),
            ("nothing at all", fault("adfs-get", "empty", count=-1), 1, (), 0),
            ("a form to a foreign host", fault(
                "adfs-get", "foreign-action", count=-1), 1, ("evil",), 0)):
        yield dict(start=start), [Stop(name, rc=rc, says=says,
                                       password=(PASSWORD,) * n)]
    for more in dict(flavour="chinese"), dict(activity="no"):
        yield dict(more, start=error("MSIS7012")), [
            Stop("an error page, %s %s" % tuple(*more.items()), rc=4,
                 before=((AGREE, "n"),) if "activity" in more else (),
                 password=(), says=("error page",))]


def main():
    with harness.World(user=False) as w:
        w.sim.set(loop_tokens=30)
        for part in (sign_in_pages, realms, methods, sites, requests,
                     troubles):
            tour(w, list(part()))
        no_secrets_in_logs(w)


harness.need()
tap.run(main)
