#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a sign-in costs, beside curl, a browser and the least libcurl program:
500 roles from one assertion, a network with 50 ms, the start of a worker. TAP;
the figures go to the table of `make proof`, and no test is about speed."""
import ctypes
import json
import os
import shutil
import statistics
import struct
import subprocess
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [HERE] + [os.path.join(TESTS, d)
                         for d in ("system", "tools", "sim")]
import browser  # noqa: E402
import harness  # noqa: E402
import netns  # noqa: E402
import proof  # noqa: E402
import relay  # noqa: E402
import tap  # noqa: E402
import worker_agent  # noqa: E402
from harness import HOST, PASSWORD, USER, role  # noqa: E402

ROLES = 500 if proof.full() else 40
ROUNDS = 9 if proof.full() else 1
STARTS = 40 if proof.full() else 2
POOL = 16  # HTTP_POOL_MAX
QUIET = {"log_debug": "no"}
RTT = 0.05
STS = "sts.us-east-1.amazonaws.com"
CURL = "/usr/bin/curl"
ACCOUNT = "123456789012"
IN_MOVED_TO = 0x80


def spent(pid):
    """Processor time of a process, and of its children that ended: ms."""
    with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    tick = 1000 / os.sysconf("SC_CLK_TCK")
    return (sum(map(int, fields[11:13])) * tick,
            sum(map(int, fields[13:15])) * tick)


def median(*lists):
    return [statistics.median(one) for one in lists]


class Renames:
    """How often a file was put in its place, as inotify tells."""

    def __init__(self, path):
        self.name = os.path.basename(path).encode()
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0 or libc.inotify_add_watch(
                self.fd, os.path.dirname(path).encode(), IN_MOVED_TO) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def count(self):
        n = 0
        while True:
            try:
                data = os.read(self.fd, 65536)
            except BlockingIOError:
                return n
            at = 0
            while at < len(data):
                size = struct.unpack_from("iIII", data, at)[3]
                n += data[at + 16:at + 16 + size].rstrip(b"\0") == self.name
                at += 16 + size


def timed(run):
    began = time.monotonic()
    result = run()
    return (time.monotonic() - began) * 1000, result


def many_profiles(w, n, host=HOST, **keys):
    arns = [role(ACCOUNT, "Role%04d" % i) for i in range(n)]
    more = "".join("%s = %s\n" % pair for pair in keys.items())
    w.sim.user(USER, roles=[harness.pair(a) for a in arns])
    w.write(w.config_file, "".join(
        "[profile p%04d]\nregion = us-east-1\nadfs_config.adfs_host = %s\n"
        "adfs_config.role_arn = %s\n%s\n" % (i, host, a, more)
        for i, a in enumerate(arns)))
    w.ctl("reload")
    return arns


# ---- one assertion, many roles ---------------------------------------------

class Curl:
    """The same posts, with the same number of connections."""

    def __init__(self, w, arns):
        self.w, self.arns = w, arns
        self.folder = os.path.join(w.base, "curl")
        os.mkdir(self.folder)
        self.browser = browser.Browser(w.sim.dir, HOST, port=w.sim.port)

    def prepare(self):
        page = self.browser.login(USER, PASSWORD)
        self.browser.close()
        posts = []
        for i, arn in enumerate(self.arns):
            path = os.path.join(self.folder, str(i))
            with open(path, "w", encoding="ascii") as f:
                f.write(urllib.parse.urlencode({
                    "Action": "AssumeRoleWithSAML", "Version": "2011-06-15",
                    "RoleArn": arn, "PrincipalArn": harness.provider(ACCOUNT),
                    "SAMLAssertion": page.assertion()}))
            posts.append('url = "https://%s/"\ndata = "@%s"\noutput = '
                         '"%s.out"\nsilent\nfail\nhttp1.1\ncacert = "%s"\n'
                         % (STS, path, path, self.w.sim.ca))
        with open(os.path.join(self.folder, "all"), "w",
                  encoding="ascii") as f:
            f.write("next\n".join(posts))

    def run(self):
        return subprocess.run(
            [CURL, "--parallel", "--parallel-max", str(POOL), "-K",
             os.path.join(self.folder, "all")], env={"PATH": "/usr/bin"},
            capture_output=True, check=False).returncode


def ours(w):
    """Time, time of the roles alone, the client's result."""
    before = w.sim.counters()
    took, r = timed(lambda: w.ctl("login", "--all", "--force", timeout=280))
    return took, r, w.sim.since(before)


def roles(part):
    with harness.World(settings=QUIET) as w:
        arns = many_profiles(w, ROLES)
        r = w.login("--all", timeout=280)
        tap.equal(r.rc, 0, "%d profiles from one sign-in" % ROLES)
        renames = Renames(w.credentials_file)
        curl = Curl(w, arns) if os.access(CURL, os.X_OK) and \
            netns.inside() else None
        w.sim.set(loop_tokens=30, loop_seconds=1)
        mine, theirs, written = [], [], []
        agents, workers, curls = [], [], []
        for _ in range(ROUNDS):
            agent, worker = spent(w.agent.pid)
            took, r, gained = ours(w)
            mine.append(took)
            # The worker's end is not waited for by the client.
            w.wait(lambda: not w.workers(), "the worker to end")
            now = spent(w.agent.pid)
            agents.append(now[0] - agent)
            workers.append(now[1] - worker)
            written.append(renames.count())
            tap.ok(r.rc == 0 and gained.get("assertions") == 1 and
                   gained.get("assume_role_with_saml") == ROLES,
                   "once more: one assertion, each role once", r, gained)
            tap.ok(gained["connections"] <= POOL + 1, "%d connections at most"
                   % (POOL + 1), gained)
            if curl is None:
                continue
            curl.prepare()
            before = w.sim.counters()
            children = spent(os.getpid())[1]
            took, rc = timed(curl.run)
            theirs.append(took)
            curls.append(spent(os.getpid())[1] - children)
            tap.ok(rc == 0 and w.sim.since(before).get(
                "assume_role_with_saml") == ROLES, "curl did the same", rc)
        # A machine that is busy with other things may take a rest meanwhile.
        tap.ok(all(1 <= n <= 1 + took / 250 for n, took in zip(written, mine)),
               "the credentials file is not written for each role", written)
        keys = w.credentials()
        tap.ok(len(keys) == ROLES and
               all("aws_session_token" in s for s in keys.values()),
               "each profile has its keys", len(keys))
        if not theirs:
            tap.diag("no curl, or no network of its own: nothing to compare")
            return
        worker, agent, other = median(workers, agents, curls)
        cost = "%.0f ms by the worker, %.0f by the agent; %.0f by curl" % (
            worker, agent, other)
        part.ratio("%d roles: awsfedctl login with its sign-in, from start to "
                   "written file" % ROLES, *median(mine, theirs), most=1.25,
                   of="curl --parallel with the same posts",
                   why="processor time: " + cost)
        part.row("processor time of that, beside curl's", cost)
        part.row("rewrites of the credentials file for %d roles" % ROLES,
                 max(written), "1", max(written) == 1,
                 "%d of %d rounds had more than one" % (
                     sum(n > 1 for n in written), len(written)))


# ---- a network with a delay --------------------------------------------------

def browse(w, port):
    """The same pages, as a browser reads them: kept connections."""
    adfs = browser.Browser(w.sim.dir, HOST, port=port)
    aws = browser.Browser(w.sim.dir, "signin.aws.amazon.com", port=port)
    page = adfs.login(USER, PASSWORD)
    answer = aws.send("POST", "/saml", {"SAMLResponse": page.assertion(),
                                        "RelayState": ""})
    for b in (adfs, aws):
        b.close()
    return answer.status


def synced(folder):
    """What it takes here to have a small file replaced for good: ms."""
    path = os.path.join(folder, "synced")

    def replace():
        with open(path + ".new", "wb") as f:
            f.write(b"x" * 400)
            f.flush()
            os.fsync(f.fileno())
        os.rename(path + ".new", path)
        fd = os.open(folder, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)
    return timed(replace)[0]


def trips(part):
    if not netns.inside():
        tap.skip("round trips: no network of its own")
        return
    with harness.World(agent=False, settings=QUIET) as w:
        slow = relay.Relay(("127.0.0.1", 0), ("127.0.0.1", w.sim.port), RTT)
        port = slow.server.getsockname()[1]
        w.sim.set(loop_tokens=30, loop_seconds=1)
        w.start_agent(AWS_ENDPOINT_URL_STS="https://%s:%d" % (STS, port))
        many_profiles(w, 1, host="%s:%d" % (HOST, port))
        counts, times, theirs, needed = [], [], [], []
        before, after, disk = [], [], []
        for _ in range(ROUNDS):
            w.ctl("logout", "p0000")
            w.sim.do("expire-sso")
            slow.reset()
            began = time.monotonic()
            took, r = timed(lambda: w.login(
                "p0000", user=None if counts else USER))
            tap.ok(r.rc == 0, "signed in over the slow network", r)
            before.append((slow.first - began) * 1000)
            after.append(took - (slow.last - began) * 1000)
            time.sleep(2 * RTT)
            disk.append(synced(w.base))
            counts.append(slow.trips)
            times.append(took)
            slow.reset()
            took, status = timed(lambda: browse(w, port))
            tap.equal(status, 302, "a browser does the same")
            time.sleep(2 * RTT)
            theirs.append(took)
            needed.append(slow.trips)
        tap.ok(max(counts) <= min(needed), "no more round trips than a "
               "browser's", counts, needed)
        part.row("round trips of a login with a password", max(counts),
                 "≤ %d, a browser's" % min(needed),
                 max(counts) <= min(needed),
                 "a browser's were %d to %d in these rounds" % (
                     min(needed), max(needed)))
        took, browser_took, start, end = median(times, theirs, before, after)
        trips_took = max(counts) * RTT * 1000
        parts = ("%.0f ms to the first connection, %.0f from the last answer "
                 "to the end, %.0f beside the round trips between; a small "
                 "file put in its place and synced: %.0f ms" % (
                     start, end, took - start - end - trips_took,
                     statistics.median(disk)))
        part.ratio("that login, each round trip %d ms" % (RTT * 1000),
                   took, trips_took, most=1.1, of="its round trips alone",
                   why=parts)
        part.row("that login's time beside its round trips", parts)
        part.row("the browser of the test, which runs already and writes "
                 "nothing", "%.0f ms" % browser_took)
        slow.close()


# ---- the start of a worker --------------------------------------------------

def starts(part):
    spawn = os.path.join(tap.builddir(), "tests/bench/worker/spawn")
    hello = os.path.join(tap.builddir(), "tests/bench/worker/hello")
    job = worker_agent.job("127.0.0.1:PORT", allowHttpLoopback=False)
    r = subprocess.run([spawn, str(STARTS), tap.program("awsfed-worker"),
                        hello], input=json.dumps(job), capture_output=True,
                       text=True, timeout=250, check=False)
    rows = [[int(v) / 1000 for v in line.split()]
            for line in r.stdout.splitlines()]
    tap.ok(r.returncode == 0 and len(rows) == STARTS,
           "%d workers and %d bare programs say hello" % (STARTS, STARTS),
           r.stderr[-500:])
    if rows:
        part.ratio("start of a worker to its ClientHello, by posix_spawn from "
                   "a small program in the agent's place",
                   statistics.median(x[0] for x in rows),
                   statistics.median(x[1] for x in rows), most=1.5,
                   of="the least libcurl program's",
                   why="what libraries, sandbox and job have in it was not "
                   "measured one by one")


def main():
    harness.need()
    part = proof.Part("worker", "The worker on the network")
    roles(part)
    trips(part)
    starts(part)
    tap.finish()


main()
