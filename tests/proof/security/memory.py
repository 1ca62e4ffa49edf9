# SPDX-License-Identifier: Apache-2.0
"""Secrets in the memory of agent and client.

Every readable mapping of the process (heap, stacks, freed blocks, libraries'
buffers) is searched for a marker password, the cookies of the sign-in, the
assertion and the keys of the role: the client's when it is about to end, with
all it ever held behind it; the agent's after a login, a refresh and a logout.
So is a core of the agent that root forces (gcore): signed in, and after the
logout.
"""

import base64
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", n) for n in ("system", "tools")]

import harness  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402
from harness import USER, role  # noqa: E402

PASSWORD = "Marker-7Qx2-hunter-Zb81"
A, B = (role("111122223333", n) for n in ("MemoryA", "MemoryB"))
PTRACE_CONT, PTRACE_SEIZE = 7, 0x4206
TRACE_EXEC, TRACE_EXIT = 0x10, 0x40
EVENT_EXIT = 6
WALL = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                        ctypes.c_void_p]

if os.getuid() != 0:
    tap.skip_all("only root may read the memory of what is not dumpable")
harness.need()


# -- memory ------------------------------------------------------------------

def mappings(pid):
    """(name, bytes) of each mapping that can be read."""
    with open("/proc/%d/maps" % pid, encoding="utf-8") as f:
        lines = f.read().splitlines()
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as mem:
        for line in lines:
            span, mode, rest = line.split(None, 2)
            name = rest.split(None, 3)[3] if rest.count(" ") > 3 else ""
            if mode[0] != "r" or name.strip() in ("[vvar]", "[vsyscall]"):
                continue
            start, end = (int(x, 16) for x in span.split("-"))
            data = b""
            while start < end:
                try:
                    mem.seek(start)
                    piece = mem.read(min(end - start, 1 << 22))
                except OSError:
                    break
                if not piece:
                    break
                data += piece
                start += len(piece)
            yield name.strip() or "anonymous", data


def copies(pid, needles):
    """name of a needle -> where it was found."""
    found = {}
    for where, data in mappings(pid):
        for name, needle in needles.items():
            for _ in range(data.count(needle)):
                found.setdefault(name, []).append(where)
    return found


def cookies_in(pid):
    """Values of the sign-in's cookies, as the agent keeps them."""
    values = set()
    for _, data in mappings(pid):
        for m in re.finditer(
                rb"MSIS\w+(?:\\t|\t)([A-Za-z0-9+/=%_.-]{16,})", data):
            values.add(m.group(1))
    return values


def spread(text):
    """The ways a secret may be written: as it is, escaped for a form, as
    base 64 begins with it."""
    raw = text.encode()
    return {"": raw,
            " in base 64": base64.b64encode(raw).rstrip(b"=")[:-1],
            " in UTF-16": text.encode("utf-16-le")}


def needles(**secrets):
    out = {}
    for name, text in secrets.items():
        for how, data in spread(text).items():
            out[name + how] = data
    return out


ASSERTION = {
    "the assertion": b"<samlp:Response",
    "the assertion in base 64": base64.b64encode(b"<samlp:Response")[:-1],
    "a part of the assertion": b"SAML:2.0:assertion\" ",
}


# -- the client, at its end ---------------------------------------------------

def watch_exit(pid, report, image):
    """In a process of its own: stops `pid` when it is about to end, writes
    what was found in it, and keeps all of its memory in the file `image`."""
    found, stopped = {}, False
    if libc.ptrace(PTRACE_SEIZE, pid, None, TRACE_EXIT) != 0:
        os.write(report, json.dumps({"error": ctypes.get_errno()}).encode())
        os._exit(1)
    os.write(report, b"\n")
    while True:
        _, status = os.waitpid(pid, WALL)
        if not os.WIFSTOPPED(status):
            break
        event, sig = status >> 16, os.WSTOPSIG(status)
        if event == EVENT_EXIT:
            found = copies(pid, needles(password=PASSWORD))
            with open(image, "wb") as f:
                for _, data in mappings(pid):
                    f.write(data)
            stopped = True
        libc.ptrace(PTRACE_CONT, pid, None, 0 if event else sig)
    os.write(report, json.dumps({"found": found,
                                 "stopped": stopped}).encode())
    os._exit(0)


class Watched:
    """Watches the client that is started next for its end."""

    def __init__(self, w):
        self.w, self.tracer, self.report = w, None, None
        self.image = os.path.join(w.base, "client-image")

    def client(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                exe = os.readlink("/proc/%s/exe" % pid)
            except OSError:
                continue
            if exe == self.w.program("awsfedctl"):
                return int(pid)
        return None

    def show(self, text):
        """Called with what the client says: at the prompt it is there."""
        if self.tracer is not None or "assword" not in text:
            return
        pid = self.client()
        read, write = os.pipe()
        self.tracer = os.fork()
        if self.tracer == 0:
            os.close(read)
            signal.alarm(60)
            watch_exit(pid, write, self.image)
        os.close(write)
        self.report = os.fdopen(read, "rb")
        self.report.readline()

    def result(self):
        if self.report is None:
            return {"error": "the prompt was not seen"}
        text = self.report.read()
        self.report.close()
        os.waitpid(self.tracer, 0)
        return json.loads(text or b"{}")


def status_of(pid, *names):
    with open("/proc/%d/status" % pid, encoding="utf-8") as f:
        fields = dict(line.split(":", 1) for line in f.read().splitlines())
    return [fields[n].split()[0] for n in names]


def limits_of(pid):
    with open("/proc/%d/limits" % pid, encoding="utf-8") as f:
        return {line[:25].strip(): line[25:].split()[:2]
                for line in f.read().splitlines()[1:]}


# -- the cases ----------------------------------------------------------------

def in_file(path, what):
    """The names of those of `what` that are in a file."""
    with open(path, "rb") as f:
        data = f.read()
    return [name for name, needle in what.items() if needle in data]


def forced_core(w, what, where, part):
    """A core that root forces: memory of secrets is left out of it."""
    if shutil.which("gcore") is None:
        tap.skip("a forced core, " + where, "gcore (gdb) is not installed")
        return
    base = os.path.join(w.base, "core")
    path = "%s.%d" % (base, w.agent.pid)
    r = subprocess.run(["gcore", "-o", base, str(w.agent.pid)], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       env=dict(os.environ, DEBUGINFOD_URLS=""), timeout=120)
    if not tap.ok(r.returncode == 0 and os.path.exists(path),
                  "a core of the agent is forced, " + where, r.stdout):
        return
    # The search finds what is there.
    tap.ok(in_file(path, {"a role": A.encode()}), "and holds the agent's heap")
    found = in_file(path, what)
    tap.ok(not found, "a forced core, %s: no copy of %d markers" % (
        where, len(what)), *found)
    part.row("a forced core of the agent, " + where, "%d of %d markers" % (
        len(found), len(what)), "none", not found, why="; ".join(found))
    os.unlink(path)


def say(found):
    return ["%s: %s" % (k, ", ".join(v)) for k, v in found.items()]


def nowhere(pid, what, where, part):
    found = copies(pid, what)
    tap.ok(not found, "%s: no copy of %d markers" % (where, len(what)),
           *say(found))
    part.row(where, "%d copies of %d markers" % (
        sum(map(len, found.values())), len(what)), "none", not found,
             why="; ".join(say(found)))


def life(part):
    with harness.World() as w:
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(x) for x in (A, B)])
        w.profile("a", role=A, adfs_config__adfs_user=USER)
        w.profile("b", role=B, adfs_config__adfs_user=USER)
        watched = Watched(w)
        got = w.login("a", "b", user=None, password=PASSWORD,
                      show=watched.show)
        tap.equal(got.rc, 0, "a login with the marker password")
        end = watched.result()
        tap.ok(end.get("stopped") and "error" not in end,
               "the client was stopped at its end", end)
        tap.ok(not end.get("found"),
               "the client at its end: no copy of the password",
               *say(end.get("found", {})))
        part.row("the client, stopped at its end, after a login",
                 "%d copies of the password" % sum(
                     map(len, end.get("found", {}).values())),
                 "none", "found" in end and not end["found"],
                 why="; ".join(say(end.get("found", {}))) or "not looked at")
        pid = w.agent.pid
        secret = needles(password=PASSWORD)
        nowhere(pid, dict(secret, **ASSERTION), "the agent after a login",
                part)
        keys = {}
        for p in "ab":
            section = w.credentials()[p]
            keys["secret key " + p] = \
                section["aws_secret_access_key"].encode()
            keys["token " + p] = section["aws_session_token"].encode()[:60]
        cookies = cookies_in(pid)
        held = {"cookie %d" % i: v for i, v in enumerate(sorted(cookies))}
        # The search finds what is there.
        tap.ok(cookies, "the agent holds the cookies of the sign-in")
        found = copies(pid, dict(keys, **held))
        tap.equal(sorted(found), sorted(dict(keys, **held)),
                  "and the search finds them, and the keys")
        forced_core(w, dict(secret, **keys, **held, **ASSERTION),
                    "signed in", part)
        # The client has not been told what the agent holds.
        tap.ok(in_file(watched.image, {"itself": b"awsfedctl"}),
               "the client's memory at its end was kept")
        found = in_file(watched.image, dict(keys, **held, **ASSERTION))
        tap.ok(not found, "the client at its end: no cookie, no key, no "
               "assertion", *found)
        part.row("the same client: cookies, keys, the assertion",
                 "%d copies" % len(found), "none", not found,
                 why="; ".join(found))
        os.unlink(watched.image)
        guarded(pid, part)
        tap.equal(w.ctl("refresh", "a", "b").rc, 0, "a refresh")
        cookies |= cookies_in(pid)
        for p in "ab":
            section = w.credentials()[p]
            keys["new secret key " + p] = \
                section["aws_secret_access_key"].encode()
            keys["new token " + p] = \
                section["aws_session_token"].encode()[:60]
        nowhere(pid, dict(secret, **ASSERTION), "the agent after a refresh",
                part)
        for p in "ab":
            r = w.ctl("credential-process", p)
            tap.equal(r.rc, 0, "the keys of %s are served" % p)
        old = {k: v for k, v in keys.items() if not k.startswith("new")}
        nowhere(pid, old, "the agent: keys that a refresh replaced", part)
        tap.equal(w.ctl("logout", "--all").rc, 0, "a logout")
        held = {"cookie %d" % i: v for i, v in enumerate(sorted(cookies))}
        nowhere(pid, dict(secret, **keys, **held, **ASSERTION),
                "the agent after a logout", part)
        forced_core(w, dict(secret, **keys, **held, **ASSERTION),
                    "after the logout", part)


def guarded(pid, part):
    """What keeps the agent's memory from others, while it holds cookies."""
    locked, umask = status_of(pid, "VmLck", "Umask")
    tap.ok(int(locked) > 0, "what it holds is locked: %s KiB" % locked)
    tap.equal(umask, "0077", "the agent's umask")
    owner = os.stat("/proc/%d/mem" % pid).st_uid
    tap.equal(owner, 0, "the agent is not dumpable: its memory is root's")
    core = limits_of(pid)["Max core file size"]
    tap.equal(core, ["0", "0"], "and leaves no core")
    part.row("the agent, signed in",
             "memory of user id %d, core %s, umask %s, %s KiB locked" % (
                 owner, core[1], umask, locked),
             "root's (not dumpable), 0, 0077, some", int(locked) > 0 and
             (umask, owner, core) == ("0077", 0, ["0", "0"]),
             why="see the test")


def main():
    part = proof.Part("memory", "Secrets in memory")
    if os.environ.get("AWSFED_INSTRUMENTED", "no") != "no":
        # Freed blocks lie in quarantine, where nobody wipes what ASan copied.
        tap.skip("memory", "a sanitizer keeps freed memory")
        return
    life(part)


tap.run(main)
