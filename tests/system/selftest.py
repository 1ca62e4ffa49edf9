# SPDX-License-Identifier: Apache-2.0
"""The harness itself: terminal, private network, proxy, leftovers."""

import os
import socket
import subprocess
import sys
import time

import harness
import netns
import tap
import terminal

PROMPT = r'''
printf 'to stdout\n'
printf 'to stderr\n' >&2
printf 'Name: ' >/dev/tty; read -r name </dev/tty
stty -echo </dev/tty; printf 'Password: ' >/dev/tty
read -r password </dev/tty; stty echo </dev/tty
printf '\n%s has %s letters\n' "$name" "${#password}" >/dev/tty
exit 3
'''
ENV = {"PATH": "/usr/bin:/bin"}


def conversation():
    r = terminal.converse(["sh", "-c", PROMPT], ENV,
                          [("Name: $", "jane"), ("Password: $", "secret")])
    tap.equal(r.rc, 3, "the exit status comes through")
    tap.equal((r.out, r.err), ("to stdout\n", "to stderr\n"),
              "stdout and stderr are apart from the terminal")
    tap.ok("jane has 6 letters" in r.tty, "both answers were typed", r)
    tap.ok("secret" not in r.all, "what is typed unseen is not shown", r)
    tap.equal(r.unasked, [], "nothing was left to answer")
    r = terminal.converse(["sh", "-c", "echo hello"], ENV, [("no: $", "x")])
    tap.equal(r.unasked, ["no: $"], "a question that never came is told")


def ctrl_c():
    r = terminal.converse(
        ["sh", "-c", "printf 'Go: ' >/dev/tty; exec sleep 60"], ENV,
        [("Go: $", terminal.CTRL_C)], timeout=20)
    tap.equal(r.rc, -2, "Ctrl-C arrives as a signal")


def too_long():
    begin = time.monotonic()
    r = terminal.converse(["sleep", "60"], ENV, timeout=0.3)
    tap.ok(r.rc == -9 and time.monotonic() - begin < 10,
           "a program that hangs is killed", r)


def network():
    if not netns.inside():
        tap.skip("a private network", "this machine allows no namespaces")
        return
    for name in netns.HOSTS[:2]:
        tap.equal(socket.gethostbyname(name), "127.0.0.1",
                  "%s is here" % name)
    try:
        socket.getaddrinfo("nowhere.example.com", 443)
        tap.ok(False, "other names are unknown")
    except socket.gaierror:
        tap.ok(True, "other names are unknown")
    with socket.create_server(("127.0.0.1", 443)):
        tap.ok(True, "port 443 is ours")


def proxy():
    with socket.create_server(("127.0.0.1", 0)) as server:
        p = netns.Proxy(server.getsockname()[1])
        for name, answer in ((netns.HOSTS[0], b"200"),
                             ("elsewhere.example.net", b"502")):
            with socket.create_connection(("127.0.0.1", p.port)) as c:
                c.sendall(b"CONNECT %s:443 HTTP/1.1\r\n\r\n" % name.encode())
                tap.ok(answer in c.recv(100), "CONNECT %s: %s"
                       % (name, answer.decode()))
                if answer == b"200":
                    s, _ = server.accept()
                    with s:
                        c.sendall(b"ping")
                        tap.equal(s.recv(10), b"ping", "there")
                        s.sendall(b"pong")
                        tap.equal(c.recv(10), b"pong", "and back")
        p.close()


def orphan():
    """A process that outlives its parent comes to us."""
    subprocess.run(["sh", "-c", "sleep 60 >/dev/null 2>&1 &"], check=True)
    with open("/proc/self/task/%d/children" % os.getpid(),
              encoding="ascii") as f:
        left = f.read().split()
    tap.equal(len(left), 1, "an orphan is seen")
    for pid in map(int, left):
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def without_rights():
    """What runs in a World meets EACCES as a person would."""
    w = harness.World.__new__(harness.World)
    w.uid = harness.NOBODY if os.getuid() == 0 and not w._mapped() else None
    r = terminal.run(
        [sys.executable, "-c", "import os; os.open('/etc/shadow', 0)"], ENV,
        w._preexec(True))
    tap.ok(r.rc == 1 and "PermissionError" in r.err, "root's rights are gone",
           r)


harness.enter()
tap.run(conversation, ctrl_c, too_long, network, proxy, orphan,
        without_rights)
