# SPDX-License-Identifier: Apache-2.0
"""The simulated AD FS and AWS: tests/sim/awsfed-sim and its admin socket."""

import json
import os
import socket
import subprocess
import time

import netns


class Simulator:
    def __init__(self, world, port=None, args=()):
        self.world = world
        self.dir = os.path.join(world.base, "sim")
        os.makedirs(self.dir, mode=0o755, exist_ok=True)
        self.ca = os.path.join(self.dir, "ca.pem")
        self.args = list(args)
        self.wanted_port = port
        self.port = None
        self.process = None
        self.start()

    def start(self):
        port = self.wanted_port
        if port is None:
            port = 443 if netns.inside() else 0
        argv = [self.world.program("awsfed-sim"), "--dir", self.dir,
                "--port", str(self.port or port)]
        for host in netns.HOSTS:
            argv += ["--host", host]
        for name in ("port", "admin.sock"):
            if os.path.exists(os.path.join(self.dir, name)):
                os.unlink(os.path.join(self.dir, name))
        # Kept by the harness's own user: port 443 of the private network.
        self.process = self.world.spawn(argv + self.args, "sim", drop=False)
        self.world.wait(self._ready, "the simulator to listen", 10)

    def _ready(self):
        if self.process.poll() is not None:
            raise RuntimeError("the simulator ended with %s"
                               % self.process.returncode)
        try:
            with open(os.path.join(self.dir, "port"), encoding="ascii") as f:
                self.port = int(f.read())
            return "error" not in self.admin(cmd="counters")
        except (OSError, ValueError):
            return False

    def stop(self):
        self.world.stop(self.process)

    def admin(self, **request):
        """One JSON line out, one back."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(os.path.join(self.dir, "admin.sock"))
            s.sendall(json.dumps(request).encode() + b"\n")
            data = b""
            while not data.endswith(b"\n"):
                more = s.recv(65536)
                if not more:
                    break
                data += more
        return json.loads(data)

    def do(self, cmd, **request):
        reply = self.admin(cmd=cmd, **request)
        if reply.get("error"):
            raise RuntimeError("simulator: %s: %s" % (cmd, reply["error"]))
        return reply

    def user(self, name, password, roles=(), **more):
        return self.do("user", name=name, password=password,
                       roles=list(roles), **more)

    def role(self, arn, **more):
        return self.do("role", arn=arn, **more)

    def options(self, **values):
        return self.do("set", **values)

    def fault(self, place, **more):
        return self.do("fault", place=place, **more)

    def clear_faults(self):
        return self.do("clear-faults")

    def counters(self):
        reply = self.do("counters")
        return reply.get("counters", reply)

    def violations(self):
        return self.do("violations").get("violations", [])

    def since(self, before):
        """What the counters gained."""
        return {k: v - before.get(k, 0) for k, v in self.counters().items()
                if isinstance(v, int) and v != before.get(k, 0)}
