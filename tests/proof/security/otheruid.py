# SPDX-License-Identifier: Apache-2.0
"""Another user of the machine: at the agent's socket, in its place, and on the
way to it."""

import json
import os
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", n) for n in ("system", "tools")]

import harness  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402
from harness import PASSWORD, USER, role  # noqa: E402

A = role("111122223333", "Mine")
OTHER = 12345
PART = proof.Part("otheruid", "Another user of the machine")

if os.getuid() != 0:
    tap.skip_all("only root can be two other users")
harness.need()


def as_user(uid, fn):
    """fn() in a process of that user; what it returns, as JSON."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            answer = fn()
        except OSError as e:
            answer = type(e).__name__
        os.write(write, json.dumps(answer).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as f:
        text = f.read()
    os.waitpid(pid, 0)
    return json.loads(text)


def ask(path):
    """The answer of whoever listens there; "" when it hung up."""
    def call():
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(path)
            try:
                s.sendall(b'{"method":"io.awsfed.Control.Status",'
                          b'"parameters":{}}\0')
                return s.recv(65536).decode()
            except (BrokenPipeError, ConnectionResetError):
                return ""
    return call


def world(**more):
    w = harness.World(**more)
    w.sim.user(USER, password=PASSWORD, roles=[harness.pair(A)])
    w.profile("p", role=A, adfs_config__adfs_user=USER)
    return w


def knocking():
    with world() as w:
        tap.ok('"parameters"' in as_user(w.uid, ask(w.socket)),
               "its own user is answered")
        tap.equal(as_user(OTHER, ask(w.socket)), "PermissionError",
                  "another one does not reach the socket")
        # Nothing but SO_PEERCRED is left.
        run = os.path.dirname(w.socket)
        for path, mode in ((os.path.dirname(run), 0o755), (run, 0o755),
                           (w.socket, 0o666)):
            os.chmod(path, mode)
        seen = {}
        for uid in (OTHER, 0):
            before = w.log().count("another user was refused")
            got = as_user(uid, ask(w.socket))
            seen[uid] = "hung up on" if got == "" else "got %r" % got[:40]
            tap.equal(got, "", "user %d is hung up on, when modes are open"
                      % uid)
            w.wait(lambda: w.log().count("another user was refused") >
                   before, "the line in the log")
            tap.ok(True, "and the log says so")
        tap.ok('"parameters"' in as_user(w.uid, ask(w.socket)),
               "its own user is answered all the while")
        PART.row("a call by another user id, modes opened", ", ".join(
            "user %d %s" % x for x in seen.items()), "hung up on",
                 set(seen.values()) == {"hung up on"}, why="see the test")


def false_agent():
    """A socket of another user in the agent's place: nothing is sent."""
    with world(agent=False) as w:
        run = os.path.dirname(w.socket)
        w.own(run, 0o700, folder=True)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(w.socket)
            os.chmod(w.socket, 0o666)
            pid = os.fork()
            if pid == 0:
                os.setgid(OTHER)
                os.setuid(OTHER)
                server.listen(5)  # its credentials are those of now
                server.settimeout(20)
                got = 255   # nobody came
                try:
                    with server.accept()[0] as s:
                        s.settimeout(20)
                        got = len(s.recv(100))
                except OSError:
                    pass
                os._exit(got)
        end = time.monotonic() + 10
        r = w.ctl("status")
        while "belongs to user id" not in r.err and time.monotonic() < end:
            time.sleep(0.05)
            r = w.ctl("status")
        tap.ok(r.rc == 1 and "belongs to user id %d" % OTHER in r.err,
               "the client refuses an agent of another user", r)
        sent = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        tap.equal(sent, 0, "which was sent nothing")
        refused = r.rc == 1 and "belongs to user id %d" % OTHER in r.err
        PART.row("an agent of another user id at the client's socket",
                 "%s, %s" % ("refused" if refused else "exit code %d" % r.rc,
                             "nobody came" if sent == 255 else
                             "%d bytes sent" % sent),
                 "refused, 0 bytes sent", refused and sent == 0,
                 why="see the test")


# what is done to the folder above the socket's; is it refused
WAYS = (
    ("writable by everybody", lambda d: os.chmod(d, 0o777), True),
    ("another user's", lambda d: os.chown(d, OTHER, OTHER), True),
    ("sticky, as /tmp is", lambda d: os.chmod(d, 0o1777), False),
    ("root's", lambda d: (os.chown(d, 0, 0), os.chmod(d, 0o755)), False),
)


def way():
    for name, change, refused in WAYS:
        with world(agent=False) as w:
            above = os.path.join(w.base, "above")
            run = os.path.join(above, "run")
            w.own(above, 0o755, folder=True)
            w.own(run, 0o700, folder=True)
            where = {"AWSFED_SOCKET": os.path.join(run, "control")}
            w.socket = where["AWSFED_SOCKET"]
            change(above)
            agent = w.start_agent(wait=not refused, **where)
            if not refused:
                r = w.ctl("status", **where)
                tap.equal(r.rc, 0, "a folder on the way that is %s is fine"
                          % name)
                continue
            try:
                agent.wait(20)
            except Exception:
                pass
            first = agent.returncode not in (None, 0) and above in w.log()
            tap.ok(first, "the agent refuses a folder on the way that is %s"
                   % name, agent.returncode)
            w.children.remove(agent)
            # One that came up when the way was good still.
            os.chmod(above, 0o755)
            os.chown(above, w.uid, w.uid)
            w.start_agent(**where)
            change(above)
            if name == "another user's":
                os.chmod(above, 0o755)
            r = w.ctl("status", **where)
            second = r.rc == 1 and above in r.err and \
                "nothing was sent" in r.err
            tap.ok(second, "and so does the client, naming it: %s" % name, r)
            tap.ok("Next:" in r.err or "AWSFED_SOCKET" in r.err,
                   "with what to do: %s" % name, r)
            PART.row("a folder on the way that is " + name,
                     "%s by the agent, %s by the client" % tuple(
                         "refused" if x else "taken" for x in
                         (first, second)), "refused by both",
                     first and second, why="see the test")


tap.run(knocking, false_agent, way)
