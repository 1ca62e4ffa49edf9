# SPDX-License-Identifier: Apache-2.0
"""The guide that this project started from, typed as it stands there, with
awsfedctl under the name aws-adfs. Its account ids are too short, which AWS
decides."""

import harness
import tap
from harness import HOST, PASSWORD, USER, role

ADMIN = role("0123456789", "MyAdminRole")
READ = role("0123456789", "ReadOnly")
DEPLOY = role("7654321", "WebDeploy")
PROD = "product-prod-admin"
GUIDE = "\n".join(("", "[profile product-prod-web-deploy]",
                   "region = us-east-1", "role_arn = " + DEPLOY,
                   "source_profile = " + PROD, ""))


def session(arn, name):
    account = arn.split(":")[4]
    return "arn:aws:sts::%s:assumed-role/%s/" % (account, name)


def is_session(got, arn, name, text):
    tap.ok(isinstance(got, str) and got.startswith(session(arn, name)), text,
           repr(got))


def adfs(w, *args, answers=()):
    return w.type([w.program("aws-adfs"), "login", *args], answers)


def story(w):
    w.sim.user(USER, roles=[harness.pair(ADMIN), harness.pair(READ)])
    w.sim.role(DEPLOY, trust=[ADMIN])

    # aws-adfs login --region … --adfs-host …, and stop at the list
    r = adfs(w, "--region", "us-east-1", "--adfs-host", HOST, answers=[
        (harness.ASK_USER, USER), (harness.ASK_PASSWORD, PASSWORD),
        (harness.ASK_ROLE, "q")])
    tap.equal(r.unasked, [], "user, password and role are asked for")
    tap.ok(ADMIN in r.tty + r.err and READ in r.tty + r.err,
           "the roles are listed with their ARNs", r)
    tap.equal(r.out, "", "nothing of it is on stdout")
    tap.ok(r.rc != 0, "stopping at the list is not a success", r)
    tap.equal(w.credentials(), {}, "nothing was written")
    tap.ok(b"[default]" not in (w.read(w.config_file) or b""),
           "no profile was made")

    # The sign-in is kept: the same host asks for no password again.
    before = w.sim.counters()
    r = adfs(w, "--profile", PROD, "--role-arn", ADMIN, "--region",
             "us-east-1", "--adfs-host", HOST)
    tap.equal(r.rc, 0, "login --profile --role-arn makes the profile")
    if r.rc != 0:
        tap.diag(repr(r))
    gained = w.sim.since(before)
    tap.equal(gained.get("password_posts", 0), 0, "and needs no password")
    tap.equal(gained.get("assume_role_with_saml", 0), 1, "one role redeemed")
    tap.ok("fresh" in r.out + r.err, "it says that the profile is fresh", r)
    tap.ok("0123456789" in r.err and "warning" in r.err.lower(),
           "a 10-digit account id is warned about", r)

    keys = w.credentials().get(PROD, {})
    tap.equal(sorted(keys), ["aws_access_key_id", "aws_secret_access_key",
                             "aws_session_token", "x_managed_by",
                             "x_principal_arn", "x_security_token_expires"],
              "the credentials file has the section's keys")
    config = w.read(w.config_file).decode()
    for line in ("[profile %s]" % PROD, ADMIN, HOST, "us-east-1"):
        tap.ok(line in config, "the config file has " + line, config)

    is_session(w.identity("--profile", PROD), ADMIN, "MyAdminRole",
               "aws sts get-caller-identity --profile")
    is_session(w.identity(AWS_PROFILE=PROD), ADMIN, "MyAdminRole",
               "the same with AWS_PROFILE")


def after_expiry(w):
    """aws-adfs login --profile P after expiry: what was stored is enough."""
    # The next morning: the keys and the sign-in have ended.
    w.warp(13 * 3600)
    r = w.aws("sts", "get-caller-identity", "--profile", PROD)
    tap.ok(r.rc != 0 and "xpired" in r.err, "an expired key says so", r)
    before = w.sim.counters()
    r = adfs(w, "--profile", PROD, answers=[(harness.ASK_PASSWORD, PASSWORD)])
    tap.ok(r.rc == 0 and r.unasked == [],
           "login --profile after expiry asks for the password alone", r)
    tap.equal(w.sim.since(before).get("password_posts"), 1,
              "the password was posted once")
    is_session(w.identity("--profile", PROD), ADMIN, "MyAdminRole",
               "and the AWS CLI works again")


def chained(w):
    text = (w.read(w.config_file) or b"").decode()
    w.write(w.config_file, text + GUIDE)
    chain = "product-prod-web-deploy"
    is_session(w.identity("--profile", chain), DEPLOY, "WebDeploy",
               "the AWS CLI assumes the chained role")
    is_session(w.identity(AWS_PROFILE=chain), DEPLOY, "WebDeploy",
               "the same with AWS_PROFILE")
    tap.equal(sorted(w.credentials()), [PROD],
              "the chained profile has no section of ours")

    def shown():
        w.ctl("reload")
        r = w.ctl("status")
        return r if "via AWS CLI" in r.out else None
    r = w.wait(shown, "status to show the chained profile", 10)
    tap.ok(chain in r.out and "7654321/WebDeploy" in r.out,
           "status shows the chained profile", r)
    tap.ok("0123456789/MyAdminRole" in r.out and "fresh" in r.out,
           "status shows the profile", r)


def main():
    with harness.World(warp=True) as w:
        story(w)
        after_expiry(w)
        chained(w)


harness.need(aws=True)
tap.run(main)
