# SPDX-License-Identifier: Apache-2.0
"""A private network for a test: its own loopback, its own host names.

enter() runs the test again inside a network and a mount namespace, as root or,
for others, inside a user namespace too. There the simulator listens on port
443 under the real names, so that a test types what a person types. Where the
kernel or a container forbids it, names go through a small CONNECT proxy to the
simulator's port instead (class Proxy), and nothing is needed but a socket.
"""

import fcntl
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

HOSTS = """my-adfs-federation-host.example.com adfs.example.com
adfs2.example.com signin.aws.amazon.com sts.amazonaws.com
sts.us-east-1.amazonaws.com sts.eu-west-1.amazonaws.com
sts.us-west-2.amazonaws.com sts.cn-northwest-1.amazonaws.com.cn
signin.amazonaws.cn partner.example.net""".split()

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def inside():
    return os.environ.get("AWSFED_NETNS") == "1"


def _command():
    command = ["unshare", "-n", "-m", "--propagation", "private"]
    return command if os.getuid() == 0 else command + ["-U", "-r"]


def possible():
    """AWSFED_NO_NETNS=1 stands for a container that forbids it."""
    if os.environ.get("AWSFED_NO_NETNS") or not shutil.which("unshare"):
        return False
    with tempfile.NamedTemporaryFile() as f:
        # A container may allow the namespaces and forbid the mounts.
        trial = "mount --bind %s /etc/hosts" % f.name
        return subprocess.run(_command() + ["sh", "-c", trial],
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0


def enter():
    """Does not return but in the namespace, or where there can be none."""
    if inside():
        _loopback_up()
        _names()
        return True
    if not possible():
        return False
    os.environ["AWSFED_NETNS"] = "1"
    command = _command() + [sys.executable] + sys.argv
    os.execvp(command[0], command)


def _loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(s, SIOCGIFFLAGS,
                                                     request))[1]
        fcntl.ioctl(s, SIOCSIFFLAGS,
                    struct.pack("16sh14x", b"lo", flags | IFF_UP))


def _names():
    """Our host names and no others: nothing here asks a name server."""
    files = {
        "/etc/hosts": "127.0.0.1 localhost\n" +
                      "".join("127.0.0.1 %s\n" % h for h in HOSTS),
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
        "/etc/resolv.conf": "",
    }
    for path, text in files.items():
        if not os.path.exists(path):
            continue
        with tempfile.NamedTemporaryFile("w", delete=False) as f:
            f.write(text)
        os.chmod(f.name, 0o644)
        subprocess.run(["mount", "--bind", f.name, path], check=True)
        os.unlink(f.name)


class Forwarder:
    """Accepts at address and passes on to target, which may be changed."""

    def __init__(self, address, target):
        self.target = target
        self.server = socket.create_server(address)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.server.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,),
                             daemon=True).start()

    def greet(self, _client):
        """What the client hears once it is through; None: it is not let."""
        return b""

    def _serve(self, client):
        with client:
            try:
                welcome = self.greet(client)
                if welcome is None:
                    return
                with socket.create_connection(self.target) as server:
                    client.sendall(welcome)
                    self._pump(client, server)
            except (OSError, ValueError):
                pass

    @staticmethod
    def _pump(a, b):
        other = {a: b, b: a}
        while True:
            for s in select.select([a, b], [], [])[0]:
                data = s.recv(65536)
                if not data:
                    return
                other[s].sendall(data)


class Proxy(Forwarder):
    """CONNECT for the names in HOSTS, whatever their port; 502 for others."""

    def __init__(self, target_port):
        super().__init__(("127.0.0.1", 0), ("127.0.0.1", target_port))
        self.port = self.server.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % self.port

    def greet(self, client):
        head = b""
        while b"\r\n\r\n" not in head and len(head) < 8192:
            more = client.recv(1024)
            if not more:
                return None
            head += more
        method, where = head.split(b" ", 2)[:2]
        host = where.decode().rsplit(":", 1)[0]
        if method != b"CONNECT" or host not in HOSTS:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\n"
                           b"Content-Length: 0\r\n\r\n")
            return None
        return b"HTTP/1.1 200 OK\r\n\r\n"
