# SPDX-License-Identifier: Apache-2.0
"""Running a program and, where a test needs one, giving it a terminal."""

import fcntl
import os
import re
import select
import signal
import subprocess
import termios
import time


class Result:
    """What a program said: out and err by themselves, tty what it showed on
    the terminal, rc its exit status (negative: a signal)."""

    def __init__(self, argv, rc, out, err, tty=""):
        self.argv, self.rc = argv, rc
        self.out, self.err, self.tty = out, err, tty

    @property
    def all(self):
        return self.tty + self.err + self.out

    def __repr__(self):
        return "$ %s\nexit %s\nout: %s\nerr: %s\ntty: %s" % (
            " ".join(self.argv), self.rc, self.out, self.err, self.tty)


def run(argv, env, preexec=None, stdin="", timeout=60, cwd="/"):
    """Without a terminal."""
    p = subprocess.Popen(argv, env=env, cwd=cwd, stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         start_new_session=True, preexec_fn=preexec,
                         text=True, errors="replace")
    try:
        out, err = p.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        p.kill()
        out, err = p.communicate()
        err += "\n(killed by the test after %d s)" % timeout
    return Result(argv, p.returncode, out, err)


# Sent in place of an answer: the keys a person would press.
CTRL_C, CTRL_D = "\x03", "\x04"


def converse(argv, env, answers=(), preexec=None, timeout=60, cwd="/",
             whole=False, show=None, otherwise=()):
    """With a controlling terminal.

    answers are (pattern, reply) pairs, each used once and in order: when the
    pattern stands in what was said since the last answer, the reply is typed,
    with Enter unless it is CTRL_C or CTRL_D. stdout and stderr stay pipes, so
    that a test sees what went where; with whole they are the terminal too.
    otherwise are such pairs, too, in no order and as often as they are asked.
    show is called with each piece of text as it comes.
    """
    master, slave = os.openpty()
    pipes = {}

    def child():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        if preexec is not None:
            preexec()

    kind = slave if whole else subprocess.PIPE
    p = subprocess.Popen(argv, env=env, cwd=cwd, stdin=slave, stdout=kind,
                         stderr=kind, start_new_session=True,
                         preexec_fn=child)
    os.close(slave)
    pipes[master] = "tty"
    if not whole:
        pipes[p.stdout.fileno()] = "out"
        pipes[p.stderr.fileno()] = "err"
    said = {"tty": b"", "out": b"", "err": b""}
    # By stream: what arrives on another must not come between a prompt and
    # the end of what was said.
    fresh, todo = dict.fromkeys(said, ""), list(answers)
    end = time.monotonic() + timeout
    gone = None
    while pipes:
        left = end - time.monotonic()
        if left <= 0:
            os.killpg(p.pid, signal.SIGKILL)
            said["err"] += b"\n(killed by the test after %d s)" % timeout
            break
        # A child of the program may hold the terminal open: do not wait for
        # the end of it for long once the program itself has gone.
        if gone is None and p.poll() is not None:
            gone = time.monotonic() + 0.5
        if gone is not None and time.monotonic() > gone:
            break
        ready = select.select(list(pipes), [], [], min(left, 0.1))[0]
        for fd in ready:
            try:
                data = os.read(fd, 65536)
            except OSError:
                data = b""
            if not data:
                del pipes[fd]
                continue
            said[pipes[fd]] += data
            text = data.decode(errors="replace")
            if show is not None:
                show(text)
            fresh[pipes[fd]] += text
        reply = None
        if todo and any(re.search(todo[0][0], f) for f in fresh.values()):
            reply = todo.pop(0)[1]
        else:
            reply = next((a for pattern, a in otherwise for f in
                          fresh.values() if re.search(pattern, f)), None)
        if reply is not None:
            if reply not in (CTRL_C, CTRL_D):
                reply += "\n"
            os.write(master, reply.encode())
            fresh = dict.fromkeys(said, "")
    rc = p.wait()
    for stream in (p.stdout, p.stderr):
        if stream is not None:
            stream.close()
    os.close(master)
    result = Result(argv, rc, *(said[k].decode(errors="replace").replace(
        "\r\n", "\n") for k in ("out", "err", "tty")))
    result.unasked = [pattern for pattern, _ in todo]
    return result
