#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How the work on files grows with them: a config file and a credentials file
of 10 to 10,000 profiles, all of them ours. TAP; the figures go to the table of
`make proof`, and no test is about speed."""
import math
import os
import resource
import statistics
import sys
import time

sys.dont_write_bytecode = True
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, d) for d in ("system", "tools")]
import harness  # noqa: E402
import proof  # noqa: E402
import tap  # noqa: E402
from harness import HOST, USER, role  # noqa: E402

SIZES = (10, 100, 1000, 10000) if proof.full() else (10, 300)
ROUNDS = 5 if proof.full() else 1
ADMIN = role("123456789012", "Admin")
PROFILE = """[profile %s]
region = us-east-1
adfs_config.adfs_host = %s
adfs_config.role_arn = %s

"""
SECTION = """[%s]
aws_access_key_id = ASIA0000000000000000
aws_secret_access_key = 0123456789012345678901234567890123456789
aws_session_token = %s
x_security_token_expires = 2024-01-01T00:00:00Z
x_principal_arn = arn:aws:sts::123456789012:assumed-role/Role/jane
x_managed_by = awsfed

"""
TOKEN = "IQoJb3JpZ2luX2VjE" * 40
# What grows faster than n log n does, between the two largest sizes.
SLACK = 1.25


def name(i):
    return "p%05d" % i


def agent_ns(pid):
    """Processor time of all its threads, those that have ended too: the clock
    that clock_getcpuclockid(3) makes of a process id."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def ms(w, *args):
    """Processor time of agent and client: others are busy here, too."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    agent = agent_ns(w.agent.pid)
    r = w.ctl(*args, timeout=120)
    took = (agent_ns(w.agent.pid) - agent) / 1e6
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took += (after.ru_utime + after.ru_stime - children.ru_utime -
             children.ru_stime) * 1000
    if r.rc != 0:
        tap.ok(False, "a command ends well", r)
    return took


def measure(w, n):
    """{what: median of its milliseconds} with n profiles."""
    # p00000's role is real; the others' sections are there and stay.
    w.write(w.config_file, "".join(
        PROFILE % (name(i), HOST, ADMIN if i == 0 else
                   role("123456789012", "Role%05d" % i)) for i in range(n)))
    sections = "".join(SECTION % (name(i), TOKEN) for i in range(n))
    w.write(w.credentials_file, "# mine\n" + sections)
    took = {"reload": [], "status": [], "rewrite": []}
    w.ctl("reload")
    r = w.login(name(0), timeout=120) if w.first else w.ctl("login", name(0))
    w.first = False
    tap.ok(r.rc == 0, "%d profiles: one is made fresh" % n, r)
    for i in range(ROUNDS):
        with open(w.config_file, "a", encoding="ascii") as f:
            f.write("# %d\n" % i)
        took["reload"].append(ms(w, "reload"))
        took["status"].append(ms(w, "status"))
        took["rewrite"].append(ms(w, "login", name(0)))
    text = w.read(w.credentials_file).decode()
    rest = "".join(SECTION % (name(i), TOKEN) for i in range(1, n))
    tap.ok(text.startswith("# mine\n") and text.endswith(rest),
           "%d profiles: the other sections stayed as they were" % n,
           len(text), len(rest))
    tap.ok(ADMIN.rsplit("/", maxsplit=1)[-1] in text.split(rest[:20])[0] and
           "2024" not in text.split("[%s]" % name(1))[0],
           "%d profiles: the one was written" % n)
    return {what: statistics.median(times) for what, times in took.items()}


def table(part, figures):
    small, large = SIZES[-2:]
    growth = large / small * math.log(large) / math.log(small)
    for what, told in (
            ("reload", "`reload` of a config file"),
            ("status", "`status`"),
            ("rewrite", "`login` of one profile, which rewrites them all")):
        times = [figures[n][what] for n in SIZES]
        # A command that does nothing takes time too: the smallest file's.
        ratio = (times[-1] - times[0]) / max(times[-2] - times[0], 0.5)
        part.row("%s, %s profiles" % (told, ", ".join(map(str, SIZES))),
                 "%s ms of processor time; %.1f × from %d to %d" % (
                     ", ".join("%.1f" % t for t in times), ratio, small,
                     large),
                 "≤ %.1f × (n log n, and a quarter)" % (growth * SLACK),
                 ratio <= growth * SLACK, "not yet explained")


def main():
    harness.need()
    part = proof.Part("files", "Files of many profiles")
    figures = {}
    with harness.World(settings={"log_debug": "no"}) as w:
        w.first = True
        w.sim.user(USER, roles=[harness.pair(ADMIN)])
        w.sim.set(loop_tokens=30, loop_seconds=1)
        for n in SIZES:
            figures[n] = measure(w, n)
    table(part, figures)
    tap.finish()


main()
