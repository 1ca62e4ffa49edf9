# SPDX-License-Identifier: Apache-2.0
"""Help, man page and completions tell of every verb and option."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fakeagent import *  # noqa: E402,F403

tap = Tap()
MAN = os.path.join(SOURCE, "docs/awsfedctl.1")
COMPLETION = os.path.join(SOURCE, "client/completion")


def table():
    verbs, options = [], []
    for line in run(None, "help", "--table").out.splitlines():
        kind, verb, *rest = line.split("\t")
        if kind == "verb":
            verbs.append(verb)
        else:
            options.append((verb, *rest))
    if len(verbs) < 8 or len(options) < 20:
        raise AssertionError("the table is too short: %r" % verbs)
    return verbs, options


def read(path):
    with open(path) as f:
        return f.read()


@tap.test
def help_of_verbs():
    """each verb has its help, in both spellings, on stdout"""
    verbs, options = table()
    top = run(None, "--help")
    equal((top.status, top.err), (0, ""))
    equal(run(None, "help").out, top.out)
    equal(run(None, "help", "--help").out, top.out)
    for verb in verbs:
        has(top.out, "\n  %s " % verb)
        r = run(None, verb, "--help")
        equal((r.status, r.err), (0, ""))
        equal(run(None, "help", verb).out, r.out)
        has(r.out, "Usage: awsfedctl " + verb)
        for v, name, arg, text in options:
            if v == verb:
                has(r.out, "  %s%s" % (name, " " + arg if arg else ""))
                has(r.out, text)
    equal(run(None, "help", "nope").status, 2)


@tap.test
def man_page():
    """the man page has each verb and each option, and no others"""
    verbs, options = table()
    parts = re.split(r"^\.Ss (\S+).*$", read(MAN).split(
        ".Sh OPTIONS")[0].split(".Sh VERBS")[1], flags=re.M)
    sections = dict(zip(parts[1::2], parts[2::2]))
    equal(sorted(sections), sorted(verbs + ["help"]))
    for verb in verbs:
        want = {(n, a) for v, n, a, _ in options
                if v == verb and n != "--help"}
        got = set()
        for line in re.findall(r"^\.It (.*)$", sections[verb], flags=re.M):
            for item in line.split(" , "):
                m = re.fullmatch(r"Fl Fl (\S+)(?: Ar (\S+))?", item)
                if m:
                    got.add(("--" + m[1], m[2] or ""))
        equal(got, want)


@tap.test
def man_page_statuses():
    """the man page lists the exit statuses"""
    part = read(MAN).split(".Sh EXIT STATUS")[1].split(".Sh")[0]
    equal(re.findall(r"^\.It (\d)$", part, flags=re.M), list("01234567"))


@tap.test
def man_page_renders():
    """the man page renders without a warning"""
    for tool, args in (("mandoc", ["-Tlint", "-W", "warning"]),
                       ("groff", ["-mdoc", "-Tutf8", "-ww", "-z"])):
        if shutil.which(tool):
            p = subprocess.run([tool, *args, MAN], timeout=60,
                               capture_output=True, text=True)
            equal((p.returncode, p.stderr), (0, ""))
            return None
    return "neither mandoc nor groff is installed"


@tap.test
def man_page_words():
    """what is to be typed keeps its dashes and its quotes on the page"""
    if not shutil.which("groff"):
        return "groff is not installed"
    p = subprocess.run(["groff", "-mdoc", "-Tascii", "-P-cbou", MAN],
                       timeout=60, capture_output=True, text=True)
    shown = " ".join(p.stdout.split())
    has(shown, "exec [profile] [--need TIME] [--endpoint] -- command")
    has(shown, '{"username": ..., "password": ...}')
    has(shown, '{"mfa_token": ...}')
    return None


@tap.test
def completions():
    """the completions are what the verb table makes (make completions)"""
    verbs = run(None, "help", "--table").out
    with tempfile.TemporaryDirectory() as d:
        subprocess.run([sys.executable, COMPLETION + "/generate.py", d],
                       input=verbs, text=True, check=True, timeout=60)
        names = sorted(os.listdir(d))
        equal(names, ["_awsfedctl", "awsfedctl", "awsfedctl.fish"])
        for name in names:
            equal(read(os.path.join(COMPLETION, name)),
                  read(os.path.join(d, name)))


@tap.test
def bash_completes():
    """bash completes verbs, options and profiles"""
    with tempfile.TemporaryDirectory() as d:
        with open(d + "/config", "w") as f:
            f.write("[default]\nregion=x\n[profile prod-a]\n"
                    "[ profile x]\n[profile prod-b] # c\n[sso-session s]\n")
        for words, want in (
                ("awsfedctl sta", ["status"]),
                ("awsfedctl login --adfs-h", ["--adfs-host"]),
                ("awsfedctl login prod", ["prod-a", "prod-b"]),
                ("awsfedctl refresh --profile prod-b", ["prod-b"]),
                ("awsfedctl logout def", ["default"]),
                ("awsfedctl reload x", []),
                ("awsfedctl exec prod-b", ["prod-b"]),
                ("awsfedctl env prod-b", ["prod-b"]),
                ("awsfedctl console prod-b", ["prod-b"]),
                ("awsfedctl explain prod-b", ["prod-b"]),
                ("awsfedctl approve prod-b", ["prod-b"]),
                ("awsfedctl exec p -- mapfil", ["mapfile"]),
                ("awsfedctl exec p -- ls --help", []),
                ("awsfedctl help ro", ["roles"])):
            script = ('. "$1"; COMP_WORDS=(%s); COMP_CWORD=%d; _awsfedctl;'
                      ' printf "%%s\\n" "${COMPREPLY[@]}"') % (
                          words, len(words.split()) - 1)
            p = subprocess.run(
                ["bash", "-c", script, "bash", COMPLETION + "/awsfedctl"],
                env=environment(AWS_CONFIG_FILE=d + "/config"), text=True,
                capture_output=True, timeout=20)
            equal((p.stdout.split(), p.stderr), (want, ""))


@tap.test
def bash_names():
    """a profile's name is completed as one word, whatever is in it"""
    with tempfile.TemporaryDirectory() as d:
        with open(d + "/config", "w") as f:
            f.write("[profile $(touch${IFS}%s/ran)]\n[profile `touch %s/ran`]"
                    "\n[profile \"my prod\"]\n[profile o'x]\n" % (d, d))
        script = ('. "$1"; COMP_WORDS=(awsfedctl "$2" "$3" "$4"); '
                  'COMP_CWORD=%d; _awsfedctl; '
                  'eval "printf \'%%s\\n\' ${COMPREPLY[*]}"')
        for words, want in ((("login", "my", ""), "my prod\n"),
                            (("login", "my\\ p", ""), "my prod\n"),
                            (("login", "o", ""), "o'x\n"),
                            (("login", "$", ""),
                             "$(touch${IFS}%s/ran)\n" % d),
                            (("login", "--profile", "my"), "my prod\n"),
                            (("login", "nope", ""), "\n"),
                            (("env", "my", ""), "my prod\n")):
            place = 3 if words[2] else 2
            p = subprocess.run(
                ["bash", "-c", script % place, "bash",
                 COMPLETION + "/awsfedctl", *words],
                env=environment(AWS_CONFIG_FILE=d + "/config"), text=True,
                capture_output=True, timeout=20)
            equal((p.stdout, p.stderr), (want, ""))
            equal(os.listdir(d), ["config"])


@tap.test
def shells_parse():
    """zsh and fish parse theirs"""
    missing = []
    for shell, name in (("zsh", "_awsfedctl"), ("fish", "awsfedctl.fish")):
        if not shutil.which(shell):
            missing.append(shell)
            continue
        p = subprocess.run([shell, "-n", os.path.join(COMPLETION, name)],
                           capture_output=True, text=True, timeout=20)
        equal((p.returncode, p.stderr), (0, ""))
    return ", ".join(missing) + " not installed" if missing else None


@tap.test
def links():
    """the client links jansson and libsmartcols, nothing of the network"""
    p = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True,
                       timeout=20)
    has(p.stdout, "libjansson")
    has(p.stdout, "libsmartcols")
    for name in ("curl", "xml2", "ssl", "crypto", "systemd", "event"):
        lacks(p.stdout, "lib" + name)


tap.main()
