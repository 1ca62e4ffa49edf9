# SPDX-License-Identifier: Apache-2.0
"""What each program links, and that its hardening is in the file."""

import ctypes
import os
import re
import subprocess

import tap

# program -> libraries it must not load, not even through another one
NEVER = {
    "awsfedd": ("libcurl", "libxml2", "libssl"),
    "awsfedctl": ("libcurl", "libxml2", "libssl", "libcrypto", "libsystemd",
                  "libevent"),
    "awsfed-worker": ("libsystemd", "libevent"),
}
# program -> libraries that it names itself: the test sees what it looks for
NEEDS = {
    "awsfedd": ("libevent", "libsystemd", "libjansson"),
    "awsfedctl": ("libjansson", "libsmartcols"),
    "awsfed-worker": ("libcurl", "libjansson"),
}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          text=True, env=dict(os.environ, LC_ALL="C")).stdout


def loaded(path):
    """Every library the dynamic loader would bring in."""
    return re.findall(r"^\s*(\S+?)(?:\.so\S*)? ", output("ldd", path), re.M)


def needed(path):
    return re.findall(r"\(NEEDED\).*\[([^\]]*)\]", output("readelf", "-d",
                                                          path))


def libraries(program, path):
    all_of = loaded(path)
    for name in NEVER[program]:
        bad = [lib for lib in all_of if lib.startswith(name)]
        tap.ok(not bad, "%s does not load %s" % (program, name), *bad)
    own = needed(path)
    for name in NEEDS[program]:
        tap.ok(any(lib.startswith(name) for lib in own),
               "%s links %s" % (program, name), *own)


def late(path):
    """libxml2 and what it brings are not there when a worker starts, but it
    knows the name of a library that is."""
    if os.environ.get("AWSFED_INSTRUMENTED", "no") != "no":
        tap.skip("libxml2 comes late", "it is linked where faults are sought")
        return
    with open(path, "rb") as f:
        names = re.findall(rb"libxml2\.so[.0-9]*(?=\0)", f.read())
    here = loaded(path)
    if any(lib.startswith("libxml2") for lib in here):
        tap.skip("libxml2 comes late", "built with --disable-late-libxml2")
        return
    tap.ok(not any(lib.startswith("libicu") for lib in here),
           "awsfed-worker starts without what libxml2 needs", *here)
    tap.ok(len(names) == 1, "awsfed-worker knows libxml2 by name", names)
    ctypes.CDLL(names[0].decode())   # else this test ends here


def hardening(program, path):
    if os.environ.get("AWSFED_INSTRUMENTED", "no") != "no":
        tap.skip("%s is hardened" % program,
                 "hardening is off in an instrumented build")
        return
    header = output("readelf", "-h", path)
    dynamic = output("readelf", "-d", path)
    segments = output("readelf", "-lW", path)
    symbols = output("readelf", "-W", "--dyn-syms", path)
    tap.ok("DYN (Position-Independent Executable" in header or
           ("DYN (" in header and "(PIE)" in dynamic),
           "%s: position independent" % program, header)
    tap.ok("BIND_NOW" in dynamic or re.search(r"FLAGS_1.*NOW", dynamic),
           "%s: symbols bound at start" % program, dynamic)
    tap.ok("GNU_RELRO" in segments, "%s: relocations read-only" % program)
    stack = re.search(r"GNU_STACK.*", segments)
    tap.ok(stack and "RWE" not in stack.group(0),
           "%s: stack not executable" % program)
    tap.ok("__stack_chk_fail" in symbols, "%s: stack protector" % program)
    tap.ok(re.search(r"__\w+_chk(@| |$)", symbols.replace(
        "__stack_chk_fail", ""), re.M), "%s: fortified" % program)
    tap.ok("(RPATH)" not in dynamic and "(RUNPATH)" not in dynamic,
           "%s: no run path" % program)


def programs():
    for program in NEVER:
        path = tap.program(program)
        if path is None:
            tap.skip(program, "not part of this build")
            continue
        libraries(program, path)
        hardening(program, path)
        if program == "awsfed-worker":
            late(path)


def sees():
    """The tools are read rightly: a program known to break the rules."""
    path = "/usr/bin/curl"
    if not os.path.exists(path):
        path = "/usr/lib/x86_64-linux-gnu/libcurl.so.4"
    if not os.path.exists(path):
        tap.skip("a program with libcurl is seen", "no libcurl program here")
        return
    tap.ok(any(lib.startswith("libssl") for lib in loaded(path)),
           "a program that loads libssl is seen", *loaded(path))


tap.run(programs, sees)
