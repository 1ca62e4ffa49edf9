# SPDX-License-Identifier: Apache-2.0
"""The systemd user units: known to systemd, and with nothing that hurts."""

import os
import re
import shutil
import subprocess
import tempfile

import tap

# Directives that need a user namespace, fail in a user manager, or break the
# user's commands; the reasons stand in the unit.
NEVER = """MemoryDenyWriteExecute PrivateUsers RuntimeDirectory StateDirectory
CacheDirectory ProtectSystem ProtectHome PrivateTmp PrivateDevices
PrivateNetwork PrivateIPC PrivateMounts ProtectProc ProcSubset ReadWritePaths
ReadOnlyPaths InaccessiblePaths BindPaths BindReadOnlyPaths TemporaryFileSystem
ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectClock
ProtectControlGroups ProtectHostname CapabilityBoundingSet DynamicUser
KeyringMode""".split()
MUST = {
    "awsfedd.service": {
        "Type": "notify", "NoNewPrivileges": "yes", "LimitCORE": "0",
        "UMask": "0077", "LockPersonality": "yes", "RestrictSUIDSGID": "yes",
        "RestrictNamespaces": "yes", "SystemCallArchitectures": "native",
        "SystemCallErrorNumber": "EPERM",
    },
    "awsfedd.socket": {
        "ListenStream": "%t/awsfed/control", "SocketMode": "0600",
        "DirectoryMode": "0700",
    },
}


def unit(name):
    path = os.path.join(tap.builddir(), "systemd", name)
    with open(path, encoding="utf-8") as f:
        return f.read()


def directives(text):
    return dict(line.split("=", 1) for line in text.splitlines()
                if "=" in line and not line.startswith("#"))


def contents():
    for name, must in MUST.items():
        text = unit(name)
        have = directives(text)
        tap.ok("@" not in text.replace("@system-service", "").replace(
            "@sandbox", ""), name + ": every @name@ was filled in")
        for key, value in must.items():
            tap.equal(have.get(key), value, "%s: %s" % (name, key))
        bad = [key for key in NEVER if key in have]
        tap.ok(not bad, name + ": no directive that hurts", *bad)
    service = directives(unit("awsfedd.service"))
    tap.ok(service["ExecStart"].startswith("/") and
           service["ExecStart"].split()[0].endswith("/awsfedd"),
           "awsfedd.service: starts an absolute awsfedd",
           service["ExecStart"])
    families = service["RestrictAddressFamilies"].split()
    tap.ok("AF_NETLINK" in families, "awsfedd.service: names can be resolved",
           "getaddrinfo needs AF_NETLINK")


def verify(folder, edit=lambda text: text):
    """systemd-analyze on the pair, with a program that exists here."""
    for name in MUST:
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(edit(re.sub(r"(?m)^(Exec\w+=)/\S+/awsfed\w+",
                                r"\1/bin/true", unit(name))))
    return subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify"] +
        [os.path.join(folder, name) for name in MUST],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=dict(os.environ, XDG_RUNTIME_DIR=folder, HOME=folder,
                 SYSTEMD_LOG_LEVEL="info"), timeout=60)


def analyze():
    if not shutil.which("systemd-analyze"):
        tap.skip("systemd-analyze verify", "systemd-analyze is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        p = verify(folder)
        ours = [line for line in p.stdout.splitlines() if "awsfedd" in line]
        tap.ok(p.returncode == 0 and not ours,
               "systemd-analyze --user verify has nothing to say", p.stdout)
    with tempfile.TemporaryDirectory() as folder:
        p = verify(folder, lambda text: text.replace("LimitCORE=0",
                                                     "LimitCore=0"))
        tap.ok("LimitCore" in p.stdout, "a misspelt directive is seen",
               p.stdout)


tap.run(contents, analyze)
