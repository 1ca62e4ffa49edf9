# SPDX-License-Identifier: Apache-2.0
"""Roads for a test to close: a network of its own with a way out, an AD FS
that stands behind it, and everything that goes wrong with networks.

The simulator listens on 127.0.0.1; AD FS has the address FARM here, where a
forwarder passes connections on, so that it can be dropped, unrouted or
answered by somebody else. AWS's names stay where they are.
"""

import http.server
import os
import shutil
import ssl
import subprocess
import threading

import netns
import tap
from harness import HOST

FARM, NAME_SERVER, GATEWAY = "10.88.0.1", "10.99.0.9", "10.77.0.1"


def need():
    """After harness.need(): skips where there is nothing to close."""
    if not netns.inside():
        tap.skip_all("no network namespace may be made here")
    for tool in ("ip", "nft"):
        if not shutil.which(tool, path="/usr/sbin:/sbin:/usr/bin:/bin"):
            tap.skip_all("%s is not installed (packages iproute2, nftables)"
                         % tool)


def sh(line):
    path = "/usr/sbin:/sbin:/usr/bin:/bin"
    subprocess.run(["sh", "-ec", line], check=True,
                   env=dict(os.environ, PATH=path))


def overwrite(path, text):
    """In place: it is a bind mount, of this namespace alone."""
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


class Portal(http.server.BaseHTTPRequestHandler):
    """Whatever is asked for: go and sign in to the network."""

    seen = []

    def do_GET(self):
        self.seen.append(self.requestline)
        self.send_response(302)
        self.send_header("Location", "http://portal.example.net/login")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_args):
        pass


def portal(certificate=None):
    """The port of a captive portal; with a PEM file it speaks TLS."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


class Roads:
    def __init__(self, port):
        sh("ip link add out type veth peer name beyond;"
           "ip addr add 10.77.0.2/24 dev out; ip link set out up;"
           "ip link set beyond up;"
           "ip route add default via %s;"
           "ip neigh add %s lladdr 02:00:00:00:00:01 dev out;"
           "ip addr add %s/32 dev lo; ip addr add %s/32 dev lo;"
           "nft add table ip roads;"
           "nft add chain ip roads out "
           "'{ type filter hook output priority 0; }'"
           % (GATEWAY, GATEWAY, FARM, NAME_SERVER))
        self.sim = ("127.0.0.1", port)
        self.forwarder = netns.Forwarder((FARM, 443), self.sim)
        self.names()

    # Each is undone by mend().
    def names(self, farm=FARM):
        others = [h for h in netns.HOSTS if h != HOST]
        overwrite("/etc/hosts", "127.0.0.1 localhost %s\n%s" % (
            " ".join(others), "%s %s\n" % (farm, HOST) if farm else ""))
        overwrite("/etc/nsswitch.conf",
                  "passwd: files\ngroup: files\nhosts: files\n")
        overwrite("/etc/resolv.conf", "")

    def no_interface(self):
        """As on a train: nothing is up but the loopback, which a computer
        always has; AD FS is out of reach."""
        sh("ip addr del %s/32 dev lo; ip link set out down" % FARM)

    def no_route(self):
        """The interface of the VPN went, and its route with it."""
        sh("ip addr del %s/32 dev lo; ip route add unreachable %s"
           % (FARM, FARM))

    def no_name(self):
        """The network's own name server knows nothing of the company."""
        self.names(farm=None)

    def no_name_server(self):
        overwrite("/etc/nsswitch.conf",
                  "passwd: files\ngroup: files\nhosts: dns\n")
        overwrite("/etc/resolv.conf", "nameserver %s\n" % NAME_SERVER)
        sh("nft add rule ip roads out ip daddr %s drop" % NAME_SERVER)

    def no_answer(self):
        sh("nft add rule ip roads out ip daddr %s tcp dport 443 drop" % FARM)

    def captured(self, port):
        self.forwarder.target = ("127.0.0.1", port)

    def mend(self):
        sh("nft flush chain ip roads out;"
           "ip route del unreachable %s 2>/dev/null || true;"
           "ip addr replace %s/32 dev lo; ip link set out up;"
           "ip neigh replace %s lladdr 02:00:00:00:00:01 dev out;"
           "ip route replace default via %s" % (FARM, FARM, GATEWAY, GATEWAY))
        self.forwarder.target = self.sim
        self.names()
