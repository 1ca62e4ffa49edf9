# SPDX-License-Identifier: Apache-2.0
"""The plan of tests/tools/trip.c: which call of which program fails, and what
was seen.  The file is mapped by the programs; it is written anew for each run.
"""

import errno
import os
import struct
import subprocess

MAGIC, FRAMES, SITES, CALLS, NAME = 0x70697274, 8, 32768, 160, 48
HEAD = struct.Struct("=IiQIIIIII32s%ds%dQ" % (NAME, FRAMES))
SITE = struct.Struct("=QII%dQ" % FRAMES)
SIZE = HEAD.size + CALLS * NAME + SITES * SITE.size
OFF = struct.calcsize("=IiQIIIII")
SHORT = -1
HANDLER = 2  # a frame: below it is what a signal interrupted
CHUNK = 1 << 16

MEMORY = ("malloc", "calloc", "realloc", "memalign")
_FD, _PATH = ["EMFILE"], ["EACCES"]
_SPACE, _META = ["EIO", "ENOSPC"], ["EIO", "EACCES"]
# What each call may plausibly say; those not named here: ENOMEM.
ERRORS = {
    "open": ["EMFILE", "EACCES", "EIO"], "openat": ["EMFILE", "EACCES", "EIO"],
    "fopen": ["EMFILE", "EACCES"], "fopen64": ["EMFILE", "EACCES"],
    "opendir": ["EMFILE", "EACCES"],
    "read": ["EIO", "EINTR", "SHORT"], "write": ["ENOSPC", "EINTR", "SHORT"],
    "recv": ["ECONNRESET", "EINTR", "SHORT"],
    "recvfrom": ["ECONNRESET", "EINTR", "SHORT"],
    "recvmsg": ["ENOMEM", "EINTR"],
    "send": ["ENOBUFS", "EINTR", "SHORT"],
    "sendto": ["EPIPE", "EINTR", "SHORT"],
    "sendmsg": ["ENOBUFS", "EINTR"],
    "close": ["EIO", "EINTR"], "fsync": _SPACE, "fdatasync": _SPACE,
    "ftruncate": _SPACE, "ftruncate64": _SPACE,
    "lseek": ["ESPIPE"], "lseek64": ["ESPIPE"],
    "rename": _SPACE, "renameat": _SPACE, "renameat2": ["EIO", "EINVAL"],
    "linkat": _SPACE, "unlink": ["EIO"], "unlinkat": ["EIO"],
    "mkdir": ["EACCES", "ENOSPC"], "mkdirat": ["EACCES", "ENOSPC"],
    "chmod": ["EPERM"], "fchmod": ["EPERM"], "fchown": ["EPERM"],
    "stat": _META, "lstat": _META, "fstat": ["EIO"], "fstatat": _META,
    "stat64": _META, "lstat64": _META, "fstat64": ["EIO"],
    "fstatat64": _META, "statfs": ["EIO"], "fstatfs": ["EIO"],
    "access": ["EACCES"], "faccessat": ["EACCES"],
    "readlink": ["EACCES"], "readlinkat": ["EACCES"],
    "flock": ["ENOLCK", "EINTR"], "fcntl:lock": ["ENOLCK", "EINTR"],
    "fcntl:flags": ["EINVAL"], "fcntl:dup": _FD, "dup": _FD, "dup2": _FD,
    "dup3": _FD, "pipe": _FD, "pipe2": ["EMFILE"], "socket": ["EMFILE"],
    "socketpair": ["EMFILE"], "connect": ["ECONNREFUSED", "ENETUNREACH"],
    "bind": ["EADDRINUSE"], "listen": ["EADDRINUSE"],
    "accept": ["EMFILE", "ECONNABORTED"],
    "accept4": ["EMFILE", "ECONNABORTED", "EPERM"],
    "getsockopt": ["ENOBUFS"], "setsockopt": ["ENOBUFS"],
    "getsockname": ["ENOBUFS"], "getpeername": ["ENOTCONN"],
    "shutdown": ["ENOTCONN"], "poll": ["EINTR", "ENOMEM"],
    "__poll_chk": ["EINTR", "ENOMEM"], "ppoll": ["EINTR", "ENOMEM"],
    "select": ["EINTR", "ENOMEM"], "epoll_create1": ["EMFILE"],
    "epoll_ctl": ["ENOSPC"], "epoll_wait": ["EINTR"],
    "timerfd_create": ["EMFILE"], "timerfd_settime": ["ECANCELED"],
    "eventfd": ["EMFILE"], "inotify_init1": ["EMFILE"],
    "inotify_add_watch": ["ENOSPC"], "memfd_create": ["EMFILE"],
    "fork": ["EAGAIN"], "posix_spawn": ["EAGAIN"],
    "pthread_create": ["EAGAIN"], "waitpid": ["EINTR"], "waitid": ["EINTR"],
    "pidfd_open": ["EMFILE"], "setsid": ["EPERM"], "mlock": ["EAGAIN"],
    "mlock2": ["EAGAIN"], "getrandom": ["EINTR"], "getentropy": ["EIO"],
    "sigaction": ["EINVAL"], "getrlimit": ["EINVAL"], "setrlimit": ["EPERM"],
    "tcgetattr": ["EIO"], "tcsetattr": ["EIO", "EINTR"],
    "nanosleep": ["EINTR"], "usleep": ["EINTR"], "uname": ["EFAULT"],
    "getaddrinfo": ["ENOMEM", "EMFILE"],
}


def number(name):
    return SHORT if name == "SHORT" else getattr(errno, name)


class Site:
    def __init__(self, call, ident, visits, frames):
        self.call, self.id = call, ident
        self.visits, self.frames = visits, frames


class Point:
    """One call of one program that fails once."""

    def __init__(self, program, site, nth, error):
        self.program, self.site = program, site
        self.nth, self.error = nth, error
        self.rank = 0  # in any case; others while there is time

    def pack(self):
        return dict(vars(self), site=None, call=self.site.call,
                    id=self.site.id, visits=self.site.visits,
                    frames=self.site.frames)

    @classmethod
    def unpack(cls, d):
        p = cls(d["program"], Site(d["call"], d["id"], d["visits"],
                                   d["frames"]), d["nth"], d["error"])
        p.rank = d["rank"]
        return p

    def __str__(self):
        return "%s %s=%s visit %d of %d (site %016x)" % (
            self.program, self.site.call, self.error, self.nth,
            self.site.visits, self.site.id)


def points(program, sites):
    """Every error of every site, at its first and its last visit; the second
    is of lower rank, as is a close that another signal ends."""
    for s in sites:
        # A handler that writes to its own pipe meets neither a full disk nor
        # another signal.
        if s.call in ("write", "send") and HANDLER in s.frames:
            continue
        # curl asks for sockets that do not wait, which Linux never refuses.
        if s.call == "fcntl:flags" and s.frames[0] >> 32 != 1:
            continue
        for nth in sorted({1, s.visits}):
            for error in ERRORS.get(s.call, ["ENOMEM"]):
                p = Point(program, s, nth, error)
                p.rank = int(nth > 1 or (s.call, error) == ("close", "EINTR"))
                yield p


class Plan:
    """The plan beside the shared object of that path."""

    def __init__(self, library):
        self.library = library
        self.path = library + ".plan"
        self.arm("")
        os.chmod(self.path, 0o666)

    def arm(self, program, point=None, deep=True):
        """From now on program's calls are counted; point's fails.  Unless
        deep, each call for memory is one site, whoever asks."""
        head, call, frames = (0, 0, 0), "", (0,) * FRAMES
        if point is not None:
            head = number(point.error), point.site.id, point.nth
            call, frames = point.site.call, point.site.frames
        # A new file: those who still have the old one disturb nobody.
        with open(self.path + ".new", "wb") as f:
            f.write(HEAD.pack(MAGIC, head[0], head[1], head[2], 0, 0, 0, deep,
                              0, program.encode(), call.encode(), *frames))
            f.truncate(SIZE)
        os.chmod(self.path + ".new", 0o666)
        os.replace(self.path + ".new", self.path)

    def disarm(self):
        """Nothing fails any more, in those that run as in new ones."""
        with open(self.path, "r+b") as f:
            f.seek(OFF)
            f.write(struct.pack("=I", 1))

    def tripped(self):
        with open(self.path, "rb") as f:
            return HEAD.unpack(f.read(HEAD.size))[4]

    def sites(self):
        with open(self.path, "rb") as f:
            data = f.read()
        lost = HEAD.unpack_from(data)[6]
        if lost:
            raise RuntimeError("the table of sites is too small")
        names = [data[HEAD.size + i * NAME:][:NAME].rstrip(b"\0").decode()
                 for i in range(CALLS)]
        found = []
        for row in SITE.iter_unpack(data[HEAD.size + CALLS * NAME:]):
            if row[0]:
                found.append(Site(names[row[1]], row[0], row[2], row[3:]))
        return sorted(found, key=lambda s: s.id)


def _mix(h, v):
    h = ((h ^ v) * 0x9e3779b97f4a7c15) & 0xffffffffffffffff
    return h ^ (h >> 29)


def where(site, program):
    """The frames of a site as a reader wants them: functions, inner first."""
    said = []
    for frame in site.frames:
        if frame in (0, 1, HANDLER):
            continue
        # The program itself has an empty name.
        if frame >> 32 == 1:
            r = subprocess.run(
                ["addr2line", "-sfpe", program,
                 hex((frame & 0xffffffff) - 1)],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            said.append(r.stdout.strip() or hex(frame & 0xffffffff))
        else:
            said.append("lib+%x" % (frame & 0xffffffff))
    return " < ".join(said)
