# SPDX-License-Identifier: Apache-2.0
"""A world of its own for a system test.

    harness.need()                        # skips when a program is not built
    with harness.World() as w:            # simulator and agent are running
        w.profile("p", role=ARN)
        w.login("p")                      # types the password at the prompt
        w.ctl("status")

A World has a temporary HOME, XDG_RUNTIME_DIR and the rest, a simulator, an
agent and, where it may, a network of its own (netns.py). Root gives its rights
up for a throwaway user, since root would never see EACCES. close() stops what
the World started, by process id, and fails the test when anything else is
left, when a sanitizer spoke, or when the simulator saw something that no
browser would send.
"""

import configparser
import ctypes
import datetime
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import netns
import tap
import terminal
from simulator import Simulator

# AWSFED_VALGRIND=1: agent, workers and client of every world run under it.
VALGRIND = os.environ.get("AWSFED_VALGRIND") and (
    "/usr/bin/valgrind --error-exitcode=99 --leak-check=full "
    "--show-leak-kinds=definite --errors-for-leak-kinds=definite "
    "--num-callers=30")
PROGRAMS = ("awsfedd", "awsfed-worker", "awsfedctl", "awsfed-sim")
NOBODY = 65534
AWS = "/usr/bin/aws"

HOST = "my-adfs-federation-host.example.com"
USER, PASSWORD = "CORP\\jane", "correct horse"
# Said by the prompts; docs/PROTOCOL.md has the questions.
ASK_USER, ASK_PASSWORD = r"(?i)user[^\n]*: ?$", r"(?i)password[^\n]*: ?$"
ASK_ROLE = r"(?i)(role|number|choice|choose|select)[^\n]*[:>\]] ?$"

_libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER = 1, 24, 36


def need(*programs, aws=False, timeout=300):
    """First thing in a test: are the programs there? Then enters the private
    network, so what stands above this call runs twice."""
    for name in programs or PROGRAMS:
        if tap.program(name) is None:
            tap.skip_all("%s is not part of this build" % name)
    if aws and not os.access(AWS, os.X_OK):
        tap.skip_all("the AWS CLI is not installed (package awscli)")
    enter(timeout)


def enter(timeout=300):
    """The private network, the reaping of orphans and the time limit."""
    netns.enter()
    # What our children leave behind becomes ours, and is seen.
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(timeout)


def _too_late(_signal, _frame):
    raise TimeoutError("the whole test took too long")


class World:
    def __init__(self, agent=True, settings=None, sim_args=(), warp=False,
                 user=True, check=tap.ok):
        self.check = check
        self.base = tempfile.mkdtemp(prefix="awsfed-", dir="/tmp")
        self.uid = NOBODY if os.getuid() == 0 and not self._mapped() else None
        self.logs, self.children = {}, []
        self.proxy = None
        self.agent = None
        self.sim = None
        os.chmod(self.base, 0o755)
        for name in ("bin", "log"):
            os.mkdir(os.path.join(self.base, name), 0o755)
        for name in ("home", "run", "state", "config", "home/.aws",
                     "config/awsfed"):
            self.own(os.path.join(self.base, name), 0o700, folder=True)
        self.home = os.path.join(self.base, "home")
        self.config_file = os.path.join(self.home, ".aws/config")
        self.credentials_file = os.path.join(self.home, ".aws/credentials")
        self.socket = os.path.join(self.base, "run/awsfed/control")
        self._programs()
        self.warp_file = self.sim_warp_file = None
        if warp:
            self.warp_file = self._warp_file("warp")
            self.sim_warp_file = self._warp_file("warp-sim")
        self.env = self._environment()
        try:
            self.sim = Simulator(self, args=sim_args)
            if not netns.inside():
                self.proxy = netns.Proxy(self.sim.port)
                self.env["HTTPS_PROXY"] = self.proxy.url
            self.settings(**(settings or {}))
            if user:
                self.sim.user(USER, password=PASSWORD)
            if agent:
                self.start_agent()
        except BaseException:
            self.close(failed=True)
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close(failed=kind is not None)

    # -- what there is -------------------------------------------------------
    @staticmethod
    def _mapped():
        """Root only in a user namespace: there is nobody else to become."""
        with open("/proc/self/uid_map", encoding="ascii") as f:
            return f.read().split()[-1] == "1"

    def own(self, path, mode, folder=False):
        """Makes or adjusts something of the throwaway user's."""
        if folder:
            os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        if self.uid is not None:
            os.chown(path, self.uid, self.uid)

    def _programs(self):
        """Copies: the build tree may be closed to the throwaway user."""
        for name in PROGRAMS:
            source = tap.program(name)
            if source is not None:
                shutil.copy2(source, self.program(name))
                os.chmod(self.program(name), 0o755)
                if VALGRIND and name != "awsfed-sim":
                    self._wrap(name)
        os.symlink("awsfedctl", self.program("aws-adfs"))
        shim = os.path.join(tap.builddir(), "tests/tools/warp.so")
        if os.path.exists(shim):
            shutil.copy2(shim, self.program("warp.so"))

    def _wrap(self, name):
        """The program under valgrind; what it finds is "a sanitizer spoke"."""
        real = self.program(name) + ".real"
        os.rename(self.program(name), real)
        folder = os.path.join(self.base, "valgrind")
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o777)
        with open(self.program(name), "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nexec %s --log-file=%s/%s.%%p %s \"$@\"\n"
                    % (VALGRIND, folder, name, real))
        os.chmod(self.program(name), 0o755)

    def _valgrind_said(self):
        """The lines of all errors and definite leaks."""
        folder = os.path.join(self.base, "valgrind")
        said = []
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            with open(os.path.join(folder, name), encoding="utf-8",
                      errors="replace") as f:
                text = f.read()
            self.valgrinds = getattr(self, "valgrinds", 0) + 1
            if not re.search(r"ERROR SUMMARY: 0 errors", text) and \
                    "ERROR SUMMARY" in text:
                said += [name] + text.splitlines()[:60]
        return said

    def program(self, name):
        return os.path.join(self.base, "bin", name)

    def _environment(self):
        asan = "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")
        env = {
            "HOME": self.home, "USER": "jane", "LOGNAME": "jane",
            "PATH": os.path.join(self.base, "bin") + ":/usr/bin:/bin",
            "LC_ALL": "C.UTF-8", "TERM": "dumb", "TZ": "UTC",
            "XDG_RUNTIME_DIR": os.path.join(self.base, "run"),
            "XDG_STATE_HOME": os.path.join(self.base, "state"),
            "XDG_CONFIG_HOME": os.path.join(self.base, "config"),
            "AWSFED_WORKER": self.program("awsfed-worker"),
            "AWS_CA_BUNDLE": os.path.join(self.base, "sim/ca.pem"),
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
            "PYTHONDONTWRITEBYTECODE": "1", "ASAN_OPTIONS": asan,
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        if self.warp_file:
            env.update(WARP=self.warp_file, AWSFED_TEST_PRELOAD="1",
                       LD_PRELOAD=self.program("warp.so"))
        return env

    def settings(self, **values):
        """[awsfed] of awsfed.conf; a running agent needs a reload."""
        # A machine that runs four tests at once is slow to say hello.
        all_of = {"ca_bundle": self.sim.ca, "spacing": 0, "spread": 0,
                  "connect_timeout": 30, "pushes_per_hour": 100,
                  "log_debug": "yes"}
        if self.proxy:
            all_of["https_proxy"] = self.proxy.url
        all_of.update(values)
        path = os.path.join(self.base, "config/awsfed/awsfed.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write("[awsfed]\n" + "".join(
                "%s = %s\n" % pair for pair in all_of.items()))
        self.own(path, 0o600)

    # -- processes -----------------------------------------------------------
    def _preexec(self, drop):
        uid = self.uid if drop else None

        def child():
            if drop and uid is None and os.getuid() == 0:
                for capability in range(64):
                    _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
            if uid is not None:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
            os.umask(0o077 if drop else 0o022)
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        return child

    def spawn(self, argv, log, drop=True, env=None,
              stdin=subprocess.DEVNULL, pass_fds=()):
        """Starts something that stays; its words go to a log by that name."""
        path = os.path.join(self.base, "log", log)
        self.logs[log] = path
        with open(path, "ab") as out:
            p = subprocess.Popen(
                argv, env=env or self.env, cwd="/", stdin=stdin,
                stdout=out, stderr=out, start_new_session=True,
                pass_fds=pass_fds, preexec_fn=self._preexec(drop))
        self.children.append(p)
        return p

    def stop(self, process, sig=signal.SIGTERM, timeout=10):
        """Ends one of ours; its status."""
        if process.poll() is None:
            process.send_signal(sig)
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                self.check(False, "%s ends when asked to" % process.args[0])
        return process.returncode

    def start_agent(self, wait=True, **env):
        self.agent = self.spawn([self.program("awsfedd"), "--foreground"],
                                "awsfedd", env=dict(self.env, **env))
        if wait:
            self.wait(self._listening, "the agent to listen")
        return self.agent

    def _listening(self):
        if self.agent.poll() is not None:
            raise RuntimeError("the agent ended with %d"
                               % self.agent.returncode)
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(self.socket) == 0

    def stop_agent(self, sig=signal.SIGTERM):
        return self.stop(self.agent, sig)

    def workers(self):
        """Process ids of the agent's workers."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % pid, encoding="utf-8",
                          errors="replace") as f:
                    name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
                if name.startswith("awsfed-worker"[:15]) and \
                        int(rest.split()[1]) == self.agent.pid:
                    found.append(int(pid))
            except (OSError, ValueError, IndexError):
                pass
        return found

    def log(self, name="awsfedd"):
        with open(self.logs[name], encoding="utf-8", errors="replace") as f:
            return f.read()

    def connect(self):
        """A bare connection to the agent, as its own user: it drops others."""
        s = socket.socket(socket.AF_UNIX)
        try:
            if self.uid is not None:
                os.seteuid(self.uid)
            s.connect(self.socket)
        finally:
            if self.uid is not None:
                os.seteuid(0)
        s.settimeout(10)
        return s

    # -- commands ------------------------------------------------------------
    def run(self, argv, stdin="", timeout=60, **env):
        return terminal.run(argv, dict(self.env, **env), self._preexec(True),
                            stdin, timeout, self.home if self.uid is None
                            else "/")

    def type(self, argv, answers=(), timeout=60, whole=False, show=None,
             otherwise=(), **env):
        return terminal.converse(argv, dict(self.env, **env), answers,
                                 self._preexec(True), timeout, "/", whole,
                                 show, otherwise)

    def ctl(self, *args, **more):
        return self.run([self.program("awsfedctl"), *args], **more)

    def login(self, *args, user=USER, password=PASSWORD, answers=(),
              name="awsfedctl", **more):
        """login at a terminal; user=None when it is known already."""
        typed = [] if user is None else [(ASK_USER, user)]
        typed += [] if password is None else [(ASK_PASSWORD, password)]
        return self.type([self.program(name), "login", *args],
                         typed + list(answers), **more)

    def status(self, *args):
        r = self.ctl("status", "--json", *args)
        if r.rc != 0:
            raise RuntimeError("status: %r" % r)
        return json.loads(r.out)

    def states(self):
        """profile -> state"""
        return {p["profile"]: p["state"] for p in self.status()["profiles"]}

    def aws(self, *args, timeout=60, **env):
        return self.run([AWS, *args], timeout=timeout, **env)

    def identity(self, *args, **env):
        """The ARN that sts get-caller-identity prints, or the Result."""
        r = self.aws("sts", "get-caller-identity", *args, **env)
        return json.loads(r.out)["Arn"] if r.rc == 0 else r

    # -- files ---------------------------------------------------------------
    def write(self, path, text, mode=0o600):
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(text)
        self.own(path, mode)

    def read(self, path):
        try:
            with open(path, "rb") as f:
                return f.read()
        except FileNotFoundError:
            return None

    def profile(self, name, role=None, host=HOST, reload=True, **keys):
        """Adds a profile to the config file as aws-adfs would have."""
        section = name if name == "default" else "profile " + name
        text = "[%s]\nregion = us-east-1\n" % section
        if host:
            text += "adfs_config.adfs_host = %s\n" % host
        if role:
            text += "adfs_config.role_arn = %s\n" % role
        text += "".join("%s = %s\n" % (k.replace("__", "."), v)
                        for k, v in keys.items())
        before = (self.read(self.config_file) or b"").decode()
        self.write(self.config_file, before + text + "\n")
        if reload and self.agent is not None and self.agent.poll() is None:
            self.ctl("reload")

    def credentials(self):
        """The credentials file as botocore would read it."""
        parser = configparser.RawConfigParser(default_section="\0none")
        parser.read_string((self.read(self.credentials_file) or
                            b"").decode())
        return {s: dict(parser.items(s)) for s in parser.sections()}

    # -- time ----------------------------------------------------------------
    def _warp_file(self, name):
        path = os.path.join(self.base, name)
        with open(path, "wb") as f:
            f.write(struct.pack("=qq", 0, 0))
        os.chmod(path, 0o644)
        return path

    def warp(self, real, boot=None, sim=True):
        """Moves the clocks of all our programs, in seconds; a World(warp=True).
        With one number a laptop slept, warp(real, 0) is a clock that was
        set; with sim=False the servers' clocks stay as they are."""
        boot = real if boot is None else boot
        # The servers first: they are never behind one who asks them.
        if sim:
            self.warp_sim(real, boot)
        self._move(self.warp_file, real, boot)

    def warp_sim(self, real, boot=0):
        """The same of the simulator alone."""
        self._move(self.sim_warp_file, real, boot)

    @staticmethod
    def _move(path, real, boot):
        with open(path, "r+b") as f:
            f.write(struct.pack("=qq", int(real * 1e6), int(boot * 1e6)))

    def wait(self, condition, what, timeout=40):
        """Until condition() is true; its value. Looks often, never sleeps
        longer than needed."""
        end = time.monotonic() + timeout
        pause = 0.005
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise TimeoutError("waited %g s for %s" % (timeout, what))
            time.sleep(pause)
            pause = min(pause * 1.5, 0.1)

    def wait_states(self, timeout=40, **want):
        """wait_states(fresh={"a", "b"}): until these profiles are in it."""
        def reached():
            now = self.states()
            return all(now.get(p) == state for state, names in want.items()
                       for p in names)
        return self.wait(reached, "states %r" % want, timeout)

    # -- the end -------------------------------------------------------------
    def close(self, failed=False):
        failed = failed or tap.failed() > 0
        if self.agent is not None:
            running = self.agent.poll() is None
            rc = self.stop_agent()
            if running:
                self.check(rc == 0, "the agent ends with status 0", rc)
        if self.sim is not None and self.sim.process is not None:
            self._unexpected()
        for p in self.children:
            self.stop(p)
        if self.proxy:
            self.proxy.close()
        self._left_over()
        spoke = [line for name in self.logs for line in
                 self.log(name).splitlines()
                 if re.search(r"Sanitizer|runtime error:|^==\d+==", line)]
        spoke += self._valgrind_said()
        self.check(not spoke, "no sanitizer spoke", *spoke[:40])
        if failed or spoke:
            for name in self.logs:
                tap.diag("---- log of %s (its end)" % name)
                tap.diag("\n".join(self.log(name).splitlines()[-80:]))
        shutil.rmtree(self.base, ignore_errors=True)

    def _unexpected(self):
        try:
            strange = self.sim.violations()
        except (OSError, RuntimeError, ValueError) as e:
            strange = ["the simulator is gone: %s" % e]
        self.check(not strange, "the simulator saw nothing improper",
               *map(str, strange))

    def _left_over(self):
        """Orphans come to us; a grace for those that are just ending."""
        own = {p.pid for p in self.children}
        left = []

        def none():
            del left[:]
            with open("/proc/self/task/%d/children" % os.getpid(),
                      encoding="ascii") as f:
                for pid in map(int, f.read().split()):
                    if pid in own:
                        continue
                    try:
                        if os.waitpid(pid, os.WNOHANG)[0] == 0:
                            left.append(pid)
                    except ChildProcessError:
                        pass
            return not left

        try:
            self.wait(none, "all processes to end", 20)
        except TimeoutError:
            pass
        self.check(not left, "nothing is left running", *left)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def role(account, name):
    return "arn:aws:iam::%s:role/%s" % (account, name)


def provider(account):
    return "arn:aws:iam::%s:saml-provider/ADFS" % account


def pair(arn):
    """A role with its account's provider, as a SAML attribute has them."""
    return "%s,%s" % (arn, provider(arn.split(":")[4]))


def seconds_left(section):
    """Of a section of the credentials file."""
    end = datetime.datetime.strptime(section["x_security_token_expires"],
                                     "%Y-%m-%dT%H:%M:%SZ")
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    return (end - now).total_seconds()
