# SPDX-License-Identifier: Apache-2.0
"""What outlives the agent. The test is the service manager: it keeps the
descriptor that the agent stores, and hands it, or something worse, to the next
one."""

import array
import fcntl
import json
import os
import re
import signal
import socket
import struct
import sys

import harness
import tap
from harness import PASSWORD, USER, role

A, B, C = (role("111122223333", n) for n in "ABC")
SLOT = 4 << 20
SIZE = 2 * SLOT + 4096
SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
# Puts the descriptors where systemd would, and says whom they are for.
HAND = """import os, sys
fds = [os.dup(int(n)) for n in sys.argv[1].split(",") if n]
high = []
for fd in fds:
    os.dup2(fd, 200 + len(high)); high.append(200 + len(high))
os.closerange(3, 200)
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i, inheritable=True); os.close(fd)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


class Manager:
    """The part of systemd that an agent sees."""

    def __init__(self, w):
        self.w = w
        self.path = os.path.join(w.base, "run/notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        w.own(self.path, 0o600)
        self.socket.setblocking(False)
        self.fd = None
        self.said = []
        self.stored = self.removed = 0

    def listen(self):
        """Takes in what the agent has said since."""
        while True:
            try:
                text, data, _flags, _from = self.socket.recvmsg(
                    65536, socket.CMSG_SPACE(16))
            except BlockingIOError:
                return
            fds = array.array("i")
            for level, kind, value in data:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds.frombytes(value)
            text = text.decode()
            self.said.append(text)
            if "FDSTOREREMOVE=1" in text:
                self.removed += 1
                self.drop()
            elif "FDSTORE=1" in text:
                self.stored += 1
                self.drop()
                self.fd = fds[0]

    def drop(self):
        if self.fd is not None:
            os.close(self.fd)
        self.fd = None

    def start(self, fds=None, names="awsfed-state"):
        w = self.w
        self.listen()
        if fds is None:
            fds = [] if self.fd is None else [self.fd]
        env = dict(w.env, NOTIFY_SOCKET=self.path)
        argv = [w.program("awsfedd"), "--foreground"]
        if fds:
            env.update(LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=names)
            argv = [sys.executable, "-c", HAND,
                    ",".join(map(str, fds))] + argv
        w.agent = w.spawn(argv, "awsfedd", env=env, pass_fds=fds)
        w.wait(w._listening, "the agent to listen", 20)

    def kill(self):
        self.w.agent.send_signal(signal.SIGKILL)
        self.w.agent.wait()
        self.listen()

    def bytes(self):
        self.listen()
        return os.pread(self.fd, SIZE, 0)

    def payload(self):
        """The newest whole slot, as the agent would have it."""
        data = self.bytes()
        best = (0, None)
        for at in (0, SLOT):
            version, length, generation = struct.unpack_from("<IIQ", data,
                                                             at + 8)
            if data[at:at + 8] == b"awsfed\0S" and version == 1 and \
                    generation > best[0]:
                best = (generation, data[at + 32:at + 32 + length])
        return best[1]

    def close(self):
        self.drop()
        self.socket.close()


class Bed:
    def __init__(self, **settings):
        self.settings = settings

    def __enter__(self):
        self.w = harness.World(agent=False, settings=self.settings)
        self.m = Manager(self.w)
        return self.w, self.m

    def __exit__(self, *how):
        self.w.__exit__(*how)
        self.m.close()


def two(w):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(x) for x in (A, B, C)])
    w.profile("a", role=A, reload=False)
    w.profile("b", role=B, reload=False, awsfed__deliver="none")


def keys(w, name):
    r = w.ctl("credential-process", name)
    return json.loads(r.out)["AccessKeyId"] if r.rc == 0 else r


def lines(w, text):
    return [x for x in w.log().splitlines() if text in x]


def restart():
    with Bed() as (w, m):
        two(w)
        m.start()
        r = w.login("a", "b")
        tap.equal(r.rc, 0, "login")
        data = m.bytes()
        tap.equal(m.stored, 1, "the memory file is stored once")
        tap.equal(fcntl.fcntl(m.fd, fcntl.F_GET_SEALS) & 0x1f, SEALS,
                  "sealed against growing and shrinking")
        tap.equal(os.fstat(m.fd).st_mode & 0o777, 0o600, "for nobody else")
        tap.ok(PASSWORD.encode() not in data, "there is no password in it")
        token = w.credentials()["a"]["aws_session_token"].encode()
        tap.ok(token in data and b"MSISAuth" in data,
               "but keys and cookies, when login returns")
        before, had = w.sim.counters(), (keys(w, "a"), keys(w, "b"))
        m.kill()
        m.start()
        tap.equal(w.states(), {"a": "fresh", "b": "fresh"},
                  "after kill -9 both are fresh")
        tap.equal((keys(w, "a"), keys(w, "b")), had, "with the same keys")
        tap.ok(lines(w, "taken over from before the restart: 2 profiles, 1"),
               "a line says so", w.log())
        kept = {p["profile"]: p["kept"] for p in w.status()["profiles"]}
        tap.equal(kept, {"a": True, "b": True}, "and both are kept")
        tap.equal(w.ctl("refresh", "a", "b").rc, 0,
                  "they are renewed when asked")
        tap.equal(w.sim.since(before).get("password_posts", 0), 0,
                  "without a password")
        m.listen()
        tap.equal((m.stored, m.removed), (1, 0), "nothing is stored anew")

        # A stop that is asked for keeps it too.
        w.stop_agent()
        m.start()
        tap.equal(w.states(), {"a": "fresh", "b": "fresh"},
                  "after a stop and a start")
        w.ctl("logout", "b")
        w.wait(lambda: had[1].encode() not in m.bytes(), "b to go from it")
        tap.ok(True, "what was logged out of is wiped from both slots")
        m.kill()
        m.start()
        tap.ok(w.ctl("credential-process", "b").rc != 0,
               "and does not come back")
        tap.equal(w.sim.since(before).get("password_posts", 0), 0,
                  "all that with the one password")


def changed_meanwhile():
    with Bed() as (w, m):
        two(w)
        w.profile("c", role=C, reload=False)
        m.start()
        tap.equal(w.login("a", "b", "c").rc, 0, "login")
        old_b = keys(w, "b")
        m.kill()
        text = w.read(w.config_file).decode()
        w.write(w.config_file, re.sub(
            r"\[profile a\](.|\n)*?\n\n", "", text).replace(B, C))
        w.write(w.credentials_file, "")
        m.start()
        states = w.states()
        tap.ok("a" not in states, "a profile that is gone is dropped", states)
        tap.ok(keys(w, "c").startswith("ASIA"), "one that stayed came back")
        kept = {p["profile"]: p["kept"] for p in w.status()["profiles"]}
        tap.ok(not kept["c"], "its section was taken out meanwhile: it is "
               "kept no more", kept)
        tap.ok(old_b not in (keys(w, "b"), None),
               "one with another role is not served with the old one's keys")
        tap.ok(lines(w, "left behind: 2"), "a line counts what was dropped",
               lines(w, "taken over"))


def damage(change, text):
    def case():
        with Bed() as (w, m):
            two(w)
            m.start()
            tap.equal(w.login("a", "b").rc, 0, "login")
            m.kill()
            data = bytearray(m.bytes())
            at = 0 if data[0] else SLOT
            change(data, at)
            os.pwrite(m.fd, data[at:at + 65536], at)
            m.start()
            # It listens before it looks at what it was handed.
            tap.equal(w.ctl("status").rc, 0, "the agent goes on")
            said = lines(w, "the state from before the restart is dropped")
            tap.ok(len(said) == 1 and text in said[0],
                   "%s: dropped with a line" % text, *said)
            m.listen()
            tap.equal((m.removed, m.stored), (1, 2),
                      "the store has a new one in its place")
            tap.equal(w.states()["a"], "fresh",
                      "what the credentials file has is good still")
    case.__name__ = text.replace(" ", "_")
    return case


def flip(data, at):
    data[at + 32 + 100] ^= 0x10


def version(data, at):
    data[at + 8] ^= 2


def cut(data, at):
    data[at + 1000:at + 65536] = bytes(len(data[at + 1000:at + 65536]))


def memory(name="awsfed-state", size=SIZE, seals=SEALS):
    fd = os.memfd_create(name, os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.ftruncate(fd, size)
    os.fchown(fd, harness.NOBODY, harness.NOBODY)
    if seals:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


def hostile():
    with Bed() as (w, m):
        two(w)
        bad = {
            "a device": os.open("/dev/zero", os.O_RDWR),
            "a pipe": os.pipe()[0],
            "a folder": os.open("/", os.O_RDONLY),
            "a huge file": memory(size=SIZE << 16),
            "one without seals": memory(seals=0),
            "another's name": memory("other"),
            "a socket": socket.socket(socket.AF_UNIX).detach(),
        }
        if os.getuid() == 0 and w.uid is not None:
            bad["root's"] = memory()
            os.fchown(bad["root's"], 0, 0)
        for name, fd in bad.items():
            before = len(lines(w, "is dropped")) if "awsfedd" in w.logs else 0
            m.start([fd])
            up = w.ctl("status").rc
            said = lines(w, "the state from before the restart is dropped")
            tap.ok(len(said) == before + 1 and up == 0,
                   name + ": dropped with a line, and the agent goes on",
                   *said[before:])
            m.kill()
            os.close(fd)
        # Rubbish of the right shape.
        fd = memory()
        os.pwrite(fd, os.urandom(4096), 0)
        m.start([fd])
        tap.equal(w.ctl("status").rc, 0, "noise: the agent goes on")
        m.kill()
        # Twice, and under names that nobody knows.
        m.start([fd, fd, fd], names="awsfed-state:awsfed-state:x")
        w.ctl("status")
        tap.ok(lines(w, "is there twice") and
               lines(w, 'handed over as "x"'), "surplus ones are refused")
        w.stop_agent()
        os.close(fd)


def settings():
    with Bed(keep_across_restart="credentials") as (w, m):
        two(w)
        m.start()
        tap.equal(w.login("a", "b").rc, 0, "login")
        data = m.bytes()
        key = keys(w, "b")
        tap.ok(key.encode() in data and b"MSISAuth" not in data,
               "credentials: keys are stored, cookies are not")
        m.kill()
        m.start()
        tap.equal(keys(w, "b"), key, "they come back")
        fd = os.dup(m.fd)
        w.settings(keep_across_restart="none")
        w.ctl("reload")
        w.wait(lambda: not any(os.pread(fd, SIZE, 0)), "the file to be wiped")
        m.listen()
        tap.equal(m.removed, 1, "none: wiped and taken out of the store")
        w.ctl("refresh", "a")
        m.listen()
        tap.equal(m.stored, 1, "and nothing is stored from then on")
        os.close(fd)


harness.need()
tap.run(restart, changed_meanwhile, damage(flip, "is damaged"),
        damage(version, "was written by another version"),
        damage(cut, "is damaged"), hostile, settings)
