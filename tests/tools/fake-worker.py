#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A worker that does what its job says: tests of the agent's side of a job.

The job object has "script": a list of steps, each a list:
  ["say", OBJECT]    sends a message        ["raw", TEXT]   sends bytes
  ["read"]           waits for one message, and echoes it in a "tell"
  ["sleep", S]       ["exit", STATUS]       ["kill", SIG]   ["stderr", TEXT]
  ["env"]            tells the names of its environment and its descriptors
  ["close"]          closes the socket      ["fork", S]     a child that sleeps
"""
import json
import os
import sys
import time

buf = b""


def send(data):
    while data:
        n = os.write(3, data)
        data = data[n:]


def say(obj):
    send(json.dumps(obj).encode() + b"\0")


def read():
    global buf
    while b"\0" not in buf:
        got = os.read(3, 65536)
        if not got:
            sys.exit(0)
        buf += got
    msg, buf = buf.split(b"\0", 1)
    return json.loads(msg)


job = read()
for step in job["script"]:
    what, args = step[0], step[1:]
    if what == "say":
        say(args[0])
    elif what == "raw":
        send(args[0].encode())
    elif what == "read":
        say({"type": "tell", "text": json.dumps(read(), sort_keys=True)})
    elif what == "sleep":
        time.sleep(args[0])
    elif what == "exit":
        os._exit(args[0])
    elif what == "kill":
        os.kill(os.getpid(), args[0])
    elif what == "stderr":
        os.write(2, args[0].encode())
    elif what == "close":
        os.close(3)
    elif what == "fork":
        if os.fork() == 0:
            time.sleep(args[0])
            os._exit(0)
    elif what == "env":
        fds = sorted(int(f) for f in os.listdir("/proc/self/fd"))
        say({"type": "tell", "env": sorted(os.environ),
             "fds": [f for f in fds if os.path.exists(
                 "/proc/self/fd/%d" % f)],
             "group": os.getpgid(0) == os.getpid(), "job": job.get("job"),
             "krb": os.environ.get("KRB5CCNAME", ""),
             "stdin": os.readlink("/proc/self/fd/0")})
