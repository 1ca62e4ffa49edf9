# SPDX-License-Identifier: Apache-2.0
"""Each system call of a write refused once, with each errno it may have; and
disks that are really full or really read-only."""

import os
import subprocess
import sys

import crashlib

WRITE = ("ENOSPC", "EDQUOT", "EIO", "EROFS")
NAME = ("ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "EPERM")
ERRORS = {
    "openat": ("EMFILE", "ENFILE", "ENOMEM", *NAME),
    "mkdir": NAME,
    "write": (*WRITE, "EFBIG"),
    "pwrite64": (*WRITE, "EFBIG"),
    "fallocate": ("ENOSPC", "EDQUOT", "EOPNOTSUPP", "EIO"),
    "ftruncate": ("EIO", "EROFS"),
    "fsync": ("EIO", "ENOSPC", "EDQUOT", "EROFS", "EINVAL"),
    "fchmod": ("EPERM", "EIO", "EROFS", "EOPNOTSUPP"),
    "close": ("EIO", "ENOSPC", "EDQUOT"),
    "renameat2": ("EXDEV", "EBUSY", "ENOSYS", "EINVAL", "ENOENT", *NAME),
    "renameat": ("EXDEV", "EBUSY", *NAME),
    "rename": ("EXDEV", "EBUSY", *NAME),
    "linkat": ("EMLINK", "EOPNOTSUPP", *NAME),
    "unlinkat": ("EBUSY", "EIO", "EROFS", "EACCES", "EPERM"),
    "unlink": ("EBUSY", "EIO", "EROFS", "EACCES", "EPERM"),
    "newfstatat": ("EIO", "ESTALE", "EACCES"),
    "pread64": ("EIO", "EINTR", "ESTALE"),
    "read": ("EIO", "EINTR", "ESTALE"),
    "readlinkat": ("EIO", "EACCES", "ESTALE"),
    "getdents64": ("EIO", "ENOENT"),
    "fcntl": ("EIO", "ENOLCK", "EINVAL", "EAGAIN", "EINTR"),
    "fstatfs": ("ENOSYS", "EIO"),
    "faccessat2": ("EIO", "EACCES"),
    "clock_nanosleep": ("EINTR",),
}


def judge(scn, call, error, done):
    if done.returncode not in (0, 1) and not (
            done.returncode == 3 and call.name == "close"):
        # An injected close(2) leaves the descriptor open by itself.
        return "status %d: %s" % (done.returncode, done.stderr[-300:])
    if done.returncode == 1 and (
            scn.base not in done.stderr
            # To whom a login is missing the profile's name is told later.
            or not (done.stderr.rstrip().endswith(".)")
                    or "needs-user:" in done.stderr)):
        return "says neither where nor what to do: " + done.stderr
    wrong = scn.whole()
    if wrong:
        return wrong
    if done.returncode == 0 and not scn.is_new():
        return "said that it was written"
    litter = scn.leftovers()
    wrong = scn.repaired()
    if wrong:
        return wrong
    # What could not be looked at or removed waits for the next write.
    if litter and call.name not in ("unlinkat", "unlink") and \
            done.returncode == 0:
        return "left %s without a word" % sorted(litter)
    return None


def refuse_everywhere(scn, calls):
    """Each call fails once. (cases, what went wrong)"""
    cases, bad = 0, []
    for call in calls:
        if call.line.startswith("write(1,"):
            continue  # what is said to us is not on a disk
        for error in ERRORS.get(call.name, ()):
            scn.fresh()
            done = scn.run("%s:error=%s:when=%d" % (call.name, error, call.k),
                           trace=call.name)
            cases += 1
            wrong = judge(scn, call, error, done)
            if wrong:
                bad.append("%s, %s: %s" % (call, error, wrong))
    return cases, bad


def mounted(path, options):
    """A private tmpfs; False where that is forbidden."""
    return subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path],
        capture_output=True).returncode == 0


def own_mounts():
    """Again in a mount namespace of its own. False when there is none."""
    if os.environ.get("CRASH_MOUNTS"):
        return True
    if subprocess.run(["unshare", "-m", "true"],
                      capture_output=True).returncode != 0:
        return False
    os.environ["CRASH_MOUNTS"] = "1"
    os.execvp("unshare", ["unshare", "-m", "--propagation", "private",
                          "/usr/bin/python3", *sys.argv])
    return True
