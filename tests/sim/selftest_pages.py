# SPDX-License-Identifier: Apache-2.0
"""The pages of the simulator besides the plain sign-in."""
import base64
import json
import time
import urllib.parse
import xml.etree.ElementTree
import zlib

WEB = "ctl00$ContentPlaceHolder1$"
PARTNER = "https://partner.example.net/adfs/services/trust"
REALMS = "AD AUTHORITY=Active Directory, %s=Partner@partner.example.net" % \
    PARTNER


def authn_request(host, **attributes):
    """An AuthnRequest as AWS would like it; None leaves an attribute out."""
    a = {"ID": "_%032x" % time.time_ns(), "Version": "2.0",
         "IssueInstant": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
         "Destination": "https://%s/adfs/ls/" % host}
    issuer = attributes.pop("issuer", "urn:amazon:webservices")
    a.update(attributes)
    text = " ".join('%s="%s"' % p for p in a.items() if p[1] is not None)
    return a["ID"], (
        '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:'
        'protocol" %s><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">'
        '%s</Issuer></samlp:AuthnRequest>' % (text, issuer)).encode()


def redirect(document, **more):
    """The redirect binding's target."""
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = base64.b64encode(z.compress(document) + z.flush()).decode()
    return "/adfs/ls/?" + urllib.parse.urlencode(
        dict(more, SAMLRequest=raw))


def tests(main):  # pylint: disable=too-many-statements
    eq, has, clean = main.eq, main.has, main.clean
    user, password = main.USER, main.PASSWORD

    def host():
        return "localhost:%d" % main.sim.port()

    def parse(r):
        return xml.etree.ElementTree.fromstring(
            base64.b64decode(r.assertion()))

    def seen(part):
        texts = main.sim.count("violation_texts")
        assert texts and part in texts[0], texts
        main.sim.do(do="reset")

    def relay(r):
        return dict(f for form in r.page.forms for f in form["fields"]).get(
            "RelayState")

    def sp_by_redirect():
        main.sim.set(idp_page="no")
        for factor in "", "SafeNet-MFA":
            main.sim.set(mfa=factor)
            b = main.browser()
            ident, doc = authn_request(host())
            r = b.follow("GET", redirect(doc, RelayState="a b&c"))
            r = b.fill(r, "loginForm", UserName=user, Password="no")
            assert r.error()
            r = b.fill(r, "loginForm", UserName=user, Password=password)
            if factor:
                r = b.fill(r, "safenetForm", SAFENET_PASSWORD="123456")
            root = parse(r)
            eq(root.get("InResponseTo"), ident)
            has(base64.b64decode(r.assertion()).decode(),
                '<SubjectConfirmationData InResponseTo="%s"' % ident)
            eq(relay(r), "a b&c")
            ident, doc = authn_request(host())
            r = b.follow("GET", redirect(doc))
            eq(parse(r).get("InResponseTo"), ident)
            eq(relay(r), None)
        clean()
        b.follow("GET", redirect(doc))
        seen("twice")

    def sp_by_post():
        main.sim.set(idp_page="no", mfa="SafeNet-MFA", realms=REALMS)
        b = main.browser()
        ident, doc = authn_request(host(), ProtocolBinding="urn:oasis:names:"
                                   "tc:SAML:2.0:bindings:HTTP-POST")
        r = b.follow("POST", "/adfs/ls/",
                     [("SAMLRequest", base64.b64encode(doc).decode()),
                      ("RelayState", "x")])
        r = b.choose(r, "hrd", [("HomeRealmSelection", "AD AUTHORITY"),
                                ("Email", "")])
        r = b.fill(r, "loginForm", UserName=user, Password=password)
        r = b.fill(r, "safenetForm", SAFENET_PASSWORD="123456")
        eq(parse(r).get("InResponseTo"), ident)
        eq(relay(r), "x")
        clean()
        r = main.browser().follow("GET", "/adfs/ls/")
        has(r.text, "MSIS7065")

    def sp_requests_are_judged():
        for more, text in (
                ({"ID": "1abc"}, "ID"), ({"ID": None}, "ID"),
                ({"Version": "1.1"}, "Version"),
                ({"IssueInstant": "2020-01-01T00:00:00Z"}, "stale"),
                ({"Destination": "https://other.example.com/adfs/ls/"},
                 "host"),
                ({"Destination": None}, "Destination"),
                ({"AssertionConsumerServiceURL": "https://evil.example/"},
                 "AssertionConsumerServiceURL")):
            _, doc = authn_request(host(), **dict(
                {"ID": "_%032x" % time.time_ns()}, **more)) \
                if more.get("ID", "x") is not None else \
                ("", authn_request(host())[1].replace(b" ID=", b" XD="))
            main.browser().follow("GET", redirect(doc))
            seen(text)
        _, doc = authn_request(host())
        target = redirect(doc)
        main.browser().follow("GET", target[:60])
        seen("encoded")
        main.browser().follow("GET", "/adfs/ls/?SAMLRequest=" +
                              urllib.parse.quote(
                                  base64.b64encode(zlib.compress(doc)), ""))
        seen("encoded")
        _, other = authn_request(host(), issuer="urn:other")
        has(main.browser().follow("GET", redirect(other)).text, "MSIS7007")
        main.sim.set(signed_requests="yes")
        has(main.browser().follow("GET", target).text, "not signed")
        main.sim.set(signed_requests="no")
        b = main.browser()
        b.login(user, password)
        time.sleep(1.1)
        _, doc = authn_request(host(), ForceAuthn="true")
        r = b.follow("GET", redirect(doc))
        eq(r.assertion(), None)
        assert b.fill(r, "loginForm", UserName=user,
                      Password=password).assertion()
        clean()

    def home_realm():
        main.sim.set(realms=REALMS,
                     realm_suffixes="corp.example.com=AD AUTHORITY")
        b = main.browser()
        r = b.follow("GET", main.ENTRY)
        has(r.text, "HRD.selection('AD AUTHORITY')")
        r = b.choose(r, "hrd", [("Email", "x@nowhere.example"),
                                ("HomeRealmByEmail", "Next")])
        assert r.error()
        r = b.choose(r, "hrd", [("Email", "x@corp.example.com"),
                                ("HomeRealmByEmail", "Next")])
        assert b.fill(r, "loginForm", UserName=user,
                      Password=password).assertion()
        main.sim.do(do="expire-sso")
        assert b.follow("GET", main.ENTRY).page.form("loginForm")
        b = main.browser()
        r = b.follow("GET", main.ENTRY +
                     "&RedirectToIdentityProvider=AD+AUTHORITY")
        assert b.fill(r, "loginForm", UserName=user,
                      Password=password).assertion()
        clean()
        b = main.browser()
        r = b.follow("GET", main.ENTRY)
        b.fill(r, "hrd", HomeRealmSelection="nobody")
        seen("home realm")

    def claims_provider():
        main.sim.set(realms=REALMS, mfa="SafeNet-MFA")
        a = main.browser()
        r = a.send("GET", main.ENTRY + "&RedirectToIdentityProvider=" +
                   urllib.parse.quote(PARTNER, ""))
        eq(r.status, 302)
        u = urllib.parse.urlsplit(r.headers["Location"])
        eq(u.hostname, "partner.example.net")
        p = main.browser(host="partner.example.net")
        p.headers["Host"] = u.netloc
        q = p.follow("GET", u.path + "?" + u.query)
        q = p.fill(q, "loginForm", UserName=user, Password="wrong")
        assert q.error()
        q = p.fill(q, "loginForm", UserName=user, Password=password)
        form = q.page.form("hiddenform")
        eq([n for n, _ in form["fields"]], ["wa", "wresult", "wctx"])
        r = a.follow("POST", a.local(form["action"]), form["fields"])
        assert a.fill(r, "safenetForm",
                      SAFENET_PASSWORD="123456").assertion()
        eq(main.sim.count("partner_posts"), 2)
        clean()
        a.follow("POST", a.local(form["action"]), form["fields"])
        seen("twice")
        a.jar.update(p.jar)
        a.follow("GET", main.ENTRY)
        seen("MSISAuth of partner.example.net")

    def pages_of_webforms():
        for flavour in "2.0", "2.1":
            main.sim.set(flavour=flavour)
            b = main.browser()
            r = b.follow("GET", main.ENTRY)
            has(r.text, "__EVENTVALIDATION")
            eq("__VIEWSTATEGENERATOR" in r.text, flavour == "2.1")
            more = {WEB + "UsernameTextBox": user}
            r = b.fill(r, "aspnetForm", **dict(
                more, **{WEB + "PasswordTextBox": "no"}))
            has(r.text, "ErrorTextLabel")
            more[WEB + "PasswordTextBox"] = password
            assert b.fill(r, "aspnetForm", **more).assertion()
            clean()
            b = main.browser()
            r = b.follow("GET", main.ENTRY)
            eq(b.fill(r, "aspnetForm", __EVENTVALIDATION="x").status, 500)
            seen("__EVENTVALIDATION")
            r = b.follow("GET", main.ENTRY)
            b.fill(r, "aspnetForm", press=False, **more)
            seen("no button")
            entry = main.ENTRY.partition("?")[0]
            b = main.browser()
            r = b.follow("GET", entry)
            r = b.fill(r, "aspnetForm", **{
                WEB + "group1": "OtherRpRadioButton",
                WEB + "RelyingPartyDropDownList":
                    "7b1f9d52-0000-4000-8000-00000000a3a5"})
            assert b.fill(r, "aspnetForm", **more).assertion()
            r = main.browser().follow("GET", entry + "?loginToRp=x")
            has(r.text, "Reference number")
        clean()

    def list_of_relying_parties():
        entry = main.ENTRY.partition("?")[0]
        b = main.browser()
        r = b.follow("GET", entry)
        site = r.page.ids["idp_RelyingPartyDropDownList"]["name"]
        eq(site, "RelyingParty")
        r = b.fill(r, "idpForm", SignInOtherSite="SignInOtherSite")
        r = b.fill(r, "loginForm", UserName=user, Password=password)
        assert r.assertion()
        main.sim.set(rp_list="yes")
        r = b.follow("GET", entry + "?loginToRp=unknown")
        assert "idp_GoButton" in r.page.ids
        assert b.fill(r, "idpForm",
                      SignInOtherSite="SignInOtherSite").assertion()
        clean()
        b.fill(r, "idpForm")
        seen("radios")

    def password_on_a_second_page():
        main.sim.set(flavour="password-second")
        b = main.browser()
        r = b.follow("GET", main.ENTRY)
        assert "passwordInput" not in r.page.ids
        r = b.fill(r, "loginForm", UserName=user)
        eq(r.page.ids["userNameInput"]["value"], user)
        r = b.fill(r, "loginForm", Password="wrong")
        assert r.error() and "passwordInput" in r.page.ids
        assert b.fill(r, "loginForm", Password=password).assertion()
        clean()

    def pages_in_between():
        for kind in "consent", "autopost":
            main.sim.set(interstitial=kind)
            b = main.browser()
            r = b.login(user, password)
            eq(r.assertion(), None)
            r = b.fill(r, "consentForm" if kind == "consent" else "partner")
            assert r.assertion()
            assert b.follow("GET", main.ENTRY).assertion()
        main.sim.set(interstitial="consent")
        b = main.browser()
        r = b.login(user, password)
        r = b.choose(r, "consentForm", [("ConsentId", "c-17"),
                                        ("Consent", "Decline")])
        has(r.page.texts["errorMessage"], "denied")
        clean()

    def notices_about_passwords():
        main.sim.do(do="user", name=user, expires_days=3)
        r = main.browser().login(user, password)
        root = parse(r)
        found = {a.get("Name"): a[0].text for a in root.iter()
                 if a.tag.endswith("}Attribute")}
        claims = "http://schemas.microsoft.com/ws/2012/01/password"
        eq(found[claims + "expirationdays"], "3")
        has(found[claims + "changeurl"], "/adfs/portal/updatepassword/")
        b = main.browser()
        r = b.follow("GET", "/adfs/portal/updatepassword/")
        clean()
        b.fill(r, "updatePasswordForm")
        seen("update-password")

    def errors_in_other_words():
        main.sim.set(flavour="chinese")
        r = main.browser().follow("GET", main.ENTRY + "x")
        has(r.text, "\u9519\u8bef")
        has(r.page.texts["activityID"], "Activity ID: ")
        main.sim.set(activity="no")
        r = main.browser().follow("GET", main.ENTRY + "x")
        assert "errorMessage" in r.page.ids and "MSIS" not in r.text
        main.sim.set(flavour="centered")
        has(main.browser().follow("GET", main.ENTRY).text, "centeredUi")

    def captive_portal():
        b = main.browser()
        main.sim.fault("adfs-get", kind="captive")
        main.sim.fault("adfs-get", kind="captive-page")
        main.sim.fault("adfs-get", kind="foreign-autopost")
        r = b.send("GET", main.ENTRY)
        has(r.headers["Location"], "http://captive.example.net/")
        eq(b.send("GET", main.ENTRY).status, 511)
        r = b.send("GET", main.ENTRY)
        has(r.page.form("secondfactor")["action"], "evil.example.net")

    def who_asked():
        b = main.browser()
        b.login(user, password)
        last = json.loads(main.sim.ctl("requests").stdout)["requests"]
        eq([q["method"] for q in last[-3:]], ["GET", "POST", "GET"])
        eq(last[-2]["user_agent"], "awsfed/0 (browser.py)")
        has(last[-2]["fields"], "Password")
        assert last[-2]["client_request_id"] and password not in str(last)
        assert len(last) <= 50
        clean()
        b.headers["User-Agent"] = "Mozilla/5.0"
        b.follow("GET", main.ENTRY)
        seen("Mozilla/5.0")
        del b.headers["User-Agent"]
        b.follow("GET", main.ENTRY)
        seen("missing")

    return [sp_by_redirect, sp_by_post, sp_requests_are_judged, home_realm,
            claims_provider, pages_of_webforms, list_of_relying_parties,
            password_on_a_second_page, pages_in_between,
            notices_about_passwords, errors_in_other_words, captive_portal,
            who_asked]
