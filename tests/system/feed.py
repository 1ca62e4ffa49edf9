# SPDX-License-Identifier: Apache-2.0
"""The status file, the prompts that read it, and status as it goes on."""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import threading
import time

import harness
import tap
import terminal
from harness import PASSWORD, USER, role

ADMIN, DEPLOY = role("111122223333", "Admin"), role("444455556666", "Deploy")
OTHER = role("111122223333", "Other")


def prompts(name):
    return os.path.join(tap.srcdir(), "docs/prompts", name)


def lines(w):
    """name -> (state, end) of the status file."""
    with open(os.path.join(w.base, "run/awsfed/status"),
              encoding="utf-8") as f:
        return {a: (b, int(c)) for a, b, c in
                (line.rstrip("\n").split("\t") for line in f)}


def setup(w):
    w.sim.user(USER, password=PASSWORD,
               roles=[harness.pair(ADMIN), harness.pair(OTHER)])
    w.sim.role(DEPLOY, trust=[ADMIN])
    w.profile("prod", role=ADMIN, reload=False)
    w.profile("other", role=OTHER, reload=False)
    text = w.read(w.config_file).decode()
    w.write(w.config_file, text + "[profile deploy]\nregion = us-east-1\n"
            "role_arn = %s\nsource_profile = prod\n" % DEPLOY)
    w.ctl("reload")


def the_file(w):
    path = os.path.join(w.base, "run/awsfed/status")
    w.wait(lambda: os.path.exists(path), "the status file")
    tap.equal(lines(w), {}, "nothing is used, nothing is listed")
    w.login("prod")
    w.wait(lambda: lines(w).get("prod", ("",))[0] == "fresh", "prod")
    st = os.stat(path)
    tap.equal(stat.S_IMODE(st.st_mode), 0o600, "its mode is 0600")
    now = lines(w)
    end = w.credentials()["prod"]["x_security_token_expires"]
    tap.equal(time.strftime("%Y-%m-%dT%H:%M:%SZ",
                            time.gmtime(now["prod"][1])), end,
              "it has the end of the keys")
    tap.equal(now.get("deploy"), now["prod"],
              "a chained profile has the line of its root")
    tap.ok("other" not in now, "an unused profile has none", now)
    for _ in range(3):
        w.status()
        w.ctl("credential-process", "prod")
    after = os.stat(path)
    tap.equal((after.st_ino, after.st_mtime_ns), (st.st_ino, st.st_mtime_ns),
              "reading and asking write nothing")


SHELLS = {
    "bash": ["bash", "--norc", "-c", '. "$0"; PATH=/nowhere; __awsfed_prompt;'
             ' printf "%s" "$AWSFED_PROMPT"', "awsfed.bash"],
    "zsh": ["zsh", "-fc", '. "$0"; PATH=/nowhere; __awsfed_prompt; '
            'printf %s "$AWSFED_PROMPT"', "awsfed.zsh"],
    "fish": ["fish", "--no-config", "-c", "source %s; set PATH /nowhere; "
             "awsfed_prompt", "awsfed.fish"],
    "sh": ["sh", "-c", '"$0"; :', "awsfed-prompt"],
}


def in_shell(shell, run, profile, **more):
    argv = list(SHELLS[shell])
    argv[-1] = prompts(argv[-1])
    if shell == "fish":
        path = argv.pop()
        argv[-1] %= path
    env = {"PATH": "/usr/bin:/bin", "HOME": run, "XDG_RUNTIME_DIR": run,
           "LC_ALL": "C.UTF-8", "TERM": "xterm", **more}
    if profile is not None:
        env["AWS_PROFILE"] = profile
    return subprocess.run(argv, env=env, capture_output=True, text=True,
                          timeout=30, check=False)


def snippets(w):
    """Each shell, on a file with every case."""
    run = os.path.join(w.base, "prompt")
    os.makedirs(os.path.join(run, "awsfed"))
    now = int(time.time())
    with open(os.path.join(run, "awsfed/status"), "w", encoding="utf-8") as f:
        for line in (("default", "fresh", now + 1830),
                     ("my prod", "fresh", now + 7530),
                     ("login", "needs-login", now + 630),
                     ("gone", "needs-login", 0), ("new", "waiting", 0),
                     ("p%d", "fresh", now + 330)):
            f.write("%s\t%s\t%d\n" % line)
    cases = ((None, "default 30m", False), ("my prod", "my prod 2h05m", False),
             ("login", "login 10m", True), ("gone", "gone expired", True),
             ("new", "new refreshing", True), ("p%d", "p%d 5m", False),
             ("unknown", "", False))
    for shell in SHELLS:
        if shutil.which(shell) is None:
            tap.skip("the prompt of " + shell, shell + " is not installed")
            continue
        for profile, want, red in cases:
            r = in_shell(shell, run, profile)
            marked = "\x1b[31m" in r.stdout or "%F{red}" in r.stdout
            text = re.sub("\x1b\\(B|\x1b\\[[0-9;]*m|[\x01\x02]|%F{red}|%f",
                          "", r.stdout).strip()
            if shell == "zsh":
                text = text.replace("%%", "%")
            good = text == want and (marked == red or shell == "sh")
            if not good or r.stderr:
                tap.ok(False, "%s: %s" % (shell, profile), repr(r))
                break
        else:
            tap.ok(True, "the prompt of %s shows every case, and starts no "
                   "process" % shell)
        r = in_shell(shell, os.path.join(run, "none"), "my prod")
        tap.ok(r.stdout.strip() == "" and r.stderr == "",
               shell + ": without a file it is silent", repr(r))
    tmux(run)
    starship(run)


def tmux(run):
    if shutil.which("tmux") is None:
        tap.skip("tmux", "tmux is not installed")
        return
    with open(prompts("awsfed.tmux"), encoding="utf-8") as f:
        text = f.read().replace(
            "/usr/local/share/awsfed/prompts/awsfed-prompt --tmux "
            "product-prod-admin", prompts("awsfed-prompt") + " --tmux gone")
    conf = os.path.join(run, "tmux.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write(text.replace("status-interval 30", "status-interval 1"))
    env = {"PATH": "/usr/bin:/bin", "HOME": run, "XDG_RUNTIME_DIR": run,
           "TERM": "xterm", "LC_ALL": "C.UTF-8", "TMUX_TMPDIR": run}
    argv = ["tmux", "-S", os.path.join(run, "tmux.sock"), "-f", conf,
            "new-session", "-x", "80", "-y", "10", "sleep 60"]
    seen = []
    show = "".join

    def look(text):
        seen.append(text)

    def stop():
        subprocess.run(["tmux", "-S", os.path.join(run, "tmux.sock"),
                        "kill-server"], env=env, check=False, timeout=20)

    done = threading.Event()

    def watch():
        end = time.monotonic() + 20
        while time.monotonic() < end and not done.is_set():
            if "gone expired" in show(seen):
                break
            time.sleep(0.1)
        stop()

    thread = threading.Thread(target=watch)
    thread.start()
    r = terminal.converse(argv, env, timeout=30, whole=True, show=look)
    done.set()
    thread.join()
    tap.ok(re.search(r"\x1b\[31m(\x1b\[[0-9;]*m)*gone expired", r.tty),
           "tmux's status line shows it, in red", repr(r.tty[-600:]))


def starship(run):
    """Its commands are run as starship would; itself where it is there."""
    try:
        import tomllib
    except ImportError:
        tap.skip("starship.toml", "python is older than 3.11")
        return
    with open(prompts("starship.toml"), encoding="utf-8") as f:
        text = f.read().replace("/usr/local/share/awsfed/prompts/awsfed-prompt",
                                prompts("awsfed-prompt"))
    custom = tomllib.loads(text)["custom"]
    env = {"PATH": "/usr/bin:/bin", "HOME": run, "XDG_RUNTIME_DIR": run,
           "AWS_PROFILE": "gone"}
    for profile, shown in (("my prod", "awsfed"), ("gone", "awsfed_expired"),
                           ("unknown", None)):
        env["AWS_PROFILE"] = profile
        yes = [name for name, m in custom.items() if subprocess.run(
            m["shell"] + ["-c", m["when"]], env=env, capture_output=True,
            check=False).returncode == 0]
        tap.equal(yes, [shown] if shown else [],
                  "starship: %s shows %s" % (profile, shown or "nothing"))
    if shutil.which("starship") is None:
        tap.skip("starship itself", "starship is not installed")
        return
    conf = os.path.join(run, "starship.toml")
    with open(conf, "w", encoding="utf-8") as f:
        f.write(text)
    r = subprocess.run(["starship", "module", "custom.awsfed_expired"],
                       env=dict(env, AWS_PROFILE="gone", STARSHIP_CONFIG=conf),
                       capture_output=True, text=True, check=False)
    tap.ok("gone expired" in r.stdout, "starship itself shows it", repr(r))


def follow(w):
    """One line for each change; and nothing while nothing changes."""
    p = w.spawn([w.program("awsfedctl"), "status", "--json", "--follow"],
                "follow")
    w.wait(lambda: w.log("follow").count("\n") >= 1, "the first line")
    first = json.loads(w.log("follow").splitlines()[0])
    tap.ok(first["event"] == "status" and
           {q["profile"] for q in first["status"]["profiles"]} ==
           {"prod", "other", "deploy"}, "the first is the whole picture",
           first)
    count = len(w.log("follow").splitlines())
    for _ in range(5):
        w.status()
    tap.equal(len(w.log("follow").splitlines()), count,
              "looking is no change")
    w.ctl("logout", "prod")

    def gone():
        events = [json.loads(x) for x in w.log("follow").splitlines()]
        return [e for e in events if e["event"] == "profile" and
                e["profile"]["profile"] == "prod" and
                not e["profile"]["live"]]
    tap.ok(w.wait(gone, "an event"), "a logout is an event")
    w.login("prod", user=None)
    w.wait(lambda: any(json.loads(x).get("profile", {}).get("state") == "fresh"
                       for x in w.log("follow").splitlines()
                       if '"profile":{' in x), "fresh again")
    secret = w.credentials()["prod"]
    tap.ok(all(secret[k] not in w.log("follow") for k in
               ("aws_secret_access_key", "aws_session_token")),
           "and no event has a key in it")
    events = [json.loads(x) for x in w.log("follow").splitlines()]
    agent = [e["agent"] for e in events if e["event"] == "agent"]
    tap.ok(len(agent) <= 1 and not any("loop" in a for a in agent),
           "the agent itself is hardly news meanwhile", *events)
    tap.equal(w.stop(p), 0, "a signal ends it with 0")


def refused(w):
    r = w.ctl("status", "--watch")
    tap.ok(r.rc == 2 and "--follow" in r.err, "--watch wants a terminal", r)
    r = w.ctl("status", "--follow")
    tap.ok(r.rc == 2 and "--json" in r.err, "--follow wants --json", r)
    with w.connect() as s:
        s.sendall(b'{"method":"io.awsfed.Control.Monitor"}\0')
        tap.ok(b"ExpectedMore" in s.recv(65536), "Monitor wants \"more\"")
    # Those who watch do not take the place of all others.
    many = []
    for _ in range(17):
        s = w.connect()
        s.sendall(b'{"method":"io.awsfed.Control.Monitor","more":true}\0')
        many.append((s, s.recv(65536)))
    tap.ok(b"Busy" in many[16][1] and b'"continues"' in many[15][1],
           "sixteen may watch", many[16][1])
    tap.equal(w.ctl("status").rc, 0, "and status still answers")
    for s, _ in many:
        s.close()


def slow(w):
    """One that never reads: the agent goes on."""
    s = w.connect()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    s.sendall(b'{"method":"io.awsfed.Control.Monitor","more":true}\0')
    for _ in range(5):
        w.ctl("logout", "prod")
        w.login("prod", user=None)
    tap.equal(w.states().get("prod"), "fresh",
              "a watcher that never reads holds nobody up")
    s.close()


def watch(w):
    """On a terminal, until Ctrl-C."""
    seen = []

    def look(text):
        seen.append(text)
        if "fresh" in "".join(seen) and len(seen) < 1000 and not done:
            done.append(w.ctl("logout", "prod"))
    done = []
    r = w.type([w.program("awsfedctl"), "status", "--watch"],
               [("(?s)PROFILE.*PROFILE.*other ", terminal.CTRL_C)], whole=True,
               show=look,
               TERM="xterm")
    tap.equal(r.rc, 0, "Ctrl-C ends --watch with 0")
    tap.ok(r.tty.startswith("\x1b[?1049h") and
           r.tty.endswith("\x1b[?25h\x1b[?1049l"),
           "the screen is as it was before", repr(r.tty[-200:]))
    tap.ok(r.tty.count("PROFILE") >= 2, "it was drawn anew on the change",
           repr(r.tty))
    w.login("prod", user=None)


def full():
    """It cannot be written: another try follows, though nothing changes."""
    with harness.World(warp=True) as w:
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(a) for a in (ADMIN, OTHER)])
        w.profile("prod", role=ADMIN, reload=False)
        w.profile("other", role=OTHER)
        w.login("prod")
        w.wait(lambda: "prod" in lines(w), "the first line")
        folder = os.path.join(w.base, "run/awsfed")
        os.chmod(folder, 0o500)
        w.login("other", user=None)
        w.wait(lambda: "the status file for prompts" in w.log(), "a warning")
        os.chmod(folder, 0o700)
        tap.ok("other" not in lines(w), "the file is as it was")
        w.warp(31)
        w.wait(lambda: "other" in lines(w), "another try")
        tap.ok(True, "half a minute later it is written")
        tap.equal(w.log().count("the status file for prompts"), 1,
                  "it is said once")


def main():
    with harness.World() as w:
        setup(w)
        the_file(w)
        snippets(w)
        follow(w)
        refused(w)
        slow(w)
        watch(w)
        path = os.path.join(w.base, "run/awsfed/status")
        w.stop_agent(9)
        tap.ok(os.path.exists(path), "a killed agent leaves the file")
        w.start_agent()
        w.states()  # it runs; until then the file is the killed one's
        w.wait(lambda: lines(w).get("prod", ("",))[0] == "fresh",
               "the new agent's file")
        w.stop_agent()
        tap.ok(not os.path.exists(path), "it is gone when the agent ends")


harness.need()
tap.run(main, full)
