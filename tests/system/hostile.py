#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The worker and pages that mean it harm, or that nobody meant at all.

Whatever comes in, the job ends in a fault that says why and what to do, within
bounded time and memory; a password goes out once at most, and to nobody else.
Plain HTTP on loopback, which the job allows by name.
"""
import base64
import gzip
import json
import os
import resource
import sys
import time
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from hostile_server import Server, http, to  # noqa: E402
from worker_agent import Agent, Tap, job  # noqa: E402

PASSWORD = 'hunter2hunter2'
# Generous: a good sign-in takes 20 MB and 50 ms.
SECONDS = 60
MEGABYTES = 200 if os.environ.get('AWSFED_INSTRUMENTED', 'no') == 'no' \
    else 900
MIB = 1024 * 1024

LOGIN = '''<html><head><title>Sign In</title>%s</head><body>
<form method="post" id="loginForm" action="%s"><input name="UserName">
<input name="Password" type="password"><input type="hidden" name="AuthMethod"
value="FormsAuthentication"></form></body></html>'''
ERROR = '<title>E</title><div id="errorArea"><div id="errorMessage">%s</div>' \
    '<ul id="errorDetails"><li>Activity ID: x</li></ul></div>'


def login(action='', head=''):
    return http(LOGIN % (head, action))


def working(value, more=''):
    return http('<form method="POST" name="hiddenform" action="https://signin'
                '.aws.amazon.com:443/saml"><input type="hidden" '
                'name="SAMLResponse" value="%s">%s</form>' % (value, more))


def response(xml):
    if isinstance(xml, str):
        xml = xml.encode()
    return working(base64.b64encode(xml).decode())


def envelope(inside, status='Success', doctype=''):
    return doctype + '''<samlp:Response
xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0"
Destination="https://signin.aws.amazon.com/saml"><samlp:Status>
<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:%s"/></samlp:Status>
<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion">%s</Assertion>
</samlp:Response>''' % (status, inside)


def drip(server, path, number, body):
    yield b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n'
    for _ in range(200):
        yield b'<p>x'
        time.sleep(0.1)


def endless(server, path, number, body):
    """Distinct pages that send themselves on, one after the other."""
    return http('<form method="post" action="/adfs/ls/?n=%d"><input '
                'type="hidden" name="a" value="b"></form>' % number)


def pingpong(server, path, number, body):
    return to('/adfs/%d' % (number % 2))


def far(server, path, number, body):
    return to('/adfs/%d' % number)


def own(text):
    """An action that names the server itself, in part."""
    return lambda server, path, number, body: login(
        text.replace('HOST', server.host).replace('PORT', str(server.port)))


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + ''.join(
    '<!ENTITY %s "%s">' % (b, ('&%s;' % a) * 10)
    for a, b in zip('abcdefghi', 'bcdefghij')) + ']>'
ANY = {'protocol', 'security', 'temporary', 'denied', 'config', 'rejected'}
BAD = {'protocol', 'security'}

# name, what a GET brings, kinds of the fault, more of the job
PAGES = [
    # size
    ('10 MB of text', http(b'<p>x ' * (2 * MIB)), BAD),
    ('10 MB of forms', http(b'<form><a>' * MIB), BAD),
    ('10 MB without an end', lambda *a: [
        b'HTTP/1.1 200 OK\r\n\r\n'] + [b'<p>x' * 16384] * 160, BAD),
    ('a megabyte, all there', http(b'<p>' * (MIB // 3)), BAD),
    ('one text of a megabyte', http(b'<title>' + b'x' * (MIB - 50)), BAD),
    ('a comment that never ends', http(b'<!--' + b'-' * 900000), BAD),
    ('one tag of a megabyte', http(b'<input name="' + b'x' * 900000), BAD),
    ('less than was promised', http('x' * 99)[:-50], ANY),
    ('a header of 100 KB', http('', headers=['X-A: ' + 'x' * 100000]), ANY),
    ('100,000 headers', http('', headers=['X-A: x'] * 100000), ANY),
    ('10,000 cookies', http(LOGIN % ('', 'javascript:'), headers=[
        'Set-Cookie: c%d=%s' % (i, 'x' * 20) for i in range(1000)]), BAD),
    ('a zip bomb', http(gzip.compress(b'<p>' * (20 * MIB)), headers=[
        'Content-Encoding: gzip']), ANY),
    ('a deflate bomb', http(zlib.compress(b'<p>' * (20 * MIB)), headers=[
        'Content-Encoding: deflate', 'Transfer-Encoding: identity']), ANY),
    # shape
    ('100,000 div in each other', http('<div>' * 100000), BAD),
    ('100,000 b in each other', http('<b>' * 100000 + 'x'), BAD),
    ('100,000 forms in each other', http('<form>' * 100000), BAD),
    ('tables in each other', http('<table><tr><td>' * 30000), BAD),
    ('lists in each other', http('<ul><li>' * 50000), BAD),
    ('selects in each other', http('<select><option>' * 40000), BAD),
    ('a deep form', http('<div>' * 50000 + LOGIN % ('', 'javascript:')), BAD),
    ('130,000 attributes on a tag', http('<form method=post ' + ' '.join(
        'a%x' % i for i in range(130000)) + '><input name=Password>'), BAD),
    ('the same attribute 130,000 times', http(
        '<form ' + 'a=1 ' * 130000 + '>'), BAD),
    ('100,000 inputs', http('<form>' + '<input name=a>' * 70000), BAD),
    ('50,000 forms', http('<form></form>' * 50000), BAD),
    ('60,000 options', http('<form><select name=a>' + '<option>x' * 60000),
     BAD),
    ('60,000 equal ids', http('<p id=errorText>x' * 50000), BAD),
    ('end tags only', http('</form></div>' * 50000), BAD),
    ('nothing', http(''), BAD),
    ('blanks', http(' \n' * 1000), BAD),
    ('not HTML', http('{"a": 1}', kind='application/json'), BAD),
    ('every byte', http(bytes(range(256)) * 1000), BAD),
    # character sets
    ('UTF-16', http((LOGIN % ('', '')).encode('utf-16')), BAD),
    ('UTF-16, and it says so', http(
        (LOGIN % ('', '')).encode('utf-16'),
        kind='text/html; charset=utf-16'), BAD | {'rejected'}),
    ('UTF-32', http((LOGIN % ('', '')).encode('utf-32')), BAD),
    ('a charset nobody knows', http(
        ERROR % 'x', kind='text/html; charset="\\\'bogus'), ANY),
    ('a meta charset that lies', http(
        '<meta charset="utf-7">' + ERROR % '+ADw-script+AD4-'), ANY),
    ('EBCDIC in a meta', http(
        '<meta charset="ebcdic-us">' + ERROR % 'x'), ANY),
    ('Latin-1 that says UTF-8', http(
        (ERROR % 'Zugriff für Ärzte gesperrt').encode('latin-1')), ANY),
    ('surrogates in UTF-8', http(
        (ERROR % 'a').encode() + b'\xed\xa0\x80\xf4\x90\x80\x80'), ANY),
    ('100,000 NUL', http(b'\0' * 100000), BAD),
    ('NUL in names', http(
        (LOGIN % ('', 'javascript:')).replace('Name', 'Na\0me')), BAD),
    ('escapes in a message', http(
        ERROR % '\x1b]0;owned\x07\x1b[2J&#27;[31m&#0;&#x9b;31m'), ANY),
    ('the message of a megabyte', http(ERROR % ('x' * 900000)), ANY),
    ('an error page in an error page', http(
        (ERROR % '<div id="errorMessage">') * 5000), ANY),
    # where a form leads
    ('javascript:', login('javascript:alert(1)'), BAD),
    ('data:', login('data:text/html,x'), BAD),
    ('file:', login('file:///etc/passwd'), BAD),
    ('mailto:', login('mailto:a@example.com'), BAD),
    ('ftp:', login('ftp://127.0.0.1/'), BAD),
    ('gopher:', login('gopher://127.0.0.1:25/_x'), BAD),
    ('another host', login('https://evil.example.org/'), BAD),
    ('another host, its scheme left out', login('//evil.example.org/'), BAD),
    ('three slashes', login('https:///evil.example.org/'), BAD),
    ('a backslash', login('\\\\evil.example.org\\x'), BAD | {'rejected'}),
    ('another port', own('http://127.0.0.1:1/'), BAD),
    ('another name of the same', own('http://localhost:PORT/'), BAD),
    ('another form of the address', own('http://[::ffff:127.0.0.1]:PORT/'),
     BAD),
    ('our host as a user', own('http://HOST@evil.example.org/'), BAD),
    ('our host as a user, with a backslash',
     own('http://HOST\\@evil.example.org/'), BAD | {'rejected'}),
    ('our host as a prefix', own('http://127.0.0.1.evil.example.org:PORT/'),
     BAD),
    ('a percent sign in the host', own('http://127.0.0.1%00.evil.org:PORT/'),
     BAD),
    ('a Cyrillic letter', login('https://ad\u0435s.example.org/'), BAD),
    ('a full-width dot', login('https://127\uff0e0.0.2/'), BAD),
    ('a soft hyphen', own('http://127.0.0.1\u00ad.evil.org:PORT/'), BAD),
    ('a line feed', own(
        '/adfs/&#13;&#10;Host: evil.example.org&#13;&#10;X-Evil: 1'),
     BAD | {'rejected'}),
    ('a tab in the scheme', login('java\tscript:alert(1)'), BAD),
    ('a port that is none', own('http://127.0.0.1:999999/'), BAD),
    ('an address of 100 KB', login('/' + 'x' * 100000), BAD | {'rejected'}),
    ('a base elsewhere', login('', '<base href="https://evil.org/">'), BAD),
    ('a base, late', http(LOGIN % ('', 'adfs') +
                          '<base href="https://evil.org/">'), BAD),
    ('GET', http((LOGIN % ('', '')).replace('"post"', '"get"')), BAD),
    ('multipart', http((LOGIN % ('', '')).replace(
        'method', 'enctype="multipart/form-data" method')), BAD),
    # redirects
    ('a circle', lambda s, p, n, b: to(p), BAD),
    ('to and fro', pingpong, BAD),
    ('on and on', far, BAD),
    ('pages that send themselves on', endless, BAD),
    ('a redirect to a file', to('file:///etc/passwd'), ANY),
    ('a redirect to another scheme', to('dict://127.0.0.1:25/x'), ANY),
    ('a redirect to another host', to('https://evil.example.org/'), ANY),
    ('a redirect to nowhere', to(''), ANY),
    ('a redirect of 100 KB', to('/' + 'x' * 60000), ANY),
    ('a redirect with a user', to('http://a:b@127.0.0.1/'), ANY),
    ('a redirect of odd bytes', to(b'http://\xff\xfe\x01/'), ANY),
    ('a redirect that names no place', http('', '302 Found'), ANY),
    ('300', http('', '300 Multiple Choices'), ANY),
    # HTTP itself
    ('HTTP/0.9', b'<p>hello', ANY),
    ('no status', b'HTTP/1.1\r\n\r\n', ANY),
    ('status 999', http('', '999 Odd'), ANY),
    ('status 0', http('', '000 Odd'), ANY),
    ('a negative length', b'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx',
     ANY),
    ('two lengths', b'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n'
     b'Content-Length: 99999999999999999999\r\n\r\nx', ANY),
    ('a bad chunk', b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
     b'zz\r\nx', ANY),
    ('a chunk of 2^64', b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n'
     b'\r\nffffffffffffffff\r\nx', ANY),
    ('continue for ever', lambda *a: [b'HTTP/1.1 100 Continue\r\n\r\n'] *
     20000, ANY),
    ('nothing at all', b'', ANY),
    ('Retry-After of a thousand years', http(
        '', '503 Busy', ['Retry-After: 31536000000']), ANY),
    ('a Date of the year 30000', http(ERROR % 'x', headers=[
        'Date: Sun, 01 Jan 30000 00:00:00 GMT']), ANY),
    ('an offer of every scheme', http('', '401 No', [
        'WWW-Authenticate: ' + ', '.join('S%d' % i for i in range(5000))]),
     ANY),
    # the assertion
    ('base64: cut', working(base64.b64encode(b'<samlp:').decode()[:-3]), BAD),
    ('base64: other letters', working('PHN&#10;!!!*"/>'), BAD),
    ('base64: padding first', working('====PHNhbWw'), BAD),
    ('base64: nothing but padding', working('===='), BAD),
    ('base64: URL letters', working('-_-_'), BAD),
    ('base64 of nothing', working(' '), BAD),
    ('base64 of garbage', response(bytes(range(256)) * 10), BAD),
    ('base64 of half a megabyte', response('<a>' + 'x' * 500000), {'config'}),
    ('an entity bomb', response(envelope('&j;', doctype=BOMB)), BAD),
    ('an external entity', response(envelope('&x;', doctype=(
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'))), BAD),
    ('an external DTD', lambda s, p, n, b: response(envelope('', doctype=(
        '<!DOCTYPE a SYSTEM "%s/dtd">' % s.url))), BAD),
    ('a DTD in UTF-16', response(
        ('<?xml version="1.0" encoding="utf-16"?>' +
         envelope('', doctype=BOMB)).encode('utf-16')), BAD),
    ('10,000 elements in each other', response(
        envelope('<a>' * 10000 + '</a>' * 10000)), BAD),
    ('5,000 attributes', response(envelope(
        '<a %s/>' % ' '.join('a%d=""' % i for i in range(5000)))), BAD),
    ('an assertion without roles', response(envelope('')), ANY),
    ('a refusal', response(envelope('', 'Responder')), ANY),
    ('two assertions', working('PHNhbWw+', '<input name="SAMLResponse" '
                               'value="PHNhbWw+">'), BAD),
    ('an assertion for somebody else', response(envelope('').replace(
        'signin.aws.amazon.com', 'evil.example.org')), ANY),
]
# The first page is good, this is what the password brings.
AFTER = [
    ('10 MB', http(b'<p>x ' * (2 * MIB)), {'temporary'}),
    ('nothing', b'', ANY),
    ('a page that is cut', http(LOGIN % ('', ''))[:-200], ANY),
    ('130,000 attributes', http('<form ' + ' '.join(
        'a%x' % i for i in range(130000)) + '>'), BAD),
    ('100,000 div', http('<div>' * 100000), BAD),
    ('a redirect to another host', to('https://evil.example.org/'), BAD),
    ('a redirect that keeps the body', to('/adfs/', '307 Again'), BAD),
    ('the same for another host', to('https://evil.example.org/', '308 On'),
     BAD),
    ('an assertion that is damaged', working('PHN&#10;!!!*"/>'), BAD),
    ('the sign-in page again', login(), {'rejected'}),
    ('an error that repeats the password', http(ERROR % PASSWORD), ANY),
]

def factor(inside, name='Contoso', more=''):
    return http('<title>MFA</title><form method="post" id="loginForm" %s>'
                '<input type="hidden" name="AuthMethod" value="%s"><input '
                'type="hidden" name="Context" value="c">%s</form>' % (
                    more, name, inside))


CODE = '<input name="VerificationCode" id="c">'
END = ANY | {'needs-user'}
# What the password brings is a second factor, again and again.
FACTORS = [
    ('a name of 100 KB', factor(CODE, 'x' * 100000), END),
    ('a name with escapes', factor(CODE, '\x1b[2J\0&#27;&#10;'), END),
    ('a label of half a megabyte', factor(
        '<label for="c">%s</label>%s' % ('y ' * 250000, CODE)), END),
    ('a label with escapes', factor(
        '<label for="c">\x1b]0;x\x07&#x202e;&#27;[31m</label>' + CODE), END),
    ('10,000 choices', factor('<select name="way">%s</select>' % ''.join(
        '<option value="%d">%d</option>' % (i, i) for i in range(10000))),
     END),
    ('10,000 radio buttons', factor(''.join(
        '<input type="radio" name="way" value="%d">' % i
        for i in range(10000))), END),
    ('1,900 fields', factor(''.join(
        '<input name="f%d">' % i for i in range(1900))), END),
    ('a number of 100,000 digits', factor(
        '<p id="validEntropyNumber">%s</p><div id="Progress"></div>' % (
            '7' * 100000), 'AzureMfaAuthentication'), END),
    ('an approval that never comes', factor(
        '<div id="Progress"></div>', 'AzureMfaAuthentication'), END),
    ('a code for another host', factor(
        CODE, more='action="https://evil.example.org/"'), BAD),
    ('a code for a user at our host', factor(
        CODE, more='action="https://127.0.0.1@evil.example.org/"'), BAD),
    ('a wait at another host', factor('<div id="Progress"></div>',
                                      more='action="//evil.example.org/"'),
     BAD),
    ('a code by GET', factor(CODE).replace(b'"post"', b'"get" '), BAD),
    ('a password as a code', factor(
        '<input name="Password" type="password">'), END),
]


class Person(Agent):
    """Answers whatever it is asked, in the way it is asked."""

    def reply(self, m):
        if m['type'] != 'ask' or m['name'] in ('user', 'password'):
            super().reply(m)
            return
        choices = m.get('choices')
        self.send({'type': 'answer', 'id': m['id'], 'value':
                   choices[0]['value'] if choices else
                   'yes' if m['kind'] == 'confirm' else '123456'})


def printable(text):
    return not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text)


def foul(agent, server, seconds, kinds):
    """What is wrong with this end, or None."""
    fault = agent.fault()
    sent = [r for r in server.requests
            if PASSWORD.encode() in r[3] or PASSWORD in r[1]]
    if agent.process.returncode != 0 or agent.types()[-1:] != ['done']:
        return 'the worker did not end well'
    if not fault or fault['kind'] not in kinds:
        return 'not such a fault'
    if not fault.get('text') or not fault.get('next'):
        return 'no text, or nothing to do next'
    if not printable(fault['text'] + fault['next']) or \
            len(fault['text']) > 4096:
        return 'a text that nobody can read'
    shown = [m['label'] for m in agent.of('ask')] + \
        [m['text'] for m in agent.of('tell')] + \
        [c['label'] for m in agent.of('ask') for c in m.get('choices', [])]
    if not all(0 < len(x.encode()) <= 1024 and printable(x) for x in shown):
        return 'a question that nobody can read'
    if any('evil' in x.lower() for x in shown):
        return 'a question in the name of somebody else'
    if PASSWORD in json.dumps(agent.messages):
        return 'the password in a message'
    if len(sent) > 1 or any(PASSWORD in r[1] for r in sent):
        return 'the password was sent twice, or in an address'
    if len(sent) != len(agent.of('attempt')) or \
            len(sent) != len(agent.of('outcome')):
        return 'attempts, outcomes and passwords do not agree'
    if any('evil' in x.lower() for r in server.requests for x in r[2]):
        return 'a header of the page\'s making'
    if seconds > SECONDS:
        return 'it took %.0f s' % seconds
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    if peak > MEGABYTES:
        return 'it took %.0f MB' % peak
    return None


def run(tap, name, server, kinds, **more):
    began = time.monotonic()
    try:
        agent = Person(job(server.url, user='CORP\\jane',
                          **{'timeout': 10, **more}),
                      password=PASSWORD, roles=lambda m: []).run()
    finally:
        server.close()
    bad = foul(agent, server, time.monotonic() - began, kinds)
    tap.ok(bad is None, name, [bad, agent.messages[-3:],
                               [r[:2] for r in server.requests][:5]])
    return agent, server


def main():
    tap = Tap()
    for name, page, kinds in PAGES:
        # Nothing that needs a good form comes of these: refused again.
        run(tap, name, Server(page, page if page is endless else login()),
            kinds)
    for name, page, kinds in AFTER:
        agent, server = run(tap, 'after the password: ' + name,
                            Server(login(), page), kinds)
        tap.ok(len(agent.of('outcome')) == 1 and
               agent.of('outcome')[0]['result'] in ('rejected', 'unknown',
                                                    'accepted'),
               'after the password: %s: its outcome is told' % name,
               agent.messages)
    for name, page, kinds in FACTORS:
        agent, server = run(tap, 'second factor: ' + name,
                            Server(login(), page), kinds, mfaTimeout=1)
        tap.ok(len([m for m in agent.of('ask') if m['kind'] == 'code']) <= 10
               and sum(m.get('push', False) for m in agent.of('tell')) <= 1,
               'second factor: %s: bounded' % name, agent.messages[-5:])
    run(tap, 'a drop every 100 ms', Server(drip), {'temporary'}, timeout=2)
    # A form that names everything twice is sent as a browser would.
    twice = (LOGIN % ('', '')).replace(
        '</form>', '<input name="UserName" value="x"><input name="Password" '
        'type="password"></form>')
    agent, server = run(tap, 'every name twice', Server(http(twice), login()),
                        {'rejected'})
    body = b''.join(r[3] for r in server.requests)
    tap.ok(body.count(PASSWORD.encode()) <= 1,
           'every name twice: one of them gets the password', body.decode())
    agent, server = run(tap, 'no action', Server(http(
        (LOGIN % ('', '')).replace(' action=""', '')), login()), {'rejected'})
    tap.ok([r[1] for r in server.requests if r[0] == 'POST'] ==
           [server.requests[0][1]], 'no action: to the page itself',
           [r[:2] for r in server.requests])
    print('# peak memory of a worker: %.0f MB' % (
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024))
    tap.done()


if __name__ == '__main__':
    main()
