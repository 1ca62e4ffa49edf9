# SPDX-License-Identifier: Apache-2.0
"""What may be on a disk after a power failure.

The calls of one act, as strace(1) wrote them down, become operations on a disk
with a cache: what was written is there for certain once its file was synced,
a name once its directory was. Everything else may be there or not:

  - a file's data that was not synced: nothing of it, the length alone (zeros),
    the first half, or all;
  - changes of a directory: the first of them, in their order (a journal), or
    any choice in which each name has its own order (`loose`, a disk whose
    directory blocks are written as they come). A rename is one change.

A rename is never held back by the data of the file it moves: that is what old
kernels did, and what ext4 with noauto_da_alloc and XFS still do.

after() yields, for each point of the act, every folder that can be found at the
next start, each once.
"""

import itertools
import re

LINE = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+|0x[0-9a-f]+)")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\.\.\.)?')
LIMIT = 200000  # worlds looked at; more is a test that has to be cut down


class TooMany(Exception):
    pass


def unescape(text):
    """What strace -xx shows: every byte as \\xNN."""
    return bytes(int(x, 16) for x in re.findall(r"\\x([0-9a-f]{2})", text))


class Inode:
    def __init__(self, old, mode=0o600):
        self.old = old  # what is there for certain
        self.pending = []  # ("write", at, data) or ("cut", length), unsynced
        self.modes = [mode]  # the first of them for certain

    def variants(self):
        """Every (content, mode) that the disk may have."""
        out = [self.old]
        for op in self.pending:
            made = []
            for had in out:
                made += apply_data(had, op)
            out = list(dict.fromkeys(out + made))
        return [(data, mode) for data in out for mode in self.modes]

    def sync(self):
        self.old, self.pending = self.newest(), []
        self.modes = self.modes[-1:]

    def newest(self):
        data = self.old
        for op in self.pending:
            data = apply_data(data, op)[-1]
        return data


def apply_data(had, op):
    if op[0] == "cut":
        return [had[:op[1]].ljust(op[1], b"\0")]
    _, at, data = op
    return [had.ljust(at + len(data), b"\0"),  # longer, and nothing in it
            put(had, at, data[:len(data) // 2]), put(had, at, data)]


def put(had, at, data):
    had = had.ljust(at, b"\0")
    return had[:at] + data + had[at + len(data):]


class Disk:
    """One directory tree; a name is its path below the root."""

    def __init__(self, root, files, folders=("",)):
        self.root = root
        self.names = {}  # name: inode, as programs see it
        self.inodes = []
        self.changes = []  # of directories: (folder(s), {name: inode or None})
        self.synced = set()  # indices of changes
        self.fds = {}
        self.said = []  # what was written to standard output
        for name, data in files.items():
            self.names[name] = self.inode(data)
        for name in folders:
            self.names[name] = "dir"
        self.start = dict(self.names)

    def inode(self, data=b"", mode=0o600):
        self.inodes.append(Inode(data, mode))
        return len(self.inodes) - 1

    def meddle(self, name, data):
        """Another program has moved a version of its own there, synced."""
        self.names_changed({name: self.inode(data)})
        self.synced.add(len(self.changes) - 1)
        self.said.append("meddled\n")

    # -- the calls ------------------------------------------------------------
    def path(self, fd, name):
        """Below the root, or None for what is elsewhere."""
        if not name.startswith("/"):
            base = self.fds.get(fd)
            if not isinstance(base, str):
                return None
            return (base + "/" + name).strip("/") if name != "." else base
        if name != self.root and not name.startswith(self.root + "/"):
            return None
        return name[len(self.root):].strip("/")

    def names_changed(self, new):
        self.changes.append(dict(new))
        for name, inode in new.items():
            if inode is None:
                self.names.pop(name, None)
            else:
                self.names[name] = inode

    def feed(self, line):
        """One line of strace -xx. True when the disk may have changed."""
        m = LINE.match(line)
        if m is None:
            return False
        call, args, result = m.group(1), m.group(2), int(m.group(3), 0)
        if result < 0:
            return False
        texts = [unescape(t) for t in TEXT.findall(args)]
        first = args.split(",")[0].strip()
        fd = int(first) if first.isdigit() else None
        handler = getattr(self, "do_" + call, None)
        return bool(handler and handler(args, fd, texts, result))

    def do_openat(self, args, fd, texts, result):
        path = self.path(fd, texts[0].decode())
        if path is None:
            self.fds[result] = None
            return False
        if path not in self.names and "O_CREAT" in args:
            mode = int(args.rsplit(",", 1)[1], 8)
            self.names_changed({path: self.inode(b"", mode)})
        inode = self.names.get(path)
        self.fds[result] = path if inode == "dir" else inode
        if "O_TRUNC" in args and isinstance(inode, int):
            self.inodes[inode].pending.append(("cut", 0))
        return "O_CREAT" in args or "O_TRUNC" in args

    def do_close(self, args, fd, texts, result):
        self.fds.pop(fd, None)

    def file(self, fd):
        inode = self.fds.get(fd)
        return self.inodes[inode] if isinstance(inode, int) else None

    def do_write(self, args, fd, texts, result):
        if fd == 1 and 1 not in self.fds:
            self.said.append(texts[0][:result].decode())
            return True
        f = self.file(fd)
        if f is None:
            return False
        f.pending.append(("write", len(f.newest()), texts[0][:result]))
        return True

    def do_pwrite64(self, args, fd, texts, result):
        f = self.file(fd)
        if f is None:
            return False
        at = int(args.rsplit(",", 1)[1])
        f.pending.append(("write", at, texts[0][:result]))
        return True

    def do_fchmod(self, args, fd, texts, result):
        f = self.file(fd)
        if f is None:
            return False
        f.modes.append(int(args.rsplit(",", 1)[1], 8))
        return True

    def do_ftruncate(self, args, fd, texts, result):
        f = self.file(fd)
        if f is None:
            return False
        f.pending.append(("cut", int(args.rsplit(",", 1)[1])))
        return True

    def do_fsync(self, args, fd, texts, result):
        what = self.fds.get(fd)
        if isinstance(what, int):
            self.inodes[what].sync()
        elif isinstance(what, str):
            for i, new in enumerate(self.changes):
                if any(folder(n) == what for n in new):
                    self.synced.add(i)
        return True

    do_fdatasync = do_fsync

    def do_mkdir(self, args, fd, texts, result):
        path = self.path(None, texts[0].decode())
        if path is None:
            return False
        self.names_changed({path: "dir"})
        return True

    def moved(self, fds, texts, args):
        old = self.path(fds[0], texts[0].decode())
        new = self.path(fds[1], texts[1].decode())
        if old is None or new is None:
            return False
        if "RENAME_EXCHANGE" in args:
            self.names_changed({old: self.names[new], new: self.names[old]})
        else:
            self.names_changed({old: None, new: self.names[old]})
        return True

    def do_rename(self, args, fd, texts, result):
        return self.moved((None, None), texts, args)

    def two_fds(self, args):
        parts = [p.strip() for p in args.split(",")]
        return [int(p) if p.isdigit() else None for p in (parts[0], parts[2])]

    def do_renameat(self, args, fd, texts, result):
        return self.moved(self.two_fds(args), texts, args)

    do_renameat2 = do_renameat

    def do_linkat(self, args, fd, texts, result):
        fds = self.two_fds(args)
        old = self.path(fds[0], texts[0].decode())
        new = self.path(fds[1], texts[1].decode())
        self.names_changed({new: self.names[old]})
        return True

    def do_unlinkat(self, args, fd, texts, result):
        path = self.path(fd, texts[0].decode())
        if path is None:
            return False
        self.names_changed({path: None})
        return True

    def do_unlink(self, args, fd, texts, result):
        return self.do_unlinkat(args, None, texts, result)

    # -- the power fails ------------------------------------------------------
    def kept(self, loose):
        """Which changes of directories may have reached the disk."""
        n = len(self.changes)
        if not loose:
            # In order, but not before what was synced behind them.
            least = max(self.synced, default=-1) + 1
            for k in range(least, n + 1):
                yield list(range(k))
            return
        free = [i for i in range(n) if i not in self._forced()]
        for bits in itertools.product((False, True), repeat=len(free)):
            chosen = self._forced() | {i for i, b in zip(free, bits) if b}
            if all(self._before(i) <= chosen for i in chosen):
                yield sorted(chosen)

    def _before(self, i):
        """Earlier changes of a name that this one changes, too."""
        return {k for k in range(i) if set(self.changes[k])
                & set(self.changes[i])}

    def _forced(self):
        """What was synced, and what it stands on."""
        out = set(self.synced)
        while True:
            more = set().union(*(self._before(i) for i in out)) if out else out
            if more <= out:
                return out
            out |= more

    def worlds(self, loose):
        """Every {name: (content, mode)} that the next start may find."""
        for chosen in self.kept(loose):
            names = dict(self.start)
            for i in chosen:
                for name, inode in self.changes[i].items():
                    if inode is None:
                        names.pop(name, None)
                    else:
                        names[name] = inode
            # A file in a folder that is not there is not there either.
            names = {n: i for n, i in names.items()
                     if n == "" or names.get(folder(n)) == "dir"}
            files = [n for n, i in names.items() if isinstance(i, int)]
            used = sorted({names[n] for n in files})
            for data in itertools.product(
                    *(self.inodes[i].variants() for i in used)):
                content = dict(zip(used, data))
                yield {n: content[names[n]] for n in files}


def folder(name):
    return name.rpartition("/")[0]


def after(root, files, lines, loose, folders=("",), meddle=None):
    """(what was said until then, {name: (content, mode)}), each pair once.
    meddle: (name, content) of somebody who came while we waited for a child."""
    disk = Disk(root, files, folders)
    seen, looked = set(), 0
    for line in itertools.chain([""], lines):
        if meddle and line.startswith("wait4("):
            disk.meddle(*meddle)
        elif line and not disk.feed(line):
            continue
        for world in disk.worlds(loose):
            looked += 1
            if looked > LIMIT:
                raise TooMany()
            key = (tuple(disk.said), tuple(sorted(world.items())))
            if key not in seen:
                seen.add(key)
                yield "".join(disk.said), world


def at_the_end(root, files, lines, loose, folders=("",), meddle=None):
    """{name: (content, mode)} that may be found when power fails after all."""
    disk = Disk(root, files, folders)
    for line in lines:
        if meddle and line.startswith("wait4("):
            disk.meddle(*meddle)
        else:
            disk.feed(line)
    yield from disk.worlds(loose)
