#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The worker at the pages of second factors: one small AD FS for each case.

A case is a generator: it yields pages and is sent the fields of the post that
answers each.  The server is strict, as AD FS is: the newest Context, once, the
AuthMethod of the page, one value for each field.
"""
import concurrent.futures
import html
import http.server
import os
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_agent import Agent, Tap, job  # noqa: E402
import importlib  # noqa: E402
base = importlib.import_module('worker')

DONE = object()
ERROR = object()
SELECT = '''<script>function SelectOption(o) {
document.getElementById('optionSelection').value = o;
document.forms['options'].submit(); return false; }</script>'''
SCRIPT = '''<script>setTimeout(function () {
document.forms['loginForm'].submit(); }, 1000);</script>'''


class Page:
    """An adapter's fragment in AD FS's frame."""

    def __init__(self, method, body='', before='', error='', form='loginForm',
                 delay=0, action='', attrs=''):
        self.method, self.body, self.before = method, body, before
        self.error, self.form, self.delay = error, form, delay
        self.action, self.attrs = action, attrs

    def text(self, context, action):
        mine = f' action="{html.escape(self.action)}"' if self.action else ''
        return f'''<html><head><title>Second</title></head><body>
<div id="noScript">JavaScript required</div><div id="authArea">
<div id="mfaGreeting">Welcome CORP\\jane</div>{self.before}
<form method="post" id="{self.form}" autocomplete="off"{mine}{self.attrs}>
<input id="authMethod" type="hidden" name="AuthMethod"
 value="{html.escape(self.method)}"/>
<input id="context" type="hidden" name="Context" value="{context}"/>
<label id="errorText" for="">{html.escape(self.error)}</label>
{self.body}</form><div id="authOptions"><form id="options" method="post"
 action="{action}">{SELECT}<input id="optionSelection" type="hidden"
 name="AuthMethod"/><input type="hidden" name="UserName" value=""/></form>
</div></div></body></html>'''


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, case):
        super().__init__(('127.0.0.1', 0), Handler)
        self.host = f'127.0.0.1:{self.server_port}'
        self.case, self.page, self.context = case, None, 0
        self.wrong, self.posts, self.over = [], [], False
        self.trouble = []   # of posts to come: None is none, 0 a cut, a status
        self.connections = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def render(self):
        if self.page is DONE:
            return base.WORKING.format(saml=base.saml([base.ROLE]))
        if self.page is ERROR:
            return base.ERROR.format(detail='Authentication attempt failed')
        if isinstance(self.page, str):
            return self.page.replace('@CONTEXT@', self.context_text())
        return self.page.text(
            self.context_text(), f'http://{self.host}/adfs/ls/?options=1')

    def context_text(self):
        return f'c{self.context}&lt;'

    def take(self, fields):
        seen = {}
        for name, value in fields:
            if name in seen:
                self.wrong.append(f'{name} twice')
            seen[name] = value
        if 'SAMLRequest' not in seen and 'Password' not in seen:
            if seen.get('Context') != f'c{self.context}<':
                self.wrong.append(f'Context {seen.get("Context")}')
            if isinstance(self.page, Page) and \
                    seen.get('AuthMethod') != self.page.method:
                self.wrong.append(f'AuthMethod {seen.get("AuthMethod")}')
        self.posts.append(seen)
        delay = getattr(self.page, 'delay', 0)
        if delay:
            time.sleep(delay)
        self.context += 1
        try:
            self.page = self.case.send(seen)
        except StopIteration:
            self.wrong.append('a post too many')
            self.page = ERROR


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def setup(self):
        super().setup()
        self.server.connections += 1

    def reply(self):
        data = self.server.render().encode()
        self.send_response(200)
        self.send_header('Content-Type', 'text/html; charset=utf-8')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.server.page is None:
            self.server.page = next(self.server.case)
        self.reply()

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length'])).decode()
        trouble = self.server.trouble
        status = trouble.pop(0) if trouble else None
        if status == 0:
            self.close_connection = True
            return
        if status is not None:
            self.send_error(status)
            return
        try:
            self.server.take(urllib.parse.parse_qsl(
                body, keep_blank_values=True))
            self.reply()
        except BrokenPipeError:
            pass


class Person(Agent):
    """answers: {question name: [values]}; a missing one is refused."""

    def __init__(self, job_object, answers, on_message=None):
        self.lists = {k: list(v) for k, v in answers.items()}
        super().__init__(job_object, on_message=on_message)

    def reply(self, m):
        if m['type'] == 'ask' and m['name'] in self.lists:
            left = self.lists[m['name']]
            if not left:
                self.refuse(m, 'needs-user', 'No more answers.')
            else:
                self.send({'type': 'answer', 'id': m['id'],
                           'value': left.pop(0)})
        elif m['type'] == 'ask' and m['name'] not in ('user', 'password'):
            self.refuse(m, 'config', 'No such answer.')
        else:
            super().reply(m)


class Run:
    def __init__(self, case, answers=None, **more):
        hook = more.pop('on_message', None)
        self.server = Server(case)
        self.server.trouble = more.pop('trouble', [])
        begun = time.time()
        self.agent = Person(job(f'http://{self.server.host}', **more),
                            answers or {},
                            hook).run()
        self.took = time.time() - begun
        self.posts = self.server.posts
        self.server.shutdown()
        self.server.server_close()

    def asked(self, name='code'):
        return [m['label'] for m in self.agent.of('ask') if m['name'] == name]

    def told(self, kind):
        return [m['text'] for m in self.agent.of('tell') if m['kind'] == kind]

    def pushes(self):
        return len([m for m in self.agent.of('tell') if m.get('push')])

    def good(self):
        return not self.server.wrong and not self.agent.fault() and \
            bool(self.agent.of('assertion'))

    def detail(self):
        return [self.server.wrong, self.posts, self.agent.messages]


CASES = []
WAITS = '<p id="instructions">Approve it</p><img id="Progress"/>'


def case(name):
    def note(function):
        CASES.append((name, function))
        return function
    return note


def field(name, kind='text', more=''):
    return f'<input id="{name}Input" name="{name}" type="{kind}" {more}/>'


# ---- codes -------------------------------------------------------------------

ROWS = [
    ('AzurePrimaryAuthentication', 'OathCode', 'text'),
    ('SecurIDAuthentication', 'Passcode', 'password'),
    ('SymantecVipAdapter', 'SecurityCode', 'text'),
    ('VIPAuthenticationProviderWindowsAccountName', 'security_code', 'text'),
    ('VIPAuthenticationProviderUPN', 'security_code', 'text'),
    ('SafeNet-MFA', 'SAFENET_PASSWORD', 'password'),
    ('Defender AD FS Adapter', 'ChallengeQuestionAnswer', 'text'),
    ('free-adfs-otp', 'otpCode', 'text'),
    ('MultiFactorAuthenticationProvider', 'totp', 'text'),
    ('AnybodysSample', 'ChallengeQuestionAnswer', 'text'),
    ('NeverSeenBefore', 'whatever', 'tel'),
]
GENERIC = ('AnybodysSample', 'NeverSeenBefore')


def code_row(method, name, kind):
    def pages():
        page = Page(method, field(name, kind, 'placeholder="Your code"') +
                    '<input type="hidden" name="kept" value="a b"/>'
                    '<input type="checkbox" name="Remember" value="1"/>'
                    '<input type="submit" name="Submit" value="Go"/>')
        post = yield page
        page.error = 'That code is wrong.'
        post2 = yield page
        if post[name] == '111111' and post2[name] == '123456' and \
                post['kept'] == 'a b' and post['Submit'] == 'Go' and \
                'Remember' not in post:
            yield DONE
        yield ERROR

    def check(ok):
        r = Run(pages(), {'code': ['111111', '123 456']})
        labels = r.asked()
        # Of an adapter that nobody knows it is said whose words they are.
        who = f'{r.server.host} asks: ' if method in GENERIC else ''
        ok(r.good() and len(labels) == 2 and labels[0] == who + 'Your code' and
           labels[1] == who + 'That code is wrong. Your code' and
           r.agent.of('ask')[0]['kind'] ==
           ('secret' if kind == 'password' else 'code') and
           r.agent.of('factor')[0]['method'] == method and
           r.pushes() == 0, f'{method}: a wrong code, a right one',
           r.detail())
    return check


for row in ROWS:
    CASES.append((row[0], code_row(*row)))


@case('three wrong codes')
def three(ok):
    def pages():
        page = Page('NeverSeenBefore', field('pin'))
        yield page
        page.error = 'Falsch.'
        for _ in range(5):
            yield page
    r = Run(pages(), {'code': ['1', '2', '3', '4', '5']})
    ok(len(r.posts) == 3 and r.agent.fault()['kind'] == 'rejected' and
       'Falsch.' in r.agent.fault()['text'] and '"4"' not in
       str(r.agent.messages), 'three wrong codes, no fourth', r.detail())


@case('the same field of a next page is not a wrong code')
def next_code(ok):
    def pages():
        post = yield Page('SecurIDAuthentication', field('Passcode'),
                          form='passcodeForm')
        post = yield Page('SecurIDAuthentication', 'Wait, then the next code'
                          + field('NextCode'))
        assert post['NextCode'] == '2222'
        yield DONE
    r = Run(pages(), {'code': ['1111', '2222']})
    ok(r.good() and 'the next code' in r.asked()[1],
       'SecurID: the next code', r.detail())


@case('unattended')
def unattended(ok):
    for page in [Page('AzureMfaAuthentication', '', '<p id="instructions">x'
                      '</p><img id="Progress"/>'),
                 Page('SecurIDAuthentication', field('Passcode')),
                 Page('AzureMfaServerAuthentication'),
                 Page('Unknown', field('x'))]:
        r = Run((p for p in [page, DONE]), {'code': ['1']}, attended=False)
        ok(not r.posts and r.agent.fault().get('kind') == 'needs-user' and
           r.agent.fault()['reason'] == 'second-factor' and
           not r.agent.of('ask') and r.pushes() == 0 and
           len(r.agent.of('factor')) == 1,
           f'unattended: nothing is posted at {page.method}', r.detail())


@case('code to a foreign host')
def foreign(ok):
    for action in ['http://127.0.0.1:1/steal', 'https://evil.example.com/x']:
        r = Run((p for p in [Page('SecurIDAuthentication', field('Passcode'),
                                  action=action), DONE]),
                {'code': ['1']}, allowedHosts=['evil.example.com'])
        ok(not r.posts and r.agent.fault().get('kind') == 'security',
           f'no code to {action}', r.detail())


@case('a renamed adapter')
def renamed(ok):
    def pages():
        post = yield Page('Contoso RSA', '<p>first leg</p>')
        assert post['InitStatus'] == 'true'
        post = yield Page('Contoso RSA', field('Passcode', 'password'))
        assert post['Passcode'] == '77'
        yield DONE
    r = Run(pages(), {'code': ['77']},
            mfaAdapters='Other=duo, contoso rsa = securid2')
    ok(r.good(), 'a renamed adapter, and SecurID 2 with its first leg',
       r.detail())


@case('codes that are made')
def totp(ok):
    secret = 'GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ'

    def pages(results):
        page = Page('Unknown', field('otp'))
        post = yield page
        results.append((post['otp'], time.time()))
        page.error = 'Wrong.'
        post = yield page
        results.append((post['otp'], time.time()))
        yield DONE
    seen = []
    r = Run(pages(seen), {'totp-secret': [secret], 'code': ['999999']},
            totp=True)
    good = {code(secret, t) for t in
            range(int(seen[0][1]) - 60, int(seen[0][1]) + 31, 30)}
    ok(r.good() and seen[0][0] in good and seen[1][0] == '999999' and
       r.asked() == ['Wrong. Code for the second factor at ' +
                     r.server.host] or r.good() and len(r.asked()) == 1 and
       seen[0][0] in good, 'a TOTP code; when refused a person is asked',
       r.detail())
    secret2 = 'otpauth://totp/x?period=5&digits=8&algorithm=sha256&secret=' + \
        secret.replace(' ', '')
    seen = []
    # At the start of a period, or the next one would begin by itself.
    time.sleep(5 - time.time() % 5)
    now = int(time.time())
    r = Run(pages(seen), {'totp-secret': [secret2], 'code': ['999999']},
            totp=True, totpUsed=now)
    ok(r.good() and len(seen[0][0]) == 8 and seen[0][1] // 5 > now // 5 and
       any('next one-time code' in t for t in r.told('wait')),
       'never the same code twice in a period', r.detail())
    seen = []
    r = Run(pages(seen), {'totp-secret': ['not a secret!'],
                          'code': ['1', '2']}, totp=True)
    ok(r.good() and len(r.asked()) == 2 and
       'base 32' in r.told('info')[0] and 'not a secret' not in
       str(r.agent.messages), 'no secret: a person is asked', r.detail())


def code(secret, when):
    import base64
    import hashlib
    import hmac
    key = base64.b32decode(secret.replace(' ', ''))
    mac = hmac.new(key, int(when // 30).to_bytes(8, 'big'),
                   hashlib.sha1).digest()
    at = mac[-1] & 15
    return '%06d' % ((int.from_bytes(mac[at:at + 4], 'big') & 0x7fffffff)
                     % 1000000)


# ---- approvals --------------------------------------------------------------

def azure(number='', error='', body='', progress=True, options=False):
    links = '<div id="linksDiv">' + ''.join(
        f'<a id="verificationOption{i}" href="#">{t}</a>' for i, t in
        enumerate(['The app', 'Call me', 'Text me'])) + '</div>'
    before = '<p id="instructions">We sent a notification.</p>'
    if number:
        before += f'<p id="validEntropyNumber">{number}</p>'
    if progress:
        before += '<img id="Progress" src="x"/>'
    return Page('AzureMfaAuthentication',
                '<input type="hidden" id="__EVENTTARGET" name="__EVENTTARGET"'
                ' value=""/>' + body + (links if options else ''),
                before, error)


@case('Azure: push with number matching')
def azure_push(ok):
    def pages():
        post = yield azure('42')
        assert post['__EVENTTARGET'] == '' and 'VerificationCode' not in post
        yield azure('42')
        yield azure('77')
        yield DONE
    r = Run(pages())
    ok(r.good() and r.told('number-to-show') == ['42', '77'] and
       r.told('wait') == ['We sent a notification.'] and r.pushes() == 1 and
       r.agent.of('tell')[0]['seconds'] == 120 and r.took > 4,
       'Azure: a push, numbers shown when they change', r.detail())


@case('Azure: denied')
def azure_denied(ok):
    def pages():
        yield azure()
        yield azure(error="We didn't hear from you.", progress=False)
        yield DONE
    r = Run(pages())
    ok(len(r.posts) == 1 and r.agent.fault()['kind'] == 'denied' and
       "didn't hear" in r.agent.fault()['text'] and
       'mfasetup' in r.agent.fault()['next'], 'Azure: denied', r.detail())


@case('Azure: another way')
def azure_ways(ok):
    def pages():
        yield azure()
        post = yield azure(error='Denied.', progress=False, options=True)
        assert post['__EVENTTARGET'] == 'verificationOption2'
        page = azure(progress=False, body=field(
            'VerificationCode', 'text', 'placeholder="Enter code"') +
            '<input type="submit" id="signInButton" name="SignIn" '
            'value="Sign in"/>')
        page.body = page.body.replace('VerificationCodeInput',
                                      'verificationCodeInput')
        post = yield page
        assert post['VerificationCode'] == '000000' and post['SignIn']
        page.error = 'Wrong code.'
        post = yield page
        assert post['VerificationCode'] == '123456'
        yield DONE
    r = Run(pages(), {'method': ['verificationOption2'],
                      'code': ['000000', '123456']})
    q = [m for m in r.agent.of('ask') if m['name'] == 'method']
    ok(r.good() and len(q) == 1 and q[0]['kind'] == 'choice' and
       q[0]['label'].startswith('Denied.') and
       q[0]['choices'][1] == {'value': 'verificationOption1',
                              'label': 'Call me'} and
       r.asked() == ['Enter code', 'Wrong code. Enter code'] and
       r.pushes() == 2, 'Azure: another way is chosen, a code sent',
       r.detail())


@case('Azure: a preferred way')
def azure_preferred(ok):
    def pages():
        post = yield azure(options=True)
        assert post['__EVENTTARGET'] == 'verificationOption1'
        yield azure(options=True)
        yield DONE
    r = Run(pages(), mfaMethod='AzureMfaAuthentication, call')
    ok(r.good(), 'Azure: awsfed.mfa_method = call', r.detail())


@case('nobody approves')
def nobody(ok):
    def pages():
        while True:
            yield azure()
    r = Run(pages(), mfaTimeout=3)
    ok(r.agent.fault()['kind'] == 'needs-user' and
       r.agent.fault()['reason'] == 'timeout' and 3 <= r.took < 30 and
       r.pushes() == 1 and len(r.posts) <= 3,
       'nobody approves: the wait ends', r.detail())


@case('no push is left')
def spent(ok):
    """What the agent allows counts, also when a person asks for more."""
    def pages():
        while True:
            yield azure()
    r = Run(pages(), pushes=0)
    ok(r.agent.fault()['kind'] == 'denied' and
       r.agent.fault()['reason'] == 'second-factor' and
       'pushes_per_hour' in r.agent.fault()['text'] and
       r.pushes() == 0 and not r.posts,
       'none is left: none is sent', r.detail())


@case('a hanging post')
def hanging(ok):
    for method in ['AzureMfaServerAuthentication', 'SilverfortAdfs']:
        def pages():
            yield Page(method, delay=3)
            yield DONE
        r = Run(pages(), timeout=2)
        ok(r.good() and r.pushes() == 1 and len(r.posts) == 1 and
           r.took >= 3, f'{method}: one post that hangs', r.detail())

    def endless():
        yield Page('SilverfortAdfs', delay=6)
        yield DONE
    r = Run(endless(), mfaTimeout=1)
    ok(r.agent.fault()['kind'] == 'needs-user' and
       r.agent.fault()['reason'] == 'timeout' and len(r.posts) == 1,
       'a post that hangs too long', r.detail())


@case('send another')
def another(ok):
    def pages():
        page = Page('SilverfortAdfs', before='<p>MFA request expired</p>')
        yield page
        yield page
        yield DONE
    r = Run(pages(), {'approve': ['yes']})
    ok(r.good() and r.pushes() == 2 and
       'Send another' in r.asked('approve')[0],
       'Silverfort: another request because the person wants it', r.detail())
    r = Run(pages(), {'approve': ['no']})
    ok(len(r.posts) == 1 and r.agent.fault()['kind'] == 'denied' and
       r.pushes() == 1, 'and none when not', r.detail())

    def denied():
        yield Page('SilverfortAdfs')
        yield Page('SilverfortAdfs', before='<p>Not authorized</p>')
        yield DONE
    r = Run(denied())
    ok(len(r.posts) == 1 and r.agent.fault()['kind'] == 'denied',
       'Silverfort: denied', r.detail())

    def server_denied():
        yield Page('AzureMfaServerAuthentication')
        yield Page('AzureMfaServerAuthentication',
                   error='Authentication denied.')
        yield DONE
    r = Run(server_denied(), {'approve': ['no']})
    ok(len(r.posts) == 1 and r.agent.fault()['kind'] == 'denied' and
       'denied' in r.asked('approve')[0], 'Azure MFA Server: denied',
       r.detail())


@case('SecurID 2: approval')
def securid_approve(ok):
    def page(status):
        return Page('SecurIDv2Authentication', ''.join(
            f'<input type="hidden" name="{n}" value="{v}"/>' for n, v in
            [('authMode', 'APPROVE'), ('authStatus', status)]),
            '<div id="verification_factor">Approve in the app</div>')

    def pages(end):
        post = yield Page('SecurIDv2Authentication', '')
        assert post['InitStatus'] == 'true'
        post = yield page('VERIFICATION_PENDING:1')
        assert post['authMode'] == 'APPROVE'
        yield page('VERIFICATION_PENDING:2')
        yield end
    r = Run(pages(DONE))
    ok(r.good() and r.told('wait') == ['Approve in the app'] and
       r.pushes() == 1, 'SecurID 2: approved in the app', r.detail())
    r = Run(pages(page('VERIFICATION_FAILED')))
    ok(r.agent.fault()['kind'] == 'denied', 'SecurID 2: denied', r.detail())


@case('Symantec VIP: interstitial, push, code')
def vip(ok):
    def pages():
        yield Page('SymantecVipAdapter', '<script>document.forms[0].submit();'
                   '</script>', '<p>Checking device registration</p>')
        wait = Page('SymantecVipAdapter', SCRIPT,
                    '<p id="instructions">Push sent to your phone</p>')
        yield wait
        yield wait
        post = yield Page('SymantecVipAdapter', '<label for="c">Security '
                          'code:</label><input id="c" name="SecurityCode"/>'
                          '<input type="hidden" name="EnterpriseId" '
                          'value="e"/>', error='Push was not answered.')
        assert post['SecurityCode'] == '5' and post['EnterpriseId'] == 'e'
        yield DONE
    r = Run(pages(), {'code': ['5']})
    ok(r.good() and r.told('wait') == ['Push sent to your phone'] and
       r.asked() == ['Push was not answered. Security code'] and
       r.pushes() == 1, 'Symantec VIP: interstitial, push, then a code',
       r.detail())


@case('privacyIDEA')
def privacyidea(ok):
    def page(mode, error='', otp=True):
        return Page('privacyIDEAADFSProvider', ''.join(
            f'<input type="hidden" name="{n}" value="{v}"/>' for n, v in
            [('mode', mode), ('authCounter', '1'), ('formResult', '')]) +
            ('<input id="otpInput" name="otp" type="password" '
             'style="display:none"/>' if otp else '') +
            '<input type="submit" id="submitButton" value="Go"/>',
            f'<p id="pageIntroductionText">{error or "Please confirm"}</p>')

    def push():
        post = yield page('push')
        assert post['mode'] == 'push' and post['otp'] == ''
        yield page('push')
        yield DONE
    r = Run(push())
    ok(r.good() and r.told('wait') == ['Please confirm'] and
       r.pushes() == 1, 'privacyIDEA: push', r.detail())

    def otp():
        post = yield page('push')
        assert post['mode'] == 'otp' and post['otp'] == '1'
        post = yield page('otp', 'Wrong OTP')
        assert post['otp'] == '2'
        yield DONE
    r = Run(otp(), {'code': ['1', '2']}, mfaMethod='otp')
    ok(r.good() and 'Wrong OTP' in r.asked()[1] and
       r.agent.of('ask')[0]['kind'] == 'secret', 'privacyIDEA: a code',
       r.detail())
    r = Run((p for p in [page('webauthn', otp=False), DONE]))
    ok(not r.posts and 'browser' in r.agent.fault()['text'],
       'privacyIDEA: a passkey only', r.detail())


# ---- anything else ----------------------------------------------------------

@case('Neos: several fields')
def neos(ok):
    def pages():
        post = yield Page('MultiFactorAuthenticationProvider',
                          '<label for="t">Code</label><input id="t" '
                          'name="totp"/><label for="p">PIN</label><input '
                          'id="p" type="password" name="pincode"/><input '
                          'type="checkbox" name="remember" value="on"/>'
                          '<input type="submit" name="Continue" value="Go"/>',
                          form='IdentificationForm')
        assert post['totp'] == '1' and post['pincode'] == '9'
        assert 'remember' not in post and post['Continue'] == 'Go'
        yield Page('MultiFactorAuthenticationProvider', SCRIPT.replace(
            'loginForm', 'refreshForm'), form='refreshForm')
        yield DONE
    r = Run(pages(), {'code': ['1'], 'pin': ['9']})
    ok(r.good() and r.asked() == ['Code'] and r.asked('pin') == ['PIN'],
       'adfsmfa: a code and a PIN, then a page that refreshes', r.detail())


@case('generic: choices')
def choices(ok):
    def pages():
        post = yield Page('Whatever', '<p>How?</p><input type="radio" '
                          'name="way" value="s" id="s"/><label for="s">'
                          'SMS</label><input type="radio" name="way" '
                          'value="m"/> Mail <select name="to"><option '
                          'value="">-</option><option value="1">+1 555'
                          '</option><option>+2 666</option></select>')
        assert post['way'] == 'm' and post['to'] == '+2 666'
        post = yield Page('Whatever', '<p>Type the code that we sent</p>' +
                          field('answer'))
        assert post['answer'] == 'abc'
        yield DONE
    r = Run(pages(), {'method': ['m', '+2 666'], 'code': ['abc']})
    q = [m for m in r.agent.of('ask') if m['name'] == 'method']
    ok(r.good() and q[0]['label'].endswith(' asks: How?') and q[0]['choices'] ==
       [{'value': 's', 'label': 'SMS'}, {'value': 'm', 'label': 'Mail'}] and
       [c['value'] for c in q[1]['choices']] == ['1', '+2 666'] and
       r.asked() == [f'{r.server.host} asks: Type the code that we sent'],
       'generic: choices and the words of the page', r.detail())


@case('generic: a button')
def button(ok):
    def pages():
        post = yield Page('Whatever', '<input type="submit" name="push" '
                          'value="Send push"/>')
        assert post['push'] == 'Send push'
        post = yield Page('Whatever', SCRIPT + '<input type="submit" '
                          'name="cancel" value="Cancel"/>')
        assert 'cancel' not in post
        yield DONE
    r = Run(pages())
    ok(r.good() and r.pushes() >= 1, 'generic: a button, then a wait',
       r.detail())


@case('what is not supported')
def unsupported(ok):
    duo = '''<html><body><form id="adfs_form" method="post"
action="https://api-x.duosecurity.com/oauth"><input type="hidden"
name="adfs_auth_method" value="DuoAdfsAdapter"/><input type="hidden"
name="adfs_context" value="@CONTEXT@"/></form></body></html>'''
    for page in [duo, Page('DuoAdfsAdapter', field('x'))]:
        r = Run((p for p in [page, DONE]))
        ok(not r.posts and 'Duo' in r.agent.fault()['text'] and
           r.agent.fault()['kind'] == 'config', 'Duo is named', r.detail())
    r = Run((p for p in [Page('Passkey', '<script>navigator.credentials.get('
                              '{})</script>'), DONE]))
    ok(not r.posts and 'browser' in r.agent.fault()['text'],
       'a passkey needs a browser', r.detail())
    r = Run((p for p in [Page('Empty'), DONE]))
    ok(not r.posts and r.agent.fault()['reason'] == 'unknown-page',
       'a page without anything to do', r.detail())

    def error():
        yield azure()
        yield ERROR
    r = Run(error())
    ok(r.agent.fault()['kind'] == 'denied' and r.agent.fault()['reason'] ==
       'second-factor' and 'mfasetup' in r.agent.fault()['next'],
       'an error page behind a factor', r.detail())


@case('the agent goes')
def agent_goes(ok):
    def pages():
        while True:
            yield azure()

    def hook(agent, m):
        if m['type'] == 'tell':
            agent.socket.close()
            return True
        return False
    r = Run(pages(), on_message=hook)
    ok(r.took < 30 and r.agent.process.returncode == 0,
       'a worker whose agent goes while it waits, goes', r.detail())


@case('trouble while it waits')
def trouble_while_waiting(ok):
    def pages():
        yield Page('Other', WAITS)
        yield Page('Other', WAITS)
        yield DONE
    for trouble in ([None, 503, None], [None, 0, None], [None, 502, 0, 429]):
        r = Run(pages(), trouble=list(trouble), mfaTimeout=30)
        ok(r.good() and r.pushes() == 1 and len(r.posts) == 2,
           f'{trouble}: the one who was asked is not asked anew', r.detail())
    r = Run(pages(), trouble=[None] + 9 * [503], mfaTimeout=30)
    ok(r.agent.fault()['kind'] == 'temporary' and len(r.posts) == 1 and
       len(r.server.trouble) == 5, 'it gives up after four', r.detail())
    r = Run((p for p in [Page('AzureMfaServerAuthentication', '<input type='
                              '"submit" name="go" value="Go"/>'), DONE]),
            trouble=[503], mfaTimeout=30)
    ok(r.agent.fault()['kind'] == 'temporary' and not r.posts,
       'a post that sends a push is not repeated', r.detail())


@case('code before the password')
def password_second(ok):
    def pages():
        post = yield Page('AzurePrimaryAuthentication', field('UserName') +
                          '<input id="oneTimePasscodeInput" name="Otp"/>')
        assert post['UserName'] == 'CORP\\jane' and post['Otp'] == '1'
        post = yield ('<html><body><form method="post"><input type="hidden" '
                      'name="UserName" value="CORP\\jane"/><input '
                      'name="Password" type="password"/></form></body></html>')
        assert post['Password'] == 'right'
        yield DONE
    r = Run(pages(), {'code': ['1']})
    ok(r.good() and r.agent.of('outcome')[0]['result'] == 'accepted',
       'a code, then the password', r.detail())


def main():
    tap, lock = Tap(), threading.Lock()

    def run(one):
        results = []
        try:
            one[1](lambda good, name, detail=None:
                   results.append((good, name, detail)))
        except Exception as e:  # a case that breaks has failed
            results.append((False, one[0], repr(e)))
        with lock:
            for good, name, detail in results:
                tap.ok(good, name, detail)

    only = sys.argv[1:]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(run, [c for c in CASES
                            if not only or c[0] in only]))
    tap.done()


if __name__ == '__main__':
    main()
