#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Other agents and the AWS CLI beside awsfed, on the same machine in the same
minutes: how long each takes to start and to answer one request, and what it
keeps in memory.  They do different things: these rows have no target."""
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, d) for d in ("system", "tools")]
import harness  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402
from harness import USER, role  # noqa: E402

ROUNDS = 15 if proof.full() else 2
ADMIN = role("123456789012", "Admin")


def pss_kib(pid):
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as f:
        return sum(int(line.split()[1]) for line in f
                   if line.startswith("Pss:"))


def ms(run):
    began = time.monotonic()
    run()
    return (time.monotonic() - began) * 1000


def until(condition):
    while not condition():
        time.sleep(0.0005)


def answers(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


def quiet(argv, env, **more):
    return subprocess.run(argv, env=env, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                          check=True, timeout=60, **more)


class Peer:
    """argv stays in the foreground and listens at path; ask is one request."""

    def __init__(self, name, argv, path, ask, env):
        self.name, self.argv, self.path = name, argv, path
        self.ask, self.env = ask, env
        self.starts, self.requests, self.process = [], [], None

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)

        def run():
            self.process = subprocess.Popen(
                self.argv, env=self.env, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            until(lambda: answers(self.path))
        self.starts.append(ms(run))

    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)

    def row(self, part):
        self.start()
        quiet(self.ask, self.env)
        for _ in range(ROUNDS):
            self.requests.append(ms(lambda: quiet(self.ask, self.env)))
        memory = pss_kib(self.pid())
        self.stop()
        part.row(self.name, "starts in %.1f ms, one request %.1f ms, PSS %d "
                 "KiB" % (statistics.median(self.starts),
                          statistics.median(self.requests), memory))


class Gpg(Peer):
    """It always leaves; only it knows where it is."""

    def pid(self):
        r = subprocess.run(self.ask, env=self.env, capture_output=True,
                           text=True, check=True, timeout=60)
        return int(r.stdout.split()[1])

    def stop(self):
        pid = self.pid()
        self.process.wait(10)
        os.kill(pid, signal.SIGTERM)
        until(lambda: not os.path.exists("/proc/%d/exe" % pid) or
              not os.path.exists(self.path))


def known(folder):
    """Those of Debian that are installed."""
    env = {"PATH": "/usr/bin:/bin", "HOME": folder, "LC_ALL": "C.UTF-8",
           "GNUPGHOME": os.path.join(folder, "g"), "XDG_RUNTIME_DIR": folder}
    os.mkdir(env["GNUPGHOME"], 0o700)
    path = os.path.join(folder, "ssh")
    yield Peer("ssh-agent, ssh-add -l", ["ssh-agent", "-D", "-a", path], path,
               ["sh", "-c", "ssh-add -l || [ $? -eq 1 ]"],
               dict(env, SSH_AUTH_SOCK=path))
    path = os.path.join(env["GNUPGHOME"], "S.gpg-agent")
    yield Gpg("gpg-agent, gpg-connect-agent", ["gpg-agent", "--daemon"], path,
              ["gpg-connect-agent", "--no-autostart", "GETINFO pid", "/bye"],
              env)
    path = os.path.join(folder, "oidc")
    yield Peer("oidc-agent, oidc-add --loaded",
               ["oidc-agent", "--console", "--no-autoload", "-a", path], path,
               ["oidc-add", "--loaded"],
               dict(env, OIDC_SOCK=path))


def peers(part):
    with tempfile.TemporaryDirectory(prefix="awsfed-peer-") as folder:
        for peer in known(folder):
            if shutil.which(peer.argv[0]) is None:
                tap.skip(peer.name, "not installed")
                continue
            for _ in range(ROUNDS - 1):
                try:
                    peer.start()
                finally:
                    peer.stop()
            peer.row(part)
            tap.ok(True, peer.name)


def ourselves(part):
    with harness.World(settings={"log_debug": "no"}) as w:
        w.sim.user(USER, roles=[harness.pair(ADMIN)])
        w.profile("dev", role=ADMIN)
        tap.equal(w.login("dev").rc, 0, "signed in")
        memory = pss_kib(w.agent.pid)
        requests, loads, calls = [], [], []
        for _ in range(ROUNDS):
            requests.append(ms(lambda: w.ctl("credential-process", "dev")))
            if os.access(harness.AWS, os.X_OK):
                loads.append(ms(lambda: w.aws(
                    "configure", "get", "x_principal_arn", "--profile",
                    "dev")))
                calls.append(ms(lambda: w.identity("--profile", "dev")))
        starts = []
        for _ in range(ROUNDS):
            w.stop_agent()
            starts.append(ms(lambda: (
                w.start_agent(wait=False),
                until(lambda: answers(w.socket)))))
            tap.ok(w.ctl("status").rc == 0, "started again")
        part.row("awsfedd, awsfedctl credential-process",
                 "starts in %.1f ms, one request %.1f ms, PSS %d KiB" % (
                     statistics.median(starts), statistics.median(requests),
                     memory))
        if not loads:
            tap.skip("the AWS CLI", "not installed")
            return
        part.row("aws configure get, a value of the credentials file",
                 "%.0f ms" % statistics.median(loads))
        part.row("aws sts get-caller-identity with our keys",
                 "%.0f ms" % statistics.median(calls))


def main():
    harness.need()
    part = proof.Part("peers", "Other agents beside it")
    ourselves(part)
    peers(part)
    tap.finish()


main()
