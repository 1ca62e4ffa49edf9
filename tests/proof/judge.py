# SPDX-License-Identifier: Apache-2.0
"""What must hold when one call of a login failed (torture.py).

* Nobody dies but by the deliberate abort when there is no memory, and that
  with its sentence.
* Nobody hangs, spins, or keeps a descriptor.
* A login that says it went well left keys that AWS takes; one that did not
  says why and what to do next, and never blames the password.
* The password was posted once at most, and stands in no log.
* Both files are whole, and what is not ours stands as it stood.
* The next login works, if need be of a new agent, and nothing is left over.
"""

import datetime
import hashlib
import hmac
import http.client
import os
import re
import signal
import time

import trip
from harness import PASSWORD

OUTCOMES = ("not reached", "served anyway", "clear error", "clean abort",
            "refused to start", "defect")
KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token",
        "x_security_token_expires")
OURS = ("root", "other", "hop", "hop.live")
STS = "sts.us-east-1.amazonaws.com"
EXITS = (0, 1, 3, 4, 5, 6)
FOREIGN = "# mine\n[theirs]\naws_access_key_id = AKIAEXAMPLE\n\n;end\n"
SANITIZER = re.compile(r"Sanitizer|runtime error:|^==\d+==", re.M)
PF_EXITING = 4  # of the flags in /proc/PID/stat
CPU_MAX = 5.0  # seconds of the agent in two logins
# Texts that are right for others, and wrong where only a local call failed.
BLAME = re.compile(r"refused the password|wrong password|password is wrong|"
                   r"locked|expired password|gave no reason|"
                   r"Success\b|error 0\b|Unknown error", re.I)


class Verdict:
    def __init__(self):
        self.outcome, self.defects, self.said = "", [], ""

    def must(self, good, text):
        if not good:
            self.defects.append(text)
        return good


def sockets(pid):
    """inode -> what it is, in the agent's own network."""
    found = {}
    for kind, column in (("netlink", 9), ("unix", 6), ("tcp", 9)):
        with open("/proc/%d/net/%s" % (pid, kind), encoding="utf-8") as f:
            for line in f.readlines()[1:]:
                fields = line.split()
                if len(fields) > column:
                    found[fields[column]] = " ".join(
                        [kind] + fields[column + 1:][:1] * (kind == "unix"))
    return found


def descriptors(bed):
    """What the agent has open, by kind."""
    folder = "/proc/%d/fd" % bed.w.agent.pid
    kinds, known = {}, sockets(bed.w.agent.pid)
    for name in os.listdir(folder):
        try:
            target = os.readlink(os.path.join(folder, name))
        except OSError:
            continue
        kind = re.sub(r"socket:\[(\d+)\]",
                      lambda m: known.get(m.group(1), "socket"), target)
        kind = re.sub(r":\[\d+\]", "", kind).replace(bed.w.base, "")
        kind = re.sub(r"/agent-[^/]*[.]log$", "/agent-HOST.log", kind)
        kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


def kept(bed, well):
    """Those that a login without faults leaves no trace of.  After trouble
    with the network the agent listens to its changes.  Where its log could not
    be opened standard error stays where the other two are."""
    now = descriptors(bed)
    spare = {"netlink": 1, "/dev/null": well["fds"].get("/dev/null", 0)}
    if bed.launched and not any(k.endswith("/agent-HOST.log") for k in now):
        spare["/dev/null"] += 1
    return {k: n for k, n in now.items()
            if n > max(well["fds"].get(k, 0), spare.get(k, 0))}


def settle(bed, seconds=3):
    """Until workers and connections of the last command have gone."""
    end = time.monotonic() + seconds
    while bed.w.agent is not None and bed.w.workers() and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.02)


def listing(bed):
    """Files by folder, without those that hold a host's or a random name."""
    found = []
    for folder in ("home/.aws", "state"):
        for base, _, names in os.walk(os.path.join(bed.w.base, folder)):
            found += [os.path.relpath(os.path.join(base, n), bed.w.base)
                      for n in names]
    return sorted(found)


def excused(name, p, said):
    """What nobody could read is kept under a name that is told, since it may
    hold somebody's edit; what could not be taken away stays, and what was
    being written when the agent ended for want of memory."""
    if p.error == "ENOMEM" and name.endswith(".tmp"):
        return True
    if p.site.call == "uname" and "agent-" in name:
        return True  # the log of a host whose name is not to be had
    if os.path.basename(name).startswith(".") and \
            p.site.call in ("unlink", "unlinkat"):
        return True
    return os.path.basename(name) in said


def cpu(bed):
    with open("/proc/%d/stat" % bed.w.agent.pid, encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- does AWS take the keys? -----------------------------------------------
def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def whoami(bed, section):
    """GetCallerIdentity, signed as AWS Signature Version 4 has it."""
    body = "Action=GetCallerIdentity&Version=2011-06-15"
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    kind = "application/x-www-form-urlencoded"
    names = "content-type;host;x-amz-date;x-amz-security-token"
    token = section["aws_session_token"]
    canonical = "\n".join((
        "POST", "/", "", "content-type:" + kind, "host:" + STS,
        "x-amz-date:" + stamp, "x-amz-security-token:" + token, "", names,
        hashlib.sha256(body.encode()).hexdigest()))
    scope = day + "/us-east-1/sts/aws4_request"
    to_sign = "\n".join(("AWS4-HMAC-SHA256", stamp, scope,
                         hashlib.sha256(canonical.encode()).hexdigest()))
    key = ("AWS4" + section["aws_secret_access_key"]).encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    sign = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    conn = http.client.HTTPSConnection(
        "localhost", bed.w.sim.port, timeout=20,
        context=bed.tls)
    conn.request("POST", "/", body, {
        "Host": STS, "Content-Type": kind, "X-Amz-Date": stamp,
        "X-Amz-Security-Token": token,
        "Authorization": "AWS4-HMAC-SHA256 Credential=%s/%s, "
        "SignedHeaders=%s, Signature=%s" % (
            section["aws_access_key_id"], scope, names, sign)})
    answer = conn.getresponse().read().decode()
    conn.close()
    found = re.search(r"<Arn>(.*)</Arn>", answer)
    return found.group(1) if found else answer[:300]


def live(bed, v, when):
    """All three profiles have keys of their own role."""
    have = bed.w.credentials()
    for name, want in (("root", "Root"), ("other", "Other"), ("hop", "Hop")):
        section = have.get(name) or have.get(name + ".live")
        if not v.must(section is not None, "%s: no keys of %s in the file"
                      % (when, name)):
            continue
        who = whoami(bed, section)
        v.must("assumed-role/%s/" % want in who,
               "%s: AWS does not take the keys of %s: %s" % (when, name, who))


# ---- the parts of a judgement -----------------------------------------------
def judge_files(bed, v, foreign, config, when):
    text = (bed.w.read(bed.w.credentials_file) or b"").decode()
    v.must(text.startswith(foreign), when + ": what is not ours was changed: "
           + text[:300])
    v.must(bed.w.read(bed.w.config_file) == config,
           when + ": the config file was changed")
    for name, section in bed.w.credentials().items():
        if name in OURS:
            v.must(all(section.get(k) for k in KEYS),
                   "%s: a half section of %s: %r" % (
                       when, name, sorted(section)))


def judge_secrets(bed, v, said):
    secrets = [PASSWORD]
    for name, section in bed.w.credentials().items():
        if name in OURS:
            secrets += [section.get("aws_secret_access_key", ""),
                        section.get("aws_session_token", "")]
    for s in filter(None, secrets):
        v.must(s not in said, "a secret was shown or logged")


def judge_login(bed, v, p, r, posts):
    """The login in which something failed.  True when it went well."""
    said = r.tty + r.out + r.err
    v.must(posts <= 1, "the password was posted %d times" % posts)
    v.must(not BLAME.search(said), "a wrong reason was given")
    if r.rc == 0:
        live(bed, v, "the login said that all was well")
        return True
    if p.program == "awsfedctl" and r.rc == -signal.SIGABRT:
        v.must(p.error == "ENOMEM" and "out of memory" in said,
               "the client aborted without a word")
        return False
    v.must(r.rc in EXITS, "exit status %d" % r.rc)
    v.must(r.rc != 4, "nobody refused anything")
    v.must("killed by the test" not in said, "the login hung")
    v.must("awsfed" in r.err or p.program == "awsfedctl" and r.err,
           "no message")
    if p.program != "awsfedctl":
        v.must("Next:" in r.err, "no next step is named")
    return False


def judge_death(bed, v, p, r):
    """The agent is gone: did it say so?"""
    rc, said = bed.w.agent.returncode, bed.words()
    if bed.launched:
        # To whoever started it, and then to its log.
        words = (said + r.err).split()
    else:
        words = re.findall(r"^<[0-3]>.*\S", said, re.M)
    if rc < 0:
        v.must(rc == -signal.SIGABRT and p.program == "awsfedd",
               "the agent died of signal %d" % -rc)
    else:
        v.must(rc in (1, 78), "the agent ended with status %d" % rc)
    v.must(words, "it said nothing")


def alive(bed):
    """Is the agent there?  One that is just dying is waited for: whoever it
    served has been cut off by then, and its socket still takes calls."""
    agent = bed.w.agent
    if agent is None:
        return False
    if agent.poll() is None:
        with open("/proc/%d/stat" % agent.pid, encoding="ascii") as f:
            state, *fields = f.read().rsplit(")", 1)[1].split()
        if state in "ZX" or int(fields[5]) & PF_EXITING:
            agent.wait(20)
    return agent.poll() is None


def recover(bed, v, p, well, before):
    """A following login works, with the same agent or with a new one."""
    w = bed.w
    same = alive(bed)
    if not same:
        v.must(bed.start(), "no new agent starts: " + bed.words()[-600:])
    elif before:
        r = bed.ctl("logout", "--all")
        v.must(r.rc == 0, "logout afterwards: %r" % r)
    r = bed.login()
    if not v.must(r.rc == 0, "the next login failed: %r" % r):
        return
    live(bed, v, "after the next login")
    settle(bed)
    if not v.must(alive(bed), "the agent ended after the next login"):
        return
    if same:
        end = time.monotonic() + 5
        more = kept(bed, well)
        while more and time.monotonic() < end:
            time.sleep(0.05)
            more = kept(bed, well)
        # What could not be put in its place is still another's copy.
        if p.site.call not in ("dup2", "dup3"):
            v.must(not more, "descriptors were kept: %r" % more)
    used = cpu(bed)
    v.must(used < CPU_MAX, "the agent used %.1f s of the processor" % used)


def judge_words(bed, v, p, r):
    """What was said by anybody, and what was not to be said."""
    # A client that ends before it read leaves what is typed to the terminal.
    shown = r is not None and (r.rc == 0 or p.program != "awsfedctl")
    judge_secrets(bed, v, bed.words() + (r.out + r.err if r else "") +
                  (r.tty if shown else ""))
    v.must(not SANITIZER.search(bed.words() + (r.all if r else "")),
           "a sanitizer spoke")


def strike(bed, p, v):
    """The login in which it fails: (did the agent start, did the login go
    well, what it said)."""
    w, before = bed.w, bed.w.sim.counters()
    foreign = w.read(w.credentials_file).decode()
    went_well, r = False, None
    bed.plan.arm(p.program, p, deep=bed.deep)
    started = bed.running or bed.start()
    bed.running = False
    if started:
        r = bed.login()
        went_well = judge_login(
            bed, v, p, r, w.sim.since(before).get("password_posts", 0))
        if alive(bed):
            s = bed.ctl("status", "--json")
            v.must(s.rc in EXITS + (-6,), "status ended with %d" % s.rc)
    settle(bed)
    judge_files(bed, v, FOREIGN, bed.config, "after the fault")
    v.must(foreign.startswith(FOREIGN), "what is not ours was gone before")
    return started, went_well, r


def finish(bed, v, p, well, went_well):
    """The next login, the agent's end, and what is left over."""
    w = bed.w
    recover(bed, v, p, well, went_well)
    if w.agent.poll() is None:
        rc = w.stop_agent()
        v.must(rc == 0, "the agent ended with %d when asked to" % rc)
    judge_files(bed, v, FOREIGN, bed.config, "in the end")


def close(bed, v, p, r, started, went_well, tripped, dead):
    """The verdict on all that was seen."""
    judge_words(bed, v, p, r)
    strange = bed.w.sim.violations()
    v.must(not strange, "the simulator saw: %r" % strange)
    v.defects += bed.unwell
    del bed.unwell[:]
    v.outcome = (
        "defect" if v.defects else
        "not reached" if not tripped else
        "refused to start" if not started else
        "served anyway" if went_well and not dead else
        "clean abort" if p.site.call in trip.MEMORY else "clear error")
    v.said = "%r\n---- agent\n%s" % (
        r, "\n".join(bed.words().splitlines()[-20:]))
    return v


def point(bed, p, well):
    """One login with that fault, and everything after it."""
    v, w = Verdict(), bed.w
    bed.end()
    bed.fresh()
    started, went_well, r = strike(bed, p, v)
    if alive(bed) and not bed.plan.tripped():
        # Not yet: perhaps while it ends.
        w.stop_agent()
    tripped = bed.plan.tripped()
    bed.plan.disarm()
    aborted = False
    if not alive(bed) and w.agent is not None and w.agent.returncode != 0:
        judge_death(bed, v, p, r)
        aborted = w.agent.returncode < 0
    finish(bed, v, p, well, went_well)
    said = bed.words() + (r.err if r else "")
    more = sorted(f for f in set(listing(bed)) - set(well["files"])
                  if not excused(f, p, said))
    v.must(not more, "left over: %r" % more)
    return close(bed, v, p, r, started, went_well, tripped, aborted)


def quick(bed, p, well):
    """The same of a worker that has no memory, with an agent that goes on: its
    next login is the next point's.  None: this one wants point()."""
    v = Verdict()
    if not bed.again():
        return None
    started, went_well, r = strike(bed, p, v)
    tripped = bed.plan.tripped()
    bed.plan.disarm()
    if not (started and tripped and alive(bed)):
        return None
    more = sorted(set(listing(bed)) - set(well["files"]))
    v.must(not more, "left over: %r" % more)
    bed.running = True
    close(bed, v, p, r, started, went_well, tripped, False)
    # Looked at once more, alone.
    return v if v.outcome == "clean abort" else None
