# SPDX-License-Identifier: Apache-2.0
"""After a logout nobody becomes somebody else: not the AWS CLI, not boto3, not
the JavaScript SDK, with a container's role and [default] keys within reach."""

import http.server
import json
import os
import shutil
import threading

import harness
import tap
from harness import PASSWORD, USER, role

ADMIN, DEPLOY = role("111122223333", "Admin"), role("444455556666", "Deploy")
OTHER = role("111122223333", "Other")
PYTHON = "/usr/bin/python3"
FIX = "awsfedctl login prod"
SOMEBODY = "ASIASOMEBODYELSE0000"

BOTO = """
import boto3
try:
    print(boto3.client('sts').get_caller_identity()['Arn'])
except Exception as e:
    print('failed:', e)
"""
NODE = """
import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
const sts = new STSClient({ region: 'us-east-1' });
try {
    const keys = await sts.config.credentials();
    console.log('key', keys.accessKeyId);
    const me = await sts.send(new GetCallerIdentityCommand({}));
    console.log('is', me.Arn);
} catch (e) {
    console.log('failed:', e.name, e.message);
}
"""


class Container(http.server.BaseHTTPRequestHandler):
    """A credentials endpoint as a container has it, of somebody else."""
    asked = 0

    def do_GET(self):
        Container.asked += 1
        body = json.dumps({
            "AccessKeyId": SOMEBODY, "SecretAccessKey": "x", "Token": "t",
            "Expiration": "2099-01-01T00:00:00Z"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def setup(w):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(ADMIN), harness.pair(OTHER)])
    w.sim.role(DEPLOY, trust=[ADMIN])
    w.write(w.credentials_file, "[default]\naws_access_key_id = AKIADEFAULT\n"
            "aws_secret_access_key = default\n")
    w.profile("prod", role=ADMIN, reload=False)
    w.profile("other", role=OTHER, reload=False)
    text = w.read(w.config_file).decode()
    w.write(w.config_file, text + "[profile deploy]\nregion = us-east-1\n"
            "role_arn = %s\nsource_profile = prod\n" % DEPLOY)
    w.ctl("reload")


def node(w, env):
    """What the JavaScript SDK does, where somebody has installed it."""
    modules = os.environ.get("AWSFED_JS_SDK", "")
    if not os.path.isdir(os.path.join(modules, "@aws-sdk/client-sts")) or \
            shutil.which("node") is None:
        tap.skip("the JavaScript SDK", "AWSFED_JS_SDK names no node_modules "
                 "with @aws-sdk/client-sts")
        return
    program = os.path.join(os.path.dirname(modules), "awsfed-logout.mjs")
    with open(program, "w", encoding="utf-8") as f:
        f.write(NODE)
    before = Container.asked
    r = w.run(["/usr/bin/env", "node", program], **env)
    os.unlink(program)
    tap.ok("failed" in r.out and "is arn" not in r.out,
           "the JavaScript SDK fails", r)
    tap.ok(SOMEBODY not in r.out and Container.asked == before,
           "and has not asked the container", r)


def story(w):
    setup(w)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Container)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fall_back = {"AWS_CONTAINER_CREDENTIALS_FULL_URI":
                 "http://127.0.0.1:%d/" % server.server_port}
    env = dict(fall_back, AWS_PROFILE="prod")
    r = w.login("prod", "other")
    tap.equal(r.rc, 0, "login")
    got = w.identity(**env)
    tap.ok("assumed-role/Admin" in str(got), "the CLI is Admin", repr(got))
    first = w.credentials()["prod"]

    r = w.ctl("logout", "prod")
    tap.equal(r.rc, 0, "logout")
    tap.ok("prod is no longer kept" in r.out, "it says so", r)
    tap.ok("deploy" in r.out and "rm -rf ~/.aws/cli/cache" in r.out,
           "and what the CLI's own cache may hold, with the command", r)
    section = w.credentials().get("prod", {})
    tap.equal(sorted(section), ["credential_process", "x_logged_out",
                                "x_managed_by"],
              "the section has no keys for botocore")
    program = section.get("credential_process", "").split()
    tap.ok(program[1:] == ["credential-process", "prod"] and
           program[0] == w.program("awsfedctl"),
           "an absolute path, no quotes", repr(section))
    tap.ok(first["aws_secret_access_key"].encode() not in
           w.read(w.credentials_file), "the secret has left the file")

    for name, run in (
            ("aws --profile", lambda: w.aws(
                "sts", "get-caller-identity", "--profile", "prod",
                **fall_back)),
            ("AWS_PROFILE", lambda: w.aws(
                "sts", "get-caller-identity", **env)),
            ("a chained profile", lambda: w.aws(
                "sts", "get-caller-identity", "--profile", "deploy",
                **fall_back)),
            ("boto3", lambda: w.run([PYTHON, "-c", BOTO], **env))):
        r = run()
        tap.ok("assumed-role" not in r.out and "arn:" not in r.out,
               name + ": no identity at all", r)
        tap.ok(FIX in r.out + r.err, name + ": the message names the fix", r)
    tap.equal(Container.asked, 0, "nobody has asked the container")
    node(w, env)

    # The sign-in is alive, by the other profile: still nobody is let in.
    tap.equal(w.states().get("other"), "fresh", "the other one is fresh")
    before = w.sim.counters()
    r = w.ctl("credential-process", "prod")
    tap.ok(r.rc == 3 and r.out == "" and FIX in r.err,
           "the live sign-in does not serve it", r)
    r = w.ctl("refresh", "prod")
    tap.equal(r.rc, 3, "nor does refresh")
    tap.equal(w.sim.since(before).get("assume_role_with_saml", 0), 0,
              "nothing was redeemed")

    # A new agent reads the same from the file.
    w.stop_agent()
    w.start_agent()
    mine = {p["profile"]: p for p in w.status()["profiles"]}
    tap.ok(not mine["prod"]["kept"] and mine["prod"].get("loggedOut"),
           "after a restart it is logged out still", mine["prod"])
    tap.ok(mine["other"]["kept"] and mine["other"]["live"],
           "the other one is kept", mine["other"])

    r = w.login("prod", user=None)
    if r.rc != 0:
        r = w.login("prod")
    tap.equal(r.rc, 0, "login again")
    section = w.credentials()["prod"]
    tap.ok("credential_process" not in section and
           "x_logged_out" not in section and
           section.get("aws_session_token"), "the keys are back", section)
    tap.ok(b"SIGNED-OUT" not in w.read(w.credentials_file),
           "and nothing of the emptied section is left")
    got = w.identity(**env)
    tap.ok("assumed-role/Admin" in str(got), "the CLI is Admin again",
           repr(got))
    tap.ok(b"AKIADEFAULT" in w.read(w.credentials_file),
           "[default] stands as it stood")
    r = w.ctl("logout", "--all")
    tap.ok(r.rc == 0 and "signed out" in r.out, "logout --all", r)
    tap.ok(all("x_logged_out" in w.credentials()[p]
               for p in ("prod", "other")), "empties both")
    r = w.aws("sts", "get-caller-identity", "--profile", "other", **fall_back)
    tap.ok(r.rc != 0 and "awsfedctl login other" in r.err,
           "and neither is anybody", r)
    server.shutdown()


def main():
    with harness.World() as w:
        story(w)


harness.need(aws=True)
tap.run(main)
