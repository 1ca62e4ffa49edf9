#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A password is posted once, on a connection that is used again: whatever the
server does with that connection, no second post arrives, and one that has been
closed in the meantime is not taken. TAP."""
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_agent import Agent, Tap, job  # noqa: E402

LOGIN = '''<html><head><title>Sign In</title></head><body>
<form method="post" id="loginForm" action="/adfs/ls/x">
<input id="userNameInput" name="UserName" value="">
<input id="passwordInput" name="Password" type="password">
<input type="hidden" name="AuthMethod" value="FormsAuthentication">
</form></body></html>'''
REFUSED = LOGIN.replace('<input', '<span id="errorText">No.</span><input', 1)
RESET = struct.pack('ii', 1, 0)  # SO_LINGER: close() sends a reset


class Server:
    """idle: what happens to the connection after the page; post: after the
    password was read."""

    def __init__(self, folder, idle, post, keep_alive=None, tls=True):
        self.idle, self.post, self.keep_alive = idle, post, keep_alive
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(os.path.join(folder, 'cert'),
                                         os.path.join(folder, 'key'))
        self.posts, self.connections = [], 0
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.host = '127.0.0.1:%d' % self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(peer,),
                             daemon=True).start()

    def serve(self, peer):
        try:
            if self.context is not None:
                peer = self.context.wrap_socket(peer, server_side=True)
            while self.one(peer):
                pass
        except OSError:
            pass
        finally:
            peer.close()

    def one(self, peer):
        data = b''
        while b'\r\n\r\n' not in data:
            more = peer.recv(65536)
            if not more:
                return False
            data += more
        head, body = data.split(b'\r\n\r\n', 1)
        size = [int(x.split(b':')[1]) for x in head.split(b'\r\n')
                if x.lower().startswith(b'content-length:')]
        while size and len(body) < size[0]:
            body += peer.recv(65536)
        if head.startswith(b'POST'):
            self.posts.append(body)
            return self.end(peer, self.post, REFUSED)
        self.answer(peer, LOGIN)
        return self.end(peer, self.idle, None)

    def answer(self, peer, text):
        more = 'Keep-Alive: %s\r\n' % self.keep_alive if self.keep_alive else ''
        peer.sendall(('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n%s'
                      'Content-Length: %d\r\n\r\n%s'
                      % (more, len(text), text)).encode())

    def end(self, peer, how, text):
        if how == 'answer':
            if text:
                self.answer(peer, text)
            return True
        time.sleep(.1)
        if how == 'notify':  # TLS's word first
            peer.unwrap()
        elif how == 'reset':
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        elif how == 'bytes':  # that belong to nothing
            peer.sendall(b'HTTP/1.1 408 Request Timeout\r\n'
                         b'Content-Length: 0\r\n\r\n')
            return True
        elif how == 'half':
            peer.sendall(b'HTTP/1.1 ')
        return False


# What happens, to which connection, the rest; then: connections, outcome
CASES = (
    ('the connection is used again', 'answer', 'answer', {}, 1, 'rejected'),
    ('closed after the page', 'close', 'answer', {}, 2, 'rejected'),
    ('reset after the page', 'reset', 'answer', {}, 2, 'rejected'),
    ('ended by TLS after the page', 'notify', 'answer', {}, 2, 'rejected'),
    ('more bytes after the page', 'bytes', 'answer', {}, 2, 'rejected'),
    ('Keep-Alive: timeout=3 is nearly over', 'answer', 'answer',
     {'keep_alive': 'timeout=3, max=100'}, 2, 'rejected'),
    ('Keep-Alive: timeout=1', 'answer', 'answer',
     {'keep_alive': 'timeout=1'}, 2, 'rejected'),
    ('Keep-Alive: timeout=60', 'answer', 'answer',
     {'keep_alive': 'timeout=60'}, 1, 'rejected'),
    ('closed after the post', 'answer', 'close', {}, 1, 'unknown'),
    ('reset after the post', 'answer', 'reset', {}, 1, 'unknown'),
    ('ended by TLS after the post', 'answer', 'notify', {}, 1, 'unknown'),
    ('half an answer to the post', 'answer', 'half', {}, 1, 'unknown'),
    ('plain: closed after the page', 'close', 'answer', {'tls': False}, 2,
     'rejected'),
    ('plain: closed after the post', 'answer', 'close', {'tls': False}, 1,
     'unknown'),
    ('plain: reset after the post', 'answer', 'reset', {'tls': False}, 1,
     'unknown'),
)


def wait(_agent, message):
    """The person types for a while."""
    if message['type'] == 'ask' and message['name'] == 'password':
        time.sleep(2.2)


def sign_in(server, tls, folder, results, i):
    more = {'caBundle': os.path.join(folder, 'cert')} if tls else {}
    where = server.host if tls else 'http://' + server.host
    results[i] = Agent(job(where, timeout=20, connectTimeout=20,
                           allowHttpLoopback=not tls, **more),
                       password='wrong', on_message=wait).run()


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix='awsfed-once-') as folder:
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
             '-keyout', os.path.join(folder, 'key'), '-out',
             os.path.join(folder, 'cert'), '-subj', '/CN=127.0.0.1', '-days',
             '2', '-addext', 'subjectAltName=IP:127.0.0.1'],
            check=True, stderr=subprocess.DEVNULL)
        servers, threads = [], []
        agents = [None] * len(CASES)
        for i, (_, idle, post, more, _, _) in enumerate(CASES):
            servers.append(Server(folder, idle, post, **more))
            threads.append(threading.Thread(target=sign_in, args=(
                servers[i], more.get('tls', True), folder, agents, i)))
            threads[i].start()
        for t in threads:
            t.join(60)
        for case, server, agent in zip(CASES, servers, agents):
            outcomes = [m['result'] for m in agent.of('outcome')]
            tap.ok(len(server.posts) == 1, case[0] + ': one post',
                   server.posts)
            tap.ok(server.connections == case[4] and outcomes == [case[5]],
                   '%s: on connection %d, %s' % (case[0], case[4], case[5]),
                   [server.connections, outcomes, agent.fault()])
    tap.done()


main()
