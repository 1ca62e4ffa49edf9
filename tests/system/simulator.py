# SPDX-License-Identifier: Apache-2.0
"""The simulated AD FS and AWS: tests/sim/awsfed-sim and its admin socket."""

import json
import os
import socket

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
        ready = os.path.join(self.dir, "ready")
        if os.path.exists(ready):
            os.unlink(ready)
        # Kept by the harness's own user: port 443 of the private network.
        env = dict(self.world.env)
        if self.world.sim_warp_file:
            env["WARP"] = self.world.sim_warp_file
        self.process = self.world.spawn(argv + self.args, "sim", drop=False,
                                        env=env)
        self.world.wait(lambda: self._ready(ready), "the simulator to listen",
                        10)
        self.port = self.other_port("port")

    def _ready(self, path):
        if self.process.poll() is not None:
            raise RuntimeError("the simulator ended with %s: %s" % (
                self.process.returncode, self.world.log("sim")))
        return os.path.exists(path)

    def other_port(self, name):
        """badtls-port, badname-port, expired-port, plain-port"""
        with open(os.path.join(self.dir, name), encoding="ascii") as f:
            return int(f.read())

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

    def do(self, what, **more):
        reply = self.admin(do=what, **more)
        if not reply.get("ok"):
            raise RuntimeError("simulator: %s: %s" % (what,
                                                      reply.get("error")))
        return reply

    def user(self, name, **more):
        """password, roles ("ROLE-ARN,PROVIDER-ARN"), locked, denied, and of
        the second factor mfa, mode, code, next_code, totp, pin, answer, …"""
        return self.do("user", name=name, **more)

    def push(self, name=None, decision=None, number=None):
        """The pushes that wait; with a decision (approve, deny) answers it."""
        more = {"name": name, "decision": decision, "number": number}
        return self.do("push", **{k: v for k, v in more.items()
                                  if v is not None})["pushes"]

    def role(self, arn, **more):
        """trust, providers, max_duration, external_id"""
        return self.do("role", arn=arn, **more)

    def set(self, **values):
        for name, value in values.items():
            self.do("set", name=name, value=str(value))

    def fault(self, place, kind=None, **more):
        """The next time (count=-1: until cleared) something happens at place
        (adfs-get, adfs-post, saml, signin, sts or a role's ARN)."""
        if kind is not None:
            more["kind"] = kind
        return self.do("fault", place=place, **more)

    def clear_faults(self):
        return self.do("fault-clear")

    def counters(self):
        return self.do("counters")

    def violations(self):
        return self.counters()["violation_texts"]

    def since(self, before):
        """What the plain counters gained."""
        return {k: v - before[k] for k, v in self.counters().items()
                if type(v) is int and v != before[k]}
