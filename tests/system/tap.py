# SPDX-License-Identifier: Apache-2.0
"""TAP, as the Automake driver reads it: a line a test, the plan at the end."""

import os
import signal
import sys
import time
import traceback

sys.dont_write_bytecode = True

# A check started in the background inherits that they are ignored, and what
# is tested here would keep to that.
for _signal in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(_signal) == signal.SIG_IGN:
        signal.signal(_signal, signal.SIG_DFL)

_count = 0
_failed = 0


def _line(good, name, directive=""):
    global _count, _failed
    _count += 1
    if not good:
        _failed += 1
    name = name.replace("#", "no.").replace("\n", " ")
    print("%s %d - %s%s" % ("ok" if good else "not ok", _count, name,
                            directive), flush=True)
    return bool(good)


def ok(good, name, *why):
    """One test. `why` is printed when it fails; strings or anything else."""
    _line(good, name)
    if not good:
        for w in why:
            diag(w if isinstance(w, str) else repr(w))
    return bool(good)


def equal(got, want, name):
    return ok(got == want, name, "got:  %r" % (got,), "want: %r" % (want,))


def skip(name, reason):
    """A loud skip: it is counted in the closing line of ./bootstrap check."""
    _line(True, name, " # SKIP " + reason)


def skip_all(reason):
    print("1..0 # SKIP " + reason, flush=True)
    sys.exit(0)


def diag(text):
    for line in str(text).splitlines() or [""]:
        print("# " + line, flush=True)


def failed():
    return _failed


def run(*cases):
    """Run functions one after another; an exception is a failed test."""
    for case in cases:
        try:
            case()
        except Exception:
            _line(False, "%s ran to its end" % case.__name__)
            diag(traceback.format_exc())
    finish()


def timed(case):
    """The same function, and how long it took for the reader."""
    def inner():
        start = time.monotonic()
        case()
        diag("%s: %.1f s" % (case.__name__, time.monotonic() - start))
    inner.__name__ = case.__name__
    return inner


def finish():
    print("1..%d" % _count, flush=True)
    sys.exit(1 if _failed else 0)


def srcdir():
    """The top of the source tree."""
    here = os.path.dirname(os.path.abspath(__file__))
    return os.environ.get("top_srcdir") or os.path.dirname(
        os.path.dirname(here))


def builddir():
    """The top of the build tree; build/ of the sources by hand."""
    return os.environ.get("top_builddir") or os.path.join(srcdir(), "build")


# Where a room may have put its program.
FOLDERS = ("", "daemon", "daemon/worker", "client", "tests/sim")


def program(name):
    """The path of one of our programs, or None when it has not been built.
    One that the makefile lists must be there: that is a failure, not a skip."""
    for folder in FOLDERS:
        path = os.path.join(builddir(), folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    listed = os.environ.get("AWSFED_PROGRAMS", "").split()
    if name in map(os.path.basename, listed):
        print("Bail out! %s was not built" % name, flush=True)
        sys.exit(1)
    return None
