#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What an agent costs: memory and wake-ups when it is idle, beside ssh-agent,
gpg-agent and oidc-agent, and how many calls it answers beside a bare echo."""

import json
import os
import shutil
import subprocess
import time

import agentlib
from agentlib import harness, proof, tap

FULL = proof.full()
PROFILES = 50 if FULL else 10
QUIET_SECONDS = int(os.environ.get("AWSFED_BENCH_SECONDS", 600)) \
    if FULL else 5
ROUNDS, COUNT = (101, 500) if FULL else (3, 20)
CALL = json.dumps({"method": "io.awsfed.Control.Credentials",
                   "parameters": {"profile": "p1", "minValid": 0}},
                  separators=(",", ":"))

agentlib.need("agent-bare", "agent-echo", "agent-load")
part = proof.Part("agent", "The agent: memory, wake-ups, requests")


def starts(w, name, *argv):
    """A helper that says a line when it is ready."""
    p = w.spawn([agentlib.helper(w, argv[0]), *argv[1:]], name,
                stdin=subprocess.PIPE)
    w.wait(lambda: p.poll() is not None or w.log(name), name)
    return p


# ---- memory ------------------------------------------------------------------
def peer(w, name, ready, *argv):
    """Starts an agent of Debian's; its process id, or None."""
    if shutil.which(argv[0]) is None:
        tap.skip("%s beside it" % name, "%s is not installed" % argv[0])
        return None
    p = w.spawn(list(argv), name, stdin=subprocess.PIPE)
    w.wait(lambda: ready(p), name, 30)
    return p.pid


def ssh_agent(w, kind):
    """An ssh-agent with as many keys as we have profiles."""
    sock = os.path.join(w.base, "run", "ssh-" + kind)
    pid = peer(w, "ssh-agent-" + kind, lambda p: os.path.exists(sock),
               "/usr/bin/ssh-agent", "-D", "-a", sock)
    if pid is None:
        return None
    for n in range(PROFILES):
        key = os.path.join(w.base, "state", "%s-%d" % (kind, n))
        r = w.run(["/usr/bin/ssh-keygen", "-q", "-t", kind, "-N", "",
                   "-f", key])
        added = w.run(["/usr/bin/ssh-add", "-q", key], SSH_AUTH_SOCK=sock)
        if r.rc != 0 or added.rc != 0:
            raise RuntimeError("%r %r" % (r, added))
    return pid


def peers(w):
    home = os.path.join(w.base, "home", "gnupg")
    w.own(home, 0o700, folder=True)
    oidc = os.path.join(w.base, "run", "oidc")
    w.own(oidc, 0o700, folder=True)
    return {
        "ssh-agent, %d RSA keys" % PROFILES: ssh_agent(w, "rsa"),
        "ssh-agent, %d Ed25519 keys" % PROFILES: ssh_agent(w, "ed25519"),
        "gpg-agent, no key": peer(
            w, "gpg-agent",
            lambda p: "OK Pleased" in w.log("gpg-agent"),
            # As a daemon it forks; as a server it is the process we started.
            "/usr/bin/gpg-agent", "--homedir", home, "--server"),
        "oidc-agent, no account": peer(
            w, "oidc-agent", lambda p: os.listdir(oidc),
            "/usr/bin/oidc-agent", "-d", "-a", oidc + "/socket"),
    }


def shown(m):
    return "PSS %.2f MB, private dirty %.2f MB" % (
        m["Pss"] / 1024, m["Private_Dirty"] / 1024)


def divided(parts, which):
    """Whose the memory is: which is 0 for PSS, 1 for private dirty."""
    libraries = sum(s[which] for n, s in parts.items() if ".so" in n)
    own = parts["awsfedd"][which]
    rest = sum(s[which] for s in parts.values()) - libraries - own
    return "%.2f MB libraries, %.2f MB awsfedd's file, %.2f MB heap, stack " \
        "and the rest" % (libraries / 1024, own / 1024, rest / 1024)


def memory(w):
    """All of them at once, so that what they share is shared by all."""
    if not FULL:
        m = agentlib.memory(w.agent.pid)
        tap.ok(0 < m["Private_Dirty"] <= m["Rss"], "memory is measured", m)
        return
    others = peers(w)
    bare = starts(w, "bare", "agent-bare")
    agentlib.settled()
    time.sleep(3)
    ours = agentlib.memory(w.agent.pid)
    parts = agentlib.mappings(w.agent.pid)
    for name, size in parts.items():
        if size[0] > 0:
            tap.diag("%-32s PSS %4d KiB, private dirty %4d KiB"
                     % (name, *size))
    floor = agentlib.memory(bare.pid)
    found = {n: agentlib.memory(p) for n, p in others.items() if p}
    ssh = found.get("ssh-agent, %d RSA keys" % PROFILES)
    if ssh:
        part.ratio("awsfedd, idle, %d live profiles: PSS" % PROFILES,
                   ours["Pss"] / 1024, ssh["Pss"] / 1024, most=0.5,
                   of="ssh-agent's with %d RSA keys" % PROFILES, unit="MB",
                   why=divided(parts, 0) + "; the floor alone is %.2f MB"
                   % (floor["Pss"] / 1024))
    part.row("awsfedd, idle, %d live profiles: private dirty" % PROFILES,
             "%.2f MB" % (ours["Private_Dirty"] / 1024), "≤ 0.75 MB",
             ours["Private_Dirty"] <= 768,
             divided(parts, 1) + "; the floor alone is %.2f MB"
             % (floor["Private_Dirty"] / 1024))
    part.row("the floor: the libraries alone (agent-bare)", shown(floor))
    for name, m in found.items():
        part.row("beside it: " + name, shown(m))
    bare.stdin.close()
    w.stop(bare)


# ---- wake-ups ---------------------------------------------------------------
def calm(w):
    agentlib.rest(w)
    before = agentlib.switches(w.agent.pid)
    time.sleep(QUIET_SECONDS)
    woken = agentlib.switches(w.agent.pid) - before
    tap.equal(woken, 0, "an idle agent sleeps: no context switch in %d s"
              % QUIET_SECONDS)
    part.row("wake-ups of an idle agent in %g minutes" % (QUIET_SECONDS / 60),
             woken, "0", woken == 0, "its threads were switched %d times"
             % woken)


def calm_in_tmp(w):
    """Nor do files that others make wake it: no bus is there, and the socket
    that would be one is waited for."""
    agentlib.rest(w)
    before = agentlib.switches(w.agent.pid)
    for n in range(20):
        for folder in ("/tmp", w.base, w.home):
            path = "%s/awsfed-noise-%d-%d" % (folder, os.getpid(), n)
            with open(path, "w", encoding="ascii"):
                pass
            os.unlink(path)
    time.sleep(1)
    tap.equal(agentlib.switches(w.agent.pid) - before, 0,
              "files that others make wake nobody")


# ---- requests ---------------------------------------------------------------
def requests(w):
    load = agentlib.helper(w, "agent-load")
    r = w.run([load, "1", "2", CALL, w.socket])
    tap.ok(r.rc == 0, "calls are answered", r)
    length = r.out.split()[0]
    sock = os.path.join(w.base, "run", "echo")
    echo = starts(w, "echo", "agent-echo", sock, length)
    before = [agentlib.spent(p.pid) for p in (w.agent, echo)]
    r = w.run([load, str(ROUNDS), str(COUNT), CALL, w.socket, sock],
              timeout=600)
    after = [agentlib.spent(p.pid) for p in (w.agent, echo)]
    tap.ok(r.rc == 0, "%d calls on one connection, each answered"
           % (ROUNDS * COUNT), r)
    ours, floor = map(float, r.out.split()[1:])
    if FULL:
        part.ratio("Credentials a second, one connection", ours, floor,
                   least=0.8, of="a libevent echo of the same bytes",
                   unit="a second", digits=2,
                   why="processor time of a request, in µs: the agent "
                   "%.1f (kernel %.1f), the echo %.1f (kernel %.1f)" % tuple(
                       (y - x) / ROUNDS / COUNT * 1e6
                       for was, now in zip(before, after)
                       for x, y in zip(was, now)))
    echo.stdin.close()
    w.stop(echo)


with harness.World(settings=agentlib.QUIET) as world:
    agentlib.live(world, PROFILES)
    requests(world)
    agentlib.rest(world)
    memory(world)
    calm_in_tmp(world)
    calm(world)
tap.finish()
