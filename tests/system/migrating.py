# SPDX-License-Identifier: Apache-2.0
"""docs/MIGRATING.md goes through every option and key of aws-adfs, and what it
calls accepted is in the help of login. TAP."""
import os
import re
import subprocess

import tap

# Of aws-adfs 2.13: `aws-adfs login --help`, and the keys that it reads.
OPTIONS = """--profile --region --ssl-verification --no-ssl-verification
    --adfs-ca-bundle --adfs-host --output-format --provider-id
    --s3-signature-version --username-password-command --mfa-token-command
    --env --stdin --authfile --stdout --printenv --print-console-signin-url
    --console-role-arn --console-external-id --role-arn --session-duration
    --no-session-cache --assertfile --sspi --no-sspi --duo-factor --duo-device
    --enforce-role-arn --aad-verification-code""".split()
ABOVE = "--version -v --verbose --help".split()
KEYS = """region output adfs_config.ssl_verification adfs_config.role_arn
    adfs_config.adfs_host adfs_config.adfs_user adfs_config.provider_id
    adfs_config.session_duration adfs_config.sspi
    adfs_config.username_password_command adfs_config.mfa_token_command
    adfs_config.duo_factor adfs_config.duo_device s3""".split()


def run(name, *args):
    return subprocess.run([tap.program(name), *args], capture_output=True,
                          text=True, timeout=20)


def sections():
    with open(os.path.join(tap.srcdir(), "docs/MIGRATING.md"),
              encoding="utf-8") as f:
        parts = re.split(r"^## (.*)$", f.read(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def rows(text):
    """The first cell's names -> what awsfed does with them."""
    found = {}
    for line in re.findall(r"^\| (`.*) \|$", text, flags=re.M):
        cells = line.split(" | ")
        for name in re.findall(r"`([^`]+)`", cells[0]):
            found[name] = cells[1].strip()
    return found


def options():
    table = rows(sections()["login"])
    tap.equal(sorted(table), sorted(OPTIONS),
              "each option of login stands in the table, and no other")
    help_text = run("awsfedctl", "login", "--help").stdout
    for name in OPTIONS:
        said = table.get(name, "")
        tap.ok(said and not said.startswith("refused") and
               re.search(r"^  %s(?= |$)" % name, help_text, re.M),
               "%s is accepted and in the help" % name, said)


def above():
    table = rows(sections()["Before the verb"])
    tap.equal(sorted(table), sorted(ABOVE),
              "the options before the verb stand in theirs")
    for args in (["--version"], ["--help"], ["-v", "--help"],
                 ["--verbose", "--version"]):
        tap.equal(run("awsfedctl", *args).returncode, 0,
                  "awsfedctl %s is taken" % " ".join(args))


def keys():
    table = rows(sections()["Keys of a profile in ~/.aws/config"])
    tap.equal(sorted(table), sorted(KEYS), "each key stands in the table")
    known = {line.split("\t")[1] for line in
             run("awsfedd", "--keys").stdout.splitlines()
             if line.startswith("profile\t")}
    for key in KEYS:
        if key.startswith("adfs_config."):
            tap.ok(key in known, "%s is a key that awsfed reads" % key)


def verbs():
    text = sections()["list, reset"]
    for verb in ("list", "reset"):
        tap.ok("`%s`" % verb in text, "the verb %s is told of" % verb)
        tap.equal(run("awsfedctl", verb, "--help").returncode, 0,
                  "and is there")


tap.run(options, above, keys, verbs)
