#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hosts without a desktop: login starts the agent, and nothing else does."""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import time

import harness
import tap

harness.need()

libc = ctypes.CDLL(None, use_errno=True)
ROLE = harness.role("111111111111", "dev")


class Host(harness.World):
    """Without XDG_RUNTIME_DIR and without an agent."""

    def __init__(self, **more):
        super().__init__(agent=False, **more)
        del self.env["XDG_RUNTIME_DIR"]
        self.run_dir = os.path.join(self.base, "state/awsfed/run",
                                    os.uname().nodename)
        self.socket = os.path.join(self.run_dir, "control")
        self.sim.user(harness.USER, password=harness.PASSWORD,
                      roles=[harness.pair(ROLE)])
        self.profile("p", role=ROLE, reload=False)

    def pid(self):
        with open(self.socket + ".lock", encoding="ascii") as f:
            return int(f.read())

    def logfile(self):
        return os.path.join(self.base, "state/awsfed/agent-%s.log"
                            % os.uname().nodename)

    def close(self, failed=False):
        """What login started is ours to end, and to show."""
        self.logs["agent"] = self.logfile()
        if not os.path.exists(self.logfile()):
            del self.logs["agent"]
        if os.path.exists(self.socket):
            self.ctl("stop")
        super().close(failed)


def gone(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii",
                  errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def none_is_started():
    """Every other verb says that there is no agent, and starts none."""
    with Host() as w:
        for args in (["status"], ["list"], ["refresh", "p"], ["logout", "p"],
                     ["credential-process", "p"], ["reload"], ["roles"],
                     ["explain", "p"], ["status", "--check", "p"],
                     ["undo"], ["configure", "--adfs-host", harness.HOST,
                      "--yes"]):
            r = w.ctl(*args)
            tap.ok(r.rc == 6, "%s without an agent: status 6" % args[0], r)
            tap.ok("--check" in args or "Next: awsfedctl login" in r.err,
                   "%s names login" % args[0], r.err)
        r = w.ctl("exec", "p", "--", "true")
        tap.equal(r.rc, 125, "exec says it by its own status")
        r = w.ctl("stop")
        tap.ok(r.rc == 0 and "no agent is running" in r.out,
               "there is nothing to stop", r)
        tap.ok(not os.path.exists(w.run_dir), "no directory was made")


def login_starts_it():
    with Host() as w:
        r = w.login("p")
        tap.ok(r.rc == 0, "login signs in where no agent was", r)
        tap.equal(w.states(), {"p": "fresh"}, "and the agent stays")
        pid = w.pid()
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        tap.ok(int(fields[3]) != pid and int(fields[4]) == 0,
               "in a session that it does not lead, without a terminal",
               fields[:6])
        tap.equal(os.readlink("/proc/%d/cwd" % pid), "/", "its directory is /")
        targets = [os.readlink("/proc/%d/fd/%d" % (pid, fd))
                   for fd in range(3)]
        tap.equal(targets, ["/dev/null", "/dev/null", w.logfile()],
                  "input and output nowhere, errors to the log")
        st = os.stat(w.logfile())
        tap.ok(stat.S_IMODE(st.st_mode) == 0o600, "the log is private")
        st = os.stat(w.run_dir)
        tap.ok(stat.S_IMODE(st.st_mode) == 0o700 and
               stat.S_ISSOCK(os.stat(w.socket).st_mode),
               "the socket stands in a directory of mode 0700")
        r = w.ctl("credential-process", "p")
        tap.ok(r.rc == 0 and json.loads(r.out)["Version"] == 1,
               "it serves other programs", r)
        r = w.ctl("login", "p")
        tap.ok(r.rc == 0 and w.pid() == pid, "the next login uses it", r)
        r = w.ctl("stop")
        tap.ok(r.rc == 0 and "has ended" in r.out, "stop ends it", r)
        w.wait(lambda: gone(pid), "the agent to end")
        tap.ok(not os.path.exists(w.socket), "its socket is gone")
        tap.equal(w.ctl("status").rc, 6, "and nobody answers any more")
        tap.ok("x_security_token_expires" in w.credentials()["p"],
               "what it wrote stays")
        r = w.ctl("login", "p")
        tap.ok(r.rc in (0, 3), "it starts again", r)
        tap.equal(w.states()["p"], "fresh", "with the keys from the file")


def nothing_comes_along():
    """Descriptors, keys and the terminal of the caller stay with it."""
    with Host() as w:
        read, write = os.pipe()
        env = dict(w.env, AWS_SECRET_ACCESS_KEY="not-yours", SSH_TTY="/x",
                   SSH_CONNECTION="1 2 3 4", DISPLAY="localhost:10.0",
                   NOTIFY_SOCKET="/nonexistent/n", LISTEN_FDS="1",
                   LISTEN_PID="1")
        p = subprocess.run(
            [w.program("awsfedd"), "--background"], env=env, timeout=60,
            pass_fds=[write], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=w._preexec(True), check=False)
        os.close(write)
        tap.ok(p.returncode == 0 and not p.stdout,
               "--background returns when it is ready", p)
        os.set_blocking(read, False)
        try:
            tap.equal(os.read(read, 1), b"", "the caller's pipe is closed")
        except BlockingIOError:
            tap.ok(False, "the caller's pipe is closed")
        os.close(read)
        pid = w.pid()
        with open("/proc/%d/environ" % pid, "rb") as f:
            names = {v.split(b"=")[0].decode() for v in f.read().split(b"\0")}
        # environ is what execve got; what the agent hands on is asked of it.
        hook = os.path.join(w.base, "home/hook")
        w.write(hook, "#!/bin/sh\nenv >%s/env\n" % w.home, 0o700)
        w.profile("q", role=ROLE, awsfed__on_refresh=hook)
        r = w.login("q")
        tap.ok(r.rc == 0, "a profile with a hook", r)
        w.wait(lambda: w.read(w.home + "/env"), "the hook")
        handed = {line.split("=")[0] for line in
                  w.read(w.home + "/env").decode().splitlines()}
        for name in ("SSH_TTY", "SSH_CONNECTION", "DISPLAY", "LISTEN_FDS",
                     "NOTIFY_SOCKET", "AWS_SECRET_ACCESS_KEY"):
            tap.ok(name in names and name not in handed,
                   "%s is not the agent's" % name)
        second = w.run([w.program("awsfedd"), "--background"])
        tap.ok(second.rc != 0 and "another awsfedd serves" in second.err,
               "a second one says who serves", second)
        tap.equal(w.pid(), pid, "and leaves it alone")


def two_at_once():
    """Ten logins find no agent: one is started."""
    with Host() as w:
        w.sim.user(harness.USER, password=harness.PASSWORD,
                   roles=[harness.pair(ROLE)])
        children = [subprocess.Popen(
            [w.program("awsfedctl"), "login", "p"],
            env=w.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=w._preexec(True))
            for _ in range(10)]
        ends = [c.communicate(timeout=90) + (c.returncode,) for c in children]
        tap.ok(all(b"no agent" not in e and b"could not be started" not in e
                   for _, e, _ in ends), "all ten reach an agent", *ends)
        log = w.read(w.logfile()).decode()
        pids = {line.split("[")[1].split("]")[0]
                for line in log.splitlines() if "awsfedd[" in line}
        tap.ok(len(pids) <= 1 or "another awsfedd serves" in log,
               "one agent came up", *pids)
        found = [p for p in filter(str.isdigit, os.listdir("/proc"))
                 if not gone(int(p)) and _exe(p) == w.program("awsfedd")]
        tap.equal(found, [str(w.pid())], "and one runs")


def _exe(pid):
    try:
        return os.readlink("/proc/%s/exe" % pid)
    except OSError:
        return None


def reasons():
    """An agent that cannot start says why, through login, at once."""
    with Host() as w:
        def told(r, *words):
            tap.ok(r.rc == 6 and all(x in r.err for x in words) and
                   "Next: " in r.err, "login says: %s" % words[0], r)

        os.rename(w.program("awsfedd"), w.program("away"))
        told(w.ctl("login", "p"), "there is no agent", "awsfedd")
        os.rename(w.program("away"), w.program("awsfedd"))

        start = time.monotonic()
        w.write(w.home + "/file", "")
        told(w.ctl("login", "p", XDG_STATE_HOME=w.home + "/file"),
             "Not a directory")
        os.chmod(w.base + "/state", 0o700)
        os.makedirs(w.base + "/open/awsfed")
        w.own(w.base + "/open", 0o755)
        w.own(w.base + "/open/awsfed", 0o755)
        told(w.ctl("login", "p", XDG_RUNTIME_DIR=w.base + "/open"),
             "not yours alone", "chmod 700")
        told(w.ctl("login", "p", XDG_RUNTIME_DIR="/nonexistent/run"),
             "cannot be used")
        told(w.ctl("login", "p", XDG_STATE_HOME=w.base + "/nowhere",
                   XDG_RUNTIME_DIR=w.base + "/run"),
             "cannot be used", "XDG_STATE_HOME")
        tap.ok(time.monotonic() - start < 30, "none of them by a timeout")
        if w.uid is not None:
            os.mkdir(w.base + "/roots", 0o700)
            told(w.ctl("login", "p", XDG_RUNTIME_DIR=w.base + "/roots"),
                 "XDG_RUNTIME_DIR")
            r = w.ctl("status", XDG_RUNTIME_DIR=w.base + "/roots")
            tap.ok(r.rc == 6 and "unset XDG_RUNTIME_DIR" in r.err,
                   "a runtime directory of somebody else is named", r)
        # A config file that it cannot read is a reason of the agent's own.
        w.write(w.base + "/config/awsfed/awsfed.conf", "[awsfed]\nnonsense\n")
        r = w.ctl("login", "p", XDG_RUNTIME_DIR=w.base + "/run")
        if r.rc == 6:
            told(r, "could not be started", "awsfed.conf")
        w.settings()
        w.ctl("stop", XDG_RUNTIME_DIR=w.base + "/run")
        # Somebody else's file on the socket's path.
        os.makedirs(w.base + "/run/awsfed", exist_ok=True)
        w.own(w.base + "/run/awsfed", 0o700)
        w.write(w.base + "/run/awsfed/control", "x")
        told(w.ctl("login", "p", XDG_RUNTIME_DIR=w.base + "/run"),
             "not a socket")


def named():
    """AWSFED_SOCKET: nothing is started there, and stale ones are named."""
    with Host() as w:
        path = w.base + "/run/sock"
        r = w.ctl("login", "p", AWSFED_SOCKET=path)
        tap.ok(r.rc == 6 and "AWSFED_SOCKET names" in r.err and
               not os.path.exists(path), "login starts nothing there", r)
        agent = w.start_agent(wait=False, AWSFED_SOCKET=path)
        w.wait(lambda: w.ctl("status", AWSFED_SOCKET=path).rc == 0,
               "the agent on that path")
        tap.equal(w.ctl("status").rc, 6, "only there")
        w.stop(agent, signal.SIGKILL)
        w.agent = None
        r = w.ctl("status", AWSFED_SOCKET=path)
        tap.ok(r.rc == 6 and "has ended" in r.err and
               "rm %s" % path in r.err, "a stale socket is named", r)
        r = w.run([w.program("awsfedd"), "--background"], AWSFED_SOCKET=path)
        tap.ok(r.rc == 0 and w.ctl("status", AWSFED_SOCKET=path).rc == 0,
               "an agent takes a stale one over", r)
        tap.equal(w.ctl("stop", AWSFED_SOCKET=path).rc, 0, "and ends")


def long_path():
    """A home deeper than sun_path's 108 bytes."""
    with Host() as w:
        deep = w.base + "/state/" + "d" * 60 + "/" + "e" * 60
        w.own(deep.rsplit("/", 1)[0], 0o700, folder=True)
        w.own(deep, 0o700, folder=True)
        w.env["XDG_STATE_HOME"] = deep
        r = w.login("p")
        tap.ok(r.rc == 0, "login", r)
        tap.equal(w.states(), {"p": "fresh"}, "status")
        w.ctl("stop")
        w.socket = ""


def log_is_bounded():
    with Host() as w:
        r = w.run([w.program("awsfedd"), "--background"])
        tap.equal(r.rc, 0, "an agent")
        w.ctl("stop")
        w.write(w.logfile(), "x" * (1 << 20))
        w.run([w.program("awsfedd"), "--background"])
        w.ctl("reload")
        w.wait(lambda: os.path.exists(w.logfile() + ".1"), "a second file")
        tap.ok(os.path.getsize(w.logfile()) < 1 << 20,
               "a log of 1 MiB begins anew, the old one is kept once")


def runtime_deleted():
    """The directory goes under a running agent: it comes back, one agent."""
    with harness.World() as w:
        w.sim.user(harness.USER, password=harness.PASSWORD,
                   roles=[harness.pair(ROLE)])
        w.profile("p", role=ROLE)
        tap.equal(w.login("p").rc, 0, "login")
        for what in ("control", "", "control.lock", ""):
            path = os.path.join(w.base, "run/awsfed", what)
            if what:
                os.unlink(path)
            else:
                shutil.rmtree(path)
            w.wait(lambda: w.ctl("status").rc == 0 and
                   os.path.exists(w.socket), "the agent to be back")
            tap.ok(w.agent.poll() is None, "%s deleted: it listens again"
                   % (what or "the directory"))
        tap.equal(w.states(), {"p": "fresh"}, "and holds what it held")
        status = os.path.join(w.base, "run/awsfed/status")
        w.wait(lambda: (w.read(status) or b"").startswith(b"p\t"),
               "the status file")
        tap.ok(True, "the status file is back")
        tap.equal(stat.S_IMODE(os.stat(w.base + "/run/awsfed").st_mode),
                  0o700, "the directory is private")
        other = w.run([w.program("awsfedd"), "--foreground"])
        tap.ok(other.rc != 0 and "another awsfedd serves" in other.err,
               "a second agent is still refused", other)
        # It cannot come back as long as nobody may write there.
        if w.uid is not None:
            shutil.rmtree(w.base + "/run")
            w.wait(lambda: "cannot reach the agent" in w.log(), "its line")
            tap.equal(w.ctl("status").rc, 6, "no way back")
            w.own(w.base + "/run", 0o700, folder=True)
            w.wait(lambda: w.ctl("status").rc == 0, "the way back", 40)
            tap.equal(w.log().count("cannot reach the agent"), 1,
                      "it came back, and had said so once")


def overtaken():
    """Another agent came first: the one that is unreachable ends."""
    with harness.World() as w:
        first = w.agent
        os.kill(first.pid, signal.SIGSTOP)
        shutil.rmtree(w.base + "/run/awsfed")
        w.start_agent()
        os.kill(first.pid, signal.SIGCONT)
        w.wait(lambda: first.poll() is not None, "the first one to end")
        tap.equal(first.returncode, 0, "it ends in peace")
        tap.equal(w.status()["agent"]["pid"], w.agent.pid,
                  "the second one serves")
        tap.ok("another program listens" in w.log(), "and it said why")


def sudo():
    """Root by sudo, in the home of the caller."""
    if os.getuid() != 0 or harness.World._mapped():
        tap.skip("sudo", "it takes root")
        return
    with Host() as w:
        env = dict(w.env, SUDO_UID=str(w.uid))
        env.pop("XDG_STATE_HOME")
        r = subprocess.run([w.program("awsfedctl"), "login", "p"], env=env,
                           capture_output=True, text=True, timeout=60,
                           check=False)
        tap.ok(r.returncode == 6 and "sudo" in r.stderr, "it is refused", r)
        found = [os.path.join(d, n) for d, ds, fs in os.walk(w.home)
                 for n in ds + fs
                 if os.lstat(os.path.join(d, n)).st_uid == 0]
        tap.equal(found, [], "nothing of root's is left in the home")


SYSTEMCTL = """#!/bin/sh
echo "$*" >>%(said)s
case "$*" in
"--user show"*) printf 'LoadState=%%s\nUnitFileState=%%s\n' %(load)s ;;
"--user start"*) %(start)s ;;
esac
"""


def by_systemd():
    """A user manager runs: it starts the agent, when it has the units."""
    with Host() as w:
        run = w.base + "/run"
        w.own(run + "/systemd", 0o700, folder=True)
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(run + "/systemd/private")
        w.own(run + "/systemd/private", 0o600)
        w.env["XDG_RUNTIME_DIR"] = run
        w.socket = run + "/awsfed/control"
        said = w.base + "/log/systemctl"

        def manager(load, start):
            w.write(said, "")
            w.write(w.program("systemctl"), SYSTEMCTL % {
                "said": said, "load": load, "start": start}, 0o755)

        def calls():
            return [line.split()[1] for line in
                    w.read(said).decode().splitlines()]

        manager("masked ''", "exit 0")
        r = w.ctl("login", "p")
        tap.ok(r.rc == 6 and "masked" in r.err and "unmask" in r.err and
               calls() == ["show"], "masked units are left alone", r)
        manager("loaded disabled", "echo 'Job failed'; exit 1")
        r = w.ctl("login", "p")
        tap.ok(r.rc == 6 and "Job failed" in r.err and
               "journalctl --user -u awsfedd.service" in r.err,
               "what systemd says is passed on", r)
        manager("loaded disabled", w.program("awsfedd") + " --background")
        r = w.login("p")
        tap.ok(r.rc == 0 and "systemctl --user enable" in r.tty + r.err and
               calls() == ["show", "start"],
               "systemd starts it; how to have it each time", r)
        tap.ok("lingering is off" in r.tty + r.err,
               "login tells of lingering", r)
        r = w.ctl("login", "p")
        tap.ok("lingering" not in r.err, "once", r)
        lingering(w)
        w.ctl("stop")
        manager("not-found ''", "exit 1")
        r = w.ctl("login", "p")
        tap.ok("could not be started" not in r.err and w.pid() and
               calls() == ["show"],
               "without its units login starts the agent itself", r)
        r = w.ctl("status")
        tap.equal(r.rc, 0, "which answers")


def lingering(w):
    """status: where the agent would end with the login, and only there."""
    def warns(**env):
        r = w.ctl("status", **env)
        return "loginctl enable-linger" in r.out

    tap.ok(warns(), "status warns")
    tap.ok(warns(SSH_CONNECTION="1 2 3 4", DISPLAY="localhost:10.0"),
           "also with a display that came by ssh")
    tap.ok(not warns(DISPLAY=":0"), "not on a desktop")
    tap.ok(not warns(XDG_SESSION_TYPE="wayland"), "nor on another")
    tap.ok(not warns(AWSFED_SOCKET=w.socket), "nor for a forwarded agent")
    tap.ok("linger" not in w.ctl("status", "--json").out, "nor in JSON")
    if os.getuid() != 0 or w.uid is None:
        tap.skip("lingering that is on", "it takes root")
        return

    def on(folder):
        os.makedirs(folder + "/systemd/linger")
        with open(folder + "/systemd/linger/nobody", "w",
                  encoding="ascii"):
            pass
    with mounted(w, "/var/lib", on):
        tap.ok(not warns(), "nor where lingering is on")


@contextlib.contextmanager
def mounted(w, where, fill):
    """What is run has an empty directory there, with what fill() puts in."""
    usual = w._preexec

    def preexec(drop):
        child = usual(drop)

        def other():
            if libc.unshare(0x20000) != 0 or libc.mount(
                    b"none", b"/", None, 0x44000, None) != 0 or libc.mount(
                        b"none", where.encode(), b"tmpfs", 0, None) != 0:
                os._exit(99)
            os.chmod(where, 0o755)
            fill(where)
            child()
        return other
    w._preexec = preexec
    try:
        yield
    finally:
        w._preexec = usual


def cron():
    """Without XDG_RUNTIME_DIR the one of logind is looked at."""
    if os.getuid() != 0 or harness.World._mapped():
        tap.skip("cron", "it takes root")
        return
    with Host() as w:
        path = "/run/user/%d" % w.uid

        def at(mode, uid):
            def fill(_):
                os.makedirs(path)
                os.chmod(path, mode)
                os.chown(path, uid, uid)
            return fill
        for mode, uid, used in ((0o700, w.uid, True), (0o755, w.uid, False),
                                (0o700, 0, False)):
            with mounted(w, "/run", at(mode, uid)):
                r = w.ctl("status")
            where = path + "/awsfed" if used else w.run_dir
            tap.ok(r.rc == 6 and where + "/control" in r.err,
                   "mode %o of user %d: %s" % (mode, uid,
                                               "taken" if used else "not"), r)


tap.run(by_systemd, cron, none_is_started, login_starts_it, nothing_comes_along,
        two_at_once,
        reasons, named, long_path, log_is_bounded, runtime_deleted, overtaken,
        sudo)
