# SPDX-License-Identifier: Apache-2.0
"""The worker's sandbox, seen from outside: a worker that runs, one whose agent
is killed, one in a kernel without Landlock; and when it enters.

What fails from inside, act by act, is tests/unit/test-sandbox.c; here its
count becomes a row."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", n) for n in ("system", "tools")]

import harness  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402
from harness import ASK_PASSWORD, PASSWORD, USER, role  # noqa: E402

A = role("111122223333", "Sandboxed")
# What a desktop may have set, and a worker must not see.
LOUD = {"SSLKEYLOGFILE": "/tmp/keys", "OPENSSL_CONF": "/tmp/x",
        "KRB5_TRACE": "/tmp/trace", "XML_CATALOG_FILES": "/tmp/x",
        "CURL_HOME": "/tmp", "GCONV_PATH": "/tmp", "MALLOC_TRACE": "/tmp/x",
        "SSL_CERT_FILE": "/tmp/x", "HOSTALIASES": "/tmp/x",
        "LOCALDOMAIN": "x", "RES_OPTIONS": "debug"}
INSTRUMENTED = os.environ.get("AWSFED_INSTRUMENTED", "no") != "no"
PART = proof.Part("sandbox", "The worker's sandbox")

# A program that hides landlock_create_ruleset (444) as a kernel does that was
# built without, and becomes the worker.
HIDING = """#!/usr/bin/python3 -I
import ctypes, os, struct
libc = ctypes.CDLL(None)
code = b"".join(struct.pack("HBBI", *i) for i in (
    (0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x00050000 | 38),
    (0x06, 0, 0, 0x7fff0000)))
text = ctypes.create_string_buffer(code)
program = struct.pack("H6xP", 4, ctypes.addressof(text))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, program, 0, 0) == 0
os.execv(%r, [%r])
"""

# The numbers of prctl and seccomp, where filters can be forbidden.
CALLS = {"x86_64": (157, 317), "aarch64": (167, 277), "riscv64": (167, 277)}
# The same for a place that lets nobody have a filter: PR_SET_SECCOMP (22) and
# seccomp get EPERM.
REFUSING = """#!/usr/bin/python3 -I
import ctypes, os, struct
libc = ctypes.CDLL(None)
code = b"".join(struct.pack("HBBI", *i) for i in (
    (0x20, 0, 0, 0), (0x15, 3, 0, %d), (0x15, 0, 3, %d), (0x20, 0, 0, 16),
    (0x15, 0, 1, 22), (0x06, 0, 0, 0x00050000 | 1), (0x06, 0, 0, 0x7fff0000)))
text = ctypes.create_string_buffer(code)
program = struct.pack("H6xP", 7, ctypes.addressof(text))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, program, 0, 0) == 0
os.execv(%r, [%r])
"""


def landlock():
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(444, None, 0, 1)


def field(pid, name):
    with open("/proc/%d/status" % pid, encoding="utf-8") as f:
        return re.search(r"^%s:\s*(\S+)" % name, f.read(), re.M).group(1)


def look(pid, agent):
    """What can be seen of a worker that waits for a password."""
    fds = {}
    for n in os.listdir("/proc/%d/fd" % pid):
        try:
            fds[int(n)] = os.readlink("/proc/%d/fd/%s" % (pid, n))
        except OSError:
            pass
    with open("/proc/%d/environ" % pid, "rb") as f:
        env = dict(x.split(b"=", 1) for x in f.read().split(b"\0") if b"=" in x)
    with open("/proc/%d/limits" % pid, encoding="utf-8") as f:
        limits = {x[:25].strip(): x[25:].split()[:2] for x in f}
    with open("/proc/%d/cmdline" % pid, "rb") as f:
        command = f.read()
    return {"nnp": field(pid, "NoNewPrivs"), "seccomp": field(pid, "Seccomp"),
            "parent": int(field(pid, "PPid")) == agent, "fds": fds,
            "env": {k.decode() for k in env}, "limits": limits,
            "command": command,
            "owner": os.stat("/proc/%d/mem" % pid).st_uid}


class AtPrompt:
    """Calls fn(pid) once, while the worker waits for the password."""

    def __init__(self, w, fn):
        self.w, self.fn, self.got, self.text = w, fn, None, ""

    def __call__(self, text):
        self.text += text
        if self.got is None and re.search(ASK_PASSWORD, self.text):
            pids = self.w.workers()
            self.got = self.fn(pids[0]) if len(pids) == 1 else {}


def world(**env):
    w = harness.World(agent=False)
    w.sim.user(USER, password=PASSWORD, roles=[harness.pair(A)])
    w.profile("p", role=A, adfs_config__adfs_user=USER, reload=False)
    w.start_agent(**env)
    return w


def running():
    with world(**LOUD) as w:
        watch = AtPrompt(w, lambda pid: look(pid, w.agent.pid))
        got = w.login("p", user=None, show=watch)
        tap.equal(got.rc, 0, "a sign-in through a sandboxed worker")
        seen = watch.got
        tap.ok(seen, "its worker was there at the prompt")
        tap.equal((seen["nnp"], seen["seccomp"]), ("1", "2"),
                  "no new privileges, and a filter of system calls")
        tap.ok(seen["parent"], "it is the agent's own child")
        if os.getuid() == 0:
            tap.equal(seen["owner"], 0, "and not dumpable")
        for limit in ("Max core file size",):
            tap.equal(seen["limits"][limit], ["0", "0"], limit)
        tap.ok(int(seen["limits"]["Max cpu time"][1]) <= 60, "Max cpu time")
        tap.ok(int(seen["limits"]["Max open files"][0]) <= 256,
               "Max open files")
        odd = {n: to for n, to in seen["fds"].items() if n > 3 and
               not re.match(r"socket:|anon_inode:|pipe:", to)}
        files = [to for n, to in seen["fds"].items() if n < 3 and not
                 re.match(r"/dev/null|pipe:|socket:", to)]
        tap.ok(not odd and not files and seen["fds"].get(3, "").startswith(
            "socket:"), "it has no file open", seen["fds"])
        bad = sorted(seen["env"] & set(LOUD))
        tap.ok(not bad, "nor a variable that makes a library talk", *bad)
        tap.ok(b"hunter" not in seen["command"] and
               seen["command"].count(b"\0") == 1, "nor an argument")
        tap.ok("no Landlock" not in w.log() or landlock() < 1,
               "and said nothing of a kernel without Landlock")
        core = seen["limits"]["Max core file size"]
        PART.row("a worker that waits for a password",
                 "NoNewPrivs %s, seccomp mode %s, core %s, %d descriptors of "
                 "which %d are files, %d loud variables" % (
                     seen["nnp"], seen["seccomp"], core[1], len(seen["fds"]),
                     len(odd) + len(files), len(bad)),
                 "1, 2 (a filter), 0, no file, none",
                 (seen["nnp"], seen["seccomp"], core) ==
                 ("1", "2", ["0", "0"]) and not (odd or files or bad),
                 why="see the test")


def orphan():
    """The agent is killed: so is its worker, and at once."""
    with world() as w:
        def kill(pid):
            w.agent.kill()
            w.agent.wait()
            end = time.monotonic() + 20
            while os.path.exists("/proc/%d" % pid):
                with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                        break
                if time.monotonic() > end:
                    return {"gone": False}
                time.sleep(0.01)
            return {"gone": True}

        watch = AtPrompt(w, kill)
        got = w.login("p", user=None, show=watch)
        tap.ok(got.rc != 0, "a login whose agent was killed fails")
        tap.ok((watch.got or {}).get("gone"), "its worker died with the agent")
        w.start_agent()


def old_kernel():
    """No Landlock: a line in the log, and all works."""
    with world() as w:
        real = w.program("awsfed-worker.real")
        os.rename(w.program("awsfed-worker"), real)
        w.write(w.program("awsfed-worker"), HIDING % (real, real), 0o755)
        watch = AtPrompt(w, lambda pid: {"pid": pid})
        got = w.login("p", user=None, show=watch)
        tap.equal(got.rc, 0, "a sign-in in a kernel without Landlock")
        said = w.log().count("the kernel has no Landlock")
        tap.equal(said, 1, "one line in the log says so")
        PART.row("a kernel without Landlock", "signs in, %d line in the log"
                 % said, "signs in, 1 line", got.rc == 0 and said == 1,
                 why="see the test")


def refused():
    """Filters are forbidden: nothing is done, and it is said why."""
    if os.uname().machine not in CALLS:
        tap.skip("a place without filters", "unknown machine")
        return
    prctl, seccomp = CALLS[os.uname().machine]
    with world() as w:
        real = w.program("awsfed-worker.real")
        os.rename(w.program("awsfed-worker"), real)
        w.write(w.program("awsfed-worker"),
                REFUSING % (seccomp, prctl, real, real), 0o755)
        before = w.sim.counters()
        got = w.login("p", user=None)
        tap.ok(got.rc != 0, "no sign-in where filters are forbidden", got)
        said = "cannot enter its sandbox (Operation not permitted)"
        tap.ok(said in got.all, "and the person is told why", got)
        tap.equal(w.sim.counters(), before,
                  "the identity provider was not called")
        PART.row("a place that forbids seccomp", "no sign-in, no request",
                 "no sign-in", got.rc != 0 and said in got.all,
                 why="see the test")


def reaching(w, what, **env):
    """A sign-in whose worker tries to call the agent; what came of it."""
    os.symlink(w.socket, os.path.join(w.home, "reach"))
    w.stop_agent()
    w.start_agent(AWSFED_TEST_PRELOAD="1", LD_PRELOAD=w.program("reach.so"))
    got = w.login("p", user=None, **env)
    tap.equal(got.rc, 0, "a sign-in with " + what)
    return sorted(set(re.findall(r"worker\[\d+\]: reach: (.*)", w.log())))


def neighbours():
    """A worker that was taken over calls the agent, as any program of its
    user can."""
    shim = os.path.join(tap.builddir(), "tests/tools/reach.so")
    if not os.path.exists(shim) or harness.VALGRIND:
        tap.skip("a worker that calls the agent", "under valgrind"
                 if harness.VALGRIND else "make check builds what it needs")
        return
    with world() as w:
        shutil.copy2(shim, w.program("reach.so"))
        said = reaching(w, "a worker that calls the agent")
        alone = "; ".join(said)
        bare = said == ["no socket: Address family not supported by protocol"]
        tap.ok(bare, "it has no Unix socket to do that", *said)
        tap.ok("our own worker" not in w.log(), "and the agent saw nothing")
    # The cache of tickets has a server (which is not there: the form is used).
    with world() as w:
        shutil.copy2(shim, w.program("reach.so"))
        said = reaching(w, "a worker that needs a socket", KRB5CCNAME="KCM:")
        new = landlock() >= 9
        tap.equal(said, ["no connection: Permission denied" if new else
                         "no answer: it was closed"],
                  "it has one, and is not served")
        tap.equal(w.log().count("a connection of our own worker"),
                  0 if new else 1, "which the agent's log says, once")
        tap.ok(new or "a Kerberos cache of KCM: this worker may use Unix "
               "sockets" in w.log(), "and why it had one")
        tap.equal(w.ctl("status").rc, 0, "the agent serves others as before")
    PART.row("a worker that calls the agent", "%s; where the job needs a "
             "socket: %s" % (alone, "; ".join(said)), "not served", bare and
             "an answer" not in " ".join(said), why="see the test")


def order():
    """The sandbox is there before the first thread and the network."""
    strace = shutil.which("strace")
    if strace is None or INSTRUMENTED:
        tap.skip("when it enters", "an instrumented build" if strace
                 else "strace is not installed")
        return
    with world() as w:
        real = w.program("awsfed-worker.real")
        trace = os.path.join(w.base, "home", "trace")
        os.rename(w.program("awsfed-worker"), real)
        w.write(w.program("awsfed-worker"), "#!/bin/sh\nexec %s -f -o %s -e "
                "trace=landlock_restrict_self,seccomp,clone,clone3,socket,"
                "connect,execve,prctl %s\n" % (strace, trace, real), 0o755)
        got = w.login("p", user=None)
        tap.ok(got.rc == 0, "a sign-in that is watched", got)
        calls = []
        for line in (w.read(trace) or b"").decode().splitlines():
            m = re.search(r"(\w+)\((.*)", line)
            if m and "SECCOMP_SET_MODE_STRICT" not in line and \
                    "GET_ACTION_AVAIL" not in line and \
                    "MODE_FILTER, NULL" not in line:
                calls.append((m.group(1), m.group(2)))
        names = [c[0] for c in calls]

        def first(name, text=""):
            for i, c in enumerate(calls):
                if c[0] == name and text in c[1]:
                    return i
            return len(calls)

        filtered = min(first("seccomp", "SET_MODE_FILTER, 0"),
                       first("prctl", "PR_SET_SECCOMP"))
        after = min(first("clone"), first("clone3"),
                    first("socket", "AF_INET"), first("connect"))
        tap.ok(filtered < after, "system calls are filtered before the "
               "network and any thread", *calls[:12])
        if landlock() >= 1:
            tap.ok(first("landlock_restrict_self") < filtered,
                   "and files, before that", *calls[:12])
        tap.equal(names.count("execve"), 1, "no program is run")


def acts():
    """The row of what was tried from inside."""
    if not proof.full():
        return
    out = subprocess.run(
        [os.path.join(tap.builddir(), "tests/unit/test-sandbox")],
        env=dict(os.environ, CMOCKA_MESSAGE_OUTPUT="STDOUT"),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    tap.equal(out.returncode, 0, "each act that is forbidden fails")
    tried = re.findall(r"(\d+) forbidden acts of (\d+)", out.stdout)
    broken = re.findall(r"\[  FAILED  \] (test_\w+)$", out.stdout, re.M)
    PART.row("forbidden acts tried from inside (sign-in, other job, no job, "
             "no Landlock)", ", ".join("%s of %s" % x for x in tried) + ": " +
             ("failed as they should" if out.returncode == 0 else
              "not as it should be: " + (", ".join(sorted(set(broken))) or
                                         "exit code %d" % out.returncode)),
             "all fail", out.returncode == 0 and len(tried) == 4,
             why="see tests/unit/test-sandbox")
    PART.row("the kernel's Landlock", "ABI %d" % landlock())


harness.need()
tap.run(running, orphan, old_kernel, refused, neighbours, order, acts)
