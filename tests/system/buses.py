# SPDX-License-Identifier: Apache-2.0
"""Message buses of a World's own, and what lives on them.

    buses.need()                       # after harness.need(): skips, says why
    with harness.World(agent=False) as w, buses.Buses(w) as b:
        b.mock("system", "logind")     # a template of python3-dbusmock
        b.mock("session", "notification_daemon")
        b.keyring("ring password")     # gnome-keyring, unlocked
        w.start_agent()
        b.emit("system", LOGIND, LOGIND_PATH, LOGIND + ".Manager",
               "PrepareForSleep", "b", "<true>")

Each bus is a dbus-daemon that starts nothing by itself, run by the World's
throwaway user like everything here; its address is in the World's environment
(DBUS_SESSION_BUS_ADDRESS, DBUS_SYSTEM_BUS_ADDRESS), also before it runs, so
that an agent may be there first. All are ended by process id, at the latest
with the World.
"""

import json
import os
import signal
import subprocess

import tap

DAEMON, GDBUS = "/usr/bin/dbus-daemon", "/usr/bin/gdbus"
PYTHON = "/usr/bin/python3"
KEYRING, SECRET_TOOL = "/usr/bin/gnome-keyring-daemon", "/usr/bin/secret-tool"
MOCK = "org.freedesktop.DBus.Mock"
LOGIND, LOGIND_PATH = "org.freedesktop.login1", "/org/freedesktop/login1"
NOTIFY = "org.freedesktop.Notifications"
SECRETS = "org.freedesktop.secrets"
# template: (name on the bus, bus)
TEMPLATES = {
    "logind": LOGIND,
    "notification_daemon": NOTIFY,
}
CONFIG = """<busconfig>
 <type>session</type>
 <listen>unix:path=%s</listen>
 <auth>EXTERNAL</auth>
 <policy context="default">
  <allow send_destination="*" eavesdrop="true"/>
  <allow eavesdrop="true"/>
  <allow own="*"/>
 </policy>
</busconfig>
"""


UNLOCK = """
import sys, dbus
bus = dbus.SessionBus()
def proxy(interface):
    return dbus.Interface(bus.get_object(
        "org.freedesktop.secrets", "/org/freedesktop/secrets"), interface)
_, session = proxy("org.freedesktop.Secret.Service").OpenSession(
    "plain", dbus.String("", variant_level=1))
secret = dbus.Struct((session, dbus.ByteArray(b""), dbus.ByteArray(
    sys.stdin.read().encode()), "text/plain"), signature="oayays")
proxy("org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
      ).UnlockWithMasterPassword(
    dbus.ObjectPath("/org/freedesktop/secrets/collection/login"), secret)
"""


def need(keyring=False):
    """Skips the whole test, loudly, where something is not installed."""
    want = [(DAEMON, "dbus"), (GDBUS, "libglib2.0-bin")]
    if keyring:
        want += [(KEYRING, "gnome-keyring"),
                 (SECRET_TOOL, "libsecret-tools")]
    for program, package in want:
        if not os.access(program, os.X_OK):
            tap.skip_all("%s is missing (package %s)" % (program, package))
    if subprocess.run([PYTHON, "-c", "import dbusmock, gi"],
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                      ).returncode != 0:
        tap.skip_all("dbusmock is missing (packages python3-dbusmock, "
                     "python3-gi)")


class Buses:
    def __init__(self, world, session=True, system=True):
        self.world = world
        self.folder = os.path.join(world.base, "bus")
        world.own(self.folder, 0o700, folder=True)
        self.daemons, self.mocks, self.ring = {}, {}, None
        for kind in ("session", "system"):
            world.env["DBUS_%s_BUS_ADDRESS" % kind.upper()] = \
                "unix:path=" + self.socket(kind)
        if session:
            self.start("session")
        if system:
            self.start("system")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    def close(self):
        """What lives on the buses first, so that nobody complains."""
        self.keyring_stop()
        for p in self.mocks.values():
            self.world.stop(p)
        self.mocks = {}
        for kind in list(self.daemons):
            self.stop(kind, signal.SIGTERM)

    # -- the buses -----------------------------------------------------------
    def socket(self, kind):
        return os.path.join(self.folder, kind)

    def start(self, kind):
        """Starts a bus; also again, after stop()."""
        config = os.path.join(self.folder, kind + ".conf")
        self.world.write(config, CONFIG % self.socket(kind), 0o600)
        try:
            os.unlink(self.socket(kind))
        except FileNotFoundError:
            pass
        self.daemons[kind] = self.world.spawn(
            [DAEMON, "--nofork", "--nopidfile", "--config-file", config],
            "bus-" + kind)
        self.world.wait(lambda: os.path.exists(self.socket(kind)),
                        "the %s bus" % kind)

    def stop(self, kind, sig=signal.SIGKILL):
        """Ends a bus in the middle of whatever it does; its mocks end too
        when they notice."""
        process = self.daemons.pop(kind)
        process.send_signal(signal.SIGCONT)
        self.world.stop(process, sig)

    def pause(self, kind):
        """The bus hangs: it takes everything and says nothing."""
        self.daemons[kind].send_signal(signal.SIGSTOP)

    def resume(self, kind):
        self.daemons[kind].send_signal(signal.SIGCONT)

    # -- what lives there ----------------------------------------------------
    def mock(self, kind, template, name=None, **parameters):
        """A dbusmock template; its log is World.log("mock-" + template)."""
        argv = [PYTHON, "-m", "dbusmock", "--" + kind, "--template", template]
        if parameters:
            argv += ["--parameters", json.dumps(parameters)]
        self.mocks[template] = self.world.spawn(argv, "mock-" + template)
        self.wait_name(kind, name or TEMPLATES[template])

    def mock_stop(self, template, sig=signal.SIGTERM):
        self.world.stop(self.mocks.pop(template), sig)

    def mock_log(self, template):
        return self.world.log("mock-" + template)

    def has_name(self, kind, name):
        r = self.call(kind, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                      "org.freedesktop.DBus.NameHasOwner", "'%s'" % name,
                      check=False)
        return r.rc == 0 and "true" in r.out

    def wait_name(self, kind, name):
        self.world.wait(lambda: self.has_name(kind, name),
                        "%s on the %s bus" % (name, kind))

    def call(self, kind, name, path, method, *arguments, check=True):
        """Arguments and the answer in GVariant's text. The Result; with check
        only its output, and an error is raised."""
        r = self.world.run([GDBUS, "call", "--" + kind, "--timeout", "10",
                            "--dest", name, "--object-path", path,
                            "--method", method, "--", *arguments])
        if not check:
            return r
        if r.rc != 0:
            raise RuntimeError("%s: %r" % (method, r))
        return r.out

    def emit(self, kind, name, path, interface, signal_name, signature="",
             *arguments):
        """Lets a mock emit a signal; arguments are variants: "<true>"."""
        self.call(kind, name, path, MOCK + ".EmitSignal", interface,
                  signal_name, signature, "[%s]" % ", ".join(arguments))

    # -- logind --------------------------------------------------------------
    def session_path(self, session):
        return "%s/session/%s" % (LOGIND_PATH, session)

    def logind_session(self, session="c1", active=True):
        """A session of the World's user on seat0; give the agent
        XDG_SESSION_ID=c1."""
        uid = self.world.uid if self.world.uid is not None else os.getuid()
        self.call("system", LOGIND, LOGIND_PATH, MOCK + ".AddSession",
                  session, "seat0", str(uid), "jane",
                  "true" if active else "false")

    def lock(self, session="c1", hint=True):
        self._lock(session, "Lock", hint and "true")

    def unlock(self, session="c1", hint=True):
        self._lock(session, "Unlock", hint and "false")

    def _lock(self, session, name, hint):
        path = self.session_path(session)
        self.emit("system", LOGIND, path, LOGIND + ".Session", name)
        if hint:
            self.call("system", LOGIND, path, MOCK + ".UpdateProperties",
                      LOGIND + ".Session", "{'LockedHint': <%s>}" % hint)

    def sleep(self, going):
        self.emit("system", LOGIND, LOGIND_PATH, LOGIND + ".Manager",
                  "PrepareForSleep", "b", "<true>" if going else "<false>")

    def inhibitors(self):
        """How logind would list them: what, who, why, mode …"""
        return self.call("system", LOGIND, LOGIND_PATH,
                         LOGIND + ".Manager.ListInhibitors")

    # -- the keyring ---------------------------------------------------------
    def keyring(self, password):
        """gnome-keyring with its login keyring unlocked; created the first
        time."""
        path = os.path.join(self.folder, "password")
        self.world.write(path, password)
        with open(path, "rb") as f:
            self.ring = self.world.spawn(
                [KEYRING, "--foreground", "--unlock",
                 "--components=secrets", "--control-directory",
                 os.path.join(self.folder, "ring")], "keyring", stdin=f)
        os.unlink(path)
        self.wait_name("session", SECRETS)

    def keyring_stop(self):
        if self.ring is not None:
            self.world.stop(self.ring)
        self.ring = None

    def keyring_lock(self):
        self.call("session", SECRETS, "/org/freedesktop/secrets",
                  "org.freedesktop.Secret.Service.Lock",
                  "['/org/freedesktop/secrets/collection/login']")

    def keyring_unlock(self, password):
        """As the desktop's login does it: without a window."""
        r = self.world.run([PYTHON, "-c", UNLOCK], stdin=password)
        if r.rc != 0:
            raise RuntimeError("unlocking: %r" % r)

    def secret_tool(self, *arguments, stdin=""):
        return self.world.run([SECRET_TOOL, *arguments], stdin=stdin)
