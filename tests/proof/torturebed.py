# SPDX-License-Identifier: Apache-2.0
"""Where torture.py lets one call of a login fail: a simulator and a HOME that
are used again for each point."""

import os
import shutil
import signal
import ssl
import subprocess
import time

import harness
import judge
import tap
import trip
from harness import PASSWORD, USER, pair, role

ROOT, OTHER = role("111111111111", "Root"), role("333333333333", "Other")
HOP = role("222222222222", "Hop")
NAMES = ["root", "other", "hop"]
PATIENCE = 40  # seconds for a command; more is a hang


class Bed:
    """A simulator and a HOME that are used again for each point."""

    launched = False  # the agent is started by the client

    def __init__(self, deep):
        self.w = w = harness.World(agent=False, check=self.check)
        self.unwell, self.deep = [], deep
        library = w.program("trip.so")
        shutil.copy2(os.path.join(tap.builddir(), "tests/tools/trip.so"),
                     library)
        self.plan = trip.Plan(library)
        self.running = False  # an agent that goes on from point to point
        self.env = {"LD_PRELOAD": library, "AWSFED_TEST_PRELOAD": "1"}
        # With a socket that is named the client starts no agent of its own.
        self.client = dict(self.env, AWSFED_SOCKET=w.socket)
        w.sim.set(loop_tokens=30, loop_seconds=1)
        w.sim.user(USER, password=PASSWORD, roles=[pair(ROOT), pair(OTHER)])
        w.sim.role(HOP, trust=[ROOT])
        known = {"adfs_config__adfs_user": USER}
        w.profile("root", role=ROOT, reload=False, **known)
        w.profile("other", role=OTHER, reload=False, **known)
        w.profile("hop", host=None, reload=False, role_arn=HOP,
                  source_profile="root", awsfed__deliver="file")
        self.config = w.read(w.config_file)
        self.tls = ssl.create_default_context(cafile=w.sim.ca)

    def check(self, good, name, *why):
        if not good:
            self.unwell.append("%s %s" % (name, " ".join(map(str, why))))
        return good

    def fresh(self):
        """As on the first day, but for the simulator."""
        w = self.w
        w.write(w.config_file, self.config.decode())
        for folder in ("run", "state", "home/.aws"):
            path = os.path.join(w.base, folder)
            for name in os.listdir(path):
                full = os.path.join(path, name)
                if full == w.config_file:
                    continue
                if os.path.isdir(full):
                    shutil.rmtree(full)
                else:
                    os.unlink(full)
        w.write(w.credentials_file, judge.FOREIGN)
        for log in w.logs:
            if log != "sim":
                with open(w.logs[log], "wb"):
                    pass
        w.children[:] = [p for p in w.children if p.poll() is None]
        w.sim.do("expire-sso")
        w.sim.do("reset")

    def start(self):
        """The agent under the plan; False when it ended instead."""
        w = self.w
        w.start_agent(wait=False, **self.env)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if w.agent.poll() is not None:
                return False
            # The socket is there before the agent is ready to take calls.
            try:
                w.connect().close()
                return True
            except OSError:
                time.sleep(0.003)
        return True

    def again(self):
        """The agent as after its start, without a start where one goes on;
        False when it does not."""
        w = self.w
        if not self.running:
            self.end()
            self.fresh()
            self.plan.disarm()
            self.running = self.start()
            return self.running
        self.plan.disarm()
        r = self.ctl("logout", "--all")
        with open(w.logs["awsfedd"], "wb"):
            pass
        w.sim.do("expire-sso")
        w.sim.do("reset")
        return r.rc == 0

    def end(self):
        """Of an agent that went on."""
        if self.w.agent is not None and self.w.agent.poll() is None:
            self.plan.disarm()
            self.w.stop_agent()
        self.running = False

    def login(self):
        return self.w.login(*NAMES, user=None, timeout=PATIENCE, **self.client)

    def ctl(self, *args):
        return self.w.ctl(*args, timeout=PATIENCE, **self.client)

    def words(self):
        """What the agent said."""
        return self.w.log()

    def close(self):
        self.end()
        self.w.close()


class Adopted:
    """An agent that the client started: an orphan, which came to us.  It is
    held as subprocess.Popen holds a child."""

    args = ["awsfedd --background"]

    def __init__(self, pid):
        self.pid, self.returncode = pid, None

    def poll(self):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout):
        end = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(self.args, timeout)
            time.sleep(0.005)
        return self.returncode

    def send_signal(self, sig):
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Launched(Bed):
    """The client finds no agent, and starts one."""

    launched = True

    def start(self):
        if not self.begun:
            self.begun = True
            return True
        return super().start()

    def fresh(self):
        super().fresh()
        self.begun, self.w.agent = False, None

    def login(self):
        if self.w.agent is not None:
            return super().login()
        r = self.w.login(*NAMES, user=None, timeout=PATIENCE, **self.env)
        self.adopt(r)
        return r

    def words(self):
        """Before it has a log it tells the client."""
        folder, said = os.path.join(self.w.base, "state/awsfed"), ""
        if os.path.isdir(folder):
            for name in os.listdir(folder):
                if name.startswith("agent-"):
                    said += self.w.read(os.path.join(folder, name)).decode()
        if "awsfedd" in self.w.logs:
            said += self.w.log()
        return said

    def orphans(self):
        """Agents that are ours now; those that have ended are buried."""
        own, found = {p.pid for p in self.w.children}, []
        with open("/proc/self/task/%d/children" % os.getpid(),
                  encoding="ascii") as f:
            for pid in set(map(int, f.read().split())) - own:
                agent = Adopted(pid)
                if agent.poll() is None:
                    found.append(agent)
                else:
                    self.w.agent = agent
        return found

    def adopt(self, r):
        """The agent that stays.  One that nobody waits for any more has a
        moment to come to its end or to its socket."""
        end = time.monotonic() + (0 if r.rc == 0 else 5)
        while True:
            found = self.orphans()
            if not found:
                return
            self.w.agent = found[-1]
            try:
                if len(found) == 1:
                    self.w.connect().close()
                    return
            except OSError:
                pass
            if time.monotonic() > end:
                return
            time.sleep(0.01)
