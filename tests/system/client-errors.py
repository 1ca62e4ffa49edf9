# SPDX-License-Identifier: Apache-2.0
"""awsfedctl when things are not as they should be."""
import os
import pwd
import socket
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fakeagent import *  # noqa: E402,F403

tap = Tap()
VERBS = (["status"], ["roles"], ["configure", "--yes"], ["list"],
         ["reload"], ["refresh"], ["login", "p"], ["logout", "p"],
         ["credential-process", "p"])


@tap.test
def nobody_there():
    """no agent, for each verb: exit 6 and what to type"""
    for args in VERBS:
        r = run(None, *args, env={"XDG_RUNTIME_DIR": "/nonexistent"})
        equal((r.status, r.out), (6, ""))
        if args[0] == "login":  # it would start one there
            has(r.err, "needs the directory /nonexistent/awsfed")
            has(r.err, "Next: set HOME and XDG_RUNTIME_DIR")
            continue
        has(r.err, "no agent answers on /nonexistent/awsfed/control")
        has(r.err, "Next: awsfedctl login")


@tap.test
def with_systemd():
    """where a user manager runs, systemctl is what to type"""
    with tempfile.TemporaryDirectory() as d:
        os.mkdir(d + "/systemd")
        s = socket.socket(socket.AF_UNIX)
        s.bind(d + "/systemd/private")
        s.close()
        r = run(None, "status", env={"XDG_RUNTIME_DIR": d})
        equal(r.status, 6)
        has(r.err, "Next: systemctl --user enable --now awsfedd.socket\n")


@tap.test
def stale_socket():
    """a socket that nobody serves is no agent; a file is none either"""
    with tempfile.TemporaryDirectory() as d:
        s = socket.socket(socket.AF_UNIX)
        s.bind(d + "/s")
        s.close()
        open(d + "/f", "w").close()
        for name in ("s", "f", "none", "x" * 120):
            r = run(None, "status", env={"AWSFED_SOCKET": d + "/" + name})
            equal((r.status, r.out), (6, ""))
            has(r.err, "no agent answers on " + d)


@tap.test
def went_away():
    """the agent goes away in the middle: exit 6"""
    for args in VERBS:
        with Agent([None]) as a:
            r = run(a, *args)
            equal((r.status, r.out), (6, ""))
            has(r.err, "went away before it had answered")


@tap.test
def garbage():
    """garbage, wrong types, deep nesting: exit 1 and a sentence"""
    for data in (b"hello\0", b"[]\0", b"{\"a\":1,\"a\":2}\0", b"\0",
                 b"{\"parameters\":[]}\0", b"{\"parameters\":3}\0",
                 b"{\"parameters\":" + b"[" * 100 + b"\0",
                 b"\xff\xfe\0"):
        for args in VERBS:
            with Agent([data]) as a:
                r = run(a, *args)
                equal((r.status, r.out), (1, ""))
                has(r.err, "does not speak the agent's language")


@tap.test
def endless():
    """a reply that never ends is cut at its limit"""
    with Agent([b"x" * (9 << 20)]) as a:  # WIRE_MAX_REPLY is 8 MiB
        r = run(a, "status")
        equal((r.status, r.out), (1, ""))
        has(r.err, "too long")


@tap.test
def odd_values():
    """replies with members of the wrong type show nothing wrong and stay up"""
    odd = [{}, {"profiles": 3, "identities": "x", "agent": []},
           {"profiles": [1, None, {}], "identities": [None, 3, {}],
            "agent": {"configFault": 3}, "roles": [3, {}], "changed": [1]},
           {"profiles": [{"profile": 3, "state": [], "fault": "x",
                          "left": "x", "source": 3, "next": "soon"}]}]
    for reply in odd:
        for args in (["status"], ["list"], ["roles"], ["reload"],
                     ["logout", "p"]):
            with Agent([reply]) as a:
                r = run(a, *args)
                equal(r.status, 0)


@tap.test
def circle():
    """profiles that are each other's source do not hang status"""
    loop = [{"profile": "a", "source": "b", "kind": "chained"},
            {"profile": "b", "source": "a", "kind": "chained"}]
    with Agent([{"profiles": loop}]) as a:
        equal(run(a, "status").status, 0)


@tap.test
def odd_steps():
    """steps of an unknown kind, or without a login, end it: exit 1"""
    for reply in ({"login": "l1"}, {"step": {"kind": "wait", "text": "x"}},
                  {"login": "l1", "step": {"kind": "dance"}},
                  {"login": "l1", "step": {"kind": "ask"}},
                  {"login": "l1", "step": {"kind": "ask", "question": {
                      "id": "q", "kind": "riddle", "name": "x"}}},
                  {"login": "l1", "step": {"kind": "ask", "question": {
                      "id": "q", "kind": "choice", "name": "x",
                      "choices": []}}}):
        with Agent([reply, {}]) as a:
            r = run(a, "login", "p")
            equal((r.status, r.out), (1, ""))
            has(r.err, "not one that this version knows")


@tap.test
def odd_options():
    """an option that is none is named as it was typed: exit 2"""
    for args, want in ((["--nope"], "there is no option --nope."),
                       (["-x"], "there is no option -x."),
                       (["-profile", "p"], "there is no option -p."),
                       (["p", "-all"], "there is no option -a."),
                       (["--all", "-\u00e9"], "begin with two dashes."),
                       (["--all=yes"], "option --all takes no value."),
                       (["p", "--user"], "option --user needs a value.")):
        r = run(None, "login", *args)
        equal((r.status, r.out), (2, ""))
        has(r.err, want + "\n  Next: awsfedctl login --help\n")


@tap.test
def busy():
    """a busy agent is tried again for some seconds, then named"""
    with Agent([error("Busy"), error("Busy"), {"changed": []}]) as a:
        r = run(a, "reload")
        equal((r.status, len(a.calls)), (0, 3))
    with Agent([error("Busy")] * 40) as a:
        r = run(a, "status")
        equal((r.status, r.out), (5, ""))
        has(r.err, "too much to do")
        has(r.err, "\n  Next: ")


@tap.test
def errors():
    """each error of the protocol: a sentence, what next, a status"""
    for name, status, text in (
            ("NoSuchProfile", 1, "no such profile"),
            ("NoSuchLogin", 1, "ended meanwhile"),
            ("BadFrame", 1, "could not read the request"),
            ("org.varlink.service.MethodNotFound", 1, "another version"),
            ("org.varlink.service.InterfaceNotFound", 1, "not an agent"),
            ("com.example.Strange\x1b", 1, "com.example.Strange?")):
        with Agent([error(name)]) as a:
            r = run(a, "status")
            equal((r.status, r.out), (status, ""))
            has(r.err, text)
            has(r.err, "\n  Next: ")
    with Agent([error("org.varlink.service.InvalidParameter",
                      parameter="profile")]) as a:
        r = run(a, "status", "x")
        equal(r.status, 1)
        has(r.err, "'profile'")


@tap.test
def unknown_verb():
    """a mistyped verb: the nearest one, exit 2"""
    for word, near in (("staus", "status"), ("lgoin", "login"),
                       ("credential", "credential-process"),
                       ("rest", "reset"), ("refrehs", "refresh"),
                       ("zzzzzz", None), ("", None), ("x" * 1000, None),
                       ("\x1b[2J", None)):
        r = run(None, word)
        equal((r.status, r.out), (2, ""))
        lacks(r.err, "\x1b")
        if near:
            has(r.err, "Next: awsfedctl %s (did" % near)
        else:
            lacks(r.err, "did you mean")


@tap.test
def options():
    """unknown and incomplete options: exit 2, nothing is sent"""
    for args in VERBS:
        with Agent([]) as a:
            r = run(a, *args, "--no-such-thing")
            equal((r.status, r.out, a.calls), (2, "", []))
            has(r.err, "--no-such-thing")
            r = run(a, *args, "-x")
            equal((r.status, r.out, a.calls), (2, "", []))
    r = run(None, "login", "--profile")
    equal(r.status, 2)
    has(r.err, "--profile needs a value")
    for args in (["list", "x"], ["reload", "x"], ["status", "a", "b"],
                 ["roles", "a", "b"], ["roles", "a", "--adfs-host", "h"]):
        equal(run(None, *args).status, 2)


@tap.test
def odd_names():
    """names that JSON or the agent cannot take are refused, never left out"""
    for name in (b"\xff", b"a\nb", b""):
        for args in ([b"login", name], [b"logout", name], [b"refresh", name],
                     [b"refresh", b"--profile", name], [b"status", name],
                     [b"roles", name], [b"credential-process", name],
                     [b"roles", b"--adfs-host", name],
                     [b"login", b"p", b"--region", name]):
            with Agent([]) as a:
                r = run(a, *args)
                equal((r.status, r.out, a.calls), (2, "", []))


@tap.test
def verbose():
    """-v tells of the calls, not of what is in them"""
    with Agent([{"profiles": []}]) as a:
        r = run(a, "-v", "refresh", "secretive")
        has(r.err, "awsfedctl: call io.awsfed.Control.Refresh\n")
        lacks(r.err, "secretive")


@tap.test
def bare():
    """no verb: the help on stderr, exit 2"""
    r = run(None)
    equal((r.status, r.out), (2, ""))
    has(r.err, "Usage: awsfedctl")


@tap.test
def version():
    """--version is one bare line"""
    r = run(None, "--version")
    equal((r.status, r.err), (0, ""))
    words = r.out.split(" ")
    equal(words[0], "awsfedctl")
    equal(len(words[1].strip().split(".")), 3)


@tap.test
def lost_output():
    """a full or closed standard output is a failure"""
    with Agent([{"profiles": []}] * 3) as a:
        with open("/dev/full", "w") as full:
            p = subprocess.run([PROGRAM, "status"], stdout=full, timeout=20,
                               stderr=subprocess.PIPE, env=environment(a))
        equal(p.returncode, 1)
        has(p.stderr.decode(), "No space left on device")
        for sh in ('exec "$0" status >&-', 'exec "$0" status <&- >&-'):
            p = subprocess.run(["/bin/sh", "-c", sh, PROGRAM], timeout=20,
                               stderr=subprocess.PIPE, env=environment(a))
            equal(p.returncode, 1)
            has(p.stderr.decode(), "could not be written")


@tap.test
def closed_descriptors():
    """with a closed stderr no text for people reaches the agent"""
    with Agent([{"login": "l1", "step": {"kind": "wait", "text": "Hello"}},
                done([{"profile": "p", "state": "fresh", "named": True}])
                ]) as a:
        p = subprocess.run(["/bin/sh", "-c", 'exec "$0" login p 2>&-',
                            PROGRAM], timeout=20, stdout=subprocess.PIPE,
                           env=environment(a), start_new_session=True)
        equal(a.methods(), ["Login", "Await"])
        equal((p.returncode, p.stdout),
              (0, b"p fresh\n1 profile fresh\n"))


@tap.test
def other_user():
    """an agent of another user is not spoken to"""
    if os.geteuid() != 0:
        return "only root can be two users"
    nobody = pwd.getpwnam("nobody").pw_uid
    with tempfile.TemporaryDirectory(dir="/tmp") as d:
        os.chmod(d, 0o777)
        path = d + "/s"
        pid = os.fork()
        if pid == 0:
            os.setuid(nobody)
            s = socket.socket(socket.AF_UNIX)
            s.bind(path)
            s.listen(1)
            os.chmod(path, 0o777)
            open(d + "/ready", "w").close()
            s.settimeout(20)
            peer, _ = s.accept()
            os._exit(7 if peer.recv(100) else 0)
        while not os.path.exists(d + "/ready"):
            pass
        r = run(None, "login", "p", env={"AWSFED_SOCKET": path})
        _, status = os.waitpid(pid, 0)
        equal((r.status, r.out), (1, ""))
        has(r.err, "nothing was sent")
        has(r.err, "user id %d" % nobody)
        equal(os.waitstatus_to_exitcode(status), 0)


tap.main()
