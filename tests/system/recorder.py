# SPDX-License-Identifier: Apache-2.0
"""A page that nobody can answer leaves its skeleton, and a person hears where;
a farm that starts no sign-ins is offered a request of our own."""

import os
import stat

import harness
import tap
from harness import role

ADMIN = role("123456789012", "Admin")


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def unknown_page():
    with harness.World() as w:
        w.profile("one", role=ADMIN)
        pages = os.path.join(w.base, "state/awsfed/pages")
        for i in (1, 2):
            w.sim.fault("adfs-get", "unknown")
            r = w.login("one", user=None, password=None)
            path = os.path.join(pages, "page-%02d.txt" % i)
            tap.ok(r.rc != 0 and os.path.exists(path) and
                   path in r.err,
                   "page %d is kept, and the message says where" % i, r)
        tap.ok((mode(pages), mode(path)) == (0o700, 0o600),
               "for the user alone")
        text = w.read(path).decode()
        tap.ok(text.startswith("awsfed ") and "form" in text and
               "value=" not in text, "it has names and no values", text)
        tap.ok("client-request-id" in w.log(),
               "the journal has the id of each sign-in", w.log()[-500:])


def switched_off():
    with harness.World() as w:
        w.profile("one", role=ADMIN)
        w.sim.set(idp_page="no")
        r = w.login("one", user=None, password=None,
                    answers=[(r"Try with a request\?", "no")])
        tap.ok(r.rc != 0 and "awsfed.sp_initiated = yes" in r.err,
               "a farm that starts no sign-ins: asked, and told", r)


harness.need(timeout=120)
tap.run(unknown_page, switched_off)
