#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The container endpoint with real SDKs: what it offers and when, over
restarts and renewals. TAP."""
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import harness
import tap
from endpointlib import (PYTHON, Offer, body, call, on, setup, status, talk)

BOTO = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
"""
# Asks again with the same client whenever it is told to.
LONG_BOTO = """
import boto3, sys
session = boto3.Session()
sts = session.client("sts")
for line in sys.stdin:
    arn = sts.get_caller_identity()["Arn"]
    print(session.get_credentials().access_key, arn, flush=True)
"""
LONG_NODE = """
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { createInterface } from "node:readline";
const sts = new STSClient({});
for await (const line of createInterface({ input: process.stdin })) {
  const who = await sts.send(new GetCallerIdentityCommand({}));
  console.log((await sts.config.credentials()).accessKeyId, who.Arn);
}
"""


# ---- what it is -------------------------------------------------------------

def opt_in():
    with harness.World() as w:
        setup(w)
        folder = os.path.join(w.base, "run/awsfed/endpoint")
        reply = call(w, "Endpoint", profile="a")
        fault = reply.get("parameters", {})
        tap.ok(reply.get("error") == "io.awsfed.Control.Fault" and
               "off" in fault["text"] and "endpoint = on" in fault["next"],
               "it is off, and says how it is allowed", reply)
        tap.ok(not os.path.exists(folder), "and leaves nothing behind")
        r = w.ctl("exec", "--endpoint", "a", "--", "/bin/true")
        tap.ok(r.rc == 125 and "endpoint = on" in r.err, "exec says so", r)
        w.settings(endpoint="on")
        w.ctl("reload")
        tap.ok(not listens(w), "allowed, it does not listen unasked")
        offer = Offer(w)
        tap.ok(listens(w) == [("127.0.0.1", offer.port)],
               "asked for, it listens on 127.0.0.1 alone", listens(w))
        mode = [stat.S_IMODE(os.stat(p).st_mode) for p in
                (offer.file, folder)]
        tap.equal(mode, [0o600, 0o700], "the token is its owner's alone")
        tap.ok(re.fullmatch("[0-9a-f]{64}", offer.token),
               "256 bits, no newline", offer.token)
        tap.ok(offer.token not in json.dumps(offer.reply),
               "the reply has no token")
        tap.equal((Offer(w).token, Offer(w).url), (offer.token, offer.url),
                  "asked again: the same")
        tap.ok(Offer(w, "b").token != offer.token,
               "another profile has another token")
        for name, error in (("nope", "io.awsfed.Control.NoSuchProfile"),):
            tap.equal(call(w, "Endpoint", profile=name).get("error"), error,
                      "an unknown profile")
        # A protected profile is not for a door where nobody can be asked.
        text = w.read(w.config_file).decode()
        w.write(w.config_file, text.replace(
            "[profile b]\n", "[profile b]\nawsfed.protected = yes\n"))
        other = Offer(w)
        w.ctl("reload")
        reply = call(w, "Endpoint", profile="b")
        tap.equal(reply.get("parameters", {}).get("kind"), "denied",
                  "a protected profile is not offered")
        token = w.read(os.path.join(folder, "b.token")).decode()
        said = talk(other.port, other.request("/v1/credentials/b", token))
        tap.ok(status(said) == 403 and "protected" in body(said)["message"],
               "nor served to who had its token before", said)
        w.settings(endpoint="off")
        w.ctl("reload")
        w.wait(lambda: not listens(w), "the listener to go")
        tap.ok(not os.path.exists(folder), "off again, all of it is gone")


def listens(w):
    """TCP listeners of the agent."""
    inodes = set()
    for fd in os.listdir("/proc/%d/fd" % w.agent.pid):
        try:
            target = os.readlink("/proc/%d/fd/%s" % (w.agent.pid, fd))
        except OSError:
            continue
        inodes.update(re.findall(r"socket:\[(\d+)\]", target))
    found = []
    for table in ("tcp", "tcp6"):
        if not os.path.exists("/proc/net/" + table):
            continue
        with open("/proc/net/" + table, encoding="ascii") as f:
            for line in f.read().splitlines()[1:]:
                part = line.split()
                if part[3] == "0A" and part[9] in inodes:
                    ip, port = part[1].split(":")
                    found.append((ip if table == "tcp6" else socket.inet_ntoa(
                        bytes.fromhex(ip)[::-1]), int(port, 16)))
    return found


def sdks():
    with on() as w:
        setup(w)
        offer = Offer(w)
        said = talk(offer.port, offer.request())
        got = body(said)
        tap.equal((status(said), sorted(got)), (200, [
            "AccessKeyId", "Expiration", "RoleArn", "SecretAccessKey",
            "Token"]), "the form of the SDKs")
        tap.ok(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
                            got["Expiration"]), "Expiration ends in Z")
        tap.ok(b"Connection: close" in said, "and the connection ends")
        r = w.run([PYTHON, "-c", BOTO], **offer.env(w))
        tap.ok("assumed-role/Alpha" in r.out, "boto3", r)
        env = Offer(w, "b").env(w, file=False)
        who = w.identity(**env)
        tap.ok("assumed-role/Beta" in str(who), "the AWS CLI", who)
        said = talk(offer.port, offer.request(
            host="localhost:%d" % offer.port))
        tap.equal(status(said), 200, "by the name localhost")
        node_once(w, offer)
        by_exec(w)
        r = w.ctl("logout", "a")
        tap.ok(r.rc == 0 and not os.path.exists(offer.file),
               "a logout takes the token away", r)
        tap.equal(status(talk(offer.port, offer.request())), 401,
                  "and who still has it is refused")


DUMP = "import json, os; print(json.dumps(dict(os.environ)))"


def by_exec(w):
    """awsfedctl exec --endpoint sets it up."""
    static = {"AWS_ACCESS_KEY_ID": "AKIAOLD", "AWS_SECRET_ACCESS_KEY": "old",
              "AWS_SESSION_TOKEN": "old", "AWS_PROFILE": "b",
              "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/old"}
    r = w.ctl("exec", "--endpoint", "a", "--", PYTHON, "-c", DUMP, **static)
    tap.ok(r.rc == 0 and r.err == "", "exec --endpoint", r)
    env, offer = json.loads(r.out), Offer(w)
    tap.equal([env.get("AWS_CONTAINER_" + k) for k in (
        "CREDENTIALS_FULL_URI", "AUTHORIZATION_TOKEN",
        "AUTHORIZATION_TOKEN_FILE")], [offer.url, offer.token, offer.file],
        "the address, the token and its file")
    tap.equal([k for k in static if k in env], [], "contrary ones are gone")
    tap.equal(env["AWS_REGION"], "us-east-1", "and the region is there")
    tap.ok("AWS_CONFIG_FILE" not in env, "the files are seen still", env)
    # A default profile, which every SDK prefers, must not come in between.
    keep = w.read(w.config_file).decode(), w.read(w.credentials_file).decode()
    more = "[default]\naws_access_key_id = AKIADEFAULT\n" \
        "aws_secret_access_key = default\n"
    for path, text in ((w.config_file, keep[0]), (w.credentials_file,
                                                  keep[1])):
        w.write(path, more + text)
        r = w.ctl("exec", "a", "--endpoint", "--", PYTHON, "-c", BOTO)
        tap.ok("assumed-role/Alpha" in r.out,
               "a default profile in %s is not preferred" %
               os.path.basename(path), r)
        w.write(path, text)
    r = w.ctl("exec", "a", "--endpoint", "--need", "10m", "--", "/bin/true")
    tap.equal(r.rc, 0, "--need that the credentials themselves meet")
    r = w.ctl("exec", "a", "--endpoint", "--need", "3h", "--", "/bin/true")
    tap.equal(r.rc, 0, "--need that only the sign-in's renewals meet")
    r = w.ctl("exec", "a", "--endpoint", "--need", "100h", "--", "/bin/true")
    tap.ok(r.rc == 125 and "sign-in" in r.err, "--need that nothing meets", r)


def readme():
    """The example of the README, with a program of ours."""
    with open(os.path.join(tap.srcdir(), "README.md"), encoding="utf-8") as f:
        text = f.read().split("## A program that runs longer than its keys",
                              1)[1].split("\n## ", 1)[0]
    lines = [line.strip() for line in text.splitlines()
             if line.startswith("    ")]
    settings = [line for line in lines if " = " in line]
    commands = [line.split() for line in lines
                if line.startswith("awsfedctl ")]
    tap.equal((settings, len(commands)), (["endpoint = on"], 2),
              "the README has a setting and two commands")
    with harness.World() as w:
        setup(w)
        w.settings(**dict(line.split(" = ") for line in settings))
        for command in commands:
            words = command[1:]
            if "--" in words:
                words[words.index("--") - 1] = "a"
                words[words.index("--") + 1:] = [PYTHON, "-c", BOTO]
            r = w.ctl(*words)
            tap.ok(r.rc == 0, "README: " + " ".join(command), r)
        tap.ok("assumed-role/Alpha" in r.out, "and the program is let in", r)


def node_program(w, text):
    modules = os.environ.get("AWSFED_JS_SDK", "")
    if not os.path.isdir(os.path.join(modules, "@aws-sdk/client-sts")) or \
            shutil.which("node") is None:
        return None
    program = os.path.join(os.path.dirname(modules),
                           "awsfed-endpoint-%d.mjs" % os.getpid())
    with open(program, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(program, 0o644)
    return program


def node_once(w, offer):
    program = node_program(w, LONG_NODE)
    if program is None:
        tap.skip("the JavaScript SDK", "AWSFED_JS_SDK names no node_modules "
                 "with @aws-sdk/client-sts")
        return
    r = w.run(["/usr/bin/env", "node", program], stdin="go\n", timeout=60,
              **dict(offer.env(w), NODE_EXTRA_CA_CERTS=w.sim.ca,
                     **node_to_sim(w)))
    os.unlink(program)
    tap.ok("assumed-role/Alpha" in r.out, "the JavaScript SDK", r)


def node_to_sim(w):
    """It knows no proxy: the simulator by its own address."""
    return {"AWS_ENDPOINT_URL_STS": "https://localhost:%d" % w.sim.port}


# ---- time passes ------------------------------------------------------------

def restart():
    with on() as w:
        setup(w)
        offer = Offer(w)
        for sig in (signal.SIGTERM, signal.SIGKILL):
            w.stop_agent(sig)
            w.start_agent()
            w.status()  # its socket is there before the rest of it
            said = talk(offer.port, offer.request())
            tap.ok(status(said) in (200, 403, 503),
                   "after %s it listens where it did" % sig.name, said)
            if status(said) != 200:
                w.login("a", user=None)
            said = talk(offer.port, offer.request())
            tap.ok(status(said) == 200, "and the token is good", said)
        again = Offer(w)
        tap.equal((again.url, again.token), (offer.url, offer.token),
                  "who asks is told the same")
        # Somebody else has the port meanwhile: tokens sent there are burnt.
        w.stop_agent()
        with socket.socket() as squatter:
            squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            squatter.bind(("127.0.0.1", offer.port))
            squatter.listen()
            w.start_agent()
            w.login("a", user=None)
            tap.ok("Another program listens on port %d" % offer.port in
                   w.log() and "start them anew" in w.log(),
                   "an occupied port is told", w.log()[-2000:])
            fresh = Offer(w)
            tap.ok(fresh.port != offer.port and fresh.token != offer.token,
                   "another port, another token", fresh.reply)
            tap.equal(status(talk(fresh.port, fresh.request())), 200,
                      "which serve")
            tap.equal(status(talk(fresh.port, fresh.request(
                token=offer.token))), 401, "the old token does not")
            w.settings(endpoint="on", endpoint_port=str(offer.port))
            w.ctl("reload")
            reply = call(w, "Endpoint", profile="a")
            fault = reply.get("parameters", {})
            tap.ok(fault.get("kind") == "config" and
                   "Another program listens" in fault["text"] and
                   "endpoint_port" in fault["next"],
                   "an occupied port of the settings is a clear error",
                   reply)
        reply = call(w, "Endpoint", profile="a")
        tap.equal(reply.get("parameters", {}).get("url", "").split("/")[2:3],
                  ["127.0.0.1:%d" % offer.port], "once free it is taken")


def no_credentials():
    with on() as w:
        setup(w, login=False)
        offer = Offer(w)
        said = talk(offer.port, offer.request())
        before = w.sim.counters()
        start = time.monotonic()
        said = talk(offer.port, offer.request())
        got = body(said)
        tap.ok(status(said) == 403 and got["code"] == got["Code"] and
               "awsfedctl login a" in got["message"],
               "never signed in: an error that names the command", said)
        for _ in range(50):
            talk(offer.port, offer.request())
        tap.equal(w.sim.since(before), {}, "50 more calls cause no traffic")
        tap.ok(time.monotonic() - start < 20, "and none of them waits")
        # A sign-in that takes long: an answer comes all the same.
        w.login("a")
        other = Offer(w, "b")
        w.sim.fault("adfs-get", "delay", delay=3000)
        start = time.monotonic()
        said = talk(other.port, other.request())
        tap.ok(status(said) == 503 and time.monotonic() - start < 2.5,
               "while a sign-in takes long: try again, within a second or so",
               said, time.monotonic() - start)
        w.wait(lambda: status(talk(other.port, other.request())) == 200,
               "the keys", 20)
        tap.ok(True, "and then they are there")


class Long:
    """A program that runs on, asking when it is told to."""

    def __init__(self, w, argv, env):
        self.p = subprocess.Popen(
            argv, env=dict(w.env, **env), cwd="/", stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, preexec_fn=w._preexec(True))
        w.children.append(self.p)

    def ask(self):
        self.p.stdin.write(b"\n")
        self.p.stdin.flush()
        line = [b""]
        t = threading.Thread(target=lambda: line.__setitem__(
            0, self.p.stdout.readline()), daemon=True)
        t.start()
        t.join(60)
        part = line[0].decode().split()
        return part if len(part) == 2 else [None, None]

    def end(self):
        self.p.stdin.close()
        return self.p.wait(20)


def renewals():
    """One client object, three renewals, an agent that was restarted."""
    if not os.path.exists(os.path.join(tap.builddir(),
                                       "tests/tools/warp.so")):
        tap.skip("clients that run on", "the preload was not built")
        return
    with harness.World(warp=True, settings={"endpoint": "on"}) as w:
        w.sim.set(sso_life=86400)
        setup(w)
        offer = Offer(w)
        clients = {"boto3": Long(w, [PYTHON, "-c", LONG_BOTO], offer.env(w))}
        program = node_program(w, LONG_NODE)
        if program is not None:
            clients["the JavaScript SDK"] = Long(
                w, ["/usr/bin/env", "node", program],
                dict(offer.env(w), NODE_EXTRA_CA_CERTS=w.sim.ca,
                     **node_to_sim(w)))
        else:
            tap.skip("the JavaScript SDK runs on", "AWSFED_JS_SDK names no "
                     "node_modules with @aws-sdk/client-sts")
        keys = {name: [c.ask()[0]] for name, c in clients.items()}
        passwords = w.sim.counters()
        # Within botocore's ten minutes before the end, where it must renew;
        # within its fifteen, where it would like to; after the end.
        moment = 0
        for n, seconds in enumerate((3100, 2800, 3700), 1):
            before = body(talk(offer.port, offer.request()))["AccessKeyId"]
            moment += seconds
            w.warp(moment)
            w.wait(lambda: status(talk(offer.port, offer.request())) == 200
                   and body(talk(offer.port, offer.request()))
                   ["AccessKeyId"] != before, "the renewal", 20)
            for name, c in clients.items():
                key, arn = c.ask()
                tap.ok(arn is not None and "assumed-role/Alpha" in arn,
                       "%s is let in after renewal %d" % (name, n), arn)
                keys[name].append(key)
            if n == 1:
                w.stop_agent()
                w.start_agent()
                w.login("a", "b", user=None)
                passwords = w.sim.counters()
        for name in clients:
            # JavaScript's waits for the end, botocore does not.
            least = 4 if name == "boto3" else 2
            tap.ok(len(set(keys[name])) >= least and None not in keys[name],
                   "%s has had %d keys" % (name, least), keys[name])
        tap.equal(w.sim.since(passwords).get("password_posts", 0), 0,
                  "without a password")
        for name, c in clients.items():
            tap.equal(c.end(), 0, name + " ends well")
        if program is not None:
            os.unlink(program)


harness.need(timeout=400)
tap.run(*map(tap.timed, (opt_in, sdks, readme, restart, no_credentials,
                     renewals)))
