# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks of the agent and the client share: an agent that holds
live profiles and has nothing to do, and the memory of a process."""

import os
import re
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system"),
                os.path.join(HERE, "..", "tools")]

import harness  # noqa: E402
import proof    # noqa: E402
import tap      # noqa: E402

# Nothing is renewed by itself while it is looked at, and no line is logged
# for a call: what a person has who never touched awsfed.conf.
QUIET = {"log_debug": "no"}


def roles(count):
    return [harness.role("%012d" % (100000000000 + n), "Role%d" % n)
            for n in range(count)]


def live(world, count):
    """count profiles of one identity, all with live credentials."""
    arns = roles(count)
    world.sim.user(harness.USER, password=harness.PASSWORD,
                   roles=[harness.pair(a) for a in arns])
    for n, arn in enumerate(arns):
        world.profile("p%d" % n, role=arn, reload=False)
    world.ctl("reload")
    r = world.login("--all")
    states = world.states()
    fresh = [p for p, s in states.items() if s == "fresh"]
    tap.ok(r.rc == 0 and len(fresh) == count,
           "%d profiles are live" % count, r, states)


def rest(world):
    """Waits until the agent sleeps: no worker, and a second without a turn."""
    seen = [switches(world.agent.pid), time.monotonic()]

    def asleep():
        now = switches(world.agent.pid)
        if world.workers() or now != seen[0]:
            seen[:] = [now, time.monotonic()]
        return time.monotonic() - seen[1] > 3
    world.wait(asleep, "the agent to come to rest", 60)


def memory(pid):
    """Kibibytes of /proc/PID/smaps_rollup: Pss, Private_Dirty, …"""
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as f:
        return {k: int(v) for k, v in
                re.findall(r"^(\w+): +(\d+) kB", f.read(), re.M)}


def mappings(pid):
    """name -> [Pss, Private_Dirty] in KiB, the largest first."""
    found = {}
    name = ""
    with open("/proc/%d/smaps" % pid, encoding="utf-8") as f:
        for line in f:
            head = re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)", line)
            if head:
                name = os.path.basename(head.group(1)) or "[anonymous]"
                found.setdefault(name, [0, 0])
            elif line.startswith("Pss:"):
                found[name][0] += int(line.split()[1])
            elif line.startswith("Private_Dirty:"):
                found[name][1] += int(line.split()[1])
    return dict(sorted(found.items(), key=lambda i: -i[1][1]))


def switches(pid):
    """How often the threads of a process gave up the processor or lost it."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/status" % (pid, task),
                      encoding="utf-8") as f:
                total += sum(map(int, re.findall(
                    r"voluntary_ctxt_switches:\s+(\d+)", f.read())))
        except FileNotFoundError:
            pass    # it has ended meanwhile
    return total


def spent(pid):
    """Seconds of processor time: all of it, and the kernel's part."""
    with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
        user, kernel = map(int, f.read().rpartition(")")[2].split()[11:13])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + kernel) / tick, kernel / tick


def need(*helpers):
    """harness.need(), and programs of this folder."""
    for name in helpers:
        if not os.access(os.path.join(tap.builddir(), "tests/bench", name),
                         os.X_OK):
            tap.skip_all("%s is not part of this build" % name)
    harness.need(timeout=1800 if proof.full() else 300)


def helper(world, name):
    """The path of a helper that the agent's own user may run."""
    path = world.program(name)
    if not os.path.exists(path):
        shutil.copy2(os.path.join(tap.builddir(), "tests/bench", name), path)
        os.chmod(path, 0o755)
    return path


def settled():
    """Pages of a program that was copied just now are its own, and dirty,
    until they are on the disk."""
    os.sync()


def said(world, *argv, timeout=300):
    """The words a helper printed, run as the agent's own user."""
    r = world.run(list(argv), timeout=timeout)
    if r.rc != 0:
        raise RuntimeError("%s: %r" % (argv[0], r))
    return r.out.split()


def instrumented():
    return os.environ.get("AWSFED_INSTRUMENTED", "no") != "no"
