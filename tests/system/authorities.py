#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Certificate authorities where other distributions have them, from inside the
worker's sandbox: with ca_bundle AWS is verified by the machine's too, and
without it everything is."""

import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

import netns  # noqa: E402
import tap  # noqa: E402
import worker_agent  # noqa: E402
from worker_agent import Agent, job  # noqa: E402

SRC = os.environ.get("top_srcdir", ".")
SIM = os.path.join(worker_agent.BUILD, "tests/sim/awsfed-sim")
SIMCTL = os.path.join(SRC, "tests/sim/simctl")
IDP = "arn:aws:iam::123456789012:saml-provider/ADFS"
ROLE = "arn:aws:iam::123456789012:role/R"
STS = "sts.us-east-1.amazonaws.com"
LAYOUTS = ("ssl/certs/ca-certificates.crt", "pki/tls/certs/ca-bundle.crt",
           "pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
           "ssl/ca-bundle.pem", "ssl/cert.pem")
WORKER = worker_agent.WORKER
# What a worker cannot do without, of a real /etc.
KEPT = ("hosts", "nsswitch.conf", "resolv.conf", "passwd", "group",
        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives")


class Sim:
    """One simulator, with a certificate authority of its own."""

    def __init__(self, base, name, *hosts):
        self.dir = os.path.join(base, name)
        os.mkdir(self.dir, 0o700)
        more = [x for h in hosts for x in ("--host", h)]
        self.process = subprocess.Popen([SIM, "--dir", self.dir] + more,
                                        stdin=subprocess.DEVNULL)
        self.ca = os.path.join(self.dir, "ca.pem")

    def __enter__(self):
        try:
            self.ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def ready(self):
        end = time.monotonic() + 60
        while not os.path.exists(os.path.join(self.dir, "ready")):
            assert time.monotonic() < end and self.process.poll() is None
            time.sleep(0.02)
        self.port = int(self.read("port"))
        self.ctl("user", "add", "CORP\\jane", "--password", "right", "--role",
                 "%s,%s" % (ROLE, IDP))

    def read(self, name):
        with open(os.path.join(self.dir, name), encoding="ascii") as f:
            return f.read().strip()

    def ctl(self, *args):
        return subprocess.run([sys.executable, SIMCTL, self.dir, *args],
                              check=True, stdout=subprocess.PIPE,
                              text=True).stdout


def etc(base, files):
    """A worker that sees an /etc with these files, and nothing else there."""
    here = tempfile.mkdtemp(dir=base)
    where = os.path.join(here, "etc")
    os.mkdir(where)
    for name in KEPT:
        if os.path.isdir(os.path.join("/etc", name)):
            shutil.copytree(os.path.join("/etc", name),
                            os.path.join(where, name), symlinks=True)
        elif os.path.exists(os.path.join("/etc", name)):
            shutil.copy(os.path.join("/etc", name), where)
    for name, source in files.items():
        path = os.path.join(where, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(source, path)
    program = os.path.join(here, "worker")
    with open(program, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nexec %s -m %s -c '%s --bind %s /etc && exec %s'\n"
                % (shutil.which("unshare"), "/bin/sh", shutil.which("mount"),
                   where, os.path.abspath(WORKER)))
    os.chmod(program, 0o755)
    return program


def sign_in(sim, program, **more):
    """A sign-in at sim, and a role from the real name of AWS."""
    worker_agent.WORKER = program
    for name in ("expire-sso", "reset"):
        sim.ctl(name)
    return Agent(job("127.0.0.1:%d" % sim.port, allowHttpLoopback=False,
                     **more), user="CORP\\jane", roles=lambda m: [
        {"profile": "p", "roleArn": ROLE, "principalArn": IDP,
         "duration": 3600, "region": "us-east-1"}]).run()


def reasons(agent):
    return [m["fault"].get("reason") for m in agent.of("fault")]


def everywhere():
    if not netns.inside():
        tap.skip("certificate authorities of other distributions",
                 "no namespaces here")
        return
    with tempfile.TemporaryDirectory(prefix="awsfed-ca-") as base, \
            Sim(base, "provider") as provider, \
            Sim(base, "aws", STS) as aws:
        door = netns.Forwarder(("127.0.0.1", 443), ("127.0.0.1", aws.port))
        try:
            layouts(base, provider, aws)
        finally:
            door.close()


def layouts(base, provider, aws):
    def seen(a):
        return [m.get("type") for m in a.messages] + [
            str(m["fault"]) for m in a.of("fault")]

    def redeemed(a):
        """STS was asked; that it does not know the provider is another's."""
        return a.of("assertion") and "tls" not in reasons(a) and \
            len(a.of("fault")) + len(a.of("credentials")) == 1

    for name in LAYOUTS:
        a = sign_in(provider, etc(base, {name: aws.ca}), caBundle=provider.ca)
        tap.ok(redeemed(a), "AWS is verified by /etc/" + name, *seen(a))
    a = sign_in(provider, etc(base, {LAYOUTS[-1]: provider.ca}),
                caBundle=provider.ca)
    tap.ok(a.of("assertion") and reasons(a) == ["tls"],
           "and not by another authority", *seen(a))
    # Without ca_bundle all is in the machine's own.
    both = os.path.join(base, "both.pem")
    with open(both, "wb") as f:
        for sim in (provider, aws):
            with open(sim.ca, "rb") as one:
                f.write(one.read())
    a = sign_in(provider, etc(base, {LAYOUTS[1]: both}))
    tap.ok(redeemed(a), "without ca_bundle, all by /etc/" + LAYOUTS[1],
           *seen(a))
    # Their subjects are alike, and so are the hashes.
    name = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in",
                           aws.ca], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()
    a = sign_in(provider, etc(base, {
        "ssl/certs/%s.0" % name: provider.ca,
        "ssl/certs/%s.1" % name: aws.ca}))
    tap.ok(redeemed(a), "or by a folder of hashes", *seen(a))
    a = sign_in(provider, etc(base, {LAYOUTS[1]: aws.ca}))
    tap.ok(not a.of("assertion") and reasons(a) == ["tls"],
           "an identity provider that is in none is refused", *seen(a))


netns.enter()
tap.run(everywhere)
