# SPDX-License-Identifier: Apache-2.0
"""Sign-in by a client certificate, at a TLS port that demands one: from PEM
files, with an encrypted key, with wrong ones, and from a PKCS#11 token whose
PIN is sent once."""

import contextlib
import glob
import os
import subprocess
import tempfile

import harness
import netns
import realm
import tap
from harness import HOST, PASSWORD, USER, role

ARN = role("111122223333", "Admin")
PIN = r"(?i)\bpin\b[^\n]*: ?$"
PHRASE = r"(?i)passphrase[^\n]*: ?$"
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
NEEDED = {"/usr/bin/softhsm2-util": "softhsm2", SOFTHSM: "softhsm2",
          "/usr/bin/p11tool": "gnutls-bin",
          "/usr/lib/*/engines-3/pkcs11.so": "libengine-pkcs11-openssl",
          "/usr/lib/*/p11-kit-proxy.so": "p11-kit-modules"}


def openssl(folder, *argv):
    subprocess.run(["openssl", *argv], check=True, cwd=folder,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_cards(folder):
    """The company's certificates, and one of a stranger's CA."""
    def card(name, **more):
        realm.certificate(folder, name, "email:%s@x.test" % name,
                          usage="clientAuth", **more)

    card("jane@corp.test")
    card("nobody@corp.test")
    card("late", expired=True)
    card("stranger", ca="other")
    os.rename(os.path.join(folder, "jane@corp.test.pem"),
              os.path.join(folder, "jane.pem"))
    os.rename(os.path.join(folder, "jane@corp.test.key"),
              os.path.join(folder, "jane.key"))
    openssl(folder, "ec", "-in", "jane.key", "-out", "locked.key", "-aes256",
            "-passout", "pass:open sesame")
    openssl(folder, "pkcs8", "-topk8", "-nocrypt", "-in", "jane.key", "-out",
            "jane.p8")


@contextlib.contextmanager
def rig(*options):
    with tempfile.TemporaryDirectory() as folder:
        make_cards(folder)
        with harness.World(agent=False, user=False, sim_args=[
                "--client-ca", os.path.join(folder, "ca.pem"),
                *options]) as w:
            cards = os.path.join(w.base, "cards")
            w.own(cards, 0o700, folder=True)
            for name in os.listdir(folder):
                with open(os.path.join(folder, name),
                          encoding="ascii") as f:
                    w.write(os.path.join(cards, name), f.read())
            w.sim.user(USER, password=PASSWORD, roles=[harness.pair(ARN)],
                       upn="jane@corp.test")
            w.sim.set(loop_tokens=30)
            if w.proxy:
                w.settings(no_proxy="localhost")
            w.start_agent()
            yield w


def profile(w, name, cert, key=None, host=None, **keys):
    port = w.sim.other_port("cert-port")
    cards = os.path.join(w.base, "cards")

    def where(value):
        return value if ":" in value else os.path.join(cards, value)

    more = {"awsfed__auth": "certificate", "awsfed__client_cert": where(cert)}
    if key:
        more["awsfed__client_key"] = where(key)
    if host is None:
        more["awsfed__allowed_hosts"] = "localhost:%d" % port
    # One identity each, so that no profile lives on another's cookies.
    more["awsfed__query"] = "n=" + name
    more.update(keys)
    w.profile(name, role=ARN, host=host or "localhost:%d" % w.sim.port,
              **more)


def login(w, name, *answers):
    return w.login(name, user=None, password=None, answers=answers)


def good(w, name, what, *answers):
    before = w.sim.counters()
    got = login(w, name, *answers)
    gained = w.sim.since(before)
    tap.ok(got.rc == 0 and name in w.credentials() and not
           getattr(got, "unasked", None), what, got)
    tap.equal((gained.get("certificates"), gained.get("password_posts", 0)),
              (1, 0), name + ": by the certificate, without a password")
    return got


def bad(w, name, rc, text, what, *answers):
    before = w.sim.counters()
    got = login(w, name, *answers)
    tap.ok(got.rc == rc and text in " ".join(got.all.split()), what, got)
    tap.equal(w.sim.since(before).get("certificates", 0), 0,
              name + ": nobody was let in")
    return got


def pem():
    with rig() as w:
        profile(w, "one", "jane.pem", "jane.key")
        good(w, "one", "certificate and key from PEM files")
        profile(w, "two", "jane.pem", "locked.key")
        got = good(w, "two", "an encrypted key, its passphrase asked for",
                   (PHRASE, "open sesame"))
        tap.ok("open sesame" not in got.all + w.log(),
               "the passphrase is shown nowhere")
        profile(w, "three", "jane.pem", "locked.key")
        bad(w, "three", 4, "passphrase does not open", "a wrong passphrase",
            (PHRASE, "close sesame"))
        both = os.path.join(w.base, "cards", "both.pem")
        w.write(both, (w.read(both.replace("both", "jane")) +
                       w.read(both.replace("both.pem", "jane.key"))).decode())
        profile(w, "four", "both.pem")
        good(w, "four", "both in one file")
        for flavour in ("paginated", "localised"):
            w.sim.set(flavour=flavour)
            profile(w, flavour, "jane.pem", "jane.key")
            good(w, flavour, "chosen on the %s page" % flavour)
        # Renewed from the certificate, with nobody there.
        w.sim.do("expire-sso")
        before = w.sim.counters()
        got = w.ctl("refresh", "four")
        tap.ok(got.rc == 0, "refresh when the sign-in has ended", got)
        tap.equal(w.sim.since(before).get("certificates"), 1,
                  "by the certificate")


def wrong():
    with rig() as w:
        profile(w, "stranger", "stranger.pem", "stranger.key")
        bad(w, "stranger", 4, "refused the client certificate",
            "a certificate of another company is refused by name")
        profile(w, "late", "late.pem", "late.key")
        bad(w, "late", 1, "has expired", "one that is over is not even shown")
        profile(w, "mixed", "jane.pem", "stranger.key")
        bad(w, "mixed", 1, "does not belong", "a key of another certificate")
        profile(w, "gone", "gone.pem")
        bad(w, "gone", 1, "cannot be read", "a file that is not there")
        profile(w, "key", "jane.key")
        bad(w, "key", 1, "holds no certificate", "a file without one")
        profile(w, "unset", "jane.pem", awsfed__client_cert="None")
        bad(w, "unset", 1, "awsfed.client_cert", "none at all")
        profile(w, "closed", "jane.pem", "jane.key",
                awsfed__allowed_hosts="None")
        bad(w, "closed", 1, "awsfed.allowed_hosts",
            "another port than 49443 has to be allowed")
        profile(w, "nobody", "nobody@corp.test.pem", "nobody@corp.test.key")
        got = login(w, "nobody")
        tap.ok(got.rc == 4 and "No account belongs" in got.all,
               "a good one of no account: AD FS's words", got)
        w.sim.set(flavour="2022")
        profile(w, "plain", "jane.pem", "jane.key")
        bad(w, "plain", 1, "does not offer", "a page without that choice")


def real_port():
    """The port and the names as they are at work: nothing to allow."""
    if not netns.inside():
        tap.skip("port 49443", "no network namespace here")
        return
    with rig("--cert-port", "49443") as w:
        profile(w, "real", "jane.pem", "jane.key", host=HOST)
        good(w, "real", "port 49443 of the same host needs no permission")


def token():
    missing = sorted({p for path, p in NEEDED.items() if not glob.glob(path)})
    if missing:
        tap.skip("a PKCS#11 token", "not installed: " + ", ".join(missing))
        return
    with rig() as w:
        conf = os.path.join(w.home, ".config/softhsm2")
        tokens = os.path.join(conf, "tokens")
        w.own(os.path.join(w.home, ".config"), 0o700, folder=True)
        w.own(conf, 0o700, folder=True)
        w.own(tokens, 0o700, folder=True)
        w.write(os.path.join(conf, "softhsm2.conf"),
                "directories.tokendir = %s\nobjectstore.backend = file\n"
                "log.level = ERROR\n" % tokens)
        cards = os.path.join(w.base, "cards")

        def must(*argv):
            r = w.run(list(argv), **{"GNUTLS_PIN": "2468"})
            if r.rc != 0:
                raise RuntimeError(repr(r))

        for label in ("card", "other"):
            must("softhsm2-util", "--init-token", "--free", "--label", label,
                 "--pin", "2468", "--so-pin", "12345678")
        must("softhsm2-util", "--import", os.path.join(cards, "jane.p8"),
             "--token", "card", "--label", "jane", "--id", "01", "--pin",
             "2468")
        must("p11tool", "--provider=" + SOFTHSM, "--login", "--write",
             "--load-certificate", os.path.join(cards, "jane.pem"), "--label",
             "jane", "--id", "01", "pkcs11:token=card")
        uri = "pkcs11:token=card;object=jane"
        profile(w, "card", uri)
        got = good(w, "card", "certificate and key from a token",
                   (PIN, "2468"))
        tap.ok("2468" not in got.all + w.log(), "the PIN is shown nowhere")
        profile(w, "mixed", "jane.pem", uri + ";type=private")
        good(w, "mixed", "certificate from a file, key from the token",
             (PIN, "2468"))
        w.sim.do("expire-sso")
        got = w.ctl("refresh", "card")
        tap.equal(got.rc, 3, "a PIN is asked of a person: no renewal without")
        profile(w, "wrong", uri)
        got = bad(w, "wrong", 4, "refused the PIN (sent once)",
                  "a wrong PIN", (PIN, "1357"), (PIN, "1357"))
        tap.equal(len(got.unasked), 1, "is asked for once")
        profile(w, "after", uri)
        good(w, "after", "and the token is not locked", (PIN, "2468"))
        profile(w, "none", uri.replace("jane", "mary"))
        # The engine looks behind the login for what it has not seen.
        bad(w, "none", 1, "no such", "an object that is not there",
            (PIN, "2468"))
        profile(w, "any", "pkcs11:object=jane")
        bad(w, "any", 1, "token=NAME", "a URI that fits any token")
        profile(w, "pin", uri + "?pin-value=2468")
        bad(w, "pin", 1, "holds a PIN", "a URI with the PIN in it")


harness.need(timeout=300)
tap.run(pem, wrong, real_port, token)
