# SPDX-License-Identifier: Apache-2.0
"""The second factors of the simulator, each with right, wrong and denied."""
import hashlib
import hmac
import struct
import threading
import time

PRODUCTS = {  # AuthMethod: form, field
    "SecurIDAuthentication": ("passcodeForm", "Passcode"),
    "SafeNet-MFA": ("safenetForm", "SAFENET_PASSWORD"),
    "Defender AD FS Adapter": ("loginForm", "ChallengeQuestionAnswer"),
    "VIPAuthenticationProviderUPN": ("loginForm", "security_code"),
    "VIPAuthenticationProviderWindowsAccountName":
        ("loginForm", "security_code"),
    "freeADFSOtp": ("otpForm", "otpCode"),
    "Site Made Name": ("loginForm", "ChallengeQuestionAnswer"),
    "AzureMfaAuthentication": ("loginForm", "VerificationCode"),
    "WindowsAzureMultiFactorAuthentication": ("loginForm", "VerificationCode"),
    "privacyIDEAADFSProvider": ("loginForm", "otp"),
    "MultiFactorAuthenticationProvider": ("IdentificationForm", "totp"),
    "Example-OneInput": ("contosoForm", "Answer0"),
}
CODE = "654321"


def tests(main):  # pylint: disable=too-many-statements
    """The test functions; main is selftest.py, with its helpers."""
    eq, has, clean = main.eq, main.has, main.clean
    user, password = main.USER, main.PASSWORD

    def want(adapter, **factor):
        main.sim.do(do="user", name=user, mfa=adapter, **factor)

    def start(adapter, **factor):
        """A browser at the first page of a second factor."""
        want(adapter, **factor)
        b = main.browser()
        r = b.login(user, password)
        eq(r.assertion(), None)
        return b, r

    def refused(r, text):
        assert r.assertion() is None
        has(r.page.texts.get("errorMessage", ""), text)

    def totp(step):
        mac = hmac.new(b"12345678901234567890", struct.pack(">Q", step),
                       hashlib.sha1).digest()
        at = mac[-1] & 15
        value = struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff
        return "%06d" % (value % 1000000)

    def codes_right_and_wrong():
        for adapter, (form, field) in PRODUCTS.items():
            b, r = start(adapter, code=CODE, mode="code")
            has(r.text, 'value="%s"' % adapter)
            assert r.page.form("options") is not None
            first = r.page.ids["context"]["value"]
            r = b.fill(r, form, **{field: "000000"})
            where = r.error() or r.page.texts.get("pageIntroductionText")
            assert where and r.assertion() is None, adapter
            assert r.page.ids["context"]["value"] != first
            r = b.fill(r, form, **{field: CODE})
            assert r.assertion() is not None, adapter + r.text
            assert b.follow("GET", main.ENTRY).assertion() is not None
            b.close()
            main.sim.do(do="expire-sso")
        eq(main.sim.count("codes_rejected"), len(PRODUCTS))
        eq(main.sim.count("mfa_passed"), len(PRODUCTS))
        clean()

    def codes_too_often():
        main.sim.set(mfa_tries=3)
        b, r = start("SafeNet-MFA", code=CODE)
        for code in "111111", "222222":
            r = b.fill(r, "safenetForm", SAFENET_PASSWORD=code)
            assert r.error()
        r = b.fill(r, "safenetForm", SAFENET_PASSWORD="333333")
        refused(r, "locked")
        r = b.follow("GET", main.ENTRY)
        refused(b.fill(r, "safenetForm", SAFENET_PASSWORD=CODE), "locked")
        eq(main.sim.count("mfa_lockouts"), 1)
        clean()

    def codes_of_rfc_6238():
        secret = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
        b, r = start("freeADFSOtp", totp=secret)
        step = int(time.time()) // 30
        assert b.fill(r, "otpForm", otpCode=totp(step - 4)).error()
        b, r = start("freeADFSOtp")
        code = totp(int(time.time()) // 30)
        assert b.fill(r, "otpForm", otpCode=code).assertion()
        b, r = start("freeADFSOtp")  # the same one again
        if code == totp(int(time.time()) // 30):
            assert b.fill(r, "otpForm", otpCode=code).error()
        clean()
        eq(main.sim.ctl("user", "set", user, "--totp", "!!!",
                        check=False).returncode, 1)

    def codes_of_rsa():
        b, r = start("SecurIDAuthentication", code=CODE, next_code="777777")
        r = b.fill(r, "passcodeForm", Passcode=CODE)
        assert b.fill(r, "nextCodeForm", NextCode="777777").assertion()
        b, r = start("SecurIDv2Authentication", mode="code")
        r = b.fill(r, "initForm", press=False, rsa_risk_fp="x")
        assert b.fill(r, "passcodeForm", Passcode="1111").error()
        b, r = start("SecurIDv2Authentication", next_code="")
        r = b.fill(r, "initForm", press=False)
        assert b.fill(r, "passcodeForm", Passcode=CODE).assertion()
        b, r = start("SecurIDv2Authentication", mode="push", answer="ask")
        r = b.fill(r, "initForm", press=False)
        eq(r.page.ids["authStatus"]["value"], "VERIFICATION_PENDING:1")
        r = b.fill(r, "passcodeForm", press=False)
        main.sim.ctl("push", "deny", user)
        r = b.fill(r, "passcodeForm", press=False)
        eq(r.page.ids["authStatus"]["value"], "VERIFICATION_FAILED")
        clean()

    def push_of_azure():
        main.sim.set(mfa_numbers="17,42")
        b, r = start("AzureMfaAuthentication", answer="ask")
        eq(r.page.texts["validEntropyNumber"], "17")
        r = b.fill(r, "loginForm")
        eq(r.page.texts["validEntropyNumber"], "42")
        has(main.sim.ctl("push", "list").stdout, '"number": "42"')
        main.sim.ctl("push", "approve", user, "--number", "42")
        assert b.fill(r, "loginForm").assertion()
        b, r = start("AzureMfaAuthentication")
        main.sim.ctl("push", "approve", user, "--number", "99")
        r = b.fill(r, "loginForm")
        has(r.error(), "denied")
        r = b.fill(r, "loginForm", __EVENTTARGET="verificationOption2")
        assert b.fill(r, "loginForm", VerificationCode="123456").assertion()
        eq(main.sim.count("pushes"), 2)
        clean()

    def push_that_nobody_answers():
        main.sim.set(push_seconds=1, mfa_numbers="none")
        b, r = start("AzureMfaAuthentication", answer="timeout")
        assert "validEntropyNumber" not in r.page.ids
        s, t = start("SymantecVipAdapter")
        t = s.fill(t, "loginForm")
        time.sleep(1.1)
        has(b.fill(r, "loginForm").error(), "in time")
        t = s.fill(t, "loginForm")
        assert s.fill(t, "loginForm", SecurityCode="000000").error()
        clean()

    def push_of_others():
        for adapter, form, more in (
                ("SymantecVipAdapter", "loginForm", 1),
                ("privacyIDEAADFSProvider", "loginForm", 0),
                ("MultiFactorAuthenticationProvider", "refreshForm", 0),
                ("Example-Timer", "contosoForm", 0),
                ("Example-Button", "contosoForm", 1)):
            for answer in "approve", "deny":
                b, r = start(adapter, mode="push", answer=answer)
                for _ in range(more + 1):
                    r = b.fill(r, form)
                if answer == "approve":
                    assert r.assertion(), adapter
                else:
                    refused(r, "failed")
                main.sim.do(do="expire-sso")
        b, r = start("Example-Refresh", answer="wait-1")
        has(r.text, 'http-equiv="refresh"')
        has(b.follow("GET", main.ENTRY).text, "refresh")
        time.sleep(1.1)
        assert b.follow("GET", main.ENTRY).assertion()
        eq(main.sim.count("factors", user, "pushes"), 11)
        clean()

    def posts_that_hang():
        b, r = start("AzureMfaServerAuthentication", answer="ask",
                     mode="choose")
        r = b.fill(r, "loginForm", __EVENTTARGET="verificationOption0")
        answers = []
        t = threading.Thread(target=lambda: answers.append(
            b.fill(r, "loginForm")))
        t.start()
        while main.sim.count("pushes") == 0:
            time.sleep(0.01)
        main.sim.ctl("push", "deny", user)
        t.join()
        has(answers[0].error(), "denied")
        want("AzureMfaServerAuthentication", answer="approve")
        assert b.fill(answers[0], "loginForm").assertion()
        for answer in "approve", "deny", "timeout":
            main.sim.set(push_seconds=1)
            b, r = start("SilverfortAdfs", answer=answer)
            r = b.fill(r, "loginForm")
            if answer == "approve":
                assert r.assertion()
            else:
                refused(r, "Not authorized" if answer == "deny" else "expired")
        clean()

    def code_before_the_password():
        main.sim.set(mfa="AzurePrimaryAuthentication")
        b = main.browser()
        r = b.follow("GET", main.ENTRY)
        assert b.fill(r, "loginForm", UserName=user, OathCode="1").error()
        r = b.follow("GET", main.ENTRY)
        r = b.fill(r, "loginForm", UserName=user, OathCode="123456")
        assert "userNameInput" not in r.page.ids
        r = b.fill(r, "loginForm", Password="wrong")
        assert r.error()
        assert b.fill(r, "loginForm", Password=password).assertion()
        clean()

    def unknown_adapters():
        b, r = start("Example-Several", code=CODE, pin="9876")
        r = b.fill(r, "contosoForm", PinField="1", CodeField="2")
        assert r.error()
        assert b.fill(r, "contosoForm", PinField="9876", CodeField=CODE,
                      TrustDevice="true").assertion()
        for adapter in "Example-Select", "Example-Radio":
            b, r = start(adapter)
            r = b.fill(r, "contosoForm", Device="tok2")
            r = b.fill(r, "contosoForm", TokenCode="000000")
            assert r.error()
            assert b.fill(r, "contosoForm", TokenCode=CODE).assertion()
        clean()

    def method_choice():
        for flavour in "2019", "paginated":
            main.sim.set(flavour=flavour,
                         mfa_methods="SafeNet-MFA, Defender AD FS Adapter")
            b, r = start("SafeNet-MFA", code=CODE)
            has(r.text, 'id="Defender AD FS Adapter"')
            eq(r.page.form("loginForm"), None)
            r = b.fill(r, "options", AuthMethod="Defender AD FS Adapter")
            r = b.fill(r, "options", AuthMethod="SafeNet-MFA")
            assert b.fill(
                r, "safenetForm", SAFENET_PASSWORD=CODE).assertion()
        clean()

    def not_registered():
        _, r = start("AzureMfaAuthentication", unregistered=True)
        refused(r, "not available for 'jane@corp.example.com'")
        clean()

    def second_factor_violations():
        def seen(part):
            texts = main.sim.count("violation_texts")
            assert len(texts) == 1 and part in texts[0], texts
            main.sim.do(do="reset")
        b, r = start("SafeNet-MFA", code=CODE)
        b.fill(r, "safenetForm", SAFENET_PASSWORD="1")
        b.fill(r, "safenetForm", SAFENET_PASSWORD="2")
        seen("stale")
        b, r = start("SafeNet-MFA")
        r = b.fill(r, "safenetForm", SAFENET_PASSWORD="1")
        b.fill(r, "safenetForm", SAFENET_PASSWORD="1")
        seen("again")
        b, r = start("SafeNet-MFA")
        b.fill(r, "safenetForm", SAFENET_PASSWORD=CODE, State="x")
        seen("unknown field State")
        b, r = start("SafeNet-MFA")
        b.fill(r, "safenetForm", AuthMethod="FormsAuthentication")
        seen("not of this page")
        b, r = start("SecurIDAuthentication")
        b.fill(r, "passcodeForm", press=False, Passcode=CODE)
        seen("button")
        b, r = start("SecurIDAuthentication")
        b.jar.clear()
        b.fill(r, "passcodeForm", Passcode=CODE)
        seen("without MSISAuth")
        b, r = start("SymantecVipAdapter", mode="push", answer="ask")
        b.fill(r, "loginForm", EnterpriseId="other")
        seen("EnterpriseId")
        b, r = start("AzureMfaAuthentication")
        r = b.fill(r, "loginForm", __EVENTTARGET="verificationOption0")
        seen("another push")
        want("SafeNet-MFA")
        b, r = start("SafeNet-MFA")
        form = r.page.form("safenetForm")
        b.send("POST", r.url, form["fields"] + form["fields"][:1])
        seen("posted twice")

    return [codes_right_and_wrong, codes_too_often, codes_of_rfc_6238,
            codes_of_rsa, push_of_azure, push_that_nobody_answers,
            push_of_others, posts_that_hang, code_before_the_password,
            unknown_adapters, method_choice, not_registered,
            second_factor_violations]
