#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The agent's socket on another computer, forwarded by a real ssh and sshd:
both here, as the throwaway user, on a port of the loopback."""

import json
import os
import shutil
import socket
import stat

import harness
import tap

for tool in ("/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen"):
    if not os.access(tool, os.X_OK):
        tap.skip_all("%s is not installed (openssh-server, openssh-client)"
                     % tool)
harness.need()

if harness.World._mapped():
    tap.skip_all("sshd does not run as root of a name space: run as root")

ROLES = [harness.role("111111111111", n) for n in ("dev", "ops")]


class Remote:
    """A sshd of the user's own, and an ssh that forwards the socket to it."""

    def __init__(self, w):
        self.w, self.port = w, None
        self.dir = os.path.join(w.base, "remote")
        w.own(self.dir, 0o700, folder=True)
        self.socket = os.path.join(self.dir, "awsfed")
        for name in ("host", "user"):
            r = w.run(["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                       "-f", self.path(name)])
            if r.rc != 0:
                raise RuntimeError(repr(r))
        shutil.copy(self.path("user.pub"), self.path("authorized"))
        w.own(self.path("authorized"), 0o600)

    def path(self, name):
        return os.path.join(self.dir, name)

    def server(self, unlink):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        config = self.path("sshd_config")
        self.w.write(config, "".join(line + "\n" for line in (
            "Port %d" % self.port, "ListenAddress 127.0.0.1",
            "HostKey " + self.path("host"), "PidFile none", "UsePAM no",
            "AuthorizedKeysFile " + self.path("authorized"),
            "StrictModes no", "PasswordAuthentication no",
            "KbdInteractiveAuthentication no", "X11Forwarding no",
            "StreamLocalBindUnlink " + ("yes" if unlink else "no"))))
        p = self.w.spawn(["/usr/sbin/sshd", "-D", "-e", "-f", config], "sshd")

        def listens():
            if p.poll() is not None:
                raise RuntimeError(self.w.log("sshd"))
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0
        self.w.wait(listens, "sshd", 20)
        return p

    def forward(self, wait=True):
        user = self.w.run(["/usr/bin/id", "-un"]).out.strip()
        p = self.w.spawn([
            "/usr/bin/ssh", "-N", "-F", "none", "-i", self.path("user"),
            "-p", str(self.port), "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=" + self.path("known"),
            "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "ExitOnForwardFailure=yes",
            "-R", "%s:%s" % (self.socket, self.w.socket),
            user + "@127.0.0.1"], "ssh")
        if wait:
            self.w.wait(lambda: self.answers(p), "the forwarded socket", 30)
        return p

    def answers(self, p):
        if p.poll() is not None:
            raise RuntimeError(self.w.log("ssh") + self.w.log("sshd"))
        return self.ctl("status").rc == 0

    def env(self):
        """Another computer has no runtime directory of this one's."""
        return {"AWSFED_SOCKET": self.socket,
                "XDG_RUNTIME_DIR": self.dir}

    def ctl(self, *args):
        return self.w.ctl(*args, **self.env())


def through(w, far):
    r = far.ctl("status", "--json")
    tap.ok(r.rc == 0 and json.loads(r.out)["agent"]["pid"] == w.agent.pid,
           "status comes from the agent at home", r)
    tap.equal(stat.S_IMODE(os.stat(far.socket).st_mode), 0o600,
              "sshd makes the socket for its user alone")
    r = w.login("p", **far.env())
    tap.ok(r.rc == 0, "login, with the password typed over there", r)
    r = far.ctl("credential-process", "p")
    tap.ok(r.rc == 0 and json.loads(r.out)["AccessKeyId"] ==
           w.credentials()["p"]["aws_access_key_id"],
           "credential-process gives the keys of home", r)
    r = far.ctl("exec", "p", "--", "printenv", "AWS_ACCESS_KEY_ID")
    tap.ok(r.rc == 0 and r.out.strip() ==
           w.credentials()["p"]["aws_access_key_id"], "exec too", r)
    r = w.login("q", user=None, password=None, **far.env())
    tap.ok(r.rc == 0 and "q" in w.credentials(),
           "a second login needs no password", r)
    r = w.login("p", user=None, password=None, AWS_CONFIG_FILE="/far/config",
                **far.env())
    tap.ok(r.rc != 0 and "/far/config" in r.err + r.tty,
           "other AWS files over there are named", r)
    r = far.ctl("refresh", "p")
    tap.equal(r.rc, 0, "refresh")


def ended(w, far, ssh):
    w.stop(ssh)
    tap.ok(w.ctl("status").rc == 0, "home goes on")
    w.wait(lambda: far.ctl("status").rc == 6, "the way to be closed")
    for args in (["status"], ["login", "p"], ["credential-process", "p"]):
        r = far.ctl(*args)
        tap.ok(r.rc == 6 and "AWSFED_SOCKET names" in r.err and
               "ssh" in r.err, "%s says what has ended" % args[0], r)
    tap.equal([p for p in os.listdir(far.dir) if p.endswith(".lock")], [],
              "and starts nothing over there")


def stale(w, far):
    """The file of a connection that ended is in the next one's way."""
    if not os.path.exists(far.socket):
        with socket.socket(socket.AF_UNIX) as s:  # sshd was killed, say
            s.bind(far.socket)
        w.own(far.socket, 0o600)
    r = far.ctl("status")
    tap.ok(r.rc == 6 and "rm %s" % far.socket in r.err,
           "a stale socket is named, with what to do", r)
    ssh = far.forward(wait=False)
    w.wait(lambda: ssh.poll() is not None, "ssh to give up", 30)
    tap.ok(ssh.returncode != 0, "without StreamLocalBindUnlink ssh fails")
    os.unlink(far.socket)
    ssh = far.forward()
    tap.ok(True, "with it removed it goes")
    w.stop(ssh)


def unlinks(w, far):
    server = far.server(unlink=True)
    if not os.path.exists(far.socket):
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(far.socket)
        w.own(far.socket, 0o600)
    ssh = far.forward()
    tap.ok(True, "StreamLocalBindUnlink yes clears the way by itself")
    w.stop_agent()
    w.agent = None
    r = far.ctl("status")
    tap.ok(r.rc == 6 and "Next: " in r.err,
           "no agent at home: status 6", r)
    w.stop(ssh)
    w.stop(server)


def whole():
    with harness.World() as w:
        w.sim.user(harness.USER, password=harness.PASSWORD,
                   roles=[harness.pair(r) for r in ROLES])
        w.profile("p", role=ROLES[0])
        w.profile("q", role=ROLES[1])
        far = Remote(w)
        server = far.server(unlink=False)
        ssh = far.forward()
        through(w, far)
        ended(w, far, ssh)
        stale(w, far)
        w.stop(server)
        unlinks(w, far)


tap.run(whole)
