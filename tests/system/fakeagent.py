# SPDX-License-Identifier: Apache-2.0
"""For the client's tests: an agent that plays a script, a terminal, and TAP.

The agent answers each call with the next entry of its script and keeps what it
was asked, so a test can look at both ends of a conversation.
"""
import json
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time

import tap as _tap  # noqa: F401  (it lets interrupts arrive)

PROGRAM = os.path.join(os.environ.get("top_builddir", "build"), "awsfedctl")
SOURCE = os.environ.get("top_srcdir", ".")
IFACE = "io.awsfed.Control."
TIMEOUT = 20
NOW = time.time()  # one moment for all of a test program


class Tap:
    """Numbered results; a test that dies is a test that failed."""

    def __init__(self):
        self.tests = []

    def test(self, function):
        self.tests.append(function)
        return function

    def main(self):
        failed = 0
        print("1..%d" % len(self.tests), flush=True)
        for n, function in enumerate(self.tests, 1):
            name = (function.__doc__ or function.__name__).splitlines()[0]
            try:
                skip = function()
            except BaseException as e:  # noqa: any failure is a "not ok"
                if isinstance(e, KeyboardInterrupt):
                    raise
                failed += 1
                print("not ok %d - %s" % (n, name))
                for line in ("%s: %s" % (type(e).__name__, e)).splitlines():
                    print("#  ", line)
                tb = e.__traceback__
                while tb is not None:
                    print("#   at %s:%d" % (os.path.basename(
                        tb.tb_frame.f_code.co_filename), tb.tb_lineno))
                    tb = tb.tb_next
            else:
                print("ok %d - %s%s" % (n, name,
                      " # SKIP " + skip if skip else ""))
            sys.stdout.flush()
        sys.exit(1 if failed else 0)


def equal(got, want):
    if got != want:
        raise AssertionError("got  %r\nwant %r" % (got, want))


def has(text, part):
    if part not in text:
        raise AssertionError("%r\nis not in\n%s" % (part, text))


def lacks(text, part):
    if part in text:
        raise AssertionError("%r\nis in\n%s" % (part, text))


def error(name, **parameters):
    if "." not in name:
        name = IFACE + name
    return {"error": name, "parameters": parameters}


def fault(kind, text, **more):
    return error("Fault", kind=kind, text=text, **more)


def ask(kind, name, label, ident="q1", **more):
    question = dict(id=ident, kind=kind, name=name, label=label, **more)
    return {"login": "l1", "step": {"kind": "ask", "question": question}}


def step(kind, **more):
    return {"login": "l1", "step": dict(kind=kind, **more)}


def done(profiles, **more):
    more.setdefault("passwords", 0)
    more.setdefault("pushes", 0)
    return step("done", profiles=profiles, **more)


def stamp(seconds):
    """A moment from now, as the protocol writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ",
                         time.gmtime(NOW + seconds))


def clock(seconds):
    """The same moment as the client shows it (tests run in UTC)."""
    return time.strftime("%H:%M", time.gmtime(NOW + seconds))


class Agent:
    """with Agent([reply, ...]) as a: run(...); a.calls

    A reply is a dict of parameters, a whole reply (with "error"), bytes sent
    as they are, None (the connection is closed), or a function of the call
    that returns one of those.  HANG keeps the caller waiting.
    """
    HANG = object()

    def __init__(self, script, home=None):
        self.script = list(script)
        self.calls = []
        self.dir = tempfile.mkdtemp(prefix="awsfed-", dir="/tmp")
        os.chmod(self.dir, 0o700)
        self.path = os.path.join(self.dir, "s")
        self.home = home or self.dir
        self.lock = threading.Lock()
        self.stopping = False
        self.changed = threading.Condition(self.lock)
        self.closed = 0
        self.error = None

    def __enter__(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.threads = []
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()
        return self

    def __exit__(self, kind, value, tb):
        self.stopping = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        if kind is None and self.error is not None:
            raise AssertionError("fake agent: %s" % self.error)

    def accept(self):
        while not self.stopping:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            t = threading.Thread(target=self.serve, args=(peer,), daemon=True)
            t.start()
            self.threads.append(t)

    def next_reply(self, call):
        with self.changed:
            self.calls.append(call)
            self.changed.notify_all()
            if not self.script:
                self.error = "unexpected call %s" % call.get("method")
                return None
            reply = self.script.pop(0)
        return reply(call) if callable(reply) else reply

    def serve(self, peer):
        data = b""
        with peer:
            while True:
                try:
                    chunk = peer.recv(65536)
                except OSError:
                    chunk = b""
                if not chunk:
                    break
                data += chunk
                while b"\0" in data:
                    text, data = data.split(b"\0", 1)
                    reply = self.next_reply(json.loads(text))
                    if reply is None:
                        return
                    if reply is Agent.HANG:
                        continue
                    if isinstance(reply, dict):
                        if "error" not in reply:
                            reply = {"parameters": reply}
                        reply = json.dumps(reply).encode() + b"\0"
                    try:
                        peer.sendall(reply)
                    except OSError:
                        break
        with self.changed:
            self.closed += 1
            self.changed.notify_all()

    def wait_calls(self, n):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.calls) >= n,
                                         TIMEOUT):
                raise AssertionError("only %d of %d calls came" %
                                     (len(self.calls), n))

    def methods(self):
        return [c["method"].replace(IFACE, "") for c in self.calls]


def environment(agent=None, **more):
    keep = {k: v for k, v in os.environ.items()
            if k.startswith(("ASAN_", "UBSAN_", "LSAN_"))}
    home = agent.home if agent else "/nonexistent"
    env = dict(keep, HOME=home, PATH="/usr/bin:/bin", TZ="UTC",
               LC_ALL="C.UTF-8", TERM="xterm")
    if agent:
        env["AWSFED_SOCKET"] = agent.path
    env.update({k: v for k, v in more.items() if v is not None})
    return env


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


def run(agent, *args, env=None, stdin=b"", program=PROGRAM):
    """The client without a terminal: its own session, pipes."""
    p = subprocess.run([program, *args], input=stdin, capture_output=True,
                       timeout=TIMEOUT, start_new_session=True,
                       env=environment(agent, **(env or {})))
    return Result(p.returncode, p.stdout.decode(), p.stderr.decode())


def job_shell(argv, env):
    """What a shell does with a job, as far as Ctrl-Z and fg need it."""
    tty = os.open("/dev/tty", os.O_RDWR)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(tty, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.close(tty)
        os.execve(argv[0], argv, env)
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        os.tcsetpgrp(tty, os.getpgrp())
        if not os.WIFSTOPPED(status):
            code = os.waitstatus_to_exitcode(status)
            os.write(tty, b"shell: %d\n" % code)
            os._exit(code)
        os.write(tty, b"shell: stopped\n")
        os.read(tty, 100)
        os.tcsetpgrp(tty, pid)
        os.killpg(pid, signal.SIGCONT)


class Terminal:
    """The client on a terminal of its own, with stdout and stderr piped.

    screen is what the terminal showed; out and err are complete after wait().
    """

    def __init__(self, agent, *args, env=None, both=False, shell=False):
        self.screen = ""
        out_r, out_w = os.pipe()
        err_r, err_w = os.pipe()
        full = environment(agent, **(env or {}))
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            if not both:
                os.dup2(out_w, 1)
                os.dup2(err_w, 2)
            for fd in (out_r, out_w, err_r, err_w):
                os.close(fd)
            if shell:
                job_shell([PROGRAM, *args], full)
            os.execve(PROGRAM, [PROGRAM, *args], full)
        os.close(out_w)
        os.close(err_w)
        self.pipes = (out_r, err_r)
        self.mark = 0

    def expect(self, text):
        """Waits until text comes after what was expected before."""
        until = time.monotonic() + TIMEOUT
        while self.screen.find(text, self.mark) < 0:
            left = until - time.monotonic()
            ready = left > 0 and select.select([self.master], [], [], left)[0]
            data = b""
            if ready:
                try:
                    data = os.read(self.master, 65536)
                except OSError:
                    pass
            if not data:
                raise AssertionError("%r did not come; the terminal shows\n%s"
                                     % (text, self.screen[self.mark:]))
            self.screen += data.decode(errors="replace")
        self.mark = self.screen.find(text, self.mark) + len(text)

    def echoes(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def wait_echo(self, wanted):
        until = time.monotonic() + TIMEOUT
        while self.echoes() != wanted:
            if time.monotonic() > until:
                raise AssertionError("echo stays %s" % (not wanted))
            time.sleep(0.01)

    def type(self, text):
        os.write(self.master, text.encode())

    def signal(self, signo):
        os.kill(self.pid, signo)

    def wait(self):
        """Ends when the client has; returns a Result."""
        texts = []
        for fd in self.pipes:
            data = b""
            while True:
                if not select.select([fd], [], [], TIMEOUT)[0]:
                    os.kill(self.pid, signal.SIGKILL)
                    raise AssertionError("the client does not end:\n" +
                                         self.screen)
                chunk = os.read(fd, 65536)
                if not chunk:
                    break
                data += chunk
            os.close(fd)
            texts.append(data.decode())
        _, status = os.waitpid(self.pid, 0)
        while select.select([self.master], [], [], 0)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            if not data:
                break
            self.screen += data.decode(errors="replace")
        os.close(self.master)
        return Result(os.waitstatus_to_exitcode(status), *texts)
