#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Crowds and bad manners before the control socket and the endpoint: each is
served or refused by name, others are served meanwhile, the loop is never held
up.  TAP; the long form in `make proof-load`.

What must hold is a test: answers, named refusals, the agent's life, memory and
descriptors.  Times are rows, never tests.
"""
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system"),
                os.path.join(HERE, "..", "tools")]

# pylint: disable=wrong-import-position
import endpointlib  # noqa: E402
import harness  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402
from harness import USER, role  # noqa: E402

FULL = proof.full()
PLACES = 64  # CONTROL_CLIENTS of daemon/control.h
SECONDS = 8.0 if FULL else 0.4
DEV = role("111122223333", "Dev")
CLIENT = os.path.join(tap.builddir(), "tests/proof/load-client")


def call(method, **parameters):
    return json.dumps({"method": "io.awsfed.Control." + method,
                       "parameters": parameters}).encode() + b"\0"


KEYS = call("Credentials", profile="dev")
STATUS = call("Status")


class Crowd:
    """load-client, as the agent's own user."""

    def __init__(self, w, mode, place, clients, request, seconds=SECONDS,
                 rate=0):
        self.process = subprocess.Popen(
            [w.program("load-client"), mode, str(place), str(clients),
             str(seconds), str(rate)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, cwd="/", preexec_fn=w._preexec(True))
        self.process.stdin.write(request)
        self.process.stdin.close()
        self.process.stdin = None

    def result(self):
        out, _ = self.process.communicate(timeout=120)
        if self.process.returncode != 0:
            raise RuntimeError("load-client: %d" % self.process.returncode)
        return json.loads(out)


def crowd(*args, **more):
    return Crowd(*args, **more).result()


def ask(w, request=STATUS, patience=20):
    """One honest client; anew while it is refused by name."""
    end = time.monotonic() + patience
    busy = 0
    while True:
        with w.connect() as s:
            data = b""
            try:
                s.sendall(request)
                while not data.endswith(b"\0"):
                    more = s.recv(1 << 20)
                    if not more:
                        break
                    data += more
            except (BrokenPipeError, ConnectionResetError):
                pass
        reply = json.loads(data[:-1]) if data.endswith(b"\0") else {}
        if "parameters" in reply and "error" not in reply:
            return reply["parameters"], busy
        if time.monotonic() > end:
            raise TimeoutError("not served: %r" % data[:200])
        busy += 1
        time.sleep(0.01)


def loop(w):
    return ask(w)[0]["agent"]["loop"]


INSTRUMENTED = os.environ.get("AWSFED_INSTRUMENTED", "no") != "no"


def facts(w):
    """kilobytes, descriptors"""
    pid = w.agent.pid
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                rss = int(line.split()[1])
    return rss, len(os.listdir("/proc/%d/fd" % pid))


def waited(w):
    """Milliseconds that the agent has waited for a processor."""
    with open("/proc/%d/schedstat" % w.agent.pid, encoding="ascii") as f:
        return int(f.read().split()[1]) / 1e6


def block(w, part, what, before):
    """A row: how long the loop was busy in one turn, as the agent says."""
    now = loop(w)
    slow = now["over100ms"] - before["over100ms"]
    part.row("longest turn of the loop, %s" % what,
             "%d ms since the start, %d over 100 ms" % (
                 now["longestMs"], slow),
             target="none over 100 ms", good=slow == 0,
             why="%s (%s); the machine's load was %.1f, and the agent has "
             "waited %.0f ms for a processor" % (
                 now.get("in"), now.get("doing"), os.getloadavg()[0],
                 waited(w)))


# ---- what is asked of it -----------------------------------------------------

def throughput(w, part):
    before = loop(w)
    alone = crowd(w, "busy", w.socket, 1, KEYS)
    many = crowd(w, "busy", w.socket, PLACES, KEYS)
    tap.ok(many["answers"] > PLACES and many["refused"] == 0 and
           many["closed"] == 0 and many["lost"] == 0,
           "%d busy clients are all served" % PLACES, many)
    part.row("answers a second, %d busy clients" % PLACES,
             "%.0f" % many["rate"], target="≥ 10,000",
             good=many["rate"] >= 10000,
             why="on a machine with a load of %.1f" % os.getloadavg()[0])
    part.row("an answer's time, one client alone",
             "median %.3f ms, 99 %% %.3f ms" % (alone["p50"], alone["p99"]))
    part.row("an answer's time, %d busy clients" % PLACES,
             "median %.3f ms, 99 %% %.3f ms" % (many["p50"], many["p99"]))
    paced = crowd(w, "busy", w.socket, PLACES, KEYS, rate=10000)
    part.row("10,000 requests a second, from %d clients" % PLACES,
             "%.0f answered a second, median %.3f ms, 99 %% %.3f ms" % (
                 paced["rate"], paced["p50"], paced["p99"]),
             target="≥ 9,900", good=paced["rate"] >= 9900,
             why="on a machine with a load of %.1f" % os.getloadavg()[0])
    block(w, part, "busy clients", before)
    over = crowd(w, "busy", w.socket, PLACES * 2, KEYS)
    tap.ok(over["answers"] > 0 and over["refused"] > 0,
           "twice as many: served, or refused as Busy", over)


# mode, clients, what it says, must be refused by name
MANNERS = (("slow", PLACES * 2, KEYS), ("half", PLACES * 2, KEYS),
           ("flood", PLACES - 4, STATUS), ("zeros", PLACES - 4, STATUS),
           ("huge", PLACES - 4, STATUS), ("churn", 16, STATUS),
           ("deaf", PLACES - 4, STATUS))


def manners(w, part):
    """Each kind of nuisance, and an honest client beside it."""
    for mode, clients, request in MANNERS:
        before = loop(w)
        rss, fds = facts(w)
        bad = Crowd(w, mode, w.socket, clients, request,
                    seconds=max(SECONDS, 0.9))
        served = refused = 0
        worst = 0.0
        while bad.process.poll() is None:
            begin = time.monotonic()
            refused += ask(w)[1]
            worst = max(worst, time.monotonic() - begin)
            served += 1
            time.sleep(0.01)
        result = bad.result()
        tap.ok(served > 0, "%s: %d of them, others are served" % (
            mode, clients), result)
        if mode in ("zeros", "huge"):
            tap.ok(result["closed"] > 0, "%s: they are sent away" % mode,
                   result)
        part.row("%d clients of the kind \"%s\"" % (clients, mode),
                 "%d others served, the slowest after %.0f ms (%d times "
                 "Busy before)" % (served, worst * 1000, refused))
        block(w, part, "\"%s\"" % mode, before)
        settle(w, rss, fds, mode)


def settle(w, rss, fds, what):
    """They are gone: nothing of them is left."""
    def gone():
        return facts(w)[1] <= fds
    w.wait(gone, "descriptors to be closed", 20)
    now = facts(w)
    # What a sanitizer has seen freed it keeps for a while.
    tap.ok(now[1] <= fds and (INSTRUMENTED or now[0] < rss + 16 * 1024),
           "%s: memory and descriptors are given back" % what, rss, now)


def endpoint(w, part):
    tap.equal(ask(w, KEYS)[0]["profile"], "dev", "keys are still served")
    offer = endpointlib.Offer(w, "dev")
    request = offer.request(more="Connection: close\r\n")
    before = loop(w)
    rss, fds = facts(w)
    good = crowd(w, "http", offer.port, PLACES, request)
    tap.ok(good["answers"] > PLACES and good["refused"] == 0,
           "the endpoint serves %d at once" % PLACES, good)
    part.row("answers a second by the container endpoint, %d clients" % PLACES,
             "%.0f, median %.3f ms, 99 %% %.3f ms" % (
                 good["rate"], good["p50"], good["p99"]))
    for mode in ("slow", "half", "flood", "zeros", "huge", "churn"):
        bad = Crowd(w, mode, offer.port, 300, request,
                    seconds=SECONDS)
        served = 0
        while bad.process.poll() is None:
            text = endpointlib.talk(offer.port, request, timeout=20)
            served += b"AccessKeyId" in text
            time.sleep(0.01)
        result = bad.result()
        tap.ok(served > 0, "endpoint, %s: others are served" % mode, result)
        part.row("300 clients of the kind \"%s\" before the endpoint" % mode,
                 "%d others served" % served)
    block(w, part, "all of these before the endpoint", before)
    settle(w, rss, fds, "the endpoint's crowd")


def no_descriptors(w, part):
    """RLIMIT_NOFILE is reached: who comes is told, who is there is served."""
    w.stop_agent()
    w.agent = w.spawn(
        ["/bin/sh", "-c", "ulimit -n 40; exec \"$0\" --foreground",
         w.program("awsfedd")], "awsfedd")
    w.wait(w._listening, "the agent to listen", 10)
    before = loop(w)
    friend = w.connect()
    friend.sendall(STATUS)
    bad = Crowd(w, "deaf", w.socket, PLACES - 4, STATUS, seconds=60)
    w.wait(lambda: facts(w)[1] >= 39, "all descriptors to be in use")
    replies = refused = 0
    end = time.monotonic() + 30
    while (bad.process.poll() is None or refused == 0) and \
            time.monotonic() < end:
        data = b""
        while not data.endswith(b"\0"):
            data += friend.recv(1 << 20)
        replies += 1
        friend.sendall(STATUS)
        refused += refuses(w)
        if refused > 2:
            break
    bad.process.terminate()
    bad.process.communicate()
    friend.close()
    tap.ok(replies > 0, "no descriptors are left: who is connected is served",
           replies)
    tap.ok(refused > 0, "and who comes is told by name", refused)
    part.row("an agent without descriptors", "%d answers to who was there, "
             "%d refused by name" % (replies, refused))
    tap.ok(ask(w)[0]["profiles"], "and it recovers")
    block(w, part, "without descriptors", before)
    w.stop_agent()
    w.start_agent()


def refuses(w):
    """Is one who comes now sent away as Busy?"""
    with w.connect() as s:
        s.settimeout(3)
        try:
            return b".Busy" in s.recv(4096)
        except (TimeoutError, ConnectionResetError):
            return False


def large(w, part):
    """Many profiles: what one turn has to do grows with them."""
    count = 10000 if FULL else 300
    text = "".join(
        "[profile big-%05d]\nregion = us-east-1\nadfs_config.adfs_host = %s\n"
        "adfs_config.adfs_user = %s\nadfs_config.role_arn = %s\n"
        % (i, harness.HOST, USER, role("%012d" % (i + 1), "R"))
        for i in range(count))
    before = loop(w)
    old = w.read(w.config_file).decode()
    w.write(w.config_file, old + text)
    begin = time.monotonic()
    r = w.ctl("reload", timeout=120)
    took = time.monotonic() - begin
    tap.ok(r.rc == 0, "a configuration of %d profiles is taken" % count, r)
    after = loop(w)
    part.row("reload of %d new profiles (%d kB)" % (count, len(text) // 1000),
             "%.0f ms; longest turn %d ms" % (
                 took * 1000, after["longestMs"]))
    tap.equal(len(ask(w)[0]["profiles"]), count + 1, "all are in the status")
    begin = time.monotonic()
    for _ in range(5):
        ask(w)
    part.row("Status of %d profiles" % count,
             "%.0f ms each" % ((time.monotonic() - begin) * 200))
    block(w, part, "with %d profiles" % count, before)
    w.write(w.config_file, old)
    w.ctl("reload", timeout=120)


def main():
    part = proof.Part("load", "Load: crowds and bad manners")
    with harness.World(settings={"log_debug": "no",
                                 "endpoint": "on"}) as w:
        with open(CLIENT, "rb") as f, \
                open(w.program("load-client"), "wb") as out:
            out.write(f.read())
        os.chmod(w.program("load-client"), 0o755)
        w.sim.user(USER, password=harness.PASSWORD, roles=[harness.pair(DEV)])
        w.profile("dev", role=DEV)
        r = w.login("dev")
        tap.ok(r.rc == 0, "signed in", r)
        for step in (throughput, manners, endpoint, no_descriptors, large):
            begin = time.monotonic()
            step(w, part)
            tap.diag("%s took %.1f s" % (step.__name__,
                                         time.monotonic() - begin))


harness.need(timeout=900)
tap.run(main)
