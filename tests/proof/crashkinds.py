# SPDX-License-Identifier: Apache-2.0
"""The scenarios: every kind of write, and what each promises."""

import json
import os
import re
import subprocess

import crashlib
from crashlib import ENV, Scenario, read

OLD = (b"# by hand\n[user]\naws_access_key_id = AKIAUSER\n"
       b"aws_secret_access_key = mine\n\n[prod]\naws_access_key_id = ASIAOLD\n"
       b"aws_secret_access_key = SECRET-OLD\naws_session_token = TOKEN-OLD\n"
       b"x_security_token_expires = 2029-01-01T00:00:00Z\n"
       b"x_managed_by = awsfed\n\n[last]\nregion = eu-west-1\n")
PUT = ["put", "PATH", "prod", "NEW"]
MINE = b"\n[mine]\nregion = eu-central-1\n"  # what a person adds meanwhile
TAG, REFUSED = "abcd", "dead"


def rewrites():
    """Every kind of rewrite."""
    s = Scenario
    return [
        s("replaced", PUT, OLD),
        s("made anew", PUT, None),
        s("made anew with its folder", PUT, None, parent="new/.aws"),
        s("behind a symbolic link", PUT, OLD, link=True),
        s("wider mode narrowed", PUT, OLD, mode=0o644),
        s("plain rename", PUT, OLD, ["-p"]),
        s("plain rename, no links", PUT, OLD, ["-l"]),
        s("made anew by a link", PUT, None, ["-p"]),
        s("made anew by rename", PUT, None, ["-l"]),
        s("no leases", PUT, OLD, ["-n"]),
        s("adopted, with a backup", PUT, OLD, ["-b"],
          ours=["credentials.awsfed-backup"]),
        s("in place", PUT, OLD, ["-i"]),
        s("in place, made anew", PUT, None, ["-i"]),
        s("in place, shorter", ["remove", "PATH", "prod"], OLD, ["-i"]),
        s("locked (emptied)", ["lock", "PATH", "prod"], OLD),
        s("undone (taken out)", ["remove", "PATH", "prod"], OLD),
        s("a setting of the configuration",
          ["set", "PATH", "profile x", "eu-west-1"],
          b"[profile x]\nregion = us-east-1\n", target="config"),
        s("a file of ours", ["replace", "PATH", "new text"], b"old text"),
    ]


class Meddled(Scenario):
    """A person saves an edit in the moment before ours is swapped in."""

    def __init__(self, name, flags=(), lost=False):
        super().__init__(name, PUT, OLD, flags)
        self.theirs = os.path.join(self.base, "theirs")
        self.flags += ["-u", self.theirs]
        self.lost = lost

    def fresh(self):
        super().fresh()
        with open(self.theirs, "wb") as f:
            f.write(OLD + MINE)
        os.chmod(self.theirs, 0o600)

    def texts(self):
        out = {}
        for name in self.files():
            out[name] = read(os.path.join(self.dir, name)) or b""
        return out

    def whole(self):
        now = read(self.real())
        if now not in (OLD, OLD + MINE, self.after,
                       self.after.replace(MINE, b"")):
            return "none of the versions: %r" % now
        if not os.path.exists(self.theirs) and not any(
                MINE in t for t in self.texts().values()):
            return "the edit is nowhere"
        return self.private()

    def repaired(self):
        came = not os.path.exists(self.theirs)
        done = self.plain(self.next_flags())
        if done.returncode != 0:
            return "the next run failed: " + done.stderr
        texts = self.texts()
        if came and not any(MINE in t for t in texts.values()):
            return "the edit is gone"
        if b"ASIANEW" not in texts[self.target]:
            return "the new keys are not there"
        left = [n for n in self.leftovers()
                if n != self.target + ".awsfed-saved-1"]
        if left:
            return "left behind: %s" % left
        if self.target + ".awsfed-saved-1" in texts and \
                MINE in texts[self.target]:
            return "kept although it was merged"
        return None


class Ledger(Scenario):
    """A password attempt: on disk before anybody hears "go"."""

    target = "attempts"

    def __init__(self, name, before, parent=""):
        super().__init__(name, ["attempt", "PATH", TAG], before,
                         parent=parent)

    def run(self, *a, **kw):
        done = super().run(*a, **kw)
        self.went = "go" in done.stdout
        return done

    def plain(self, *a, **kw):
        done = super().plain(*a, **kw)
        self.went = "go" in done.stdout
        return done

    def is_new(self):
        # When it was asked is in it, too.
        return self.went

    def may(self, tag):
        done = subprocess.run([crashlib.ACT, "may", self.path(), tag],
                              capture_output=True, text=True, env=ENV,
                              timeout=60)
        return done.stdout.strip(), done.stderr

    def whole(self):
        data = read(self.real())
        if data is None:
            return "it is gone" if self.before else (
                "go, and no record" if self.went else None)
        try:
            json.loads(data)
        except ValueError:
            return "torn: %r" % data
        answer, said = self.may(TAG)
        if said:
            return said
        if self.went and answer != "no":
            return "it would be sent again"
        if self.before and self.may(REFUSED)[0] != "no":
            return "a refusal was forgotten"
        return self.private()

    def repaired(self):
        for name in self.files():
            if name.endswith(".tmp"):
                os.utime(os.path.join(self.dir, name), (0, 0))
        subprocess.run([crashlib.ACT, "replace",
                        os.path.join(self.dir, "other"), "x"], env=ENV,
                       timeout=60, check=True)
        left = self.leftovers() - {"other"}
        return "left behind: %s" % left if left else None


def ledgers():
    old = json.dumps({"salt": "0" * 32, "attempts": [
        {"identity": "CORP\\jane @ adfs.example.com", "tag": REFUSED,
         "at": 1700000000, "person": True, "outcome": "rejected"},
        {"identity": "CORP\\jane @ adfs.example.com", "tag": "beef",
         "at": 1700000100, "person": True, "outcome": "accepted"},
    ]}).encode()
    return [Ledger("password attempt", old),
            Ledger("first password attempt", None, parent="state/awsfed")]


class State:
    """The memory file of the service manager, with a write killed."""

    name = "state over a restart"
    before, after = "the state as it was", "the state as it is now"

    def __init__(self, size=2 * (4 << 20) + 4096):
        self.size = size

    def close(self):
        pass

    def memory(self):
        import fcntl
        fd = os.memfd_create("awsfed-state",
                             os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.fchmod(fd, 0o600)
        os.ftruncate(fd, self.size)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL
                    | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        self.act(fd, "store", self.before)
        return fd

    def act(self, fd, *what, strace=()):
        return subprocess.run(
            [*strace, crashlib.ACT, what[0], str(fd), *what[1:]],
            pass_fds=[fd], capture_output=True, text=True, env=ENV,
            timeout=60)

    def kills(self):
        fd = self.memory()
        log = "/dev/stderr"
        done = self.act(fd, "store", self.after,
                        strace=[crashlib.STRACE, "-qq", "-o", log])
        os.close(fd)
        seen, inside, calls = {}, False, []
        for line in done.stderr.splitlines():
            m = re.match(r"^(\w+)\(", line)
            if not m:
                continue
            seen[m.group(1)] = seen.get(m.group(1), 0) + 1
            if inside:
                calls.append((m.group(1), seen[m.group(1)]))
            inside = inside or "/crash-begin" in line
            if "/crash-end" in line:
                break
        bad = []
        for name, k in calls:
            fd = self.memory()
            self.act(fd, "store", self.after, strace=[
                crashlib.STRACE, "-qq", "-o", "/dev/null", "-e",
                "trace=" + name, "-e",
                "inject=%s:signal=KILL:when=%d" % (name, k)])
            got = self.act(fd, "load").stdout.strip()
            if got not in (self.before, self.after):
                bad.append("%s no. %d: %s" % (name, k, got))
            self.act(fd, "store", self.after)
            got = self.act(fd, "load").stdout.strip()
            if got != self.after:
                bad.append("%s no. %d, the next: %s" % (name, k, got))
            os.close(fd)
        return len(calls), bad
