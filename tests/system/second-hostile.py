#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The worker and second factors that mean harm.

Limits hold whatever the pages do: codes, pushes, time, and what a person is
shown of a page's words.
"""
import importlib
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
second = importlib.import_module('worker-second')
from worker_agent import Tap  # noqa: E402

Page, Run, field = second.Page, second.Run, second.field
DONE, SCRIPT = second.DONE, second.SCRIPT
WAIT = '<p id="instructions">Approve it</p><img id="Progress"/>'
CASES = []


def case(function):
    CASES.append(function)
    return function


@case
def two_adapters_that_wait(ok):
    """Each begins a wait of its own when the other one has just ended."""
    def pages():
        for i in range(2000):
            yield Page(['AzureMfaAuthentication', 'Somebody'][i % 2], WAIT)
    r = Run(pages(), {'approve': ['no'] * 50}, mfaTimeout=30)
    ok(r.pushes() <= 5 and len(r.posts) < 40 and
       r.agent.fault().get('kind') in ('denied', 'protocol'),
       'adapters that take turns end as well', [r.pushes(), len(r.posts),
                                                r.agent.fault()])


@case
def preferred_way_again_and_again(ok):
    """awsfed.mfa_method sends a message once, not at each new page."""
    link = ('<a id="verificationOption2" href="#">Text</a>' +
            field('VerificationCode'))

    def pages():
        for i in range(60):
            yield Page(['AzureMfaAuthentication', 'Other'][i % 2],
                       link if i % 2 == 0 else field('x%d' % i))
    r = Run(pages(), {'code': ['1'] * 50, 'approve': ['no'] * 50},
            mfaMethod='sms')
    asked = [p for p in r.posts if p.get('__EVENTTARGET')]
    ok(len(asked) == 1, 'the preferred way is taken once', [asked, r.posts])


@case
def codes_under_ever_new_names(ok):
    def pages():
        for i in range(60):
            yield Page('SecurIDAuthentication' if i % 2 else 'Other',
                       field('Passcode' if i % 2 else 'c%d' % i),
                       error='Wrong.' if i else '')
    r = Run(pages(), {'code': ['1'] * 60})
    ok(len(r.posts) == 3 and r.agent.fault().get('kind') == 'rejected',
       'codes refused under other names are wrong codes', r.detail())


@case
def codes_without_end(ok):
    def pages():
        for i in range(60):
            yield Page('Other', field('c%d' % i))
    r = Run(pages(), {'code': ['1'] * 60})
    ok(len(r.posts) <= 8 and r.agent.fault().get('kind') == 'rejected',
       'nobody is asked for codes without end', r.detail())


@case
def several_fields_under_new_names(ok):
    def pages():
        for i in range(60):
            yield Page('Other', field('a%d' % i) + field('b%d' % i),
                       error='Wrong.' if i else '')
    r = Run(pages(), {'code': ['1'] * 99})
    ok(len(r.posts) == 3 and r.agent.fault().get('kind') == 'rejected',
       'the same with several fields', r.detail())


@case
def password_once_more(ok):
    """The page wants the password; no command may answer for the person."""
    for f in [field('Password', 'password', 'placeholder="Password for '
                    'CORP\\jane at adfs.example.com"'),
              field('answer', 'password', 'placeholder="Ihr Passwort"'),
              field('answer', 'text', 'placeholder="Your password"')]:
        def pages():
            yield Page('Phisher', f)
            yield DONE
        r = Run(pages(), {'code': ['from mfa_token_command'],
                          'text': ['x'], 'pin': ['typed']},
                totp=True)
        asks = [m for m in r.agent.of('ask')
                if m['name'] not in ('user', 'password')]
        ok(len(asks) == 1 and asks[0]['name'] == 'pin' and
           asks[0]['kind'] == 'secret' and
           asks[0]['label'].startswith(r.server.host + ' asks'),
           'a password on another page is the page\'s question', asks)


@case
def unknown_adapters_speak_for_themselves(ok):
    def pages():
        yield Page('Unknown', field('x', 'text', 'placeholder="User"') +
                   field('y', 'text', 'placeholder="Sign in at evil"'))
        yield DONE
    r = Run(pages(), {'code': ['1', '2']})
    ok(r.good() and all(m['label'].startswith(r.server.host)
                        for m in r.agent.of('ask') if m['name'] == 'code'),
       'whose words they are is said', r.asked())


@case
def words_that_do_harm(ok):
    nasty = ('\x1b[2J\x1b]0;x\x07 \u202e\u2066\u200f\u061c A\r\nPassword: ' +
             'x' * 10000)
    for body in [field('q', 'text', 'placeholder="%s"' % nasty),
                 field('q', 'text', 'placeholder="%s"' % nasty) +
                 field('r', 'text', ''),
                 field('n' + 'x' * 3000) + field('m' + 'x' * 3000),
                 '<input type="radio" name="c" value="a">%s<input '
                 'type="radio" name="c" value="b">b' % nasty]:
        def pages():
            yield Page('Other', body, '<p id="instructions">%s</p>' % nasty,
                       error=nasty)
            yield DONE
        r = Run(pages(), {'code': ['1', '2'], 'pin': ['1', '2'],
                          'method': ['a']})
        shown = [m.get('label') for m in r.agent.of('ask')] + \
            [m['text'] for m in r.agent.of('tell')] + \
            [c['label'] for m in r.agent.of('ask')
             for c in m.get('choices', [])]
        bad = [t for t in shown if len(t.encode()) > 1024 or any(
            ord(c) < 32 or c in '\x7f\u202e\u2066\u200f\u061c' for c in t)]
        ok(r.good() and not bad, 'words are short and plain', [bad, r.detail()])


@case
def a_choice_of_a_megabyte(ok):
    def pages():
        yield Page('Other', ''.join(
            '<input type="radio" name="c" value="%d%s">x' %
            (i, 'v' * 20000 if i else '') for i in range(40)) +
            '<input type="radio" name="c" value="k">k')
        yield DONE
    r = Run(pages(), {'method': ['k']})
    ok(r.good(), 'values too long are not offered', r.agent.fault())


@case
def a_choice_of_nothing(ok):
    for body in ['<input type="radio" name="c" value="">x',
                 '<select name="c"><option></select>']:
        def pages():
            yield Page('Other', body + '<input type="submit" name="s">')
            yield DONE
        r = Run(pages(), {'method': ['k']})
        ok(r.agent.process.returncode == 0 and 'done' in r.agent.types() or
           r.agent.fault(), 'a choice without a value', r.detail())


@case
def number_to_show(ok):
    def pages():
        yield Page('AzureMfaAuthentication',
                   '<div id="validEntropyNumber">42: now type your password '
                   'at evil.example.com</div>', WAIT)
        yield DONE
    r = Run(pages(), mfaTimeout=30)
    ok(r.good() and r.told('number-to-show') == [],
       'a number to show is a number', r.told('number-to-show'))


@case
def codes_in_faults(ok):
    """A page that repeats a code, a PIN: no fault, no word tells it."""
    def pages():
        yield Page('Other', field('pin', 'password') + field('otp'))
        yield Page('Other', field('otp'), error='No: 77665544 and 99887766')
        for _ in range(3):
            yield Page('Other', field('otp'), error='No: 77665544 and 99887766'
                       ' and 31415926')
    r = Run(pages(), {'pin': ['77665544'], 'code': ['99887766'] +
                      ['31415926'] * 5})
    text = str([m for m in r.agent.messages])
    ok('77665544' not in text and '99887766' not in text and
       '31415926' not in text, 'codes and PINs are not repeated', r.detail())


@case
def skeleton(ok):
    """What a page puts into ids and paths may be a person's name."""
    def pages():
        yield ('<html><body><div id="user-Jane" class="JANE box"></div>'
               '<div id="a3f9c2d17b604e8895aa10bc77de21f4"></div>'
               '<div id="right"></div>'
               '<form method="post" action="/adfs/jane/x"><input name="jane"/>'
               '<input id="keepMe" type="hidden" name="AuthMethod" value="Q"/>'
               '<input type="checkbox" name="agree"/></form></body></html>')
    r = Run(pages(), user='CORP\\jane')
    kept = [m['skeleton'] for m in r.agent.of('page')]
    ok(len(kept) == 1 and 'jane' not in kept[0].lower() and
       'keepMe' in kept[0] and '3f9c' not in kept[0],
       'no name in a skeleton', kept)



@case
def push_on_a_connection_that_dies(ok):
    """libcurl sends a body again when a kept connection dies: one push."""
    server = socket.create_server(('127.0.0.1', 0))
    host = '127.0.0.1:%d' % server.getsockname()[1]
    posts = []
    frame = Page('AzureMfaServerAuthentication',
                 '<input type="submit" name="go" value="Go"/>')

    def serve():
        try:
            while True:
                peer, _ = server.accept()
                threading.Thread(target=one, args=(peer,), daemon=True).start()
        except OSError:
            pass

    def one(peer):
        with peer:
            while True:
                data = b''
                while b'\r\n\r\n' not in data:
                    more = peer.recv(65536)
                    if not more:
                        return
                    data += more
                head, body = data.split(b'\r\n\r\n', 1)
                size = [int(x.split(b':')[1]) for x in head.split(b'\r\n')
                        if x.lower().startswith(b'content-length:')]
                while size and len(body) < size[0]:
                    body += peer.recv(65536)
                if head.startswith(b'POST'):
                    posts.append(body)
                    return
                text = frame.text('c', 'http://%s/adfs/ls/' % host).encode()
                peer.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n'
                             b'Content-Length: %d\r\n\r\n' % len(text) + text)

    threading.Thread(target=serve, daemon=True).start()
    agent = second.Person(second.job('http://' + host, mfaTimeout=20),
                          {}).run()
    server.close()
    ok(len(posts) == 1 and agent.fault(), 'a push is sent once',
       [posts, agent.messages])


@case
def waits_of_no_length(ok):
    """A refresh of 0 seconds does not make us hurry."""
    def pages():
        for _ in range(500):
            yield Page('Other', '', '<meta http-equiv="refresh" content="0">')
    begun = time.time()
    r = Run(pages(), mfaTimeout=5)
    ok(len(r.posts) <= 6 and time.time() - begun > 4 and
       r.agent.fault().get('reason') == 'timeout', 'polls are paced',
       r.detail())


def main():
    tap = Tap()
    only = sys.argv[1:]
    for one in CASES:
        if only and one.__name__ not in only:
            continue
        try:
            one(tap.ok)
        except Exception as e:  # a case that breaks has failed
            tap.ok(False, one.__name__, repr(e))
    tap.done()


if __name__ == '__main__':
    main()
