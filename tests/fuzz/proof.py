#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the fuzzers FUZZ_RUNS times each, in turns, as many side by side as there
are processors, and writes what they have done as rows of `make proof`.

    proof.py            run what is left to run, then the rows
    proof.py --rows     the rows of what has been done
    proof.py --list     how far each has come
    proof.py --pack     the inputs that were found, minimised, into the corpus

FUZZ_DIR keeps for each target what was found, its corpus and result.json, in
which the runs of one binary add up: a target that has had its runs is not run
again, one that was interrupted goes on.  To start anew remove that folder.
FUZZ_TARGETS names some of the targets; all when empty.  FUZZ_BIN is a folder of
fuzzers that are built already, and FUZZ_COMMIT says of which commit; with a copy
of them the runs can go on while the tree goes on.  Rows and list can be had at
any time: what runs is noted each SLICE.
"""
import collections
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.environ.get("top_srcdir", ".")
BUILD = os.environ.get("top_builddir", ".")
sys.path.insert(0, os.path.join(TOP, "tests/tools"))
import proof  # noqa: E402

HERE = os.path.join(TOP, "tests/fuzz")
DIR = os.path.join(BUILD, os.environ.get("FUZZ_DIR", "proof-fuzz"))
RUNS = int(os.environ.get("FUZZ_RUNS", "10000000"))
NAMES = os.environ.get("FUZZ_NAMES", "").split()
TARGETS = os.environ.get("FUZZ_TARGETS", "").split() or NAMES
SLICE = 120  # seconds after which what was done is noted
JOBS = int(os.environ.get("FUZZ_JOBS") or os.cpu_count())
LONG = 1000  # one execution of so many may have an input of any length
MEMORY = 2048  # MiB
PACK_BYTES = 50000  # of one target's corpus
PACK_FILES = 60
# The options cost speed or memory and add nothing here: a finding is run again
# by hand, with the sanitizer's usual ones.
ASAN = ("detect_leaks=1:quarantine_size_mb=1:"
        "thread_local_quarantine_size_kb=64:malloc_context_size=1:"
        "allocator_release_to_os_interval_ms=-1:"
        "max_malloc_fill_size=0:handle_abort=1")

# What it is, bytes of most inputs, of the long ones, dictionary, fixtures.
INFO = {
    "ini": ("AWS files: byte for byte, edits", 256, 65536, "ini", ""),
    "config": ("profiles, settings, policy", 384, 65536, "ini", ""),
    "wire": ("frames", 384, 65536, "json", ""),
    "creds": ("credentials in all their shapes", 512, 16384, "json", ""),
    "assuan": ("a pinentry's answers", 256, 16384, "assuan", ""),
    "container": ("HTTP of the container endpoint", 384, 16384, "http", ""),
    "sts": ("answers of STS", 1024, 65536, "xml", ".xml"),
    "saml": ("assertions", 4096, 65536, "xml", ".xml"),
    "classify": ("what a page is", 1024, 65536, "html", ".html"),
    "page": ("pages, forms, words", 1024, 65536, "html", ".html"),
    "state": ("the state that a restart finds", 1024, 65536, "json", ""),
    "worker": ("a hostile worker's messages", 768, 65536, "json", ""),
    "control": ("methods: clients, workers, time", 768, 65536, "json", ""),
    "client": ("the client and any agent", 768, 65536, "json", ""),
    "signin": ("whole sign-ins", 1536, 65536, "html", ""),
}
# So many features that weighing them would be a third of the time.
BROAD = ("state", "worker", "control", "signin")
lock = threading.Lock()


def say(text):
    with lock:
        print("# " + text, flush=True)


def folder(target):
    return os.path.join(DIR, target)


def load(target):
    try:
        with open(os.path.join(folder(target), "result.json"),
                  encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError):
        return {}


def save(target, result):
    path = os.path.join(folder(target), "result.json")
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    os.replace(path + ".new", path)


def fuzzers():
    """The folder of the fuzzers: of this build, or of one below it."""
    own = os.path.join(BUILD, "tests/fuzz")
    with open(os.path.join(BUILD, "config.status"), encoding="utf-8") as f:
        if re.search(r'^S\["FUZZING_TRUE"\]=""', f.read(), re.M):
            return own
    build = os.path.join(BUILD, "proof-build-fuzz")
    env = {k: v for k, v in os.environ.items()
           if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    if not os.path.exists(os.path.join(build, "config.status")):
        if shutil.which("clang") is None:
            sys.exit("proof-fuzz needs clang: ./bootstrap proof")
        os.makedirs(build, exist_ok=True)
        subprocess.run(
            [os.path.join(TOP, "configure"), "-q", "--enable-fuzzing",
             "CC=clang", "CFLAGS=-O2 -g1"], cwd=build, env=env, check=True)
    subprocess.run(["make", "-s", "-j%d" % os.cpu_count(), "fuzzers"],
                   cwd=build, env=env, check=True)
    return os.path.join(build, "tests/fuzz")


def seeds(target):
    """Folders and files that every run begins with."""
    out = [os.path.join(HERE, "corpus", target)]
    kind = INFO[target][4]
    if kind:
        out.append(os.path.join(TOP, "tests/fixtures"))
    return [p for p in out if os.path.isdir(p)]


def command(binary, target, corpus, long):
    _, most, longest, words, _ = INFO[target]
    return [binary, corpus, *seeds(target),
            "-dict=" + os.path.join(HERE, words + ".dict"),
            "-max_len=%d" % (longest if long else most),
            "-entropic=%d" % (target not in BROAD), "-timeout=25",
            "-rss_limit_mb=%d" % MEMORY,
            "-print_final_stats=1", "-reload=0", "-verbosity=1",
            "-artifact_prefix=" + os.path.join(folder(target), "found", "")]


def source():
    """Of what the fuzzers are built."""
    out = proof.source()
    if os.environ.get("FUZZ_COMMIT"):
        out["commit"] = os.environ["FUZZ_COMMIT"]
    return out


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def one_slice(binary, target, runs, long):
    """Runs it once; what it did, from its own figures."""
    where = folder(target)
    corpus = os.path.join(where, "corpus")
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(os.path.join(where, "found"), exist_ok=True)
    log = os.path.join(where, "log")
    start = time.monotonic()
    with open(log, "w", encoding="utf-8") as out:
        # pylint: disable-next=consider-using-with
        child = subprocess.Popen(
            command(binary, target, corpus, long) +
            ["-runs=%d" % runs, "-max_total_time=%d" % SLICE],
            stdout=subprocess.DEVNULL, stderr=out,
            env=dict(os.environ, ASAN_OPTIONS=ASAN,
                     UBSAN_OPTIONS="print_stacktrace=1"))
        _, status, used = os.wait4(child.pid, 0)
        status = os.waitstatus_to_exitcode(status)
        child.returncode = status
    with open(log, encoding="utf-8", errors="replace") as f:
        text = f.read()
    done = re.findall(r"number_of_executed_units:\s*(\d+)", text)
    seen = re.findall(r"cov: (\d+) ft: (\d+)", text)
    if status != 0:
        shutil.copy(log, os.path.join(
            where, "found", "log-%d" % int(time.time())))
    return {"runs": int(done[-1]) if done else 0,
            "seconds": time.monotonic() - start, "status": status,
            "cpu": used.ru_utime + used.ru_stime,
            "cov": int(seen[-1][0]) if seen else 0,
            "ft": int(seen[-1][1]) if seen else 0}


def begin(binary, target):
    """What it has done, or nothing yet when that was another binary."""
    sha = digest(binary)
    result = load(target)
    if result.get("binary") != sha:
        # What was found by another one has to be found again, or is mended.
        found_dir = os.path.join(folder(target), "found")
        if os.path.isdir(found_dir):
            shutil.rmtree(found_dir)
        os.makedirs(folder(target), exist_ok=True)
        result = {"binary": sha, "runs": 0, "long": 0, "seconds": 0.0,
                  "cpu": 0.0, "cov": 0, "ft": 0, "status": 0, **source()}
    return result


def turn(binary, target):
    """One slice; True when there is more to do."""
    result = begin(binary, target)
    if result["runs"] >= RUNS or result["status"] != 0:
        return False
    # The long ones last, so that they start from what is known.
    long = result["runs"] >= RUNS - RUNS // LONG
    left = RUNS - result["runs"] - (0 if long else RUNS // LONG)
    part = one_slice(binary, target, max(left, 1), long)
    result["runs"] += part["runs"]
    result["long"] += part["runs"] if long else 0
    result["seconds"] += part["seconds"]
    result["cpu"] += part["cpu"]
    result["status"] = part["status"]
    for key in ("cov", "ft"):
        result[key] = max(result[key], part[key])
    save(target, result)
    say("%s: %d of %d" % (target, result["runs"], RUNS))
    return part["runs"] > 0 and part["status"] == 0 and result["runs"] < RUNS


def turns(where, queue):
    """Takes the next that waits, until none does."""
    while True:
        try:
            target = queue.popleft()
        except IndexError:
            return
        if turn(os.path.join(where, "fuzz-" + target), target):
            queue.append(target)


def found(target):
    try:
        names = os.listdir(os.path.join(folder(target), "found"))
    except OSError:
        return []
    return sorted(n for n in names if not n.startswith("log-"))


def rate(r):
    """Executions in a second of the processor."""
    return round(r.get("runs", 0) / max(r.get("cpu", 0), 1))


def measured():
    """Of which commits and days the figures are: those of each binary."""
    done = [load(target) for target in TARGETS]
    return {key: ", ".join(sorted({r.get(key, "not known") for r in done
                                   if r})) for key in ("commit", "date")}


def rows():
    part = proof.Part("fuzz", "Fuzzers: libFuzzer with ASan and UBSan",
                      measured())
    good = True
    for target in TARGETS:
        r = load(target)
        runs = r.get("runs", 0)
        figure = "not run"
        if runs:
            figure = ("%s executions (%s), %s a second of processor, "
                      "%d edges, %d features" % (
                          format(runs, ","), r["commit"],
                          format(rate(r), ","), r["cov"], r["ft"]))
        bad = found(target)
        why = ""
        if bad or r.get("status", 0) != 0:
            why = "found: " + (", ".join(bad) or "see its log")
        elif runs == 0:
            why = "not begun; make proof-fuzz does"
        elif runs < RUNS:
            why = ("it had %.1f minutes of the processor in %.1f and needs "
                   "about %.0f for all; make proof-fuzz goes on" % (
                       r["cpu"] / 60, r["seconds"] / 60,
                       RUNS / max(rate(r), 1) / 60))
        good &= not bad and r.get("status", 0) == 0
        part.row("%s: %s" % (target, INFO[target][0]), figure,
                 "≥ %s, nothing found" % format(RUNS, ","), not why, why)
    return good


def listing():
    for target in TARGETS:
        r = load(target)
        runs = r.get("runs", 0)
        print("%-10s %11s runs %7d/s  cov %5d  ft %6d  %s" % (
            target, format(runs, ","),
            rate(r), r.get("cov", 0),
            r.get("ft", 0), " ".join(found(target)) or
            ("done" if runs >= RUNS else "")))


def covers(binary, target, files):
    """{file: edges} by libFuzzer's own merge, each file by itself."""
    with tempfile.TemporaryDirectory() as tmp:
        control = os.path.join(tmp, "control")
        source = os.path.join(tmp, "in")
        os.mkdir(source)
        os.mkdir(os.path.join(tmp, "out"))
        for i, path in enumerate(files):
            shutil.copy(path, os.path.join(source, "%06d" % i))
        subprocess.run(
            [binary, "-merge=1", "-merge_control_file=" + control,
             os.path.join(tmp, "out"), source], check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(control, encoding="utf-8") as f:
            lines = f.read().split("\n")
    names = [files[int(os.path.basename(n))]
             for n in lines[2:2 + int(lines[0])]]
    out = {n: set() for n in names}
    for line in lines[2 + len(names):]:
        words = line.split()
        # FT has what is new to the merge, COV the edges of that file.
        if words and words[0] in ("COV", "FT"):
            out[names[int(words[1])]] |= set(
                words[0][0] + w for w in words[2:]
                if words[0] == "COV")
    return out


def pack(binary, target):
    """Adds to the corpus what reaches edges that it does not."""
    corpus = os.path.join(HERE, "corpus", target)
    os.makedirs(corpus, exist_ok=True)
    kept = [os.path.join(corpus, n) for n in sorted(os.listdir(corpus))
            if not n.startswith("grown-")]
    # Fixtures are replayed, too.
    for top, _, names in os.walk(os.path.join(TOP, "tests/fixtures")):
        kept += [os.path.join(top, n) for n in sorted(names)
                 if INFO[target][4] and n.endswith(INFO[target][4])]
    grown_dir = os.path.join(folder(target), "corpus")
    grown = [os.path.join(grown_dir, n) for n in sorted(
        os.listdir(grown_dir) if os.path.isdir(grown_dir) else [])]
    grown += [os.path.join(corpus, n) for n in sorted(os.listdir(corpus))
              if n.startswith("grown-")]
    grown = [p for p in grown if os.path.getsize(p) <= 4096]
    edges = covers(binary, target, kept + grown)
    have = set().union(*[edges.get(p, set()) for p in kept] or [set()])
    taken, size = [], 0
    left = {p: edges.get(p, set()) for p in grown}
    while left and len(taken) < PACK_FILES:
        best = max(left, key=lambda p: (
            len(left[p] - have) / (64 + os.path.getsize(p)), p))
        if not left[best] - have:
            break
        size += os.path.getsize(best)
        if size > PACK_BYTES:
            break
        have |= left.pop(best)
        with open(best, "rb") as f:
            taken.append(f.read())
    for name in os.listdir(corpus):
        if name.startswith("grown-"):
            os.unlink(os.path.join(corpus, name))
    for i, data in enumerate(taken):
        with open(os.path.join(corpus, "grown-%02d" % (i + 1)), "wb") as f:
            f.write(data)
    print("%s: %d by hand, %d grown" % (
        target, len(os.listdir(corpus)) - len(taken), len(taken)))


def main():
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode == "--rows":
        return 0 if rows() else 1
    if mode == "--list":
        listing()
        return 0
    where = os.environ.get("FUZZ_BIN") or fuzzers()
    if mode == "--pack":
        for target in TARGETS:
            pack(os.path.join(where, "fuzz-" + target), target)
        return 0
    queue = collections.deque(TARGETS)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        # An exception of one of them is raised here.
        list(pool.map(lambda _: turns(where, queue), range(JOBS)))
    return 0 if rows() else 1


if __name__ == "__main__":
    sys.exit(main())
