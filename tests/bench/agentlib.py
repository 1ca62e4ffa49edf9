# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks of the agent and the client share: an agent that holds
live profiles and has nothing to do, and the memory of a process."""

import os
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system"),
                os.path.join(HERE, "..", "tools")]

import harness  # noqa: E402
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


def still(world, pid=None):
    """Waits until the agent has no worker and no thread but its first."""
    pid = pid or world.agent.pid

    def alone():
        return not world.workers() and \
            len(os.listdir("/proc/%d/task" % pid)) == 1
    return world.wait(alone, "the agent to be idle", 30)


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
        with open("/proc/%d/task/%s/status" % (pid, task),
                  encoding="utf-8") as f:
            total += sum(map(int, re.findall(
                r"voluntary_ctxt_switches:\s+(\d+)", f.read())))
    return total


def built(name):
    """A helper of this folder, or the test is skipped."""
    path = os.path.join(tap.builddir(), "tests/bench", name)
    if not os.access(path, os.X_OK):
        tap.skip_all("%s is not part of this build" % name)
    return path


def said(world, *argv, timeout=300):
    """The words a helper printed, run as the agent's own user."""
    r = world.run(list(argv), timeout=timeout)
    if r.rc != 0:
        raise RuntimeError("%s: %r" % (argv[0], r))
    return r.out.split()


median = statistics.median


def instrumented():
    return os.environ.get("AWSFED_INSTRUMENTED", "no") != "no"


def version(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()
