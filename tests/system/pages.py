#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pages that are answered by a choice, an error that is not the end, requests
of our own: the worker against a server that plays one scene after another."""
import base64
import http.server
import os
import re
import sys
import threading
import urllib.parse
import xml.etree.ElementTree as ET
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import worker  # noqa: E402
from worker_agent import Agent, Tap, job  # noqa: E402

SRC = os.environ.get('top_srcdir', '.')
LOGIN_FIELDS = ('<input name="UserName" value=""><input name="Password" '
                'type="password"><input type="hidden" name="AuthMethod" '
                'value="FormsAuthentication">')
SIGNED_IN = [('Set-Cookie', 'MSISAuth=abc; path=/adfs')]


def fixture(name):
    with open(os.path.join(SRC, 'tests/fixtures', name),
              encoding='utf-8') as f:
        return f.read()


def login(fields=LOGIN_FIELDS, error='', more=''):
    return (200, f'<title>Sign In</title><form id="loginForm" method="post">'
            f'<div id="errorText">{error}</div>{fields}</form>{more}', [])


def options(*methods):
    links = ''.join(f'<a class="actionLink" id="{m}" onclick="SelectOption('
                    f"'{m}')\">{t}</a>" for m, t in methods)
    return ('<form id="options" method="post"><input type="hidden" '
            'id="optionSelection" name="AuthMethod"><input type="hidden" '
            'name="Context" value="ctx">'
            f'{links}</form>')


def working(text=None):
    return 200, worker.WORKING.format(
        saml=text or worker.saml([worker.ROLE])), SIGNED_IN


def error(detail, headers=()):
    return 200, worker.ERROR.format(detail=detail), list(headers)


class Server(http.server.ThreadingHTTPServer):
    """A scene is a function (request number, method, path, query, fields) to
    (status, body, headers); a number that it does not know is a mistake."""
    daemon_threads = True

    def __init__(self, scene):
        super().__init__(('127.0.0.1', 0), Handler)
        self.scene, self.requests = scene, []
        self.host = f'127.0.0.1:{self.server_port}'
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def answer(self):
        length = int(self.headers.get('Content-Length') or 0)
        body = self.rfile.read(length).decode()
        url = urllib.parse.urlsplit(self.path)
        fields = {k: v[0] for k, v in urllib.parse.parse_qs(
            body, keep_blank_values=True).items()}
        query = {k: v[0] for k, v in urllib.parse.parse_qs(
            url.query, keep_blank_values=True).items()}
        if 'Action' in fields:
            reply = 200, worker.credentials(fields['RoleArn']), []
        else:
            self.server.requests.append(
                (self.command, url.path, query, fields, dict(self.headers)))
            reply = self.server.scene(
                len(self.server.requests), self.command, url.path, query,
                fields)
        data = reply[1].encode()
        self.send_response(reply[0])
        for k, v in reply[2]:
            self.send_header(k, v)
        self.send_header('Content-Type', 'text/html; charset=utf-8')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer


def play(scene, agent=None, **more):
    server = Server(scene)
    hosts = more.pop('hosts', None)
    if hosts:
        more['allowedHosts'] = hosts(server)
    a = Agent(job('http://' + server.host, **more),
              roles=worker.role_list(server, worker.ROLE),
              **(agent or {})).run()
    server.shutdown()
    server.server_close()
    return a, server


def steps(*pages):
    """One page after another, whatever is asked."""
    return lambda n, *rest: pages[min(n, len(pages)) - 1]


def good(a):
    return len(a.of('credentials')) == 1 and not a.of('fault')


def fault_is(a, kind, reason):
    f = a.fault()
    return (f.get('kind'), f.get('reason')) == (kind, reason) and \
        'next' in f and 'request' in f


def told(a, kind='info'):
    return ' '.join(m['text'] for m in a.of('tell') if m['kind'] == kind)


# ---- home realms ------------------------------------------------------------
def realms(ok):
    hrd = (200, fixture('pages/hrd.html'), [])
    a, s = play(steps(hrd, login(), working()))
    ok(good(a) and s.requests[1][3] ==
       {'HomeRealmSelection': 'AD AUTHORITY', 'Email': ''},
       'the own directory is the default', [a.messages, s.requests])
    partner = 'http://partner.example.com/trust'
    for realm in (partner, 'partner'):
        a, s = play(steps(hrd, login(), working()), homeRealm=realm)
        ok(good(a) and s.requests[1][3]['HomeRealmSelection'] == partner and
           s.requests[0][2]['RedirectToIdentityProvider'] == realm,
           f'by its name in the list: {realm}', [a.messages, s.requests])
    a, s = play(steps(hrd), homeRealm='Nobody')
    ok(fault_is(a, 'config', 'settings') and partner in a.fault()['next'],
       'one that is not in the list: the fault has the list', a.messages)
    a, s = play(steps(hrd, hrd), homeRealm='Partner')
    ok(fault_is(a, 'config', 'settings') and len(s.requests) == 2,
       'a choice that comes back is not made again', a.messages)
    two = (200, hrd[1].replace('AD AUTHORITY', 'urn:one'), [])
    a, s = play(steps(two, login(), working()),
                {'answers': {'realm': partner}})
    q = [m for m in a.of('ask') if m['name'] == 'realm']
    ok(good(a) and q[0]['kind'] == 'choice' and q[0]['choices'] ==
       [{'value': 'urn:one', 'label': 'Active Directory'},
        {'value': partner, 'label': 'Partner'}] and
       f"awsfed.home_realm '{partner}'" in told(a),
       'a person chooses, and is told how to keep it', a.messages)
    a, s = play(steps(two), attended=False)
    ok(a.fault().get('kind') == 'needs-user', 'nobody is there', a.messages)
    a, s = play(steps(two, login(), working()), user='jane@example.com')
    ok(good(a) and s.requests[1][3] ==
       {'Email': 'jane@example.com', 'HomeRealmByEmail': 'Next'} and
       not [m for m in a.of('ask') if m['name'] == 'realm'],
       'by e-mail, where the user is one', [a.messages, s.requests])
    mail = (200, re.sub(r'<div class="idp".*?</div>', '', two[1]), [])
    wrong = (200, mail[1].replace('for="emailInput">', 'for="emailInput">'
                                  'Unknown suffix'), [])
    a, s = play(steps(mail, wrong), user='jane@example.com')
    ok(fault_is(a, 'config', 'settings') and
       'Unknown suffix' in a.fault()['text'] and len(s.requests) == 2,
       'a suffix that AD FS does not know', a.messages)
    local = (200, two[1].replace(
        "onclick=\"HRD.selection('urn:one');\">",
        "onclick=\"HRD.selection('urn\\x3aone');\"><img src='/adfs/portal/"
        "images/idp/localsts.png'>"), [])
    a, s = play(steps(local, login(), working()))
    ok(good(a) and s.requests[1][3]['HomeRealmSelection'] == 'urn:one',
       'a renamed directory, by its picture', [a.messages, s.requests])
    old = (200, '<form id="aspnetForm" method="post"><input type="hidden" '
           'name="__VIEWSTATE" value="v"><select name="ctl00$C$PassiveIdentity'
           'ProvidersDropDownList"><option value="a">A</option><option '
           'value="b">B</option></select><input type="submit" value="Go" '
           'name="ctl00$C$PassiveSignInButton"></form>', [])
    a, s = play(steps(old, login(), working()), homeRealm='B')
    ok(good(a) and s.requests[1][3] == {
        '__VIEWSTATE': 'v', 'ctl00$C$PassiveSignInButton': 'Go',
        'ctl00$C$PassiveIdentityProvidersDropDownList': 'b'},
       'AD FS 2.0', [a.messages, s.requests])


def partners(ok):
    """A claims provider on another host, before any password."""
    other = Server(steps(login(), (
        200, '<form method="post" action="{home}/adfs/ls/"><input '
        'type="hidden" name="wresult" value="x"></form>', [])))

    def scene(n, method, path, query, fields):
        if n == 1:
            other.scene = steps(login(), (
                200, f'<form method="post" action="http://{here[0]}/adfs/ls/">'
                '<input type="hidden" name="wresult" value="x"></form>', []))
            return 302, '', [('Location', f'http://{other.host}/idp')]
        return working() if fields.get('wresult') == 'x' else login()
    here = ['']

    def hosts(prefix):
        def fill(server):
            here[0] = server.host
            return [prefix + other.host]
        return fill
    a, s = play(scene)
    ok(fault_is(a, 'temporary', 'captive-portal') and not other.requests,
       'another host is not even asked', a.messages)
    a, s = play(scene, homeRealm='Partner')
    ok(fault_is(a, 'security', 'foreign-host') and not other.requests and
       'allowed_hosts' in a.fault()['next'],
       'nor the one of a home realm, unless it is allowed', a.messages)
    a, s = play(scene, homeRealm='Partner', hosts=hosts(''))
    ok(fault_is(a, 'security', 'foreign-host') and len(other.requests) == 1
       and f'password@{other.host}' in a.fault()['next'] and
       not a.of('ask'), 'an allowed host gets no password', a.messages)
    del other.requests[:]
    a, s = play(scene, homeRealm='Partner', hosts=hosts('password@'))
    ok(good(a) and other.requests[1][3].get('Password') == 'right' and
       other.host in [m for m in a.of('ask')
                      if m['name'] == 'password'][0]['label'],
       'but the one that is to have it', [a.messages, other.requests])
    other.shutdown()
    other.server_close()
    # Behind a proxy that publishes AD FS under another path.
    theirs = base64.b64encode(b'<Response/>').decode()
    a, s = play(steps(
        (200, '<form method="post" action="/saml/ls/"><input type="hidden" '
         f'name="SAMLResponse" value="{theirs}"></form>', []), working()),
        path='/saml/ls/IdpInitiatedSignOn.aspx')
    ok(good(a) and s.requests[1][1] == '/saml/ls/' and
       s.requests[1][3].get('SAMLResponse') == theirs,
       "a partner's assertion goes to the path that AD FS has",
       [a.messages, s.requests])


def foreign_forms(ok):
    """A form that leads elsewhere is not sent, with whatever is in it."""
    other = Server(steps(login()))
    away = f'<form action="http://{other.host}/take" '
    for what, text in (
            ('a choice of methods', options(DUO).replace('<form ', away)),
            ('a form that sends itself', away.replace(
                '<form ', '<body onload="document.forms[0].submit()"><form ')
             + 'method="post"><input type="hidden" name="wresult" value="x">'
             '</form>')):
        a, s = play(steps((200, text, [])), {'answers': {'method': DUO[0]}})
        ok(fault_is(a, 'security', 'foreign-host') and not other.requests,
           f'{what}, at another host', a.messages)
    other.shutdown()
    other.server_close()


# ---- methods ----------------------------------------------------------------
AZURE = ('AzureMfaAuthentication', 'Use an app')
DUO = ('DuoAdfsAdapter', 'Duo')


def methods(ok):
    page = (200, options(AZURE, DUO), [])
    a, s = play(steps(page, working()), {'answers': {'method': DUO[0]}})
    q = a.of('ask')[0]
    ok(good(a) and (q['kind'], q['name']) == ('choice', 'method') and
       q['choices'][0] == {'value': AZURE[0], 'label': AZURE[1]} and
       s.requests[1][3] == {'AuthMethod': DUO[0], 'Context': 'ctx'},
       'a person chooses a method', [a.messages, s.requests])
    for word in ('duoadfsadapter', 'x, DUO', 'use an APP,Duo'):
        a, s = play(steps(page, working()), mfaMethod=word)
        want = AZURE[0] if 'APP' in word else DUO[0]
        ok(good(a) and not a.of('ask') and
           s.requests[1][3]['AuthMethod'] == want,
           f'mfa_method = {word}', [a.messages, s.requests])
    a, s = play(steps((200, options(DUO), []), working()))
    ok(good(a) and not a.of('ask') and
       s.requests[1][3]['AuthMethod'] == DUO[0], 'the only one', a.messages)
    a, s = play(steps(page), mfaMethod='Duo', attended=False)
    ok(fault_is(a, 'needs-user', 'second-factor') and len(s.requests) == 1,
       'with nobody there nobody is pushed', a.messages)
    a, s = play(steps((200, options(('FormsAuthentication', 'Password')),
                       []), login(), working()), attended=False)
    ok(good(a), 'with nobody there, the password may be chosen', a.messages)
    a, s = play(steps(page, page), mfaMethod='Duo',
                agent={'answers': {'method': AZURE[0]}})
    ok(fault_is(a, 'denied', 'second-factor') and
       [r[3].get('AuthMethod') for r in s.requests[1:3]] ==
       [DUO[0], AZURE[0]] and len(s.requests) == 4,
       'what comes back is asked about, and not for ever', a.messages)
    below = login(more=options(('FormsAuthentication', 'Password'),
                               ('AzurePrimaryAuthentication', 'App'),
                               ('CertificateAuthentication', 'Certificate')))
    a, s = play(steps(below, working()), mfaMethod='App')
    ok(good(a) and s.requests[1][3]['AuthMethod'] ==
       'AzurePrimaryAuthentication' and not a.of('attempt'),
       'another way than the password', [a.messages, s.requests])
    a, s = play(steps(below, working()))
    ok(good(a) and s.requests[1][3]['Password'] == 'right',
       'not unless it is wanted', a.messages)


# ---- second factors ---------------------------------------------------------
def adapter(name, fields):
    return (f'<form id="loginForm" method="post"><input type="hidden" '
            f'name="AuthMethod" value="{name}"><input type="hidden" '
            f'name="Context" value="own">{fields}</form>')


def second(ok):
    page = (200, adapter('Contoso', '<input name="code"><input type="submit" '
                         'value="Verify"><input type="submit" name="cancel" '
                         'value="Cancel">'), [])
    a, s = play(steps(login(), page, working()),
                {'answers': {'code': '123456'}})
    ok(good(a) and s.requests[2][3] == {
        'AuthMethod': 'Contoso', 'Context': 'own', 'code': '123456'},
       'the first button is the one that Enter presses',
       [a.messages, s.requests])
    page = (200, options(DUO) + adapter(
        'AzureMfaAuthentication', '<div id="Progress"></div>'), [])
    a, s = play(steps(login(), page, working()))
    ok(good(a) and s.requests[2][3].get('AuthMethod') ==
       'AzureMfaAuthentication' and s.requests[2][3]['Context'] == 'own',
       "the other ways above an adapter's form are not its form",
       [a.messages, s.requests])


# ---- relying parties --------------------------------------------------------
def sites(ok):
    page = (200, fixture('pages/rp-list.html'), [])
    a, s = play(steps(page, login(), working()), providerId='aws')
    ok(s.requests[1][3] == {
        'SignInOtherSite': 'SignInOtherSite', 'RelyingParty': 'g-2',
        'SignInSubmit': 'Sign in'} and good(a) and
       "provider_id 'urn:amazon:webservices'" in told(a),
       'by its name in the list', [a.messages, s.requests])
    a, s = play(steps(page, login(), working()),
                {'answers': {'relying-party': 'g-1'}})
    ok(good(a) and s.requests[1][3]['RelyingParty'] == 'g-1',
       'a person chooses', [a.messages, s.requests])
    a, s = play(steps(page), attended=False)
    ok(fault_is(a, 'config', 'settings') and '"g-2" (AWS)' in
       a.fault()['text'], 'nobody is there: the list is in the fault',
       a.messages)
    a, s = play(steps(page, page), providerId='AWS')
    ok(fault_is(a, 'config', 'settings') and len(s.requests) == 2,
       'a list that comes back', a.messages)
    old = (200, '<form id="aspnetForm" method="post"><input type="hidden" '
           'name="__VIEWSTATE" value="v"><input type="radio" checked '
           'name="ctl00$C$group1" value="ThisRpRadioButton"><input '
           'type="radio" name="ctl00$C$group1" value="OtherRpRadioButton">'
           '<select name="ctl00$C$RelyingPartyDropDownList"><option '
           'value="g1">One</option><option value="g2">AWS</option></select>'
           '<input type="submit" name="ctl00$C$SignInButton" value="Go">'
           '</form>', [])
    a, s = play(steps(old, login(), working()), providerId='aws')
    ok(good(a) and s.requests[1][3] == {
        '__VIEWSTATE': 'v', 'ctl00$C$group1': 'OtherRpRadioButton',
        'ctl00$C$RelyingPartyDropDownList': 'g2',
        'ctl00$C$SignInButton': 'Go'}, 'AD FS 2.0',
       [a.messages, s.requests])


# ---- passwords --------------------------------------------------------------
def passwords(ok):
    fixed = LOGIN_FIELDS.replace('name="UserName" value=""',
                                 'name="UserName" value="jane@x" readonly')
    a, s = play(steps(login(fixed), working()))
    ok(good(a) and s.requests[1][3]['UserName'] == 'jane@x' and
       [m['name'] for m in a.of('ask')] == ['password'] and
       a.of('attempt')[0]['user'] == 'jane@x',
       'the page knows the user', [a.messages, s.requests])
    second = '<input type="hidden" name="Context" value="c">' + \
        re.sub('<input name="UserName".*?>', '', LOGIN_FIELDS)
    a, s = play(steps(login(second), working()), user='CORP\\jane')
    ok(good(a) and s.requests[1][3] == {
        'Context': 'c', 'Password': 'right',
        'AuthMethod': 'FormsAuthentication'},
       'the password second', [a.messages, s.requests])
    for shown, keep, sent in ((True, True, 'true'), (True, False, None),
                              (False, True, None), (False, False, None)):
        style = '' if shown else ' style="display: none"'
        box = LOGIN_FIELDS + (
            f'<div id="passwordPage" style="display:none"><div '
            f'id="kmsiAreaPaginated"{style}><input type="checkbox" checked '
            'name="Kmsi" value="true"></div></div>')
        a, s = play(steps(login(box), working()), keepSignedIn=keep)
        ok(good(a) and s.requests[1][3].get('Kmsi') == sent,
           f'Kmsi: offered {shown}, wanted {keep}', s.requests)
    expired = login(error='Expired. <a href="/adfs/portal/updatepassword/'
                    '?u=jane">Change it</a>')
    a, s = play(steps(login(), expired))
    ok(fault_is(a, 'rejected', 'password-refused') and
       f'http://{s.host}/adfs/portal/updatepassword/ ' in a.fault()['next'],
       'an expired password: where to change it', a.messages)
    expired = login(error='<a href="https://evil.example.net/">here</a>')
    a, s = play(steps(login(), expired))
    ok(fault_is(a, 'rejected', 'password-refused') and
       'evil' not in a.fault()['next'], 'no link to elsewhere', a.messages)
    update = (200, fixture('pages/update-password.html'), [])
    a, s = play(steps(login(), update))
    ok(fault_is(a, 'rejected', 'password-refused') and
       f'http://{s.host}/adfs/ls/' in a.fault()['next'] and
       len(s.requests) == 2 and a.of('outcome')[0]['result'] == 'rejected',
       'the page that changes a password is never filled in', a.messages)


# ---- errors that are not the end --------------------------------------------
def errors(ok):
    busy = error('MSIS7042: same client', [('Retry-After', '1')])
    a, s = play(steps(busy, busy, login(), working()))
    waits = [m for m in a.of('tell') if m['kind'] == 'wait']
    ok(good(a) and [m['seconds'] for m in waits] == [1, 1],
       'MSIS7042 is waited out', a.messages)
    a, s = play(steps(busy))
    ok(fault_is(a, 'temporary', 'busy') and len(s.requests) == 3,
       'twice', a.messages)
    a, s = play(steps(login(), busy, login()))
    ok(fault_is(a, 'needs-user', 'expired') and
       len([r for r in s.requests if 'Password' in r[3]]) == 1 and
       [m['result'] for m in a.of('outcome')] == ['unknown'],
       'the password is not sent a second time', a.messages)
    out = (200, fixture('pages/signed-out.html'), [])
    a, s = play(steps(out, login(), working()))
    ok(good(a), 'a signed-out page: once more', a.messages)
    a, s = play(steps(out), {'pages': '/state/page-01.txt'})
    ok(fault_is(a, 'protocol', 'unknown-page') and len(s.requests) == 2 and
       '/state/page-01.txt' in a.fault()['next'], 'but once', a.messages)
    for status, reason in ((511, 'captive-portal'), (400, 'settings'),
                           (403, 'settings'), (502, 'server-error')):
        a, s = play(steps((status, '<p>no', [])))
        ok(a.fault().get('reason') == reason and
           f'HTTP {status}' in a.fault()['text'], f'HTTP {status}',
           a.messages)
    loop = (200, '<form method="post"><input type="hidden" name="x" '
            'value="y"></form>', [])
    a, s = play(steps(loop))
    ok(fault_is(a, 'protocol', 'unknown-page') and len(s.requests) == 31,
       'thirty pages at most', a.messages)


# ---- requests of our own ----------------------------------------------------
def read_request(text, deflated):
    data = base64.b64decode(text, validate=True)
    root = ET.fromstring(zlib.decompress(data, -15) if deflated else data)
    issuer = root.find('{urn:oasis:names:tc:SAML:2.0:assertion}Issuer')
    return root, issuer.text


def replied(to):
    text = base64.b64decode(worker.saml([worker.ROLE])).decode()
    text = text.replace('ID="_1"', f'ID="_1" InResponseTo="{to}"')
    return working(base64.b64encode(text.encode()).decode())


def requests(ok):
    ids = []

    def takes(deflated):
        def scene(n, method, path, query, fields):
            text = query.get('SAMLRequest') or fields.get('SAMLRequest')
            if 'Password' in fields:
                return replied(ids[-1])
            if not query.get('SAMLRequest') and deflated:
                return error('the wrong binding')
            if query.get('SAMLRequest') and not deflated:
                return error('the other binding')
            root, issuer = read_request(text, deflated)
            ids.append(root.get('ID'))
            good_one = issuer == 'urn:a&b' and path == '/adfs/ls/' and \
                'AssertionConsumerServiceURL' not in root.attrib and \
                root.get('Destination').endswith('/adfs/ls/') and \
                root.get('Version') == '2.0' and \
                re.fullmatch('_[0-9a-f]{32}', root.get('ID'))
            return login() if good_one else error('a bad request')
        return scene
    audience = {'providerId': 'urn:a&b'}
    for deflated in (True, False):
        a, s = play(takes(deflated), spInitiated=True, **audience)
        # The assertion is for AWS's own name: this far it was right.
        ok(len(s.requests) == (2 if deflated else 3) and
           a.fault().get('text', '').startswith('The SAML response is for'),
           'by redirect' if deflated else 'by POST', [a.messages, s.requests])

    def scene(n, method, path, query, fields):
        if 'SAMLRequest' in query and not fields:
            ids.append(read_request(query['SAMLRequest'], True)[0].get('ID'))
            return login()
        return replied(ids[-1]) if fields else error('MSIS7065: no handler')
    a, s = play(scene, spInitiated=True)
    ok(good(a), 'the answer to our request', a.messages)
    a, s = play(scene, {'answers': {'approve': 'yes'}})
    ok(good(a) and 'awsfed.sp_initiated' in told(a) and
       a.of('ask')[0]['kind'] == 'confirm',
       'MSIS7065: a person agrees to try it', a.messages)
    a, s = play(scene, {'answers': {'approve': 'no'}})
    ok(fault_is(a, 'config', 'settings') and len(s.requests) == 1 and
       'awsfed.sp_initiated = yes' in a.fault()['next'],
       'or not', a.messages)
    a, s = play(scene, attended=False)
    ok(fault_is(a, 'config', 'settings') and not a.of('ask') and
       'awsfed.sp_initiated = yes' in a.fault()['next'],
       'nobody is there: the fault says what to set', a.messages)
    for reply in (lambda: replied('_another'), working):
        a, s = play(lambda n, m, p, q, f: reply() if f else login(),
                    spInitiated=True)
        ok(fault_is(a, 'protocol', 'malformed') and
           'does not answer the request' in a.fault()['text'],
           'an answer to another request', a.messages)


# ---- what is told and kept --------------------------------------------------
def notices(ok):
    text = base64.b64decode(worker.saml([worker.ROLE])).decode()
    claim = ('<Attribute Name="http://schemas.microsoft.com/ws/2012/01/'
             '%s"><AttributeValue>%s</AttributeValue></Attribute>')
    text = text.replace('<AttributeStatement>', '<AttributeStatement>' +
                        claim % ('passwordexpirationdays', '5') +
                        claim % ('passwordchangeurl', 'https://p.example/x'))
    a, s = play(steps(working(base64.b64encode(text.encode()).decode())))
    ok(good(a) and told(a) == 'Your password expires in 5 days. Change it at '
       'https://p.example/x', 'an expiry that AD FS announces', a.messages)
    a, s = play(steps((200, '<title>Hi</title><form id="aup" method="post">'
                       '<p>Dear Jane Doe</p><input name="agree" '
                       'value="hush"><input id="jane@example.com"></form>',
                       [])))
    page = a.of('page')
    ok(len(page) == 1 and 'form id=aup method=post' in page[0]['skeleton'] and
       'name=agree' in page[0]['skeleton'] and
       not re.search('hush|Jane|jane|Dear', page[0]['skeleton']),
       'the skeleton has names and no texts', a.messages)
    ok(fault_is(a, 'protocol', 'unknown-page') and
       'skeleton' not in a.fault()['next'], 'nothing kept, nothing promised',
       a.messages)
    h = s.requests[0][4]
    ok(re.match(r'.*awsfed/[0-9.]+', h['User-Agent']) and
       h['client-request-id'] == a.fault()['request'],
       'each request can be found by the administrator', h)


def main():
    tap = Tap()
    for part in (realms, partners, foreign_forms, methods, second, sites,
                 passwords, errors, requests, notices):
        part(tap.ok)
    tap.done()


if __name__ == '__main__':
    main()
