# SPDX-License-Identifier: Apache-2.0
"""Runs crash-act under strace(1), with a fault at one of its system calls.

A scenario has a folder that is made anew for each run, an act, and what must
be true of the folder afterwards, however the act ended.
"""

import os
import re
import shutil
import stat
import subprocess
import tempfile
import time

import tap

ACT = os.path.join(tap.builddir(), "tests/proof/crash-act")
_FOLDER = tempfile.TemporaryDirectory(prefix="awsfed-crash-", dir="/tmp")
STRACE = "/usr/bin/strace"
# LeakSanitizer wants ptrace(2) for itself.
ENV = dict(os.environ, ASAN_OPTIONS="detect_leaks=0:"
           + os.environ.get("ASAN_OPTIONS", ""), LC_ALL="C.UTF-8")
CALL = re.compile(r"^(\w+)\((.*)$")
LOCK_WAIT = 4  # seconds; a lock that is stuck takes 5


def need():
    global ACT
    if not os.access(STRACE, os.X_OK):
        tap.skip_all("strace is not installed (package strace)")
    if subprocess.run([STRACE, "-qq", "-o", "/dev/null", "/bin/true"],
                      capture_output=True).returncode != 0:
        tap.skip_all("nobody may trace here (ptrace(2) is forbidden)")
    if not os.access(ACT, os.X_OK):
        print("Bail out! tests/proof/crash-act was not built")
        raise SystemExit(1)
    # A copy: a build meanwhile is nothing to us.
    ACT = shutil.copy2(ACT, _FOLDER.name)


class Call:
    """The k-th call of that name, and how strace showed it."""

    def __init__(self, name, k, line):
        self.name, self.k, self.line = name, k, line

    def __str__(self):
        return "%s no. %d: %s" % (self.name, self.k, self.line[:120])

    def fails(self):
        return " = -1 " in self.line


def marked(line, mark):
    return mark in line or "".join("\\x%02x" % ord(c) for c in mark) in line


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


class Scenario:
    """PATH stands for the target in `act`; `before` is its old content, None
    for a file that is not there yet."""

    target = "credentials"
    again = None  # another act that has to repair things; else the same

    def __init__(self, name, act, before, flags=(), mode=0o600, link=False,
                 parent="", ours=(), **kw):
        self.name, self.act, self.before = name, act, before
        self.flags, self.mode, self.link = list(flags), mode, link
        self.ours = set(ours)  # what may stay beside it
        self.parent = parent
        self.__dict__.update(kw)
        self.base = tempfile.mkdtemp(prefix="awsfed-crash-", dir="/tmp")
        self.dir = os.path.join(self.base, "d", parent).rstrip("/")
        self.after = None
        self.torn = 0  # how often it was neither, until the next start

    def close(self):
        shutil.rmtree(self.base, ignore_errors=True)

    # -- the folder ---------------------------------------------------------
    def path(self):
        """As the agent knows it."""
        return os.path.join(self.base, "link") if self.link else self.real()

    def real(self):
        return os.path.join(self.dir, self.target)

    def start(self):
        """{name: content} below base/d, and the folders there."""
        name = os.path.join(self.parent, self.target).lstrip("/")
        if self.before is None:
            return {}, [""]
        return {name: self.before}, [""] + ([self.parent] if self.parent
                                            else [])

    def found(self, world):
        """What the power failure left, {name: (content, mode)}."""
        shutil.rmtree(os.path.join(self.base, "d"), ignore_errors=True)
        os.makedirs(self.dir, 0o700)
        for name, (data, mode) in world.items():
            path = os.path.join(self.base, "d", name)
            with open(path, "wb") as f:
                f.write(data)
            os.chmod(path, mode)

    def fresh(self):
        shutil.rmtree(os.path.join(self.base, "d"), ignore_errors=True)
        os.makedirs(os.path.join(self.base, "d"), 0o700)
        if self.before is not None:
            os.makedirs(self.dir, 0o700, exist_ok=True)
            with open(self.real(), "wb") as f:
                f.write(self.before)
            os.chmod(self.real(), self.mode)
            os.utime(self.real(), (1700000000, 1700000000))
        if self.link and not os.path.lexists(self.path()):
            os.symlink("d/" + self.target, self.path())

    def files(self):
        try:
            return {n for n in os.listdir(self.dir)}
        except FileNotFoundError:
            return set()

    def leftovers(self):
        return self.files() - {self.target, ".%s.awsfed-lock" % self.target} \
            - self.ours

    # -- running it ---------------------------------------------------------
    def command(self, flags=None, act=None):
        flags = self.flags if flags is None else flags
        return [ACT, *flags, *(a.replace("PATH", self.path())
                               for a in act or self.act)]

    def run(self, *inject, log="/dev/null", more=(), flags=None, act=None,
            trace="all"):
        args = [STRACE, "-qq", "-o", log, "-e", "trace=" + trace, *more]
        for i in inject:
            args += ["-e", "inject=" + i]
        return subprocess.run(args + self.command(flags, act),
                              capture_output=True, text=True, timeout=60,
                              env=ENV)

    def plain(self, flags=None, act=None):
        return subprocess.run(self.command(flags, act), capture_output=True,
                              text=True, timeout=60, env=ENV)

    def calls(self, more=(), flags=None):
        """The system calls of the act when nothing goes wrong."""
        self.fresh()
        log = os.path.join(self.base, "log")
        done = self.run(log=log, more=more, flags=flags)
        if done.returncode != 0:
            raise RuntimeError("%s: %s" % (self.name, done.stderr))
        self.after = read(self.real())
        seen, inside, out = {}, False, []
        with open(log, encoding="utf-8", errors="replace") as f:
            for line in f:
                m = CALL.match(line)
                if m is None:
                    continue
                name = m.group(1)
                seen[name] = seen.get(name, 0) + 1
                if inside:
                    out.append(Call(name, seen[name], line.rstrip()))
                if marked(line, "/crash-begin"):
                    inside = True
                if marked(line, "/crash-end"):
                    break
        return out

    def trace(self, flags=None):
        """The same as powerloss.py reads them."""
        return [c.line for c in self.calls(
            ("-xx", "-s", "1000000"),
            None if flags is None else self.flags + flags)]

    # -- what must be true --------------------------------------------------
    def whole(self):
        """None, or what is wrong with the file as it is now."""
        now = read(self.real())
        if now not in (self.before, self.after):
            # In place there is a moment when it is neither; then both are
            # beside it.
            if "-i" not in self.flags or not self.noted():
                return "neither old nor new: %r" % now
            self.torn += 1
        return self.private()

    def is_new(self):
        return read(self.real()) == self.after

    def noted(self):
        both = (self.before or b"") + self.after
        return any(".awsfed-redo." in n and
                   read(os.path.join(self.dir, n)).endswith(both)
                   for n in self.files())

    def private(self):
        for name in self.files():
            st = os.lstat(os.path.join(self.dir, name))
            if st.st_uid != os.geteuid():
                return "%s changed hands" % name
            # What was there may be what it was, under any name of ours.
            path = os.path.join(self.dir, name)
            if stat.S_IMODE(st.st_mode) & 0o077 and not (
                    stat.S_IMODE(st.st_mode) == self.mode
                    and read(path) == self.before):
                return "%s may be read by others" % name
        return None

    def repaired(self):
        """Does the next run end with the new file, and nothing beside it?"""
        for name in self.files():
            if name.endswith(".tmp"):
                # Copies of ours go when they are a minute old.
                os.utime(os.path.join(self.dir, name), (0, 0))
        start = time.monotonic()
        done = self.plain(self.next_flags(), self.again)
        if done.returncode != 0:
            return "the next run failed: " + done.stderr
        if time.monotonic() - start > LOCK_WAIT:
            return "the lock was stuck"
        if read(self.real()) != self.after:
            return "the next run made %r" % read(self.real())
        if self.leftovers():
            return "left behind: %s" % sorted(self.leftovers())
        return None

    def next_flags(self):
        """Somebody else's version has come already."""
        out, skip = [], False
        for f in self.flags:
            if f == "-u":
                skip = True
            elif skip:
                skip = False
            else:
                out.append(f)
        return out

    def check(self):
        return self.whole() or self.repaired()


def killed(done):
    """Did strace see its program die of SIGKILL?"""
    return done.returncode == -9 or done.returncode == 137


def kill_everywhere(scn, calls):
    """Killed before each call took effect; the one before it has. Returns how
    many points there were and what went wrong."""
    points, bad = 0, []
    for call in calls:
        scn.fresh()
        done = scn.run("%s:signal=KILL:when=%d" % (call.name, call.k),
                       trace=call.name)
        if not killed(done):
            bad.append("%s: not killed (%d) %s" % (call, done.returncode,
                                                   done.stderr))
            continue
        points += 1
        wrong = scn.check()
        if wrong:
            bad.append("%s: %s" % (call, wrong))
    return points, bad


def kill_in_writes(scn, step):
    """Killed when so many bytes had reached the file."""
    points, bad = 0, []
    for n in range(1, 100000, step):
        scn.fresh()
        done = scn.plain(["-k", str(n), *scn.flags])
        if not killed(done):
            break
        points += 1
        wrong = scn.check()
        if wrong:
            bad.append("%d bytes: %s" % (n, wrong))
    return points, bad
