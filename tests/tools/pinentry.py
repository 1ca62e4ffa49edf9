#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A pinentry without a window, strict about the protocol.

Answers come from the file $FAKE_PINENTRY, one JSON list ["pin", TEXT],
["yes"], ["no"], ["cancel"], ["timeout"], ["wait"], ["error"], ["garbage"],
["die"], ["long"] a line, each used once; every line that is read goes to
$FAKE_PINENTRY.log.
"""

import json
import os
import re
import sys

PLAN = os.environ["FAKE_PINENTRY"]
COMMANDS = ("OPTION", "SETTITLE", "SETTIMEOUT", "SETDESC", "SETPROMPT",
            "SETOK", "SETCANCEL", "SETNOTOK", "GETPIN", "CONFIRM", "BYE",
            "CAN")
LOG = open(PLAN + ".log", "a", encoding="utf-8")


def log(text):
    LOG.write(text + "\n")
    LOG.flush()


def say(line):
    sys.stdout.buffer.write(line.encode() + b"\n")
    sys.stdout.buffer.flush()


def next_answer():
    with open(PLAN, encoding="utf-8") as f:
        lines = f.read().splitlines()
    if not lines:
        return ["cancel"]
    with open(PLAN, "w", encoding="utf-8") as f:
        f.write("".join(x + "\n" for x in lines[1:]))
    return json.loads(lines[0])


def escaped(text):
    return re.sub("[%\n\r]", lambda m: "%%%02X" % ord(m.group()), text)


def ask(command):
    kind, *rest = next_answer()
    log("# answers %s with %s" % (command, kind))
    if kind == "wait":
        while sys.stdin.buffer.read(1):
            pass
        sys.exit(0)
    if kind == "die":
        os._exit(7)
    if kind == "garbage":
        say("HELLO WORLD")
    elif kind == "long":
        say("D " + "x" * 5000)
    elif kind == "pin" and command == "GETPIN":
        say("# a comment")
        say("S PASSWORD_FROM_NOWHERE")
        if rest[0]:
            text = escaped(rest[0])
            cut = 1 if text[0] != "%" else 3  # data may come in pieces
            say("D " + text[:cut])
            if text[cut:]:
                say("D " + text[cut:])
        say("OK")
    elif kind == "yes" and command != "GETPIN":
        say("OK")
    elif kind == "no":
        say("ERR 83886194 Not confirmed <Pinentry>")
    elif kind == "timeout":
        say("ERR 83886142 Timeout <Pinentry>")
    elif kind == "cancel":
        say("ERR 83886179 Operation cancelled <Pinentry>")
    else:
        say("ERR 83886081 General error <Pinentry>")


def main():
    say("OK Pleased to meet you, process %d" % os.getpid())
    while True:
        raw = sys.stdin.buffer.readline()
        if not raw:
            log("# end of file")
            return
        line = raw.decode()
        if len(raw) > 1000 or not line.endswith("\n") or \
                re.search(r"[\x00-\x09\x0b-\x1f\x7f]", line):
            log("# BAD LINE %r" % line)
            say("ERR 536871187 syntax error")
            continue
        line = line[:-1]
        log(line)
        command, _, text = line.partition(" ")
        if command not in COMMANDS or re.search("%(?![0-9A-F]{2})", text):
            log("# BAD COMMAND %r" % line)
            say("ERR 536871187 unknown command")
        elif command in ("GETPIN", "CONFIRM"):
            ask(command)
        elif command == "BYE":
            return  # nobody waits for the answer
        elif line.startswith("OPTION lc-"):
            say("ERR 83886254 Unknown option <Pinentry>")
        else:
            say("OK")


main()
