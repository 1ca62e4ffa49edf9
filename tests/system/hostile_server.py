# SPDX-License-Identifier: Apache-2.0
"""A server that sends the very bytes it is told to, and keeps what it got."""
import socket
import threading


def http(body, status='200 OK', headers=(), kind='text/html; charset=utf-8'):
    if isinstance(body, str):
        body = body.encode()
    head = ['HTTP/1.1 ' + status, 'Content-Type: ' + kind,
            'Content-Length: %d' % len(body), 'Connection: close']
    return '\r\n'.join(head + list(headers)).encode('latin-1') + \
        b'\r\n\r\n' + body


def to(place, status='302 Found'):
    if isinstance(place, str):
        place = place.encode()
    return b'HTTP/1.1 ' + status.encode() + b'\r\nLocation: ' + place + \
        b'\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'


class Server:
    """get and post: bytes, or a function of (server, path, number of the
    request, body) that gives them, or an iterable of such pieces."""

    def __init__(self, get, post=None):
        self.get, self.post = get, post if post is not None else get
        self.requests, self.lock = [], threading.Lock()
        self.socket = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.host = '127.0.0.1:%d' % self.port
        self.url = 'http://' + self.host
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(peer,),
                             daemon=True).start()

    def one(self, peer):
        with peer:
            peer.settimeout(30)
            try:
                self.answer(peer)
                # Nothing of it is lost when the other side is still sending.
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(65536):
                    pass
            except OSError:
                pass

    def answer(self, peer):
        data = b''
        while b'\r\n\r\n' not in data:
            more = peer.recv(65536)
            if not more:
                return
            data += more
        head, body = data.split(b'\r\n\r\n', 1)
        lines = head.decode('latin-1').split('\r\n')
        method, path = lines[0].split(' ')[:2]
        size = [int(x.split(':')[1]) for x in lines
                if x.lower().startswith('content-length:')]
        while size and len(body) < size[0]:
            more = peer.recv(65536)
            if not more:
                return
            body += more
        with self.lock:
            self.requests.append((method, path, lines[1:], body))
            number = len(self.requests)
        reply = self.post if method == 'POST' else self.get
        if callable(reply):
            reply = reply(self, path, number, body)
        for piece in [reply] if isinstance(reply, bytes) else reply:
            peer.sendall(piece)

    def close(self):
        self.socket.close()
