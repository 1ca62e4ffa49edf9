#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The simulator against itself: a browser, and botocore as the second opinion
on SigV4 and on the shape of STS's answers.  Prints TAP."""
import base64
import datetime
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from browser import Browser, ENTRY  # noqa: E402
import selftest_mfa  # noqa: E402
import selftest_pages  # noqa: E402

for name in list(os.environ):
    if name.upper().endswith(("_PROXY", "_BUNDLE")) or \
            name.startswith(("AWS_", "SSL_CERT")):
        del os.environ[name]
os.environ["AWS_CONFIG_FILE"] = "/dev/null"
os.environ["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null"
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

try:
    import boto3
    import botocore.config
    import botocore.exceptions
except ImportError:
    boto3 = None

SIM = os.path.join(os.environ.get("top_builddir", "build"),
                   "tests/sim/awsfed-sim")
PROVIDER = "arn:aws:iam::012345678901:saml-provider/ADFS"
ADMIN = "arn:aws:iam::012345678901:role/MyAdminRole"
COMMA = "arn:aws:iam::012345678901:role/team/a/We,b=x"
SHORT = "arn:aws:iam::0123456789:role/MyAdminRole"
SHORT_PROVIDER = "arn:aws:iam::0123456789:saml-provider/ADFS"
DEPLOY = "arn:aws:iam::7654321:role/WebDeploy"
USER, PASSWORD = "CORP\\jane", "p\u00e4ss w+rd&=%\"'<"
AD, POST = "adfs-get", "adfs-post"


class Sim:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="sim.")
        self.proc = subprocess.Popen(
            [SIM, "--dir", self.dir, "--plain", "--host", "adfs.example.com",
             "--host", "partner.example.net"])
        start = time.monotonic()
        while not os.path.exists(self.dir + "/ready"):
            if self.proc.poll() is not None or time.monotonic() - start > 20:
                raise SystemExit("Bail out! the simulator did not start")
            time.sleep(0.005)

    def ctl(self, *args, check=True):
        r = subprocess.run([sys.executable, HERE + "/simctl", self.dir] +
                           list(args), capture_output=True, text=True)
        if check and r.returncode != 0:
            raise AssertionError("simctl %s: %s" % (args, r.stderr))
        return r

    def do(self, **command):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(self.dir + "/admin.sock")
        s.sendall(json.dumps(command).encode() + b"\n")
        reply = json.loads(s.makefile().readline())
        s.close()
        assert reply["ok"], reply
        return reply

    def set(self, **options):
        for name, value in options.items():
            self.do(do="set", name=name, value=str(value))

    def fault(self, place, **more):
        self.do(do="fault", place=place, **more)

    def count(self, *path):
        value = self.do(do="counters")
        for p in path:
            value = value[p]
        return value

    def port(self, name="port"):
        with open(os.path.join(self.dir, name)) as f:
            return int(f.read())

    def fresh(self):
        """As it was after set-up."""
        self.do(do="fault-clear")
        self.do(do="expire-sso")
        self.set(flavour="2019", sso_life=28800, kmsi="no", token_life=0,
                 assertion_life=300, session_duration=0, session_until=0,
                 loop_tokens=5, loop_seconds=20, lockout_threshold=0,
                 idp_page="yes", wia="no", order="as-is", extra="",
                 detailed="yes", chunk=2000, mfa="", mfa_methods="",
                 mfa_numbers="", mfa_tries=5, push_seconds=60,
                 totp_once="yes", realms="", realm_suffixes="",
                 interstitial="", rp_list="no", signed_requests="no",
                 activity="yes")
        self.do(do="user", name=USER, password=PASSWORD, locked=False,
                expired=False, denied=False, drop_roles=True,
                expires_days=-1, unregistered=False, mfa="", mode="", code="",
                next_code="",
                totp="", pin="", answer="",
                upn="jane@corp.example.com", session_name="jane",
                roles=[ADMIN + "," + PROVIDER, PROVIDER + ", " + COMMA,
                       SHORT_PROVIDER + "," + SHORT])
        self.do(do="role", arn=ADMIN, max_duration=3600)
        self.do(do="role", arn=DEPLOY, max_duration=43200, drop_trust=True,
                trust=[ADMIN])
        self.do(do="reset")


sim = None
tests = []


def test(f):
    tests.append(f)
    return f


def browser(**kw):
    return Browser(sim.dir, **kw)


def eq(a, b):
    assert a == b, "%r is not %r" % (a, b)


def has(text, part):
    assert part in text, "no %r in %.300r" % (part, text)


def clean():
    eq(sim.count("violation_texts"), [])


def xml(assertion):
    return base64.b64decode(assertion, validate=True).decode()


def login():
    r = browser().login(USER, PASSWORD)
    assert r.assertion(), r.text[:300]
    return r.assertion()


def sts(keys=None, **kw):
    config = botocore.config.Config(retries={"max_attempts": 0},
                                    **kw.pop("config", {}))
    k = keys or {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "x",
                 "SessionToken": None}
    return boto3.client(
        "sts", region_name="us-east-1", verify=sim.dir + "/ca.pem",
        endpoint_url="https://127.0.0.1:%d" % sim.port(), config=config,
        aws_access_key_id=k["AccessKeyId"],
        aws_secret_access_key=k["SecretAccessKey"],
        aws_session_token=k["SessionToken"], **kw)


def with_saml(assertion, role=ADMIN, provider=PROVIDER, **kw):
    return sts().assume_role_with_saml(
        RoleArn=role, PrincipalArn=provider, SAMLAssertion=assertion,
        **kw)["Credentials"]


def refused(code, f, *args, status=None, **kw):
    try:
        f(*args, **kw)
    except botocore.exceptions.ClientError as e:
        eq(e.response["Error"]["Code"], code)
        if status:
            eq(e.response["ResponseMetadata"]["HTTPStatusCode"], status)
        return e.response["Error"]["Message"]
    raise AssertionError("%s was expected, but it went well" % code)


# ---- AD FS ----------------------------------------------------------------

@test
def login_with_every_flavour():
    for flavour in ("2012r2", "2016", "2019", "2022", "paginated",
                    "localised"):
        sim.set(flavour=flavour)
        b = browser()
        page = b.send("GET", ENTRY)
        eq(page.status, 200)
        for part in ("userNameInput", "passwordInput", "kmsiArea",
                     "errorText", "noScript", "optionSelection"):
            assert part in page.page.ids, (flavour, part)
        eq(page.error(), "")
        r = b.login(USER, PASSWORD)
        assert r.assertion(), flavour
        eq(r.page.form("hiddenform")["action"],
           "https://signin.aws.amazon.com:443/saml")
        assert "id" not in r.page.form("hiddenform")
    eq(sim.count("password_posts"), 6)
    eq(sim.count("assertions"), 6)
    clean()


@test
def shapes_that_differ_by_version():
    def at(flavour):
        sim.set(flavour=flavour)
        return browser().send("GET", ENTRY)
    eq(at("2012r2").page.ids["errorText"]["tag"], "label")
    assert at("2012r2").page.form("loginForm")["action"].startswith("https:")
    eq(at("2016").page.ids["errorText"]["tag"], "span")
    assert "userNameInputOptionsHolder" not in at("2016").page.ids
    r = at("2019")
    has(r.page.form("options")["fields"], ("UserName", ""))
    has(r.text, "loginToRp=urn:amazon:webservices&client-request-id=")
    r = at("paginated")
    assert not [f for f in r.page.form("loginForm")["fields"]
                if f[0] == "AuthMethod"]
    assert "nextButton" in r.page.ids
    eq(at("localised").page.texts["title"], "Connexion")
    eq(at("2019").page.texts["title"], "Sign In")
    has(at("2019").page.ids["kmsiArea"]["style"], "none")
    sim.set(kmsi="yes")
    assert "none" not in at("2019").page.ids["kmsiArea"]["style"]
    clean()


@test
def cookies_of_a_sign_in():
    b = browser()
    b.send("GET", ENTRY)
    has(b.jar, "MSISSamlRequest")
    b.login(USER, PASSWORD)
    for name in ("MSISAuth", "MSISAuth1", "MSISAuthenticated",
                 "MSISLoopDetectionCookie"):
        has(b.jar, name)
        for part in ("path=/adfs", "Secure", "HttpOnly"):
            has(b.attributes[name], part)
    assert "expires" not in b.attributes["MSISAuth"].lower()
    assert "MSISSamlRequest" not in b.jar
    clean()


@test
def single_sign_on_needs_no_password():
    b = browser()
    b.login(USER, PASSWORD)
    r = b.send("GET", ENTRY)
    assert r.assertion()
    eq(sim.count("password_posts"), 1)
    eq(sim.count("assertions"), 2)
    sim.do(do="expire-sso")
    assert b.send("GET", ENTRY).assertion() is None
    clean()


@test
def single_sign_on_ends_with_its_life():
    sim.set(sso_life=1)
    b = browser()
    page = b.send("GET", ENTRY)
    assert b.fill(page, "loginForm", UserName=USER, Password=PASSWORD)
    time.sleep(1.1)
    r = b.send("GET", ENTRY)
    assert r.assertion() is None and r.page.form("loginForm")
    clean()


@test
def keep_me_signed_in():
    sim.set(kmsi="yes", sso_life=1, kmsi_life=1000)
    b = browser()
    assert b.login(USER, PASSWORD, Kmsi="true").assertion()
    has(b.attributes["MSISAuth"], "expires=")
    time.sleep(1.1)
    assert b.send("GET", ENTRY).assertion()
    clean()


@test
def one_post_without_a_get_as_aws_adfs_does():
    b = browser()
    b.headers = {"Accept-Language": "en", "User-Agent": "python-requests/2"}
    r = b.follow("POST", ENTRY, {"UserName": "jane@corp.example.com",
                                 "Password": PASSWORD,
                                 "AuthMethod": "FormsAuthentication"})
    assert r.assertion()
    r = b.follow("POST", ENTRY, {"AuthMethod": "FormsAuthentication"})
    assert r.assertion(), "the cookies alone should do"
    sim.set(flavour="2012r2")
    r = browser().follow("POST", ENTRY, {"UserName": USER, "Password": "no",
                                         "AuthMethod": "FormsAuthentication"})
    eq(r.page.ids["errorText"]["tag"], "label")
    has(r.error(), "Incorrect user ID or password")
    clean()


@test
def wrong_password():
    b = browser()
    r = b.login(USER, "wrong")
    eq(r.status, 200)
    has(r.error(), "Incorrect user ID or password")
    eq(r.page.ids["userNameInput"]["value"], USER)
    eq(browser().login("CORP\\nobody", "x").error(), r.error())
    eq(sim.count("users", USER),
       {"password_posts": 1, "rejected": 1})
    eq(sim.count("passwords_rejected"), 2)
    eq(sim.count("sign_ins"), 0)
    assert b.fill(r, "loginForm", UserName=USER,
                  Password=PASSWORD).assertion(), "the new form should work"
    clean()


@test
def lockout_looks_like_a_wrong_password():
    sim.set(lockout_threshold=2, lockout_seconds=2)
    for _ in range(2):
        browser().login(USER, "wrong")
    r = browser().login(USER, PASSWORD)
    has(r.error(), "Incorrect user ID or password")
    eq(sim.count("lockouts"), 1)
    time.sleep(2.1)
    assert browser().login(USER, PASSWORD).assertion()


@test
def locked_expired_and_denied_users():
    sim.ctl("user", "set", USER, "--locked")
    has(browser().login(USER, PASSWORD).error(), "Incorrect user ID")
    sim.ctl("user", "set", USER, "--locked", "no", "--expired")
    r = browser().login(USER, PASSWORD)
    has(r.error(), "expired")
    eq(r.page.ids["expiredNotification"]["href"],
       "/adfs/portal/updatepassword/")
    sim.ctl("user", "set", USER, "--expired", "no", "--denied")
    r = browser().login(USER, PASSWORD)
    has(r.page.texts["errorMessage"], "Access denied")
    assert r.page.form("loginForm") is None
    clean()


@test
def lost_cookies():
    r = browser(cookies=False).login(USER, PASSWORD)
    has(r.text, "MSIS7001")
    assert re.search(r"Activity ID: [0-9a-f-]{36}",
                     r.page.texts["activityID"])
    eq(sim.count("sign_ins"), 0)


@test
def lost_chunk_is_seen():
    b = browser()
    b.login(USER, PASSWORD)
    del b.jar["MSISAuth1"]
    assert b.send("GET", ENTRY).page.form("loginForm")
    has(sim.count("violation_texts")[0], "MSISAuth")


@test
def loop_detection():
    sim.set(loop_tokens=3, loop_seconds=60)
    b = browser()
    b.login(USER, PASSWORD)
    assert b.send("GET", ENTRY).assertion()
    assert b.send("GET", ENTRY).assertion()
    r = b.send("GET", ENTRY)
    has(r.text, "MSIS7042")
    eq(sim.count("loops"), 1)
    sim.set(loop_seconds=1)
    time.sleep(1.1)
    assert b.send("GET", ENTRY).assertion()
    clean()


@test
def client_request_id():
    mine = "12345678-1234-4234-8234-123456789abc"
    r = browser().send("GET", ENTRY.replace("webservices", "nothing") +
                       "&client-request-id=" + mine)
    has(r.text, "MSIS7007")
    has(r.page.texts["activityID"], mine)
    b = browser()
    assert b.login(USER, PASSWORD, ENTRY + "&client-request-id=" +
                   mine).assertion()
    clean()


@test
def other_entries():
    b = browser()
    assert b.login(USER, PASSWORD,
                   "/ADFS/LS/idpinitiatedsignon?loginToRp="
                   "urn%3Aamazon%3Awebservices").assertion()
    r = b.send("GET", "/adfs/ls/IdpInitiatedSignOn.aspx")
    assert r.page.form("idpForm") and "idp_GoButton" in r.page.ids
    has(b.send("GET", "/adfs/ls/").text, "MSIS7065")
    eq(b.send("GET", "/adfs/other").status, 404)
    eq(b.send("GET", "/adfs/ls/wia").status, 401)
    assert "signoutArea" in b.send("GET", "/adfs/ls/?wa=wsignout1.0").text
    eq([n for n in b.jar if n.startswith("MSISAuth")], [])
    assert b.send("GET", ENTRY).page.form("loginForm")
    sim.set(idp_page="no")
    has(b.send("GET", ENTRY).text, "MSIS7065")
    sim.set(idp_page="yes", detailed="no", rp="urn:x")
    assert "MSIS" not in browser().send("GET", ENTRY).text
    sim.set(rp="urn:amazon:webservices", wia="yes")
    r = b.send("GET", ENTRY, headers={"User-Agent": "Trident/7.0 awsfed/0"})
    eq(r.status, 302)
    clean()


@test
def what_no_browser_sends():
    good = {"UserName": USER, "Password": PASSWORD,
            "AuthMethod": "FormsAuthentication"}
    cases = [
        (list(good.items()) + [("UserName", "")], 500, "twice"),
        (dict(good, Kmsi=""), 500, "Kmsi"),
        (dict(good, Kmsi="true"), 302, "not offered"),
        (dict(good, q="1"), 302, "unknown field"),
        ({k: v for k, v in good.items() if k != "AuthMethod"}, 200,
         "without AuthMethod"),
        ({k: v for k, v in good.items() if k != "Password"}, 200, "half"),
        (dict(good, UserName="jane"), 200, "without domain"),
        (dict(good, Password=""), 200, "empty password"),
    ]
    for fields, status, text in cases:
        sim.do(do="reset")
        r = browser().send("POST", ENTRY, fields)
        eq((text, r.status), (text, status))
        has(" ".join(sim.count("violation_texts")), text)
    for headers, body, status in (
            ({"Content-Type": "application/json"}, "{}", 415),
            ({"Content-Type": "application/x-www-form-urlencoded"},
             "UserName=%zz", 400),
            ({"Content-Type": "application/x-www-form-urlencoded"},
             "UserName=a\\b", 200)):
        sim.do(do="reset")
        eq(browser().send("POST", ENTRY, body, headers).status, status)
        assert sim.count("violations") > 0
    eq(browser().send("PUT", ENTRY, "x").status, 405)
    eq(browser().send("POST", ENTRY, "x" * 600000).status, 413)
    eq(browser().send("GET", ENTRY, headers={"X": "y" * 70000}).status, 431)
    eq(browser().send("POST", "/nothing", "x").status, 404)


@test
def hidden_field_of_a_site():
    sim.set(extra="nds-pmd=a&b")
    assert browser().login(USER, PASSWORD).assertion()
    clean()
    browser().follow("POST", ENTRY, {"UserName": USER, "Password": PASSWORD,
                                     "AuthMethod": "FormsAuthentication"})
    has(sim.count("violation_texts")[0], "nds-pmd")


# ---- the SAML response ----------------------------------------------------

@test
def response_says_what_aws_needs():
    sim.set(session_duration=7200, session_until=36000)
    text = xml(login())
    for part in ('Destination="https://signin.aws.amazon.com/saml"',
                 ">http://localhost/adfs/services/trust<",
                 "<Audience>urn:amazon:webservices</Audience>",
                 'SAML/Attributes/RoleSessionName"><AttributeValue>jane<',
                 ADMIN + "," + PROVIDER, PROVIDER + ", " + COMMA,
                 'SAML/Attributes/SessionDuration"><AttributeValue>7200<',
                 "SessionNotOnOrAfter=", "status:Success", "rsa-sha256"):
        has(text, part)
    sim.set(order="provider-first")
    has(xml(login()), PROVIDER + "," + ADMIN)
    sim.set(order="role-first")
    has(xml(login()), COMMA + "," + PROVIDER)


@test
def signature_verifies_elsewhere():
    tool = shutil.which("xmlsec1")
    if tool is None:
        return "xmlsec1 is not installed"
    sim.do(do="user", name=USER, session_name="jane",
           roles=["arn:aws:iam::1:role/a&<b>\"'," +
                  "arn:aws:iam::1:saml-provider/x"])
    path = sim.dir + "/response.xml"

    def verify(text):
        with open(path, "w") as f:
            f.write(text)
        return subprocess.run(
            [tool, "--verify", "--id-attr:ID",
             "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
             "--pubkey-cert-pem", sim.dir + "/saml-cert.pem",
             "--enabled-key-data", "rsa,x509", path],
            capture_output=True).returncode
    text = xml(login())
    eq(verify(text), 0)
    assert verify(text.replace("MyAdminRole", "MyAdminRolE")) != 0
    sim.fault("saml", kind="signature")
    assert verify(xml(login())) != 0


@test
def saml_faults():
    def one(kind):
        sim.do(do="expire-sso")
        sim.fault("saml", kind=kind)
        r = browser().login(USER, PASSWORD)
        return r
    has(xml(one("status-failure").assertion()), "status:Responder")
    assert "<Assertion" not in xml(one("status-failure").assertion())
    year = datetime.datetime.utcnow() - datetime.timedelta(seconds=3600)
    got = re.search(r'IssueInstant="([^.]*)',
                    xml(one("expired").assertion())).group(1)
    assert got < year.strftime("%Y-%m-%dT%H:%M:%S")
    has(xml(one("destination").assertion()), 'Destination="https://sign-in.')
    has(xml(one("audience").assertion()), "another-relying-party")
    assert "Attributes/Role\"" not in xml(one("no-roles").assertion())
    assert "RoleSessionName" not in xml(one("no-session-name").assertion())
    has(xml(one("dtd").assertion()), "<!DOCTYPE")
    has(one("base64").assertion(), "!")
    assert not xml(one("malformed-xml").assertion()).endswith("Response>")
    assert xml(one("not-response").assertion()).startswith("<Assertion")
    eq(xml(one("two-assertions").assertion()).count("<Assertion "), 2)
    text = xml(one("encrypted").assertion())
    has(text, "<EncryptedAssertion")
    assert "MyAdminRole" not in text
    eq(one("foreign-acs").page.form("hiddenform")["action"],
       "https://evil.example.net/saml")
    clean()


@test
def chooser_page():
    a = login()
    sim.do(do="alias", account="012345678901", name="prod-account")
    b = browser()
    b.headers = dict(b.headers, **{"Accept-Language": "en"})
    r = b.send("POST", "/saml", {"SAMLResponse": a, "RelayState": ""})
    has(r.text, "Account: prod-account (012345678901)")
    has(r.text, "Account: 0123456789<")
    has(r.text, 'value="%s"' % ADMIN)
    eq(len(re.findall('name="roleIndex"', r.text)), 3)
    eq(r.page.form("saml_form")["action"], "/saml")
    has(b.send("POST", "/saml", {"SAMLResponse": "AAAA"}).text,
        "invalid SAML response")
    sim.do(do="user", name=USER, drop_roles=True,
           roles=[ADMIN + "," + PROVIDER])
    eq(b.send("POST", "/saml", {"SAMLResponse": login()}).status, 302)
    clean()


# ---- STS ------------------------------------------------------------------

@test
def assume_role_with_saml():
    a = login()
    k = with_saml(a)
    assert k["AccessKeyId"].startswith("ASIA")
    left = k["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 3500 < left.total_seconds() <= 3601
    with_saml(a, COMMA)
    with_saml(a, SHORT, SHORT_PROVIDER, DurationSeconds=900)
    me = sts(k).get_caller_identity()
    eq(me["Arn"], "arn:aws:sts::012345678901:assumed-role/MyAdminRole/jane")
    eq(me["Account"], "012345678901")
    eq(sim.count("assertions"), 1)
    eq(sim.count("assume_role_with_saml"), 3)
    eq(sim.count("roles", ADMIN, "assume_role_with_saml_good"), 1)
    eq(sim.count("keys_issued"), 3)
    clean()


@test
def assume_role_with_saml_refusals():
    a = login()
    refused("AccessDenied", with_saml, a, ADMIN.lower(), status=403)
    refused("AccessDenied", with_saml, a, ADMIN, SHORT_PROVIDER, status=403)
    refused("InvalidIdentityToken", with_saml, a, ADMIN, PROVIDER + "x")
    has(refused("ValidationError", with_saml, a, DurationSeconds=3601),
        "MaxSessionDuration")
    refused("MalformedPolicyDocument", with_saml, a, Policy="{")
    with_saml(a, Policy='{"Version":"2012-10-17","Statement":[]}',
              PolicyArns=[{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}])
    sim.do(do="role", arn=ADMIN, max_duration=7200)
    with_saml(a, DurationSeconds=7200)
    clean()
    changed = base64.b64encode(xml(a).replace("jane", "joan").encode())
    refused("InvalidIdentityToken", with_saml, changed.decode())
    has(sim.count("violation_texts")[0], "never issued")


@test
def assertion_must_be_redeemed_soon():
    sim.set(assertion_life=1)
    a = login()
    time.sleep(1.1)
    has(refused("ExpiredTokenException", with_saml, a), "5 minutes")
    clean()


@test
def faulty_assertions_at_sts():
    for kind, code in (("expired", "ExpiredTokenException"),
                       ("audience", "InvalidIdentityToken"),
                       ("signature", "InvalidIdentityToken"),
                       ("no-session-name", "InvalidIdentityToken"),
                       ("no-roles", "AccessDenied")):
        sim.fault("saml", kind=kind)
        refused(code, with_saml, login())
    sim.fault("saml", kind="encrypted")
    with_saml(login())
    clean()


@test
def session_ends_with_the_assertion():
    sim.set(session_until=1000)
    k = with_saml(login())
    left = k["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert left.total_seconds() <= 1000


@test
def raw_parameters_are_checked():
    def raw(body, **headers):
        h = {"Content-Type":
             "application/x-www-form-urlencoded; charset=utf-8"}
        h.update(headers)
        return browser().send("POST", "/", body, h)
    base = "Action=AssumeRoleWithSAML&Version=2011-06-15&RoleArn=%s&" \
        "PrincipalArn=%s&SAMLAssertion=" % (ADMIN, PROVIDER)
    for body, text in ((base + "AAAA&X=1", "unknown parameter"),
                       (base + "AAAA&RoleArn=" + ADMIN, "twice"),
                       (base + "AAAA&DurationSeconds=899", "900"),
                       (base + "A", "SAMLAssertion"),
                       (base + "A" * 100004, "SAMLAssertion"),
                       ("Action=Nope&Version=2011-06-15", "InvalidAction"),
                       ("Action=AssumeRoleWithSAML&Version=2011-06-15",
                        "must not be null")):
        sim.do(do="reset")
        r = raw(body)
        eq(r.status, 400)
        has(r.text, text)
        has(r.text, "<RequestId>")
        assert r.headers["Date"]
        eq(sim.count("violations"), 1)
    sim.do(do="reset")
    raw(base + "AAAA", Authorization="x", Cookie="MSISAuth=1")
    eq(len(sim.count("violation_texts")), 3)
    eq(raw(base, **{"Content-Type": "text/plain"}).status, 400)


@test
def chaining():
    k = with_saml(login())
    c = sts(k)
    r = c.assume_role(RoleArn=DEPLOY, RoleSessionName="botocore-session-1",
                      Tags=[{"Key": "a", "Value": "b c+d"}],
                      TransitiveTagKeys=["a"], ExternalId="x:/y")
    has(r["AssumedRoleUser"]["Arn"], "assumed-role/WebDeploy/botocore")
    has(sts(r["Credentials"]).get_caller_identity()["Arn"], "::7654321:")
    has(refused("ValidationError", c.assume_role, RoleArn=DEPLOY,
                RoleSessionName="ab", DurationSeconds=3601), "1 hour")
    has(refused("AccessDenied", c.assume_role, RoleArn=COMMA,
                RoleSessionName="ab", status=403), "not authorized")
    sim.ctl("role", "set", DEPLOY, "--external-id", "secret")
    refused("AccessDenied", c.assume_role, RoleArn=DEPLOY,
            RoleSessionName="ab")
    c.assume_role(RoleArn=DEPLOY, RoleSessionName="ab", ExternalId="secret")
    for trust in ("*", "012345678901", "arn:aws:iam::012345678901:root"):
        sim.ctl("role", "set", DEPLOY, "--drop-trust", "--trust", trust)
        c.assume_role(RoleArn=DEPLOY, RoleSessionName="ab",
                      ExternalId="secret")
    clean()


@test
def bad_signatures():
    k = with_saml(login())
    for change, code in (({"SecretAccessKey": "y" * 40},
                          "SignatureDoesNotMatch"),
                         ({"AccessKeyId": "ASIAAAAAAAAAAAAAAAAA"},
                          "InvalidClientTokenId"),
                         ({"SessionToken": "bad"}, "InvalidClientTokenId"),
                         ({"SessionToken": None}, "InvalidClientTokenId")):
        refused(code, sts(dict(k, **change)).get_caller_identity, status=403)
    clean()

    def raw(date=None, service="sts", tamper=False):
        import botocore.auth
        import botocore.awsrequest
        import botocore.credentials
        body = "Action=GetCallerIdentity&Version=2011-06-15"
        q = botocore.awsrequest.AWSRequest(
            "POST", "https://127.0.0.1:%d/" % sim.port(), data=body, headers={
                "Content-Type": "application/x-www-form-urlencoded"})
        cred = botocore.credentials.Credentials(
            k["AccessKeyId"], k["SecretAccessKey"], k["SessionToken"])
        real = botocore.auth.datetime
        if date:
            class Moved:
                class datetime(datetime.datetime):
                    @classmethod
                    def utcnow(cls):
                        return datetime.datetime.utcnow() + date
            botocore.auth.datetime = Moved
        try:
            botocore.auth.SigV4Auth(cred, service, "us-east-1").add_auth(q)
        finally:
            botocore.auth.datetime = real
        if tamper:
            body += "&X=1"
        return browser(host="127.0.0.1").send("POST", "/", body,
                                              dict(q.headers.items()))
    eq(raw().status, 200)
    minutes = datetime.timedelta(minutes=1)
    eq(raw(14 * minutes).status, 200)
    eq(raw(-14 * minutes).status, 200)
    has(raw(-16 * minutes).text, "Signature expired")
    has(raw(16 * minutes).text, "not yet current")
    has(raw(service="iam").text, "SignatureDoesNotMatch")
    r = browser().send("POST", "/", {"Action": "GetCallerIdentity",
                                     "Version": "2011-06-15"})
    eq(r.status, 403)
    has(r.text, "MissingAuthenticationToken")
    clean()
    eq(raw(tamper=True).status, 400)


@test
def keys_expire():
    sim.set(token_life=3)
    k = with_saml(login())
    left = k["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert left.total_seconds() <= 3
    sts(k).get_caller_identity()
    time.sleep(3.1)
    refused("ExpiredToken", sts(k).get_caller_identity, status=403)
    sim.set(token_life=0)
    k = with_saml(login())
    sts(k).get_caller_identity()
    sim.ctl("expire-keys")
    refused("ExpiredToken", sts(k).get_caller_identity)


@test
def aws_cli():
    if shutil.which("aws", path="/usr/bin") is None:
        return "the AWS CLI is not installed"
    k = with_saml(login())
    env = dict(os.environ, AWS_ACCESS_KEY_ID=k["AccessKeyId"],
               AWS_SECRET_ACCESS_KEY=k["SecretAccessKey"],
               AWS_SESSION_TOKEN=k["SessionToken"],
               AWS_DEFAULT_REGION="us-east-1",
               AWS_CA_BUNDLE=sim.dir + "/ca.pem")
    r = subprocess.run(["/usr/bin/aws", "sts", "get-caller-identity",
                        "--endpoint-url", "https://localhost:%d" %
                        sim.port()], env=env, capture_output=True, text=True)
    eq(r.returncode, 0)
    eq(json.loads(r.stdout)["Account"], "012345678901")
    clean()


# ---- faults ---------------------------------------------------------------

@test
def faults_at_adfs():
    b = browser()
    sim.fault(AD, status=503, retry_after=7)
    r = b.send("GET", ENTRY)
    eq((r.status, r.headers["Retry-After"]), (503, "7"))
    eq(b.send("GET", ENTRY).status, 200)
    for kind, part in (("unknown", "Acceptable use"),
                       ("mfa-page", "AzureMfaAuthentication"),
                       ("foreign-action", "https://evil.example.net/adfs"),
                       ("error-page", "Activity ID")):
        sim.fault(AD, kind=kind)
        has(b.send("GET", ENTRY).text, part)
    sim.fault(AD, kind="foreign-redirect")
    has(b.send("GET", ENTRY).headers["Location"], "evil.example.net")
    sim.fault(AD, kind="malformed")
    assert b.send("GET", ENTRY).page.form("loginForm") is None
    sim.fault(AD, kind="wia")
    eq(b.send("GET", ENTRY).status, 401)
    sim.fault(AD, kind="empty")
    eq(b.send("GET", ENTRY).body, b"")
    sim.fault(AD, kind="garbage")
    has(b.send("GET", ENTRY).body, b"\x89\x00\xff")
    sim.fault(AD, kind="huge")
    assert len(b.send("GET", ENTRY).body) > 3000000
    sim.fault(AD, kind="content-type")
    eq(b.send("GET", ENTRY).headers["Content-Type"],
       "application/octet-stream")
    for kind in ("close", "truncated"):
        sim.fault(AD, kind=kind)
        try:
            b.send("GET", ENTRY)
            raise AssertionError(kind)
        except (http.client.RemoteDisconnected, http.client.IncompleteRead):
            pass
    sim.fault(AD, delay=300)
    start = time.monotonic()
    eq(b.send("GET", ENTRY).status, 200)
    assert 0.3 <= time.monotonic() - start < 3
    clean()


@test
def faults_at_the_password_post():
    for fault in ({"kind": "close"}, {"status": 500}):
        sim.fault(POST, **fault)
        try:
            browser().login(USER, PASSWORD)
        except http.client.RemoteDisconnected:
            pass
    eq(sim.count("password_posts"), 2)
    eq(sim.count("sign_ins"), 0)
    sim.fault(POST, kind="wrong-password")
    has(browser().login(USER, PASSWORD).error(), "Incorrect user ID")
    sim.fault(POST, kind="password-expired")
    has(browser().login(USER, PASSWORD).error(), "expired")
    clean()


@test
def autopost_page_in_between():
    for place in (AD, POST):
        sim.do(do="expire-sso")
        sim.fault(place, kind="autopost")
        b = browser()
        page = b.send("GET", ENTRY)
        if place == AD:
            eq(sorted(n for n, _ in page.page.forms[0]["fields"]),
               ["RelayData", "SimStep"])
            page = b.fill(page, "interstitial")
        r = b.fill(page, "loginForm", UserName=USER, Password=PASSWORD)
        if place == POST:
            r = b.fill(r, "interstitial")
        assert r.assertion(), place
    clean()


@test
def faults_at_sts():
    a = login()
    codes = {"AccessDenied": 403, "Throttling": 400, "ExpiredToken": 403,
             "PackedPolicyTooLarge": 400, "RegionDisabledException": 403,
             "ServiceUnavailable": 503, "InternalFailure": 500,
             "IDPRejectedClaim": 403, "SlowDown": 503}
    for code, status in codes.items():
        sim.ctl("fault", "add", "sts", "--code", code, "--role", ADMIN)
        with_saml(a, COMMA)
        refused(code, with_saml, a, status=status)
        with_saml(a)
    sim.fault(COMMA, code="AccessDenied", count=2)
    refused("AccessDenied", with_saml, a, COMMA)
    with_saml(a)
    refused("AccessDenied", with_saml, a, COMMA)
    with_saml(a, COMMA)
    sim.fault("sts", kind="missing-fields")
    assert "SecretAccessKey" not in with_saml(a)
    sim.fault("sts", kind="malformed")
    try:
        with_saml(a)
        raise AssertionError("malformed")
    except botocore.parsers.ResponseParserError:
        pass
    sim.fault("sts", status=429, retry_after=3)
    r = browser().send("POST", "/", {"Action": "x"})
    eq((r.status, r.headers["Retry-After"]), (429, "3"))
    clean()


@test
def faults_are_listed_and_cleared():
    sim.ctl("fault", "add", "sts", "--delay", "5", "--count", "-1")
    sim.ctl("fault", "add", AD, "--kind", "unknown", "--count", "2")
    listed = json.loads(sim.ctl("fault", "list").stdout)["faults"]
    eq([(f["place"], f["left"]) for f in listed], [("sts", -1), (AD, 2)])
    sim.ctl("fault", "clear", str(listed[0]["id"]))
    eq(len(json.loads(sim.ctl("fault", "list").stdout)["faults"]), 1)
    sim.ctl("fault", "clear")
    for args in (("fault", "add", "nowhere", "--kind", "close"),
                 ("fault", "add", "sts", "--kind", "autopost"),
                 ("fault", "add", "sts", "--kind", "what"),
                 ("set", "flavour", "2003"), ("set", "what", "1"),
                 ("user", "add", "x", "--role", "nonsense")):
        assert sim.ctl(*args, check=False).returncode == 1, args


# ---- the server -----------------------------------------------------------

@test
def other_ports():
    def reason(name):
        try:
            Browser(sim.dir, port=sim.port(name)).send("GET", ENTRY)
        except ssl.SSLCertVerificationError as e:
            return e.verify_message
        return "no failure"
    has(reason("badtls-port"), "self-signed")
    has(reason("badname-port"), "not valid for 'localhost'")
    has(reason("expired-port"), "expired")
    for _ in range(100):    # the server hears of it after the client
        if sim.count("tls_failures") == 3:
            break
        time.sleep(0.05)
    eq(sim.count("tls_failures"), 3)
    r = browser(tls=False, host="127.0.0.1").send("GET", ENTRY)
    eq(r.status, 200)
    clean()
    b = browser(tls=False, host="127.0.0.1")
    b.send("GET", ENTRY)
    b.send("GET", ENTRY)
    has(sim.count("violation_texts")[0], "without TLS")


@test
def keep_alive_and_parallel_connections():
    b = browser()
    for _ in range(3):
        b.send("GET", ENTRY)
    eq(sim.count("connections"), 1)
    sim.fault(AD, delay=400, count=8)
    many = [browser() for _ in range(8)]
    start = time.monotonic()
    for m in many:
        m._connection().request("GET", ENTRY, headers=m.headers)
    for m in many:
        eq(m.conn.getresponse().status, 200)
    assert time.monotonic() - start < 2.5
    clean()


@test
def garbage_on_the_sockets():
    for data in (b"\x00\xff\n", b"[1]\n", b"{\n", b"{\"do\": 7}\n"):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(10)
        s.connect(sim.dir + "/admin.sock")
        s.sendall(data)
        eq(json.loads(s.makefile().readline())["ok"], False)
        s.close()
    for data in (b"GET\r\n\r\n", b"\r\n\r\n", b"GET / FTP/1.0\r\n\r\n",
                 b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                 b"POST / HTTP/1.1\r\n a: b\r\n\r\n"):
        s = socket.create_connection(("127.0.0.1", sim.port("plain-port")),
                                     10)
        s.sendall(data)
        has(s.recv(100), b" 400 ")
        s.close()


@test
def no_secret_in_the_log():
    login()
    with open(sim.dir + "/log") as f:
        text = f.read()
    assert "p\u00e4ss" not in text and "SAMLResponse" not in text


def finish():
    """SIGTERM: a clean end, and no socket left."""
    b = browser()
    b.send("GET", ENTRY)
    sim.fault(AD, delay=60000)
    late = browser()
    late._connection().request("GET", ENTRY)
    time.sleep(0.2)
    sim.proc.send_signal(signal.SIGTERM)
    try:
        eq(sim.proc.wait(20), 0)
        for name in ("ready", "pid", "admin.sock"):
            assert not os.path.exists(os.path.join(sim.dir, name)), name
    finally:
        if sim.proc.poll() is None:
            sim.proc.kill()
        shutil.rmtree(sim.dir)


def main():
    global sim
    bad = 0
    for part in (selftest_mfa, selftest_pages):
        tests.extend(part.tests(sys.modules[__name__]))
    if boto3 is None:
        print("1..0 # SKIP python3-boto3 is not installed")
        return 0
    sim = Sim()
    only = sys.argv[1:]
    run = [t for t in tests if not only or t.__name__ in only] + [finish]
    print("1..%d" % len(run))
    for i, t in enumerate(run, 1):
        name = t.__name__.replace("_", " ")
        try:
            if t is not finish:
                sim.fresh()
            began = time.monotonic()
            skip = t()
            if "-v" in os.environ.get("SELFTEST", ""):
                print("# %.2f s" % (time.monotonic() - began))
            print("ok %d - %s%s" % (i, name, " # SKIP " + skip
                                    if skip else ""))
        except Exception as e:  # pylint: disable=broad-except
            bad += 1
            line = e.__traceback__
            while line.tb_next is not None and \
                    line.tb_next.tb_frame.f_code.co_filename == __file__:
                line = line.tb_next
            print("not ok %d - %s" % (i, name))
            print("# line %d: %s: %s" % (line.tb_lineno, type(e).__name__,
                                         str(e)[:600].replace("\n", " ")))
        sys.stdout.flush()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
