# SPDX-License-Identifier: Apache-2.0
"""No arrow points up: every #include of ours against tests/layers.map."""

import fnmatch
import os
import re
import shutil
import tempfile

import tap

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
FOLDERS = ("include/awsfed", "lib", "daemon", "daemon/worker", "client",
           "tests/sim")
# Where the compiler looks for a quoted header, after the file's own folder.
SEARCH = ("include", "daemon", "daemon/worker", "client", "tests/sim")


class Map:
    def __init__(self, path):
        self.rooms = []
        self.may = {}
        self.files = []
        self.never = []
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                words = line.split("#", 1)[0].split()
                if words:
                    self.line(words, "%s:%d" % (path, number))

    def line(self, words, where):
        if words[0] == "room":
            name, below = words[1], words[3:]
            if words[2:3] not in ([], ["may"]) or name in self.may:
                raise ValueError(where + ": not a room line")
            for other in below:
                if other not in self.may:
                    raise ValueError("%s: %s is not below %s"
                                     % (where, other, name))
            self.rooms.append(name)
            self.may[name] = set(below) | {name}
        elif words[0] not in self.may:
            raise ValueError(where + ": unknown room " + words[0])
        elif words[1] == "never":
            self.never += [(words[0], p) for p in words[2:]]
        else:
            self.files += [(words[0], p) for p in words[1:]]

    def room(self, path):
        for room, pattern in self.files:
            # fnmatch's * crosses folders; a room's pattern does not.
            if (os.path.dirname(path) == os.path.dirname(pattern) and
                    fnmatch.fnmatchcase(path, pattern)):
                return room
        return None


def sources(top):
    for folder in FOLDERS:
        full = os.path.join(top, folder)
        for name in sorted(os.listdir(full) if os.path.isdir(full) else []):
            if name.endswith((".c", ".h")):
                yield folder + "/" + name


def resolve(top, path, quote, name):
    """The file of ours that an #include names, or None for a system header."""
    places = [os.path.dirname(path)] if quote == '"' else []
    for place in places + list(SEARCH):
        candidate = os.path.normpath(os.path.join(place, name))
        if os.path.isfile(os.path.join(top, candidate)):
            return candidate
    return None


def check(top, layers):
    """Every sentence about a wrong #include; an empty list is a good tree."""
    wrong = []
    ours, system = {}, {}
    for path in sources(top):
        ours[path], system[path] = [], []
        with open(os.path.join(top, path), encoding="utf-8") as f:
            found = INCLUDE.findall(f.read())
        for quote, name in found:
            target = resolve(top, path, quote, name)
            if target is not None:
                ours[path].append(target)
            elif quote == '"':
                wrong.append('%s includes "%s", which is nowhere'
                             % (path, name))
            else:
                system[path].append(name)

    for path in ours:
        room = layers.room(path)
        if room is None:
            wrong.append("%s is in no room of tests/layers.map" % path)
            continue
        for target in ours[path]:
            other = layers.room(target)
            if other is not None and other not in layers.may[room]:
                wrong.append("%s (%s) includes %s (%s)"
                             % (path, room, target, other))
        for header, through in reach(path, ours, system):
            for name, pattern in layers.never:
                if name == room and fnmatch.fnmatchcase(header, pattern):
                    wrong.append("%s (%s) reaches <%s> through %s"
                                 % (path, room, header, through))
    wrong += cycles(ours)
    return wrong


def reach(path, ours, system):
    """(system header, file that includes it) for all that path reaches."""
    seen, todo, result = set(), [path], []
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        result += [(header, at) for header in system.get(at, [])]
        todo += ours.get(at, [])
    return result


def cycles(ours):
    """Headers that include each other: the graph must have no loop."""
    wrong, done = [], set()

    def walk(path, trail):
        if path in trail:
            loop = trail[trail.index(path):] + [path]
            wrong.append("a circle of includes: " + " -> ".join(loop))
            return
        if path in done:
            return
        for target in ours.get(path, []):
            walk(target, trail + [path])
        done.add(path)

    for path in sorted(ours):
        walk(path, [])
    return wrong


PLANTS = (
    # what, file, line, a word of the complaint
    ("lib looks up", "lib/planted.c", '#include "manager-planted.h"',
     "lib/planted.c (lib) includes daemon/"),
    ("lib reaches libevent", "lib/planted.c", "#include <event2/event.h>",
     "reaches <event2/event.h>"),
    ("lib reaches libcurl", "lib/planted.c", "#include <curl/curl.h>",
     "reaches <curl/curl.h>"),
    ("an engine file reaches sd-bus", "daemon/session-planted.c",
     "  #  include <systemd/sd-bus.h>", "reaches <systemd/sd-bus.h>"),
    ("an engine file reaches libevent through a header",
     "daemon/session-planted.c", '#include "loop-planted.h"',
     "through daemon/loop-planted.h"),
    ("the engine looks at a surface", "daemon/manager-planted.c",
     '#include "control-planted.h"', "(engine) includes"),
    ("a file that has no room", "daemon/planted.c", "",
     "daemon/planted.c is in no room"),
    ("an adapter looks at the engine", "daemon/job-planted.c",
     '#include "manager-planted.h"', "(adapters) includes"),
    ("the worker looks at the agent", "daemon/worker/planted.c",
     '#include "manager-planted.h"', "(worker) includes"),
    ("the client looks at the worker", "client/planted.c",
     '#include "planted-worker.h"', "(client) includes"),
    ("the simulator looks at the worker", "tests/sim/planted.c",
     '#include "planted-worker.h"', "(sim) includes"),
    ("a header that is nowhere", "client/planted.c",
     '#include "nowhere-at-all.h"', "which is nowhere"),
    ("a circle", "daemon/loop-planted.h", '#include "job-planted.h"',
     "a circle of includes"),
)
HEADERS = {
    "daemon/loop-planted.h": "#include <event2/event.h>\n",
    "daemon/job-planted.h": '#include "loop-planted.h"\n',
    "daemon/control-planted.h": "",
    "daemon/manager-planted.h": "",
    "daemon/worker/planted-worker.h": "",
}


def write(top, path, text):
    full = os.path.join(top, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "a", encoding="utf-8") as f:
        f.write(text)


def planted():
    """The check sees what it must see: wrong arrows in a copy of the tree."""
    layers = Map(os.path.join(tap.srcdir(), "tests/layers.map"))
    for what, path, line, complaint in PLANTS:
        with tempfile.TemporaryDirectory() as top:
            for folder in FOLDERS:
                full = os.path.join(tap.srcdir(), folder)
                for name in (os.listdir(full) if os.path.isdir(full) else []):
                    if name.endswith((".c", ".h")):
                        os.makedirs(os.path.join(top, folder), exist_ok=True)
                        shutil.copyfile(os.path.join(full, name),
                                        os.path.join(top, folder, name))
            for header, text in HEADERS.items():
                write(top, header, text)
            before = check(top, layers)
            write(top, path, line + "\n")
            new = [w for w in check(top, layers) if w not in before]
            tap.ok(any(complaint in w for w in new), "seen: " + what,
                   "nothing new says " + complaint, *new)


def tree():
    layers = Map(os.path.join(tap.srcdir(), "tests/layers.map"))
    wrong = check(tap.srcdir(), layers)
    tap.ok(not wrong, "no include points up", *wrong)
    tap.ok(len(list(sources(tap.srcdir()))) > 20, "the tree was read")


def bad_map():
    with tempfile.NamedTemporaryFile("w", suffix=".map") as f:
        f.write("room low may high\nroom high\n")
        f.flush()
        try:
            Map(f.name)
            tap.ok(False, "a map whose own arrow points up is refused")
        except ValueError as e:
            tap.ok("high is not below low" in str(e),
                   "a map whose own arrow points up is refused", str(e))


tap.run(tree, planted, bad_map)
