#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The write protocol against the AWS CLI's own writer, kill -9 and a disk
that fails.  TAP."""
import configparser
import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

EDIT = os.path.join(os.environ.get("top_builddir", "."),
                    "tests/tools/file-edit")
SECONDS = float(os.environ.get("FILES_CLI_SECONDS", "5"))
PROFILES = 30
count = failed = 0


def ok(good, name, why=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, name))
    if not good:
        print("# " + str(why).replace("\n", "\n# "))
    sys.stdout.flush()


def skip(name, why):
    global count
    count += 1
    print("ok %d - %s # SKIP %s" % (count, name, why))


def parse(text):
    p = configparser.RawConfigParser(default_section=None)
    p.read_string(text)
    return {s: dict(p.items(s)) for s in p.sections()}


def read(path):
    with open(path) as f:
        return f.read()


def fresh(tmp):
    shutil.rmtree(tmp, ignore_errors=True)
    os.mkdir(tmp, 0o700)
    path = os.path.join(tmp, "credentials")
    with open(path, "w") as f:
        f.write("# written by hand\n")
        for i in range(PROFILES):
            f.write("[user-%d]\naws_access_key_id = AKIA%d\n"
                    "aws_secret_access_key = s%d\n\n" % (i, i, i))
    return path


def others(tmp):
    """Files beside the target that should not be there."""
    return [n for n in os.listdir(tmp)
            if n not in ("credentials", ".credentials.awsfed-lock")]


def edit(path, value, *more, **kw):
    return subprocess.run(list(more) + [EDIT, path, "ours", "n", str(value)],
                          capture_output=True, text=True, timeout=60, **kw)


def alone(tmp):
    """We write, somebody reads: it never sees less than a whole file."""
    path = fresh(tmp)
    torn, reads = [], 0
    run = subprocess.Popen([EDIT, "-l", "2", path, "ours", "n"],
                           stdout=subprocess.PIPE, text=True)
    last = 0
    while run.poll() is None:
        got = parse(read(path))
        n = int(got.get("ours", {}).get("n", 0))
        if len(got) < PROFILES or n < last:
            torn.append((len(got), n, last))
        last = n
        reads += 1
    wrote = int(run.stdout.read())
    ok(not torn and run.returncode == 0, "a reader never sees a torn file",
       torn[:5])
    ok(wrote > 50 and reads > 100, "%d writes, %d reads" % (wrote, reads))
    ok(others(tmp) == [], "nothing is left behind", others(tmp))


def race(tmp, flags, name, pause):
    """The AWS CLI's writer edits the user's profiles while we write ours."""
    from awscli.customizations.configure.writer import ConfigFileWriter
    path = fresh(tmp)
    writer = ConfigFileWriter()
    run = subprocess.Popen([EDIT, *flags, "-l", str(int(SECONDS)), path,
                            "ours", "n"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True)
    edits = 0
    rnd = random.Random(1)
    while run.poll() is None:
        i = rnd.randrange(PROFILES)
        edits += 1
        writer.update_config({"__section__": "user-%d" % i,
                              "k%d" % edits: str(edits)}, path)
        time.sleep(rnd.random() * pause)
    wrote = run.stdout.read().strip()
    err = run.stderr.read()
    text = read(path)
    got = parse(text)
    keys = {k for s in got.values() for k in s if k[0] == "k"}
    saved = [n for n in os.listdir(tmp) if "saved" in n]
    kept = set()
    for n in saved:
        kept |= {k for s in parse(read(os.path.join(tmp, n))).values()
                 for k in s if k[0] == "k"}
    lost = [n for n in range(1, edits + 1) if "k%d" % n not in keys]
    gone = [n for n in lost if "k%d" % n not in kept]
    # "Somebody keeps changing it" may be said under such a storm; the agent
    # tries again then, and so does the tool. Nothing else may happen.
    # A slow build may not get in between at all; its next write is below.
    ok(run.returncode == 0 and (int(wrote) > 0 or err) and
       all("keeps changing" in line or "was kept as" in line
           for line in err.splitlines()),
       name + ": our writer never failed", err[-2000:])
    ok(len([s for s in got if s.startswith("user-")]) == PROFILES and
       all("aws_secret_access_key" in got["user-%d" % i]
           for i in range(PROFILES)), name + ": every profile is whole")
    ok(text.startswith("# written by hand\n"), name + ": the comment stays")
    ok(not gone, name + ": none of %d edits lost (%s writes of ours)" %
       (edits, wrote), "lost %s kept %s" % (gone[:20], saved))
    done = edit(path, "last")
    got = parse(read(path))
    ok(done.returncode == 0 and got["ours"]["n"] == "last" and
       {k for s in got.values() for k in s if k[0] == "k"} == keys,
       name + ": our section is there after our next write", done.stderr)
    left = [n for n in others(tmp) if n not in saved]
    ok(left == [], name + ": nothing is left behind", left)


def whole(path, allowed):
    got = parse(read(path))
    return got.get("ours", {}).get("n") in allowed and \
        len([s for s in got if s.startswith("user-")]) == PROFILES


def kill_at_random(tmp):
    path = fresh(tmp)
    edit(path, 0)
    rnd = random.Random(2)
    bad, killed = [], 0
    for i in range(1, 60):
        run = subprocess.Popen([EDIT, "-l", "5", path, "ours", "n"],
                               stdout=subprocess.DEVNULL)
        time.sleep(rnd.random() * 0.03)
        run.kill()
        run.wait()
        killed += run.returncode == -signal.SIGKILL
        try:
            got = parse(read(path))
            if not got["ours"]["n"].isdigit() or len(got) != PROFILES + 1:
                bad.append((i, len(got)))
        except (configparser.Error, OSError, KeyError) as e:
            bad.append((i, repr(e)))
    ok(not bad and killed > 50, "kill -9 at %d random moments" % killed, bad)
    done = edit(path, "after")
    ok(done.returncode == 0 and whole(path, ("after",)),
       "and the next write goes through", done.stderr)


CALLS = ["openat", "write", "pread64", "fchmod", "fsync", "renameat2", "fcntl",
         "newfstatat", "close", "unlinkat", "readlinkat", "getdents64"]


def calls_of(path, tmp):
    """How often one edit makes each of these calls."""
    log = os.path.join(tmp, "..", "trace-%d" % os.getpid())
    edit(path, "count", "strace", "-qq", "-o", log, "-e",
         "trace=" + ",".join(CALLS))
    n = {c: 0 for c in CALLS}
    for line in read(log).splitlines():
        n[line.split("(")[0]] = n.get(line.split("(")[0], 0) + 1
    os.unlink(log)
    return n


def strace_works(tmp):
    try:
        r = subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e",
                            "inject=fsync:error=EIO:when=1", "true"],
                           capture_output=True, timeout=20)
        return r.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def inject(tmp):
    """A kill, and then an error, at each system call that matters."""
    if not strace_works(tmp):
        skip("a kill at each system call", "strace cannot trace here")
        skip("an error of each system call", "strace cannot trace here")
        return
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    path = fresh(tmp)
    edit(path, 0)
    n = calls_of(path, tmp)
    bad, stops = [], 0
    value = 0
    for call in CALLS:
        for when in range(1, n[call] + 1):
            old, value = parse(read(path))["ours"]["n"], value + 1
            edit(path, value, "strace", "-qq", "-o", "/dev/null", "-e",
                 "inject=%s:signal=KILL:when=%d" % (call, when), env=env)
            stops += 1
            if not whole(path, (old, str(value))):
                bad.append((call, when))
    ok(not bad and stops > 30, "a kill at each of %d system calls leaves the "
       "old or the new file whole" % stops, bad)
    for name in others(tmp):
        os.unlink(os.path.join(tmp, name))
    bad, stops, lies = [], 0, []
    for call, errors in (("write", ("ENOSPC", "EDQUOT", "EIO")),
                         ("fsync", ("EIO", "ENOSPC")),
                         ("fchmod", ("EPERM",)),
                         ("renameat2", ("EINVAL", "EBUSY", "EROFS", "EIO")),
                         ("openat", ("EACCES", "EMFILE", "EROFS")),
                         ("pread64", ("EIO",)), ("fcntl", ("ENOLCK",))):
        for error in errors:
            for when in range(1, n[call] + 1):
                old, value = parse(read(path))["ours"]["n"], value + 1
                r = edit(path, value, "strace", "-qq", "-o", "/dev/null",
                         "-e", "inject=%s:error=%s:when=%d" %
                         (call, error, when), env=env)
                stops += 1
                now = parse(read(path))["ours"]["n"]
                if not whole(path, (old, str(value))):
                    bad.append((call, error, when))
                if r.returncode == 0 and now != str(value):
                    lies.append((call, error, when))
                if r.returncode == 1 and ("(" not in r.stderr):
                    bad.append((call, error, when, r.stderr))
    ok(not bad and stops > 50, "an error at each of %d places leaves a whole "
       "file and a clear message" % stops, bad)
    ok(not lies, "and never success with the old file", lies)
    # What came out of a swap and could not be read is kept under a clear name.
    left = [x for x in others(tmp) if "awsfed-saved" not in x]
    ok(left == [], "temporary files are removed", left)


def real_cli(tmp):
    """The real program, a few times, while we write."""
    if not os.path.exists("/usr/bin/aws"):
        skip("aws configure set", "no AWS CLI")
        return
    path = fresh(tmp)
    env = dict(os.environ, AWS_SHARED_CREDENTIALS_FILE=path,
               AWS_CONFIG_FILE=os.path.join(tmp, "credentials"))
    run = subprocess.Popen([EDIT, "-l", "4", path, "ours", "n"],
                           stdout=subprocess.DEVNULL)
    n = 0
    while run.poll() is None:
        subprocess.run(["/usr/bin/aws", "configure", "set",
                        "profile.cli-%d.region" % n, "eu-west-1"], env=env,
                       check=True)
        n += 1
    run.wait()
    got = parse(read(path))
    ok(n > 0 and all("profile cli-%d" % i in got for i in range(n)) and
       len(got) >= PROFILES + n, "%d edits by \"aws configure set\"" % n,
       sorted(got))


def full_disk(tmp):
    """A file system without room, when we may mount one."""
    mnt = os.path.join(tmp, "mnt")
    shutil.rmtree(tmp, ignore_errors=True)
    os.makedirs(mnt, 0o700)
    script = ("mount -t tmpfs -o size=64k,mode=700 none %s && cd %s && "
              "printf '[a]\\nk = 1\\n' > credentials && "
              "head -c 1000000 /dev/zero > filler 2>/dev/null; "
              "%s %s/credentials ours n 1; echo rc=$?; cat credentials; ls -A"
              % (mnt, mnt, os.path.abspath(EDIT), mnt))
    r = subprocess.run(["unshare", "-m", "sh", "-c", script],
                       capture_output=True, text=True)
    if "rc=" not in r.stdout:
        skip("a full disk", "cannot mount here")
        return
    ok("rc=1" in r.stdout and "[a]\nk = 1\n" in r.stdout and
       "No space left" in r.stderr and ".credentials.awsfed." not in r.stdout,
       "a full disk", r.stdout + r.stderr)
    script = ("cd %s && printf '[a]\\nk = 1\\n' > c && touch x && "
              "printf '[a]\\nk = 1\\n' > credentials && "
              "mount --bind c credentials && "
              "%s $PWD/credentials ours n 1; echo rc=$?; "
              "%s -i $PWD/credentials ours n 2; echo rc=$?; cat c; ls -A"
              % (mnt, os.path.abspath(EDIT), os.path.abspath(EDIT)))
    r = subprocess.run(["unshare", "-m", "sh", "-c", script],
                       capture_output=True, text=True)
    ok("rc=1" in r.stdout and "rc=0" in r.stdout and "mount point" in r.stderr
       and "n = 2" in r.stdout and "awsfed-backup" not in r.stdout and
       ".credentials.awsfed." not in r.stdout,
       "a bind-mounted file: refused, then written in place",
       r.stdout + r.stderr)


def main():
    base = tempfile.mkdtemp(prefix="awsfed-files-")
    tmp = os.path.join(base, "d")
    try:
        alone(tmp)
        race(tmp, [], "leases", 0.008)
        race(tmp, ["-n"], "no leases", 0.08)
        kill_at_random(tmp)
        inject(tmp)
        real_cli(tmp)
        full_disk(tmp)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print("1..%d" % count)
    return 1 if failed else 0


sys.exit(main())
