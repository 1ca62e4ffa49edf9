# SPDX-License-Identifier: Apache-2.0
"""Programs that are not ours: SDKs and tools, each asked who it is.

The SDK programs of tests/peers print a line for each line they read: an access
key and an ARN, or "failed" and why. Those that ./bootstrap check prepared are
named by AWSFED_JS_SDK (a node_modules) and AWSFED_GO_PEERS (a folder with the
programs go-v1 and go-v2)."""
import os
import shutil
import subprocess
import threading

import tap

PYTHON = "/usr/bin/python3"
JS = "the AWS SDK for JavaScript"
GO1, GO2 = "the AWS SDK for Go 1", "the AWS SDK for Go 2"


def source(name):
    return os.path.join(tap.srcdir(), "tests/peers", name)


def _python():
    found = subprocess.run([PYTHON, "-c", "import boto3"], check=False,
                           stderr=subprocess.DEVNULL).returncode == 0
    return "" if found else "boto3 is not installed (package python3-boto3)"


def _node():
    modules = os.environ.get("AWSFED_JS_SDK", "")
    if not os.path.isdir(os.path.join(modules, "@aws-sdk/client-sts")):
        return "AWSFED_JS_SDK names no node_modules with @aws-sdk/client-sts"
    return "" if shutil.which("node") else "node is not installed"


def _go(name):
    path = os.path.join(os.environ.get("AWSFED_GO_PEERS", ""), name)
    return "" if os.access(path, os.X_OK) else \
        "AWSFED_GO_PEERS names no folder with %s" % name


def why_not(peer):
    """Why a program cannot be tried here; "" when it can."""
    if peer == "boto3":
        return _python()
    if peer == JS:
        return _node()
    if peer in (GO1, GO2):
        return _go("go-v1" if peer == GO1 else "go-v2")
    return "" if shutil.which(peer, path="/usr/bin:/usr/local/bin") else \
        "%s is not installed" % peer


def have(peer):
    """Whether it is here; when not, that is said as a skipped test."""
    why = why_not(peer)
    if why:
        tap.skip(peer, why)
    return not why


def argv(w, peer):
    """The command of an SDK program; it and what it loads may be read by
    everybody, which the source tree need not."""
    if peer == "boto3":
        return [PYTHON, _copy(source("peer.py"), w.base)]
    if peer == JS:
        # Beside node_modules, where node looks for them.
        folder = os.path.dirname(os.environ["AWSFED_JS_SDK"])
        path = _copy(source("peer.mjs"), folder, "-%d" % os.getpid())
        _made.append(path)
        return [shutil.which("node"), path]
    name = "go-v1" if peer == GO1 else "go-v2"
    return [os.path.join(os.environ["AWSFED_GO_PEERS"], name)]


_made = []


def _copy(path, folder, more=""):
    name, end = os.path.splitext(os.path.basename(path))
    new = os.path.join(folder, name + more + end)
    shutil.copyfile(path, new)
    os.chmod(new, 0o644)
    return new


def clean():
    """What argv() left outside of a world."""
    while _made:
        if os.path.exists(_made[-1]):
            os.unlink(_made[-1])
        _made.pop()


def env(w, peer, **more):
    """What it needs to reach the simulator, and to trust it."""
    # Asked for a region: the profile's is read by some only.
    more.setdefault("AWS_REGION", "us-east-1")
    more.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    if peer == JS:
        # It knows no proxy: the simulator by its own address.
        more.update(NODE_EXTRA_CA_CERTS=w.sim.ca, NODE_NO_WARNINGS="1",
                    AWS_ENDPOINT_URL_STS="https://localhost:%d" % w.sim.port)
    return more


class Program:
    """One that runs on and is asked when we like."""

    def __init__(self, w, peer, wrap=(), **more):
        self.p = subprocess.Popen(
            [*wrap, *argv(w, peer)],
            env=dict(w.env, **env(w, peer, **more)), cwd="/",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
            preexec_fn=w._preexec(True))
        w.children.append(self.p)
        self.said = b""
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self):
        for line in self.p.stderr:
            self.said += line

    def ask(self):
        """(access key, ARN), or (None, why not)."""
        try:
            self.p.stdin.write(b"\n")
            self.p.stdin.flush()
        except OSError:
            pass
        line = [b""]
        t = threading.Thread(target=lambda: line.__setitem__(
            0, self.p.stdout.readline()), daemon=True)
        t.start()
        t.join(60)
        first, _, rest = line[0].decode(errors="replace").partition(" ")
        if first in ("", "failed"):
            return None, rest.strip() + self.said.decode(errors="replace")
        return first.strip(), rest.strip()

    def end(self):
        try:
            self.p.stdin.close()
        except BrokenPipeError:
            pass  # it has ended, and our question was left in the pipe
        return self.p.wait(20)


def ask(w, peer, wrap=(), **more):
    """One question to a new program."""
    p = Program(w, peer, wrap, **more)
    answer = p.ask()
    p.end()
    return answer
