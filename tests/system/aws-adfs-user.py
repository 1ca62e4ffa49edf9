# SPDX-License-Identifier: Apache-2.0
"""The story of a person who used aws-adfs and changes nothing: its config and
credentials files as it wrote them, its command lines, and the AWS CLI."""

import json
import os
import re
import sys

import harness
import tap
from harness import PASSWORD, USER, role

sys.path.insert(0, os.path.join(tap.srcdir(), "tests/sim"))
import browser  # noqa: E402

PROD, DEV = "prod", "dev"
ADMIN, READER = role("111122223333", "Admin"), role("444455556666", "Reader")

# Byte for byte what aws-adfs 2.13 leaves behind after a login to each, with
# what a person wrote around it: comments, a nested block, Windows line ends.
SECTION = """[profile %s]
region = eu-west-1
output = json
adfs_config.ssl_verification = True
adfs_config.role_arn = %s
adfs_config.adfs_host = %s
adfs_config.adfs_user = %s
adfs_config.session_duration = 3600
adfs_config.provider_id = urn:amazon:webservices
adfs_config.sspi = False
adfs_config.duo_factor = %s
adfs_config.duo_device = None
s3 = 
\tsignature_version = s3v4
\tmax_concurrent_requests = 20
"""
CONFIG = ("# my own comment\n[default]\nregion = us-east-1\noutput = json\n\n"
          + SECTION % (PROD, ADMIN, harness.HOST, USER, "None")
          + "; about the next one\n"
          + SECTION % (DEV, READER, harness.HOST, USER, "Duo Push")
          + "\n[profile other]\nregion=us-west-2   # stays\n")

STALE = """[prod]
aws_access_key_id = ASIASTALESTALESTALE1
aws_secret_access_key = stalesecretstalesecretstalesecretstalese
aws_session_token = stale-token
aws_security_token = stale-token

# somebody else's
[other]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
"""
KEYS = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_DEFAULT_REGION"]


def setup(w, config=CONFIG, credentials=STALE):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(a) for a in (ADMIN, READER)])
    w.write(w.config_file, config)
    if credentials is not None:
        w.write(w.credentials_file, credentials)
    w.ctl("reload")


def adfs(w, *args, **more):
    """Called by its old name; the user is known, the password is not."""
    return w.login(*args, name="aws-adfs", user=None, **more)


def files(w):
    return w.read(w.config_file), w.read(w.credentials_file)


def has_arn(r, arn):
    name = arn.split("/")[-1]
    return isinstance(r, str) and "assumed-role/%s/" % name in r


def nothing_changes():
    with harness.World() as w:
        setup(w)
        r = w.run([w.program("aws-adfs"), "list"])
        tap.ok(" * %-30s | %s\n" % (PROD, ADMIN) in r.out,
               "aws-adfs list shows the profile and its role", r)
        before = w.sim.counters()
        r = adfs(w, "--profile", PROD)
        tap.ok(r.rc == 0, "login --profile works on what aws-adfs wrote", r)
        tap.equal(w.sim.since(before).get("password_posts"), 1,
                  "one password was posted")
        config, credentials = files(w)
        tap.equal(config.decode(), CONFIG, "the config file is as it was")
        have = w.credentials()
        tap.equal(have[PROD].get("x_managed_by"), "awsfed",
                  "the section was adopted")
        tap.ok("aws_security_token" not in have[PROD],
               "the stale token, which botocore would prefer, is gone",
               have[PROD].keys())
        tap.ok(credentials.endswith(
            STALE[STALE.index("# somebody"):].encode()),
            "what is another's stands as it stood", credentials)
        kept = [n for n in os.listdir(os.path.dirname(w.credentials_file))
                if n.startswith("credentials.awsfed")]
        tap.equal(len(kept), 1, "one backup is kept")
        tap.equal(w.read(os.path.join(os.path.dirname(w.credentials_file),
                                      kept[0])).decode(), STALE,
                  "it holds what was there")
        who = w.identity("--profile", PROD)
        tap.ok(has_arn(who, ADMIN), "aws --profile works", who)
        who = w.identity(AWS_PROFILE=PROD)
        tap.ok(has_arn(who, ADMIN), "aws with AWS_PROFILE works", who)
        # Another Duo factor in a sibling is a preference, no contradiction.
        r = adfs(w, "--profile", DEV, password=None)
        tap.ok(r.rc == 0, "the other profile needs no second password", r)
        tap.equal(w.sim.since(before).get("password_posts"), 1,
                  "and posted none")
        tap.ok(has_arn(w.identity("--profile", DEV), READER),
               "both profiles work")
        r = w.aws("configure", "get", "s3.max_concurrent_requests",
                  "--profile", PROD)
        tap.equal(r.out.strip(), "20", "the nested block is whole")


def to_the_caller():
    with harness.World() as w:
        setup(w)
        old = files(w)
        r = adfs(w, "--profile", PROD, "--stdout")
        tap.ok(r.rc == 0, "login --stdout", r)
        doc = json.loads(r.out)
        tap.equal(sorted(doc), ["AccessKeyId", "Expiration",
                                "SecretAccessKey", "SessionToken", "Version"],
                  "standard output is the one document")
        tap.equal(doc["Version"], 1, "of version 1")
        tap.ok("assword" in r.tty, "the prompt was on the terminal", r)
        tap.ok(doc["SecretAccessKey"] not in r.err + r.tty,
               "no key stands elsewhere")
        tap.equal(files(w), old, "no file was written")
        state = w.status()["profiles"]
        mine = next(p for p in state if p["profile"] == PROD)
        tap.ok(not mine["kept"], "the profile is not kept", mine)
        before = w.sim.counters()
        r = w.run([w.program("aws-adfs"), "login", "--profile", PROD,
                   "--stdout"])
        tap.equal(json.loads(r.out)["AccessKeyId"], doc["AccessKeyId"],
                  "a second call gets what is held")
        tap.equal(w.sim.since(before).get("assertions", 0), 0,
                  "without any traffic")
        r = w.run([w.program("aws-adfs"), "login", "--profile", PROD,
                   "--stdout", "--no-session-cache"])
        tap.ok(json.loads(r.out)["AccessKeyId"] != doc["AccessKeyId"],
               "--no-session-cache fetches new ones")

        r = w.ctl("login", "--profile", PROD, "--printenv")
        lines = r.out.splitlines()
        tap.equal([re.match(r"export (\w+)='[^']*'$", x)[1] for x in lines],
                  KEYS, "--printenv prints four exports, quoted")
        script = r.out + "exec aws sts get-caller-identity"
        r = w.run(["/bin/sh", "-c", script])
        tap.ok(r.rc == 0 and "assumed-role/Admin/" in r.out,
               "a shell and aws take them", r)
        tap.ok("eu-west-1" in lines[3], "with the profile's region", lines[3])

        # Another role, a profile that is none: nothing of it stays.
        r = w.ctl("login", "--profile", PROD, "--role-arn", READER,
                  "--printenv")
        who = w.run(["/bin/sh", "-c",
                     r.out + "exec aws sts get-caller-identity"])
        tap.ok("assumed-role/Reader/" in who.out, "a role by flag counts", r)
        r = w.ctl("login", "--profile", "nowhere", "--adfs-host",
                  harness.HOST, "--user", USER, "--role-arn", READER,
                  "--stdout")
        tap.ok(r.rc == 0 and "AccessKeyId" in r.out,
               "so does a profile that is made up of flags", r)
        tap.equal(files(w), old, "still no file was written")
        tap.ok("nowhere" not in w.states(), "and it left no profile behind",
               w.states())
        held = w.ctl("credential-process", "nowhere")
        tap.ok(held.rc != 0 and held.out == "", "nor keys", held)


def while_kept():
    """--stdout of a profile that is kept must not disturb its file."""
    with harness.World() as w:
        setup(w)
        adfs(w, "--profile", PROD)
        first = w.credentials()[PROD]
        r = w.ctl("login", "--profile", PROD, "--role-arn", READER,
                  "--stdout")
        tap.ok(r.rc == 0, "another role to the caller", r)
        r = w.ctl("login", "--profile", PROD, "--role-arn",
                  role("111122223333", "Nothing"), "--stdout")
        tap.ok(r.rc == 4 and r.out == "" and "(L" not in r.err,
               "a role that is not offered is no key and a clear word", r)
        config, _ = files(w)
        tap.equal(config.decode(), CONFIG, "the config is as it was")
        tap.equal(w.credentials()[PROD], first, "the kept keys are as they "
                  "were")
        mine = next(p for p in w.status()["profiles"]
                    if p["profile"] == PROD)
        tap.ok(mine["kept"] and mine["live"] and mine["roleArn"] == ADMIN,
               "and the profile is kept as before", mine)
        r = w.ctl("login", "--profile", PROD, "--stdout",
                  "--no-session-cache")
        new = json.loads(r.out)["AccessKeyId"]
        w.wait(lambda: w.credentials()[PROD]["aws_access_key_id"] == new,
               "the profile's own new keys in its file")
        tap.ok(True, "new keys of its own role are its file's, too")


def process_line():
    """credential_process = aws-adfs login --stdout, as its page advises."""
    with harness.World() as w:
        line = "credential_process = %s login --profile=%s --stdout\n" % (
            w.program("aws-adfs"), PROD)
        config = CONFIG.replace("adfs_config.sspi = False\n",
                                "adfs_config.sspi = False\n" + line, 1)
        setup(w, config, None)
        r = adfs(w, "--profile", PROD)
        tap.ok(r.rc == 0, "login works beside such a line", r)
        tap.ok(PROD not in w.credentials(), "the keys stay out of the file")
        tap.equal(w.read(w.config_file).decode(), config,
                  "the line stays as it is")
        before = w.sim.counters()
        for _ in range(2):
            who = w.identity("--profile", PROD)
            tap.ok(has_arn(who, ADMIN), "aws gets its keys by it", who)
        tap.equal(w.sim.since(before).get("assertions", 0), 0,
                  "AD FS is left in peace")


def no_contradiction(config):
    return config.replace("adfs_config.duo_factor = Duo Push",
                          "adfs_config.duo_factor = None")


def nested_and_lossless():
    """What login writes goes into its own lines; the rest stays."""
    with harness.World() as w:
        config = no_contradiction(CONFIG).replace(
            "\tsignature_version = s3v4\n\tmax_conc",
            "\t# comment within\n\tsignature_version = s3\n\tmax_conc", 1)
        crlf = config.replace("\n", "\r\n")
        setup(w, crlf, None)
        r = adfs(w, "--profile", PROD, "--s3-signature-version", "s3v4",
                 "--region", "us-east-1", "--session-duration", "1800",
                 "--role-arn", READER, "--no-ssl-verification",
                 "--output-format", "text")
        tap.ok(r.rc != 0 and "ssl_verification" in r.err,
               "an option that contradicts a sibling's is named", r)
        tap.equal(w.read(w.config_file).decode(), crlf,
                  "nothing was written")
        r = adfs(w, "--profile", PROD, "--s3-signature-version", "s3v4",
                 "--region", "us-east-1", "--session-duration", "1800",
                 "--role-arn", READER, "--ssl-verification",
                 "--output-format", "text", "--duo-factor", "PUSH",
                 "--mfa-token-command", "echo x")
        tap.ok(r.rc == 0, "login with options", r)
        section = crlf.index("[profile dev]")
        want = crlf[:section]
        for a, b in (("signature_version = s3\r", "signature_version = "
                      "s3v4\r"),
                     ("region = eu-west-1", "region = us-east-1"),
                     ("output = json\r\nadfs", "output = text\r\nadfs"),
                     ("duration = 3600", "duration = 1800"),
                     ("role_arn = " + ADMIN, "role_arn = " + READER),
                     ("duo_factor = None", "duo_factor = Duo Push")):
            tap.ok(want.count(a) == 1, "the test changes one " + a)
            want = want.replace(a, b)
        want = want.replace(
            "\tmax_concurrent_requests = 20\r\n",
            "\tmax_concurrent_requests = 20\r\n"
            "adfs_config.mfa_token_command = echo x\r\n", 1)
        tap.equal(w.read(w.config_file).decode(), want + crlf[section:],
                  "each value is in its own line and all else as it was")
        r = w.aws("configure", "get", "s3.signature_version", "--profile",
                  PROD)
        tap.equal(r.out.strip(), "s3v4", "botocore reads the nested value")
        r = w.login("--profile", "fresh", "--adfs-host", harness.HOST,
                    "--user", USER, "--role-arn", ADMIN, user=None,
                    password=None)
        tap.ok(r.rc == 0, "a new profile without a region", r)
        made = w.read(w.config_file).decode().split("[profile fresh]")[1]
        tap.ok("region" not in made, "gets none, and never silently "
               "eu-central-1", made)


def choose_again():
    with harness.World() as w:
        setup(w)
        adfs(w, "--profile", PROD)
        r = adfs(w, "--profile", PROD, "--role-arn", "?", password=None,
                 answers=[(harness.ASK_ROLE, "2")])
        tap.ok(r.rc == 0 and not r.unasked, "--role-arn ? asks again", r)
        tap.equal(w.read(w.config_file).decode(),
                  CONFIG.replace(ADMIN, READER, 1),
                  "only the role changed in the config")
        tap.ok(has_arn(w.identity("--profile", PROD), READER),
               "aws has the new role")
        r = adfs(w, "--profile", PROD, "--role-arn",
                 role("999988887777", "None"), "--enforce-role-arn",
                 password=None)
        tap.ok(r.rc == 4, "a role that is not offered is refused", r)
        tap.ok("[" not in r.tty and r.tty.strip() == "",
               "and nobody is asked for another", r)


def assertion_from_browser():
    with harness.World() as w:
        setup(w)
        b = browser.Browser(w.sim.dir, port=w.sim.port)
        page = b.login(USER, PASSWORD)
        b.close()
        saml = page.assertion()
        path = os.path.join(w.home, "saml.txt")
        w.write(path, "\n".join(saml[i:i + 76]
                                for i in range(0, len(saml), 76)) + "\n",
                0o400)
        before = w.sim.counters()
        r = w.ctl("login", "--profile", PROD, "--assertfile", path)
        tap.ok(r.rc == 0, "--assertfile redeems a browser's SAMLResponse", r)
        gained = w.sim.since(before)
        tap.equal((gained.get("password_posts", 0),
                   gained.get("assertions", 0),
                   gained.get("assume_role_with_saml")), (0, 0, 1),
                  "without AD FS")
        tap.ok(has_arn(w.identity("--profile", PROD), ADMIN), "aws works")
        ids = [i for i in w.status()["identities"]]
        tap.equal([(i["state"], i.get("renewableUntil")) for i in ids],
                  [("signed-out", None)], "nobody is taken for signed in")
        w.write(path, saml[:200] + "AAAA", 0o400)
        r = w.ctl("login", "--profile", PROD, "--assertfile", path)
        tap.ok(r.rc != 0, "what is no assertion is refused", r)
        w.write(path, "<html>", 0o600)
        r = w.ctl("login", "--profile", PROD, "--assertfile", path)
        tap.ok(r.rc == 1 and "is not base64" in r.err, "or no base64", r)
        w.write(path, "A" * 60001, 0o600)
        r = w.ctl("login", "--profile", PROD, "--assertfile", path)
        tap.ok(r.rc == 1 and "too large" in r.err, "or too large", r)
        tap.ok(has_arn(w.identity("--profile", PROD), ADMIN),
               "what was held works on")


# A worker that meets one question for a code, says what it was told, and ends.
WORKER = """#!/usr/bin/python3
import json, socket
s = socket.socket(fileno=3)
data = b""
def take():
    global data
    while b"\\0" not in data:
        data += s.recv(65536)
    one, data = data.split(b"\\0", 1)
    return json.loads(one)
def say(**m):
    s.sendall(json.dumps(m).encode() + b"\\0")
take()
said = []
for i in (1, 2):
    say(type="ask", id=i, kind="code", name="code", label="Code %d" % i)
    said.append(take().get("value", "refused"))
say(type="fault", fault={"kind": "denied", "text": "told " + " ".join(said)})
say(type="done")
"""


def codes():
    """One-time codes: from the option, from the command, then a person."""
    with harness.World(agent=False) as w:
        worker = os.path.join(w.base, "bin", "code-worker")
        w.write(worker, WORKER, 0o755)
        config = no_contradiction(CONFIG)
        setup(w, config, None)
        w.start_agent(AWSFED_WORKER=worker)
        r = adfs(w, "--profile", PROD, "--aad-verification-code", "135790",
                 password=None, answers=[(r"Code 2.*: ?$", "2468")])
        tap.ok("told 135790 2468" in r.err, "--aad-verification-code answers "
               "one question, a person the next", r)
        for out, want in (('{"mfa_token": "112233"}', "112233"),
                          ('{"mfa_token": 445566}', "445566")):
            w.write(w.config_file, config.replace(
                "adfs_config.duo_factor", "adfs_config.mfa_token_command = "
                "echo '%s'\nadfs_config.duo_factor" % out, 1))
            r = adfs(w, "--profile", PROD, password=None,
                     answers=[(r"Code 2.*: ?$", "2468")])
            tap.ok("told %s 2468" % want in r.err,
                   "mfa_token_command answers one question", r)
        w.write(w.config_file, config.replace(
            "adfs_config.duo_factor", "adfs_config.mfa_token_command = "
            "echo nonsense\nadfs_config.duo_factor", 1))
        r = adfs(w, "--profile", PROD, password=None,
                 answers=[(r"Code 1.*: ?$", "1"), (r"Code 2.*: ?$", "2")])
        tap.ok("told 1 2" in r.err, "one that prints nonsense leaves it to "
               "the person", r)


def reset():
    with harness.World() as w:
        setup(w)
        adfs(w, "--profile", PROD)
        adfs(w, "--profile", DEV, password=None)
        old = files(w)
        r = w.ctl("reset", "--profile", PROD)
        tap.ok(r.rc == 2 and files(w) == old,
               "reset without a terminal changes nothing", r)
        ask = [(r"\[y/N\] $", "n")]
        r = w.type([w.program("aws-adfs"), "reset", "--profile", PROD], ask)
        tap.ok(r.rc == 1 and files(w) == old, "no is no", r)
        tap.ok("adfs_config.adfs_host" in r.err and "region" in r.err,
               "it shows what would go and what would stay", r)
        r = w.type([w.program("aws-adfs"), "reset", "--profile", PROD],
                   [(r"\[y/N\] $", "y")])
        tap.ok(r.rc == 0 and "adfs_config.adfs_host" in r.out,
               "yes takes it out and says so", r)
        cut = CONFIG.index("adfs_config")
        rest = CONFIG.index("s3 =")
        tap.equal(w.read(w.config_file).decode(),
                  CONFIG[:cut] + CONFIG[rest:],
                  "the user's own keys and comments stay")
        have = w.credentials()
        tap.ok(PROD not in have and DEV in have and "other" in have,
               "its keys are gone, the others' are not", sorted(have))
        tap.ok(PROD not in w.states(), "the agent knows it no more")
        r = w.ctl("reset", "--yes")
        tap.equal(r.rc, 2, "--yes needs a name")
        before = [i["state"] for i in w.status()["identities"]]
        r = w.ctl("reset", DEV, "--yes")
        tap.ok(r.rc == 0 and "is signed out" in r.out,
               "the last one takes the sign-in along", r, *before)
        tap.ok(b"adfs_config" not in w.read(w.config_file),
               "nothing of aws-adfs is left")
        r = w.ctl("reset", "other", "--yes")
        tap.ok(r.rc == 0 and "nothing to take out" in r.out,
               "a profile that is not ours has nothing to lose", r)
        r = w.ctl("reset", "nobody", "--yes")
        tap.ok(r.rc == 1 and "nobody" in r.err, "none is named", r)


harness.need(aws=True, timeout=400)
tap.run(nothing_changes, to_the_caller, while_kept, process_line,
        nested_and_lossless, choose_again, assertion_from_browser, codes, reset)
