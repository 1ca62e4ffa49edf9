# SPDX-License-Identifier: Apache-2.0
"""Further credentials files: folders and single files that containers mount,
both modes, and what happens when one of them cannot be written."""

import configparser
import os
import shutil
import stat
import subprocess

import harness
import tap
from harness import PASSWORD, USER, role

ADMIN, OTHER = role("111122223333", "Admin"), role("111122223333", "Other")
EMPTIED = ["credential_process", "x_logged_out", "x_managed_by"]


def settings(w, text):
    w.settings()
    path = os.path.join(w.base, "config/awsfed/awsfed.conf")
    w.write(path, w.read(path).decode() + text)


def sections(w, path):
    parser = configparser.RawConfigParser(default_section="\0none")
    parser.read_string((w.read(path) or b"").decode())
    return {s: dict(parser.items(s)) for s in parser.sections()}


def sink_of(w, name):
    return [s for s in w.status()["agent"].get("sinks", [])
            if s["sink"] == name][0]


def both_modes(w):
    """A folder for a mount, and a single file that is mounted elsewhere."""
    folder = os.path.join(w.base, "ctr")
    single = os.path.join(w.base, "one")
    for d in (folder, single):
        w.own(d, 0o700, folder=True)
    main, one = os.path.join(folder, "credentials"), \
        os.path.join(single, "credentials")
    w.write(main, "# a comment\n[mine]\naws_access_key_id = AKIAMINE\n"
            "aws_secret_access_key = x\n")
    w.write(one, "# kept\n")
    inode = os.stat(one).st_ino
    settings(w, "[sink folder]\npath = %s\n[sink single]\npath = %s\n"
             "mode = inplace\nfile_mode = 0640\nprofiles = pr*\n"
             % (main, one))
    w.ctl("reload")
    tap.equal([s["mode"] for s in w.status()["agent"]["sinks"]],
              ["rename", "inplace"], "status lists both")
    r = w.login("prod", "other")
    tap.equal(r.rc, 0, "login")
    keys = w.credentials()
    tap.equal(sections(w, main).get("prod"), keys["prod"],
              "the folder's file has prod when the login is over")
    tap.equal(sections(w, main).get("other"), keys["other"], "and other")
    tap.ok(w.read(main).startswith(b"# a comment\n[mine]\naws_access_key_id "
                                   b"= AKIAMINE\n"), "what was there stays")
    tap.equal(sections(w, one), {"prod": keys["prod"]},
              "the single file has prod alone")
    tap.equal(os.stat(one).st_ino, inode, "and is the same file still")
    tap.equal((stat.S_IMODE(os.stat(one).st_mode),
               stat.S_IMODE(os.stat(main).st_mode)), (0o640, 0o600),
              "file_mode is what it says, and 0600 by default")
    tap.equal(sorted(os.listdir(single)), [".credentials.awsfed-lock",
                                           "credentials"],
              "nothing with keys is left beside it")
    w.ctl("refresh", "prod")
    tap.ok(keys["prod"] != w.credentials()["prod"] ==
           sections(w, main)["prod"] == sections(w, one)["prod"],
           "a renewal goes to all three")
    return main, one


def again(w, main, one):
    """A new agent, a logout, a sink that goes."""
    w.write(one, "# emptied by hand\n")
    w.stop_agent()
    w.start_agent()
    w.wait(lambda: sections(w, one).get("prod") == w.credentials()["prod"],
           "the new agent's keys in the sink")
    tap.ok(True, "a new agent writes what it finds kept")
    w.ctl("logout", "prod")
    tap.equal([sorted(sections(w, f)["prod"]) for f in (main, one)],
              [EMPTIED, EMPTIED], "a logout takes the keys out of each sink")
    tap.ok(sections(w, main)["other"].get("aws_session_token"),
           "and leaves the others")
    w.login("prod", user=None)
    settings(w, "[sink single]\npath = %s\nmode = inplace\nprofiles = pr*\n"
             % one)
    w.ctl("reload")
    w.wait(lambda: set(sections(w, main)) == {"mine"}, "the sink to be left")
    tap.ok(True, "the keys leave a sink that is not configured any more")
    tap.ok(sections(w, one)["prod"].get("aws_session_token"),
           "the other one keeps them")
    text = w.read(w.config_file).decode()
    w.write(w.config_file, text.replace(
        "[profile prod]\n", "[profile prod]\nawsfed.protected = yes\n"))
    w.ctl("reload")
    w.wait(lambda: "prod" not in sections(w, one) and
           "prod" not in w.credentials(), "protection")
    tap.ok(True, "a protected profile leaves every file")
    w.write(w.config_file, text)
    w.ctl("reload")


def odd(w):
    """What is no file of ours; out of the settings, it is out of status."""
    folder = os.path.join(w.base, "odd")
    w.own(folder, 0o700, folder=True)
    names = {n: os.path.join(folder, n) for n in ("dir", "fifo", "roots")}
    w.own(names["dir"], 0o700, folder=True)
    os.mkfifo(names["fifo"])
    w.own(names["fifo"], 0o600)
    with open(names["roots"], "w", encoding="ascii"):
        os.chmod(names["roots"], 0o666)
    if w.uid is None:
        del names["roots"]
    settings(w, "".join("[sink %s]\npath = %s\nmode = %s\n" % (
        n, p, "rename" if n == "dir" else "inplace")
        for n, p in names.items()))
    w.ctl("reload")
    w.ctl("refresh", "prod")
    w.wait(lambda: all("fault" in sink_of(w, n) for n in names),
           "the faults")
    tap.ok(os.path.getsize(names.get("roots", "/dev/null")) == 0,
           "another user's file, a folder and a pipe are not written")
    settings(w, "")
    w.ctl("reload")
    w.wait(lambda: not w.status()["agent"].get("sinks"), "them to go")
    tap.ok(True, "and are forgotten when they are not configured any more")


def refused(w):
    """Somebody else's section, a path that is not one, a full folder."""
    folder = os.path.join(w.base, "other")
    w.own(folder, 0o700, folder=True)
    path = os.path.join(folder, "credentials")
    theirs = "[prod]\naws_access_key_id = AKIATHEIRS\n" \
             "aws_secret_access_key = y\n"
    w.write(path, theirs)
    nowhere = os.path.join(w.base, "file/credentials")
    w.write(os.path.join(w.base, "home/.keep"), "")
    with open(os.path.join(w.base, "file"), "w", encoding="ascii"):
        pass
    settings(w, "[sink theirs]\npath = %s\n[sink nowhere]\npath = %s\n"
             % (path, nowhere))
    log = len(w.log())
    w.ctl("reload")
    r = w.login("prod", user=None)
    tap.equal(r.rc, 0, "the login succeeds all the same")
    tap.ok(w.credentials()["prod"].get("aws_session_token"),
           "the main file has the keys")
    tap.ok(w.read(path).decode().startswith(theirs + "\n[other]"),
           "theirs is as it was", w.read(path))
    w.wait(lambda: "fault" in sink_of(w, "theirs") and
           "fault" in sink_of(w, "nowhere"), "what status says")
    tap.ok("prod" in sink_of(w, "theirs")["fault"]["text"],
           "status names the section", sink_of(w, "theirs"))
    r = w.ctl("status")
    tap.ok(nowhere in r.out or "file" in r.out, "and people read it", r)
    for _ in range(3):
        w.ctl("refresh", "prod")
    # Its folder is a file: that is said once.
    warned = [x for x in w.log()[log:].splitlines()
              if x.startswith("<4>") and "/file" in x]
    tap.equal(len(warned), 1, "a sink that cannot be written is one warning")
    os.unlink(os.path.join(w.base, "file"))
    w.own(os.path.join(w.base, "file"), 0o700, folder=True)
    w.ctl("refresh", "prod")
    w.wait(lambda: "fault" not in sink_of(w, "nowhere"), "the mended sink")
    tap.equal(sections(w, nowhere).get("prod"), w.credentials()["prod"],
              "and it is written when it can be")
    w.login("prod", "--force", user=None)
    tap.equal(sections(w, path).get("prod"), w.credentials()["prod"],
              "--force takes the section over, as in the main file")
    linked = os.path.join(w.base, "links")
    w.own(linked, 0o700, folder=True)
    w.write(linked + "/a", "")
    os.link(linked + "/a", linked + "/as-a")
    os.symlink("a", linked + "/to-a")
    os.symlink(w.credentials_file, linked + "/main")

    def two(one, other):
        return "[sink a]\npath = %s\n[sink b]\npath = %s\n" % (one, other)

    for text, part in (("[sink a]\n", '"path"'),
                       ("[sink a]\npath = /x\nmode = copy\n", "inplace"),
                       ("[sink a]\npath = /x\nfile_mode = 0666\n", "0644"),
                       ("[sink a]\npath = x\n", "absolute"),
                       ("[sink a]\npath = /x\npth = y\n", '"pth"'),
                       ("[sink a]\npath = /x\n[sink b]\npath = /x\n",
                        "another sink"),
                       (two(linked + "/new", linked + "/../links/new"),
                        "another sink"),
                       (two(linked + "/new", linked + "//new"),
                        "another sink"),
                       (two(linked + "/a", linked + "/to-a"),
                        "another sink"),
                       (two(linked + "/a", linked + "/as-a"),
                        "another sink"),
                       ("[sink a]\npath = %s/main\n" % linked, "itself"),
                       ("[sink a]\npath = %s/../.aws/credentials\n" %
                        os.path.dirname(w.credentials_file), "itself"),
                       ("[sink a]\npath = %s\n" % w.config_file,
                        "AWS config"),
                       ("[sink a]\npath = %s\n" % w.credentials_file,
                        "itself")):
        settings(w, text)
        r = w.ctl("reload")
        if r.rc == 0 or part not in r.err:
            tap.ok(False, "a bad sink is told: " + text.replace("\n", "; "), r)
            break
    else:
        tap.ok(True, "each bad setting of a sink is told by name")
    settings(w, "")
    w.ctl("reload")


def hung(w):
    """A sink on a dead disk: the main file does not wait for it."""
    folder = os.path.join(w.base, "hung")
    w.own(folder, 0o700, folder=True)
    path = os.path.join(folder, "credentials")
    lock = os.path.join(folder, ".credentials.awsfed-lock")
    w.write(lock, "")
    # Another writer that holds the lock and never ends.
    holder = w.spawn(["/usr/bin/python3", "-c",
                      "import fcntl,struct,sys,time;"
                      "f=open(sys.argv[1],'r+');"
                      "fcntl.fcntl(f,37,struct.pack('hhqqi4x',1,0,0,0,0));"
                      "open(sys.argv[1]+'.held','w');time.sleep(600)", lock],
                     "holder")
    w.wait(lambda: os.path.exists(lock + ".held"), "the lock")
    settings(w, "[sink hung]\npath = %s\n" % path)
    w.ctl("reload")
    before = w.credentials()["prod"]
    r = w.ctl("refresh", "prod")
    tap.equal(r.rc, 0, "refresh with a sink that hangs")
    tap.ok(w.credentials()["prod"] != before, "the main file is written")
    tap.ok(not os.path.exists(path), "the sink is not, yet")
    w.stop(holder, 9)
    w.ctl("refresh", "prod")
    w.wait(lambda: sections(w, path).get("prod") == w.credentials()["prod"],
           "the sink, when it can be locked", 90)
    tap.ok(True, "it is when the lock is free")
    settings(w, "")
    w.ctl("reload")


MOUNTED = """
set -e
mount --bind "$1/host/dir" "$1/ctr/dir"
mount --bind "$1/host/one" "$1/ctr/one"
echo mounted
read -r go
for f in "$1/ctr/dir/credentials" "$1/ctr/one"; do
    sed -n 's/^aws_access_key_id = //p' "$f"
done
"""


def mounted(w):
    """What a container sees: a folder, and a file that is mounted alone."""
    for name in ("host/dir", "ctr/dir"):
        w.own(os.path.join(w.base, name), 0o755, folder=True)
    for name in ("host/one", "ctr/one"):
        w.write(os.path.join(w.base, name), "")
    for name in ("host", "ctr"):
        w.own(os.path.join(w.base, name), 0o755)
    if shutil.which("unshare") is None:
        tap.skip("bind mounts", "unshare is not installed")
        return
    settings(w, "[sink dir]\npath = %s/host/dir/credentials\n[sink one]\n"
             "path = %s/host/one\nmode = inplace\n" % (w.base, w.base))
    w.ctl("reload")
    p = subprocess.Popen(["unshare", "-m", "sh", "-c", MOUNTED, "sh", w.base],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    if p.stdout.readline() != "mounted\n":
        p.stdin.close()
        tap.skip("bind mounts", "cannot mount here: " + p.stderr.read())
        p.wait()
        return
    w.ctl("refresh", "prod")
    want = w.credentials()["prod"]["aws_access_key_id"]
    w.wait(lambda: all(sections(w, os.path.join(w.base, f)).get(
        "prod", {}).get("aws_access_key_id") == want
        for f in ("host/dir/credentials", "host/one")), "both sinks")
    out, err = p.communicate("go\n", timeout=30)
    tap.equal(out.split().count(want), 2,
              "who has mounted them sees the renewed keys, in both ways")
    if p.returncode != 0:
        tap.diag(err)


def main():
    with harness.World() as w:
        w.sim.user(USER, password=PASSWORD,
                   roles=[harness.pair(ADMIN), harness.pair(OTHER)])
        w.profile("prod", role=ADMIN, reload=False)
        w.profile("other", role=OTHER)
        w.sim.set(loop_tokens=30, loop_seconds=1)  # so many renewals
        main_file, one = both_modes(w)
        again(w, main_file, one)
        odd(w)
        refused(w)
        hung(w)
        mounted(w)


harness.need()
tap.run(main)
