# SPDX-License-Identifier: Apache-2.0
"""Plays the agent for one awsfed-worker, over a socket pair on descriptor 3."""
import json
import os
import socket
import subprocess

BUILD = os.environ.get('top_builddir', '.')
WORKER = os.environ.get('AWSFED_WORKER', os.path.join(BUILD, 'awsfed-worker'))
SALT = '000102030405060708090a0b0c0d0e0f'
PROVIDER = 'urn:amazon:webservices'


class Agent:
    """Starts a worker, sends the job, answers what it asks."""

    def __init__(self, job, user='CORP\\jane', password='right',
                 roles=None, allow=True, on_message=None, answers=None,
                 pages=None, typed=False):
        self.messages = []
        self.user, self.password = user, password
        self.roles, self.allow, self.on_message = roles, allow, on_message
        # {question's name: value}, where a page's skeleton is said to be
        self.answers, self.pages = answers or {}, pages
        self.typed = typed  # the password, by a person
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        os.set_inheritable(theirs.fileno(), True)
        env = {k: v for k, v in os.environ.items()
               if k.startswith(('ASAN', 'UBSAN', 'LSAN'))}
        env.update({'LC_ALL': 'C.UTF-8',
                    'SSLKEYLOGFILE': '/nonexistent/keys'})
        fd = theirs.fileno()
        self.process = subprocess.Popen(
            ['/bin/bash', '-c', f'exec 3<&{fd}; [ {fd} = 3 ] || exec {fd}<&-; '
             'exec "$0"', WORKER], env=env, pass_fds=(fd,),
            stdin=subprocess.DEVNULL)
        theirs.close()
        self.socket = ours
        self.socket.settimeout(60)
        self.send(job)

    def send(self, message):
        self.socket.sendall(json.dumps(message).encode() + b'\0')

    def read(self):
        buffer = b''
        while True:
            while b'\0' in buffer:
                one, buffer = buffer.split(b'\0', 1)
                yield json.loads(one)
            data = self.socket.recv(65536)
            if not data:
                return
            buffer += data

    def reply(self, m):
        kind = m['type']
        if kind == 'ask':
            value = {'user': self.user, 'password': self.password,
                     **self.answers}.get(m['name'])
            if value is None:
                self.refuse(m, 'needs-user', 'Nobody is there to answer.')
            else:
                more = {'typed': True} if self.typed and \
                    m['name'] == 'password' else {}
                self.send({'type': 'answer', 'id': m['id'], 'value': value,
                           **more})
        elif kind == 'page':
            self.send({'type': 'kept', 'id': m['id'],
                       **({'path': self.pages} if self.pages else {})})
        elif kind == 'attempt':
            if self.allow:
                self.send({'type': 'go', 'id': m['id']})
            else:
                self.refuse(m, 'rejected', 'The ledger forbids it.')
        elif kind == 'assertion':
            roles = self.roles(m) if callable(self.roles) else []
            self.send({'type': 'redeem', 'id': m['id'], 'roles': roles})

    def refuse(self, m, kind, text):
        self.send({'type': 'refuse', 'id': m['id'],
                   'fault': {'kind': kind, 'text': text,
                             'next': 'Come back.'}})

    def run(self):
        for m in self.read():
            self.messages.append(m)
            if self.on_message is not None and self.on_message(self, m):
                break
            self.reply(m)
        self.socket.close()
        self.process.wait(30)
        return self

    def of(self, kind):
        return [m for m in self.messages if m['type'] == kind]

    def types(self):
        return [m['type'] for m in self.messages]

    def fault(self):
        faults = [m for m in self.of('fault') if 'profile' not in m]
        return faults[0]['fault'] if faults else {}


def job(host, **more):
    base = {'type': 'job', 'job': 'signin', 'host': host,
            'path': '/adfs/ls/IdpInitiatedSignOn.aspx',
            'providerId': PROVIDER, 'auth': 'auto', 'keepSignedIn': False,
            'sslVerification': True, 'allowHttpLoopback': True,
            'allowedHosts': [], 'attended': True, 'cookies': [],
            'salt': SALT, 'connectTimeout': 5, 'timeout': 20,
            'questionTimeout': 30}
    base.update(more)
    return base


class Tap:
    """Counts and prints; ends with the plan."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, name, detail=None):
        self.count += 1
        if not good:
            self.failed += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}",
              flush=True)
        if not good and detail is not None:
            print('# ' + json.dumps(detail, default=str)[:2000], flush=True)

    def done(self):
        print(f'1..{self.count}')
        raise SystemExit(1 if self.failed else 0)
