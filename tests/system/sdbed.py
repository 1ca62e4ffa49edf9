# SPDX-License-Identifier: Apache-2.0
"""A real `systemd --user`, with a journal, for the throwaway user of a World.

    with harness.World(agent=False) as w, sdbed.Bed(w) as bed:
        bed.install()                       # units and programs, as a user has
        bed.ctl("start", "awsfedd.socket")  # systemctl --user
        bed.journal("PROFILE=a")            # what the journal has, as dicts

The manager runs in a mount and a control group namespace of its own: it sees a
/run of its own, and its runtime directory is the World's, so that sockets are
where harness.World looks for them. Only root can make the namespaces:
sdbed.need() says loudly when they cannot be had. At the end the manager is
asked to exit; what is left of its control group is ended process by process.
"""

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

import harness
import tap
import terminal

SYSTEMD, JOURNALD = "/lib/systemd/systemd", "/lib/systemd/systemd-journald"
_libc = ctypes.CDLL(None, use_errno=True)

# As root, in the new namespaces: $1 is the user's id, $2 what is to be
# /usr/local there, if anything.
INSIDE = r"""set -e
mount -t cgroup2 none /sys/fs/cgroup
cd /sys/fs/cgroup
user=user.slice/user-$1.slice/user@$1.service
mkdir -p $user/init.scope system.slice/systemd-journald.service
chown -R $1 $user
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/system /run/systemd/journal /run/systemd/unit-root \
    /run/log /run/lock /run/dbus /run/credentials /run/user
touch /run/systemd/journal/flushed
[ -z "$2" ] || mount --bind "$2" /usr/local
mkdir -p /var/log/journal
mount -t tmpfs -o mode=755 tmpfs /var/log/journal
cd /
echo ready
exec sleep infinity
"""


def why_not():
    """None, or why there can be no bed here."""
    if os.getuid() != 0 or harness.World._mapped():
        return "only root can make the namespaces of a systemd --user"
    for path in (SYSTEMD, JOURNALD):
        if not os.access(path, os.X_OK):
            return "%s is not installed (package systemd)" % path
    for name in ("systemctl", "journalctl", "nsenter", "unshare"):
        if not shutil.which(name):
            return "%s is not installed" % name
    folder = tempfile.mkdtemp()
    try:
        p = subprocess.run(
            ["unshare", "-m", "-C", "--propagation", "private", "sh", "-c",
             "mount -t cgroup2 none %s && mkdir %s/awsfed.%d && "
             "rmdir %s/awsfed.%d" % (folder, folder, os.getpid(), folder,
                                     os.getpid())],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    finally:
        os.rmdir(folder)
    return None if p.returncode == 0 else (
        "no control groups of our own: " + " ".join(p.stdout.split()))


def need():
    """For a test program that is about nothing else; after harness.need()."""
    reason = why_not()
    if reason:
        tap.skip_all(reason)


class Bed:
    def __init__(self, w, local=None, **env):
        """local: a folder to be /usr/local; env: more for the user manager,
        None takes a variable away."""
        self.w = w
        self.local = local or ""
        self.more = env
        self.uid = w.uid
        self.group = None
        self.children = []
        self.cgroups = tempfile.mkdtemp(prefix="awsfed-cg-", dir="/tmp")

    def __enter__(self):
        try:
            self._group()
            self._namespaces()
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *how):
        self.close()

    # -- up ------------------------------------------------------------------
    def _group(self):
        """A control group for all of it, mounted where only we look."""
        subprocess.run(["mount", "-t", "cgroup2", "none", self.cgroups],
                       check=True)
        self.group = os.path.join(self.cgroups, "awsfed.%d" % os.getpid())
        os.mkdir(self.group)

    def _enter_group(self):
        with open(os.path.join(self.group, "cgroup.procs"), "w",
                  encoding="ascii") as f:
            f.write("0")

    def _namespaces(self):
        def child():
            self._enter_group()
            _libc.prctl(harness.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        self.holder = subprocess.Popen(
            ["unshare", "-m", "-C", "--propagation", "private", "sh", "-c",
             INSIDE, "sh", str(self.uid), self.local], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=child)
        self.children.append(self.holder)
        said = self.holder.stdout.readline()
        if said != "ready\n":
            raise RuntimeError("the bed: " + said + self.holder.stdout.read())

    def _inside(self, argv, group, user=True):
        """argv in the namespaces and a group, as the user or as root."""
        become = ["setpriv", "--reuid", str(self.uid), "--regid",
                  str(self.uid), "--clear-groups"] if user else []
        join = "echo $$ >/sys/fs/cgroup/%s/cgroup.procs; exec \"$@\"" % group
        return ["nsenter", "-t", str(self.holder.pid), "-m", "-C",
                "sh", "-c", join, "sh"] + become + list(argv)

    @property
    def env(self):
        env = dict(self.w.env, SHELL="/bin/sh",
                   PATH=self.w.env["PATH"] + ":/usr/sbin:/sbin", **self.more)
        # The search for leaks is a ptrace, which the unit's filter forbids.
        env["ASAN_OPTIONS"] += ":detect_leaks=0"
        return {k: v for k, v in env.items() if v is not None}

    def _spawn(self, argv, log, group, user):
        p = self.w.spawn(self._inside(argv, group, user), log, drop=False,
                         env=self.env if user else None)
        self.children.append(p)
        return p

    def _start(self):
        self._spawn([JOURNALD], "journald",
                    "system.slice/systemd-journald.service", False)
        self.w.wait(lambda: self.run(
            ["test", "-S", "/run/systemd/journal/stdout"], user=False).rc == 0,
            "the journal")
        self.manager = self._spawn(
            [SYSTEMD, "--user"], "systemd", "user.slice/user-%d.slice/"
            "user@%d.service/init.scope" % (self.uid, self.uid), True)
        private = os.path.join(self.w.base, "run/systemd/private")
        self.w.wait(lambda: os.path.exists(private), "the user manager")
        self.w.wait(lambda: self.ctl("is-system-running").out.strip() in
                    ("running", "degraded"), "the user manager to be up")

    # -- what tests do ---------------------------------------------------------
    def run(self, argv, user=True, timeout=60, **env):
        """A command in the bed; a terminal.Result like World.run's."""
        group = "user.slice" if user else "system.slice"
        return terminal.run(
            self._inside(argv, group, user), dict(self.env, **env),
            self.w._preexec(False), "", timeout, "/")

    def ctl(self, *args, **more):
        """systemctl --user"""
        return self.run(["systemctl", "--user", *args], **more)

    def show(self, name, unit="awsfedd.service"):
        """A property of a unit."""
        return self.ctl("show", "-P", name, unit).out.strip()

    def journal(self, *match):
        """Entries of the user's, oldest first."""
        r = self.run(["journalctl", "-q", "-o", "json", "--no-pager",
                      "_UID=%d" % self.uid, *match], user=False)
        return [json.loads(line) for line in r.out.splitlines()
                if line.startswith("{")]

    def units(self):
        return os.path.join(self.w.base, "config/systemd/user")

    def install(self, **drop_ins):
        """The units of the build, with the World's programs and environment.
        drop_ins: more lines for [Service]."""
        os.makedirs(self.units(), exist_ok=True)
        for name in ("awsfedd.service", "awsfedd.socket"):
            with open(os.path.join(tap.builddir(), "systemd", name),
                      encoding="utf-8") as f:
                text = f.read()
            for program in ("awsfedd", "awsfedctl"):
                text = re.sub(
                    r"(?m)^(Exec\w+=)/\S+/%s\b" % program,
                    r"\1" + self.w.program(program), text)
            with open(os.path.join(self.units(), name), "w",
                      encoding="utf-8") as f:
                f.write(text)
        self.drop_in("world", Environment=" ".join(
            '"%s=%s"' % (k, self.env[k]) for k in self.w.env
            if k in self.env and k != "PATH"), **drop_ins)

    def drop_in(self, name, section="Service", **lines):
        folder = os.path.join(self.units(), "awsfedd.service.d")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name + ".conf"), "w",
                  encoding="utf-8") as f:
            f.write("[%s]\n" % section + "".join(
                "%s=%s\n" % pair for pair in lines.items()))
        for path, folders, files in os.walk(os.path.join(
                self.w.base, "config/systemd")):
            for entry in [path] + [os.path.join(path, n)
                                   for n in folders + files]:
                os.chown(entry, self.uid, self.uid, follow_symlinks=False)
        return self.ctl("daemon-reload")

    def pid(self):
        """The agent's process, 0 when there is none: without systemctl, for
        tests that ask often."""
        children = "/proc/%d/task/%d/children" % (self.manager.pid,
                                                  self.manager.pid)
        with open(children, encoding="ascii") as f:
            for pid in f.read().split():
                try:
                    with open("/proc/%s/stat" % pid, encoding="utf-8",
                              errors="replace") as stat:
                        name, rest = stat.read().split("(", 1)[1].rsplit(
                            ")", 1)
                except OSError:
                    continue
                if name == "awsfedd" and rest.split()[0] != "Z":
                    return int(pid)
        return 0

    # -- down ------------------------------------------------------------------
    def _members(self):
        found = []
        for path, _folders, files in os.walk(self.group or "/nonexistent"):
            if "cgroup.procs" in files:
                with open(os.path.join(path, "cgroup.procs"),
                          encoding="ascii") as f:
                    found += map(int, f.read().split())
        return [pid for pid in found if pid != os.getpid()]

    def close(self):
        if getattr(self, "manager", None) is not None:
            self.ctl("exit", timeout=20)
            try:
                self.manager.wait(15)
            except subprocess.TimeoutExpired:
                tap.ok(False, "the user manager exits when asked to")
        for p in reversed(self.children):
            if p.poll() is None:
                p.send_signal(signal.SIGTERM)
                try:
                    p.wait(5)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
        if self.group is not None:
            for pid in self._members():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.w.wait(self._remove_group, "the control group to be empty")
            subprocess.run(["umount", self.cgroups], check=False)
        os.rmdir(self.cgroups)

    def _remove_group(self):
        for path, _folders, _files in os.walk(self.group, topdown=False):
            try:
                os.rmdir(path)
            except OSError:
                pass
        return not os.path.exists(self.group)
