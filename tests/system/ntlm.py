# SPDX-License-Identifier: Apache-2.0
"""Sign-in by NTLM against Samba's own acceptor (ntlm_auth): the rules for a
password are the form's, and it is sent once whatever the server does."""

import base64
import contextlib
import http.client
import http.server
import os
import socket
import ssl
import subprocess
import threading

import harness
import realm
import tap
from harness import PASSWORD, USER, role

ARN = role("111122223333", "Admin")
NTLM_AUTH = "/usr/bin/ntlm_auth"


class Handler(http.server.BaseHTTPRequestHandler):
    """AD FS behind a door that speaks NTLM on /adfs/ls/wia."""
    protocol_version = "HTTP/1.1"
    helper = None

    def log_message(self, *_):
        pass

    def finish(self):
        self.done()
        super().finish()

    def done(self):
        if self.helper:
            self.helper.stdin.close()
            self.helper.wait()
            self.helper.stdout.close()
        self.helper = None

    def forward(self, user=None):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {k: v for k, v in self.headers.items()
                   if k.lower() not in ("authorization", "connection")}
        headers["X-Forwarded-Proto"] = "https"
        if user:
            headers["X-Remote-User"] = user
        c = http.client.HTTPConnection("127.0.0.1", self.server.sim_port)
        c.request(self.command, self.path, body or None, headers)
        r = c.getresponse()
        data = r.read()
        self.send_response(r.status)
        for k, v in r.getheaders():
            if k.lower() not in ("content-length", "date", "server"):
                self.send_header(k, v)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        c.close()

    def refuse(self, challenge=""):
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Negotiate")
        self.send_header("WWW-Authenticate", ("NTLM " + challenge).strip())
        self.send_header("Content-Length", "0")
        self.end_headers()

    def tell(self, verb, token):
        self.helper.stdin.write(("%s %s\n" % (verb, token)).encode())
        return self.helper.stdout.readline().decode().split()

    def do_POST(self):
        self.forward()

    def do_GET(self):
        given = self.headers.get("Authorization", "")
        if not self.path.lower().startswith("/adfs/ls/wia"):
            if given:
                self.server.strange.append(self.path)
            return self.forward()
        if not given.startswith("NTLM "):
            return self.refuse()
        token = given.split()[1]
        kind = base64.b64decode(token)[8]
        if kind == 1:
            self.done()
            self.helper = subprocess.Popen(
                self.server.command, stdin=subprocess.PIPE, bufsize=0,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            return self.refuse(self.tell("YR", token)[1])
        self.server.attempts += 1
        if self.server.rude:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        word = self.tell("KK", token)
        if word[0] == "AF":
            return self.forward(word[-1])
        return self.refuse()


class Door(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, w, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.sim_port = w.sim.other_port("plain-port")
        self.attempts, self.rude, self.strange = 0, False, []
        smb = os.path.join(folder, "smb.conf")
        with open(smb, "w", encoding="ascii") as f:
            f.write("[global]\nworkgroup = CORP\nnetbios name = ADFS\n"
                    "server role = standalone\n" + "".join(
                        "%s = %s\n" % (k, folder) for k in (
                            "private dir", "lock directory",
                            "state directory", "cache directory",
                            "pid directory")) +
                    "log file = %s/log\n" % folder)
        self.command = [NTLM_AUTH, "--helper-protocol=squid-2.5-ntlmssp",
                        "--username=jane", "--domain=CORP",
                        "--password=" + PASSWORD, "--configfile=" + smb]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(folder, "localhost.pem"),
                                os.path.join(folder, "localhost.key"))
        self.socket = context.wrap_socket(self.socket, server_side=True,
                                          do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass


@contextlib.contextmanager
def rig():
    with harness.World(agent=False, user=False,
                       sim_args=["--plain"]) as w:
        folder = os.path.join(w.base, "door")
        os.mkdir(folder, 0o755)
        realm.certificate(folder, "localhost", "DNS:localhost")
        door = Door(w, folder)
        both = os.path.join(w.base, "both-ca.pem")
        with open(os.path.join(folder, "ca.pem"), encoding="ascii") as f, \
                open(w.sim.ca, encoding="ascii") as g:
            w.write(both, f.read() + g.read(), 0o644)
        w.sim.set(wia="yes", remote_user="yes")
        w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ARN)])
        settings = {"ca_bundle": both}
        if w.proxy:
            settings["no_proxy"] = "localhost"
        w.settings(**settings)
        w.start_agent()
        w.profile("p", role=ARN, host="localhost:%d" % door.server_port,
                  awsfed__auth="ntlm")
        try:
            yield w, door
        finally:
            tap.equal(door.strange, [],
                      "no other page was shown an Authorization")
            door.shutdown()
            door.server_close()


def good():
    with rig() as (w, door):
        got = w.login("p")
        tap.ok(got.rc == 0 and "1 password" in got.out + got.err,
               "login by NTLM, one password", got)
        tap.equal((door.attempts, w.sim.counters()["tickets"],
                   w.sim.counters()["password_posts"]), (1, 1, 0),
                  "it was sent once, and to no form")
        tap.ok("p" in w.credentials(), "the keys are in the file")
        tap.ok(PASSWORD not in got.all + w.log(), "it is shown nowhere")


def bad():
    with rig() as (w, door):
        got = w.login("p", password="wrong")
        tap.ok(got.rc == 4 and "refused the password" in got.err and
               "sent once, by NTLM" in got.err, "a wrong password", got)
        tap.equal(door.attempts, 1, "was tried once")
        got = w.login("p", password="wrong", answers=[])
        tap.ok(got.rc != 0, "the same again", got)
        got = w.ctl("refresh", "p")
        tap.ok(got.rc in (3, 4), "nobody there: no attempt is made", got)
        attempts = door.attempts
        got = w.login("p")
        tap.ok(got.rc == 0, "the right one then", got)
        tap.equal(door.attempts, attempts + 1, "once, too")


def broken():
    """The server hangs up on the password: it is not offered again."""
    with rig() as (w, door):
        door.rude = True
        got = w.login("p")
        tap.ok(got.rc == 5 and "counts as an attempt" in got.err,
               "a connection that breaks counts as an attempt", got)
        tap.equal(door.attempts, 1, "and is not tried on another one")


if not os.path.exists(NTLM_AUTH):
    tap.skip_all("not installed: winbind (ntlm_auth)")
harness.need(timeout=300)
tap.run(good, bad, broken)
