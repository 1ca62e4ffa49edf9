#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two computers, one home: each has an agent of its own, and neither ever
puts older keys over fresher ones of the other."""

import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import threading
import time

import harness
import tap

harness.need()

CLONE_NEWUTS = 0x04000000
F_OFD_SETLK = 37
NAMES = ["p%d" % i for i in range(10)]
ROLES = [harness.role("111111111111", n) for n in NAMES]
ROUNDS = 12

libc = ctypes.CDLL(None, use_errno=True)


class Home(harness.World):
    """`with w.on("b"): ...` runs what follows on the computer b: it has its
    own name, and so its own directory, socket and log."""

    host = "a"

    def __init__(self):
        self.agents = {}
        super().__init__(agent=False, warp=True)
        del self.env["XDG_RUNTIME_DIR"]
        self.time = 0
        self.sim.user(harness.USER, password=harness.PASSWORD,
                      roles=[harness.pair(r) for r in ROLES])
        for name, role in zip(NAMES, ROLES):
            self.profile(name, role=role, reload=False)

    def _preexec(self, drop):
        child, host = super()._preexec(drop), self.host

        def other():
            if drop:
                if libc.unshare(CLONE_NEWUTS) != 0:
                    os._exit(99)
                socket.sethostname(host)
            child()
        return other

    def at(self, host):
        self.host = host
        self.socket = os.path.join(self.base, "state/awsfed/run", host,
                                   "control")
        return self

    def up(self, host):
        self.at(host)
        self.agents[host] = self.spawn(
            [self.program("awsfedd"), "--foreground"], "agent-" + host)
        self.agent = self.agents[host]
        self.wait(self._listening, "the agent of " + host, 20)

    def forward(self, by):
        self.time += by
        self.warp(self.time)

    def keys(self, host, name):
        r = self.at(host).ctl("credential-process", name)
        return json.loads(r.out) if r.rc == 0 else {"rc": r.rc}

    def close(self, failed=False):
        for host, agent in self.agents.items():
            if agent is not self.agent:
                self.stop(agent)
        super().close(failed)


def ends(w):
    return {n: s["x_security_token_expires"]
            for n, s in w.credentials().items()
            if "x_security_token_expires" in s}


class Watcher(threading.Thread):
    """Reads the file all the time: no end ever moves back, no section goes."""

    def __init__(self, w):
        super().__init__(daemon=True)
        self.w, self.go, self.bad, self.looks = w, True, [], 0
        self.seen = ends(w)

    def run(self):
        while self.go:
            now = ends(self.w)
            for name, end in self.seen.items():
                if now.get(name, "") < end:
                    self.bad.append((name, end, now.get(name)))
            self.seen = {**self.seen, **now}
            self.looks += 1
            time.sleep(0.002)


def interleaved(w):
    """Renewals on both, one after the other and at once."""
    for host in "ab":
        w.up(host)
        r = w.login(*NAMES, user=harness.USER if host == "a" else None)
        tap.ok(r.rc == 0, "a sign-in on %s" % host, r)
    tap.equal(sorted(os.listdir(w.base + "/state/awsfed/run")), ["a", "b"],
              "each computer has a directory of its own")
    watcher = Watcher(w)
    watcher.start()
    renewed = 0
    for i in range(ROUNDS):
        w.forward(120)
        hosts = ("ab", "ba", "a", "b")[i % 4]
        runs = []
        for host in hosts:
            w.at(host)
            runs.append(subprocess.Popen(
                [w.program("awsfedctl"), "refresh"], env=w.env,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, preexec_fn=w._preexec(True)))
        said = [p.communicate(timeout=120)[0] for p in runs]
        # 5: a busy machine's network failed for a while.
        if any(p.returncode not in (0, 5) for p in runs):
            tap.ok(False, "round %d on %s" % (i, hosts), *said)
        renewed += sum(text.count(b" fresh until ") for text in said)
    watcher.go = False
    watcher.join()
    tap.ok(renewed >= 100 and watcher.looks > 20,
           "%d renewals, looked at %d times" % (renewed, watcher.looks))
    tap.equal(watcher.bad, [], "no end of any section ever moved back")
    tap.equal(len(ends(w)), len(NAMES), "every section is there")
    file = w.credentials()
    for host in "ab":
        def same():
            # Of one second are as good as each other.
            return all(w.keys(host, n).get("Expiration") ==
                       file[n]["x_security_token_expires"]
                       for n in NAMES[:3])
        w.wait(same, "%s to serve what the file says" % host)
        tap.ok(True, "%s serves what the file says" % host)


def late(w):
    """A write that was held up comes after a fresher one of the other's."""
    lock = os.path.join(w.home, ".aws/.credentials.awsfed-lock")
    w.forward(300)
    with open(lock, "r+b") as f:
        fcntl.fcntl(f, F_OFD_SETLK,
                    struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        r = w.at("b").ctl("refresh", "p0")
        tap.ok("lock" in r.err or r.rc != 0, "b cannot write", r)
        held = w.status("p0")["profiles"][0]
    w.forward(30)
    r = w.at("a").ctl("refresh", "p0")
    fresh = w.credentials()["p0"]["aws_access_key_id"]
    tap.ok(r.rc == 0, "a writes fresher keys", r, held)
    w.forward(61)
    w.at("b")
    w.wait(lambda: w.keys("b", "p0").get("AccessKeyId") == fresh,
           "b to take them over")
    tap.equal(w.credentials()["p0"]["aws_access_key_id"], fresh,
              "b does not write its older ones")
    tap.ok("taken over" in w.log("agent-b"), "and says so once",
           w.log("agent-b")[-2000:])


def killed(w):
    """One that died and comes again adopts what the other left."""
    w.at("b").stop(w.agents["b"], 9)
    w.forward(200)
    w.at("a").ctl("refresh")
    w.up("b")
    file = w.credentials()
    tap.equal(w.keys("b", "p1")["AccessKeyId"],
              file["p1"]["aws_access_key_id"], "it begins with a's keys")


def logout(w):
    """A logout is about the file: the others let go, whoever wrote last."""
    w.at("b").ctl("logout", "p2")
    tap.ok("aws_access_key_id" not in w.credentials()["p2"],
           "b empties the section, with a's keys in it")

    def let_go():
        (p,) = w.at("a").status("p2")["profiles"]
        return p.get("kept") is not True
    w.wait(let_go, "a to see it", 20)
    w.forward(120)
    w.at("a").ctl("refresh")
    tap.ok("aws_access_key_id" not in w.credentials()["p2"],
           "a does not bring it back")
    tap.ok("aws_access_key_id" in w.credentials()["p3"],
           "the others go on")


def whole():
    with Home() as w:
        interleaved(w)
        late(w)
        killed(w)
        logout(w)


if libc.unshare(CLONE_NEWUTS) != 0:
    tap.skip_all("no UTS name space: run as root")
tap.run(whole)
