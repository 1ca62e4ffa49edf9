#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The worker against a small server that does what no good server does.

Plain HTTP on loopback, which the job allows by name: what is tested here is
the conversation, not TLS.
"""
import base64
import datetime
import http.server
import os
import sys
import threading
import time
import urllib.parse
from email.utils import formatdate

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_agent import Agent, Tap, job  # noqa: E402

ROLE = 'arn:aws:iam::123456789012:role/Admin'
IDP = 'arn:aws:iam::123456789012:saml-provider/ADFS'
LOGIN = '''<html><head><title>Sign In</title></head><body>
<form method="post" id="loginForm" action="{action}">
<div id="error"><span id="errorText">{error}</span></div>
<input id="userNameInput" name="UserName" type="email" value="">
<input id="passwordInput" name="Password" type="password">
<div id="kmsiArea"><input type="checkbox" name="Kmsi" value="true"></div>
<input type="hidden" name="nds-pmd" value="a b&amp;c">
<input id="optionForms" type="hidden" name="AuthMethod"
 value="FormsAuthentication"></form>
<form id="options" method="post" action="{action}">
<input id="optionSelection" type="hidden" name="AuthMethod">
<input type="hidden" name="UserName" value=""></form></body></html>'''
WORKING = '''<html><head><title>Working...</title></head><body>
<form method="POST" name="hiddenform"
 action="https://signin.aws.amazon.com:443/saml"><input type="hidden"
 name="SAMLResponse" value="{saml}"></form></body></html>'''
ERROR = '''<html><head><title>Error</title></head><body><div id="errorArea">
<div id="errorMessage">An error occurred. Contact your administrator.</div>
<ul id="errorDetails"><li id="activityID">Activity ID:
 12345678-9abc-def0-1234-56789abcdef0</li><li>{detail}</li></ul>
</div></body></html>'''


def stamp(seconds=0):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(seconds=seconds)).strftime(
        '%Y-%m-%dT%H:%M:%S.123Z')


def saml(roles):
    values = ''.join(f'<AttributeValue>{r},{IDP}</AttributeValue>'
                     for r in roles)
    xml = f'''<samlp:Response
 xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0"
 IssueInstant="{stamp()}" Destination="https://signin.aws.amazon.com/saml">
<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">http://adfs/trust</Issuer>
<samlp:Status><samlp:StatusCode
 Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_2"
 IssueInstant="{stamp()}" Version="2.0"><Issuer>http://adfs/trust</Issuer>
<Subject><NameID>CORP\\jane</NameID><SubjectConfirmation
 Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData
 NotOnOrAfter="{stamp(300)}" Recipient="https://signin.aws.amazon.com/saml"/>
</SubjectConfirmation></Subject><Conditions NotOnOrAfter="{stamp(3600)}">
<AudienceRestriction><Audience>urn:amazon:webservices</Audience>
</AudienceRestriction></Conditions><AttributeStatement>
<Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName">
<AttributeValue>jane@example.com</AttributeValue></Attribute>
<Attribute Name="https://aws.amazon.com/SAML/Attributes/Role">{values}
</Attribute></AttributeStatement></Assertion></samlp:Response>'''
    return base64.b64encode(xml.encode()).decode()


def credentials(arn):
    return f'''<AssumeRoleWithSAMLResponse
 xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithSAMLResult>
<AssumedRoleUser><Arn>{arn}</Arn></AssumedRoleUser><Credentials>
<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s+/=</SecretAccessKey>
<SessionToken>token==</SessionToken><Expiration>{stamp(3600)}</Expiration>
</Credentials></AssumeRoleWithSAMLResult></AssumeRoleWithSAMLResponse>'''


def sts_error(code, message):
    return f'''<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>
<Message>{message}</Message></Error><RequestId>req-1</RequestId>
</ErrorResponse>'''


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.host = f'127.0.0.1:{self.server_port}'
        self.requests, self.lock = [], threading.Lock()
        self.mode, self.roles, self.sts = 'good', [ROLE], {}
        self.tries = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def posts(self, name):
        return [b for m, p, b, h in self.requests if m == 'POST' and
                name in urllib.parse.parse_qs(b, keep_blank_values=True)]

    def handle_error(self, request, client_address):
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def page(self, text, status=200, headers=()):
        data = text.encode() if isinstance(text, str) else text
        self.send_response(status)
        for k, v in headers:
            self.send_header(k, v)
        self.send_header('Content-Type', 'text/html; charset=utf-8')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def seen(self, body=''):
        with self.server.lock:
            self.server.requests.append(
                (self.command, self.path, body, dict(self.headers)))

    def login(self, error=''):
        self.page(LOGIN.format(action=self.path.replace('&', '&amp;'),
                               error=error))

    def do_GET(self):
        self.seen()
        special = getattr(self, 'get_' + self.server.mode, None)
        if special is not None:
            special()
        elif 'MSISAuth=' in self.headers.get('Cookie', ''):
            self.page(WORKING.format(saml=saml(self.server.roles)))
        else:
            self.login()

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length'])).decode()
        self.seen(body)
        fields = urllib.parse.parse_qs(body, keep_blank_values=True)
        if 'Action' in fields:
            self.assume(fields)
            return
        special = getattr(self, 'post_' + self.server.mode, None)
        if special is not None:
            special()
        elif fields.get('Password') == ['right']:
            self.page('', 302, [
                ('Location', self.path),
                ('Set-Cookie', 'MSISAuth=abc; path=/adfs; HttpOnly')])
        else:
            self.login('Incorrect user ID or password.')

    def assume(self, fields):
        role = fields['RoleArn'][0]
        with self.server.lock:
            self.server.tries[role] = n = self.server.tries.get(role, 0) + 1
        answers = self.server.sts.get(role, [])
        if n <= len(answers):
            self.page(answers[n - 1][1], answers[n - 1][0])
        elif callable(answers):
            self.page(*answers(fields))
        else:
            self.page(credentials(role))

    # what no good server does
    def get_error(self):
        self.page(ERROR.format(detail='MSIS7007'))

    def get_loop_error(self):
        self.page(ERROR.format(detail='Error details: MSIS7042: same client'))

    def get_busy(self):
        self.page('busy', 503, [('Retry-After', '7')])

    def get_later(self):
        """A date, by a clock that is a day behind."""
        now = time.time() - 86400
        self.send_response_only(503)
        for k, at in (('Date', now), ('Retry-After', now + 9)):
            self.send_header(k, formatdate(at, usegmt=True))
        self.send_header('Content-Length', '0')
        self.end_headers()

    def get_wia(self):
        self.page('', 401, [('WWW-Authenticate', 'Negotiate')])

    def get_missing(self):
        self.page('no', 404)

    def get_foreign(self):
        self.page('', 302, [('Location', 'https://portal.example.net/x')])

    def get_circle(self):
        self.page('', 302, [('Location', self.path)])

    def get_garbage(self):
        self.page(bytes(range(256)) * 100)

    def get_huge(self):
        self.send_response(200)
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        block = b'x' * 65536
        for _ in range(40):
            self.wfile.write(b'%x\r\n%s\r\n' % (len(block), block))

    def get_elsewhere(self):
        self.page(LOGIN.format(action='https://evil.example.net/', error=''))

    def get_unknown(self):
        self.page('<title>Terms</title><form id="aup"><input name="agree">'
                  '<input name="secret" value="hush"></form>')

    def get_stale(self):
        if 'MSISAuth' in self.headers.get('Cookie', ''):
            self.page(ERROR.format(detail='MSIS7001'))
        else:
            self.login()

    def post_drop(self):
        self.close_connection = True
        self.connection.shutdown(2)

    def post_slow(self):
        time.sleep(8)

    def post_resend(self):
        self.page('', 307, [('Location', self.path)])

    def post_odd(self):
        self.page('<title>Terms</title><p>hello')


def role_list(server, *arns, duration=3600):
    return lambda m: [
        {'profile': f'p{i}', 'roleArn': arn, 'principalArn': IDP,
         'duration': duration, 'endpoint': f'http://{server.host}/',
         'fips': False, 'dualstack': False} for i, arn in enumerate(arns)]


def main():
    tap = Tap()
    tap_ok = tap.ok

    def start(mode='good', **more):
        server = Server()
        server.mode = mode
        settings = {k: v for k, v in more.items()
                    if k in ('password', 'user', 'allow', 'on_message',
                             'typed')}
        roles = more.pop('roles', None)
        server.roles = more.pop('granted', [ROLE])
        server.sts = more.pop('sts', {})
        body = job('http://' + server.host, **{
            k: v for k, v in more.items() if k not in settings})
        if roles is None:
            roles = role_list(server, ROLE)
        elif isinstance(roles, dict):
            roles = role_list(server, *roles['arns'],
                              duration=roles.get('duration', 3600))
        agent = Agent(body, roles=roles, **settings).run()
        server.shutdown()
        server.server_close()
        return agent, server

    # the good way
    a, s = start()
    tap_ok(a.types() == ['ask', 'ask', 'attempt', 'outcome', 'cookies',
                         'assertion', 'credentials', 'cookies', 'done'],
           'the order of a good sign-in', a.messages)
    tap_ok(a.process.returncode == 0, 'exits 0')
    tap_ok(a.of('outcome')[0]['result'] == 'accepted', 'accepted')
    tag = a.of('attempt')[0]['tag']
    c = a.of('credentials')[0]
    tap_ok(c['accessKeyId'] == 'ASIAEXAMPLE' and 3590 < c['lifetime'] <= 3601
           and c['secretAccessKey'] == 's+/=', 'credentials', c)
    m = a.of('assertion')[0]
    tap_ok(m['roles'] == [{'roleArn': ROLE, 'principalArn': IDP}] and
           m['sessionName'] == 'jane@example.com' and m['skew'] == 0 and
           m['subject'] == 'CORP\\jane' and not m['encrypted'],
           'what the assertion says', m)
    posted = urllib.parse.parse_qs(s.posts('Password')[0],
                                   keep_blank_values=True)
    tap_ok(posted == {'UserName': ['CORP\\jane'], 'Password': ['right'],
                      'nds-pmd': ['a b&c'],
                      'AuthMethod': ['FormsAuthentication']},
           'the form is sent as a browser sends it', posted)
    tap_ok(not any('right' in p for _, p, _, _ in s.requests),
           'no password in a URL')
    h = s.requests[0][3]
    tap_ok(h['User-Agent'].startswith('awsfed/') and
           'Accept-Encoding' not in h and
           h['client-request-id'] in s.requests[0][1],
           'the headers of the first request', h)

    # cookies bring the next one without a password
    cookies = a.of('cookies')[-1]['cookies']
    server = Server()
    a2 = Agent(job('http://' + server.host, cookies=[
        x.replace(s.host.split(':')[0], '127.0.0.1') for x in cookies]),
        roles=lambda m: []).run()
    tap_ok(a2.types() == ['cookies', 'assertion', 'done'],
           'cookies are enough, an empty redeem ends it', a2.messages)
    server.shutdown()
    server.server_close()

    a, s = start(keepSignedIn=True)
    tap_ok('Kmsi=true' in s.posts('Password')[0], 'Kmsi when wanted')
    a, s = start(user='jane', domain='CORP')
    tap_ok('UserName=CORP%5Cjane' in s.posts('Password')[0], 'the domain')

    # nothing is sent
    a, s = start(user='jane')
    tap_ok(a.fault().get('kind') == 'config' and not s.posts('Password') and
           len(a.of('ask')) == 1, 'a bare name is refused first', a.messages)
    a, s = start(password=None, attended=False)
    tap_ok(a.fault().get('kind') == 'needs-user' and
           not s.posts('Password') and not a.of('attempt'), 'nobody there',
           a.messages)
    a, s = start(allow=False)
    tap_ok(a.fault().get('kind') == 'rejected' and not s.posts('Password'),
           'the ledger refuses', a.messages)
    a, s = start(password='')
    tap_ok(a.fault().get('kind') == 'needs-user' and not s.posts('Password'),
           'an empty password', a.messages)
    a, s = start('elsewhere')
    tap_ok(a.fault().get('kind') == 'security' and not a.of('ask'),
           'a form of another host', a.messages)

    # typed by a person: the tag comes with the outcome, whatever that is
    for mode, more, result in (
            ('good', {}, 'accepted'), ('good', {'password': 'wrong'},
                                       'rejected'),
            ('drop', {'timeout': 3}, 'unknown')):
        a, s = start(mode, typed=True, **more)
        told = a.of('outcome')[0]
        tap_ok('tag' not in a.of('attempt')[0] and len(told['tag']) == 4 and
               told['result'] == result and
               (told['tag'] == tag) == ('password' not in more) and
               len(s.posts('Password')) == 1, f'typed: {result}', a.messages)
    a, s = start(typed=True, allow=False)
    tap_ok(len(a.of('attempt')) == 1 and not a.of('outcome') and
           not s.posts('Password'), 'typed, and not allowed', a.messages)

    # refused, lost
    a, s = start(password='wrong')
    f = a.fault()
    tap_ok(f.get('kind') == 'rejected' and f['reason'] == 'password-refused' and
           'Incorrect user ID' in f['text'] and 'request' in f and
           'wrong' not in f['text'], 'a wrong password', f)
    tap_ok(len(s.posts('Password')) == 1, 'is posted exactly once')
    tap_ok([m['result'] for m in a.of('outcome')] == ['rejected'],
           'and told as rejected')
    for mode in ('drop', 'slow'):
        a, s = start(mode, timeout=3)
        tap_ok(len(s.posts('Password')) == 1 and
               [m['result'] for m in a.of('outcome')] == ['unknown'] and
               a.fault()['kind'] == 'temporary' and
               'counts as an attempt' in a.fault()['text'],
               f'the connection ends after the post ({mode})', a.messages)
    a, s = start('resend')
    tap_ok(len(s.posts('Password')) == 1 and
           a.fault()['kind'] == 'security', 'a 307 is not obeyed', a.messages)
    a, s = start('odd')
    tap_ok(a.fault()['kind'] == 'protocol' and
           [m['result'] for m in a.of('outcome')] == ['rejected'],
           'an unknown page after the post: fail closed', a.messages)

    def vanish(agent, m):
        if m['type'] != 'ask' or m['name'] != 'password':
            return False
        agent.reply(m)
        return True
    a, s = start('slow', on_message=vanish)
    tap_ok(a.process.returncode == 0, 'the agent goes: so does the worker')

    # faults of the first page
    for mode, kind, reason, text in (
            ('error', 'config', 'settings', 'MSIS7007'),
            ('loop_error', 'temporary', 'busy', 'MSIS7042'),
            ('busy', 'temporary', 'server-error', '503'),
            ('later', 'temporary', 'server-error', '503'),
            ('wia', 'config', 'settings', 'Windows'),
            ('missing', 'config', 'settings', '404'),
            ('foreign', 'temporary', 'captive-portal', 'portal.example.net'),
            ('circle', 'protocol', 'unknown-page', 'circles'),
            ('garbage', 'protocol', 'unknown-page', 'unknown'),
            ('huge', 'protocol', 'malformed', 'more than'),
            ('unknown', 'protocol', 'unknown-page', 'aup(agree secret)')):
        # With a person there it waits until AD FS forgets: pages.py.
        a, s = start(mode, attended=mode != 'loop_error')
        f = a.fault()
        tap_ok((f.get('kind'), f.get('reason')) == (kind, reason) and
               text in f['text'] and 'next' in f and 'request' in f and
               a.types()[-1] == 'done' and 'hush' not in str(f),
               f'fault: {mode}', a.messages)
        if mode == 'error':
            tap_ok(f['request'] == '12345678-9abc-def0-1234-56789abcdef0',
                   'the Activity ID')
        after = {'busy': 7, 'later': 9, 'loop_error': 20}.get(mode)
        if after is not None:
            tap_ok(f.get('retryAfter') == after, f'retry after: {mode}', f)
    a, s = start('stale', cookies=[
        '127.0.0.1\tFALSE\t/adfs\tFALSE\t0\tMSISAuth\told'])
    tap_ok(len(a.of('attempt')) == 1, 'MSIS7001: once more, no cookies',
           a.messages)

    # no connection
    a = Agent(job('http://127.0.0.1:1')).run()
    tap_ok(a.fault().get('reason') == 'unreachable' and
           '127.0.0.1:1' in a.fault()['text'], 'refused', a.messages)
    a = Agent(job('no-such-host.invalid')).run()
    tap_ok(a.fault().get('reason') in ('offline', 'unreachable') and
           'no-such-host.invalid' in a.fault()['text'], 'no such name',
           a.messages)
    server = Server()
    a = Agent(job(server.host)).run()
    tap_ok(a.fault().get('reason') == 'tls', 'no TLS', a.messages)
    a = Agent(job('http://' + server.host, allowHttpLoopback=False)).run()
    tap_ok(a.fault().get('kind') == 'security' and not server.requests,
           'http must be allowed', a.messages)
    a = Agent(job('http://adfs.example.com')).run()
    tap_ok(a.fault().get('kind') == 'security', 'http on loopback only',
           a.messages)
    a = Agent(job('x', salt='00')).run()
    tap_ok(a.fault().get('kind') == 'internal', 'a bad job', a.messages)
    a = Agent({'type': 'job', 'job': 'dance'}).run()
    tap_ok(a.fault().get('kind') == 'internal' and a.types()[-1] == 'done',
           'an unknown job', a.messages)
    a = Agent(job('x', caBundle='/nonexistent.pem')).run()
    tap_ok(a.fault().get('kind') == 'config', 'a missing CA bundle',
           a.messages)

    # many roles
    arns = [f'arn:aws:iam::123456789012:role/R{i}' for i in range(60)]
    long = 'The requested DurationSeconds exceeds the MaxSessionDuration ' \
        'set for this role.'

    def by_duration(fields):
        if int(fields['DurationSeconds'][0]) > 3600:
            return sts_error('ValidationError', long), 400
        return credentials(fields['RoleArn'][0]), 200

    class Lazy(list):
        def __call__(self, fields):
            return by_duration(fields)
    begun = time.time()
    a, s = start(roles={'arns': arns, 'duration': 7200}, granted=arns, sts={
        arns[1]: [(403, sts_error('AccessDenied', 'Not authorized'))],
        arns[2]: Lazy(),
        arns[3]: [(400, sts_error('Throttling', 'Rate exceeded'))],
        arns[4]: [(503, 'busy')] * 3,
        arns[5]: [(200, '<oops')],
        arns[6]: [(400, sts_error('ExpiredTokenException', 'too late'))]})
    done = {m['profile']: m for m in a.of('credentials')}
    faults = {m['profile']: m['fault'] for m in a.of('fault')
              if 'profile' in m}
    tap_ok(len(done) == 56 and len(faults) == 4, 'sixty roles, four refused',
           faults)
    tap_ok(faults['p1']['kind'] == 'denied' and
           faults['p1']['request'] == 'req-1' and
           'Not authorized' in faults['p1']['text'], 'AccessDenied', faults)
    tap_ok(done['p2'].get('maxDuration') == 3600, 'a learned duration')
    tap_ok(s.tries[arns[3]] == 2, 'throttling is tried again')
    tap_ok(s.tries[arns[4]] == 3 and faults['p4']['reason'] == 'server-error',
           'at most three times', faults)
    tap_ok(faults['p5']['kind'] == 'protocol', 'a garbled answer', faults)
    tap_ok(faults['p6']['reason'] == 'expired', 'expired', faults)
    tap_ok(time.time() - begun < 20, 'in good time')
    evil = {'profile': 'e', 'roleArn': ROLE, 'principalArn': IDP,
            'duration': 0, 'endpoint': 'http://sts.example.com/'}
    a, s = start(roles=lambda m: [evil, {'profile': 'f'}])
    faults = {m['profile']: m['fault']['kind'] for m in a.of('fault')}
    tap_ok(faults == {'e': 'config', 'f': 'internal'} and
           not s.posts('SAMLAssertion'), 'no assertion over http', a.messages)
    tap.done()


if __name__ == '__main__':
    main()
