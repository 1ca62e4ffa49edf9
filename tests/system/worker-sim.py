#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The worker against the simulator, over TLS: what its counters saw."""
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import netns  # noqa: E402
from worker_agent import BUILD, Agent, Tap, job  # noqa: E402

SRC = os.environ.get('top_srcdir', '.')
SIM = os.path.join(BUILD, 'tests/sim/awsfed-sim')
SIMCTL = os.path.join(SRC, 'tests/sim/simctl')
USER = 'CORP\\jane'
IDP = 'arn:aws:iam::123456789012:saml-provider/ADFS'
STS = 'sts.us-east-1.amazonaws.com'
ROLES = [f'arn:aws:iam::123456789012:role/R{i}' for i in range(20)]


class Sim:
    """One simulator in a directory of its own."""

    def __init__(self):
        self.tmp = tempfile.TemporaryDirectory(prefix='awsfed-sim-')
        self.dir = self.tmp.name
        self.process = subprocess.Popen(
            [SIM, '--dir', self.dir, '--host', STS], stdin=subprocess.DEVNULL)
        for _ in range(200):
            if os.path.exists(os.path.join(self.dir, 'ready')):
                break
            time.sleep(0.05)
        self.ca = os.path.join(self.dir, 'ca.pem')
        self.port = self.read('port')
        args = []
        for r in ROLES:
            args += ['--role', f'{r},{IDP}']
        self.ctl('user', 'add', USER, '--password', 'right', *args)

    def read(self, name):
        with open(os.path.join(self.dir, name), encoding='ascii') as f:
            return f.read().strip()

    def ctl(self, *args):
        return subprocess.run(
            [sys.executable, SIMCTL, self.dir, *args], check=False,
            stdout=subprocess.PIPE, text=True).stdout

    def counters(self):
        return json.loads(self.ctl('counters'))

    def job(self, port=None, **more):
        more.setdefault('caBundle', self.ca)
        return job(f'127.0.0.1:{port or self.port}',
                   allowHttpLoopback=False, **more)

    def redeem(self, arns, duration=3600):
        endpoint = f'https://127.0.0.1:{self.port}/'
        return lambda m: [
            {'profile': f'p{i}', 'roleArn': a, 'principalArn': IDP,
             'duration': duration, 'endpoint': endpoint}
            for i, a in enumerate(arns)]

    def login(self, arns=None, duration=3600, port=None, password='right',
              user=USER, **more):
        return Agent(self.job(port, **more), user=user, password=password,
                     roles=self.redeem(ROLES[:1] if arns is None else arns,
                                       duration)).run()

    def assume(self, port, ca):
        """Keys that AWS does not know, sent to STS under its own name."""
        proxy = netns.Proxy(int(self.read(port)))
        try:
            return Agent({
                'type': 'job', 'job': 'assume', 'profile': 'p',
                'roleArn': ROLES[0], 'sessionName': 'session',
                'region': 'us-east-1', 'fips': False, 'dualstack': False,
                'allowHttpLoopback': False, 'caBundle': ca,
                'httpsProxy': proxy.url, 'connectTimeout': 5, 'timeout': 20,
                'source': {'accessKeyId': 'ASIAX', 'secretAccessKey': 's',
                           'sessionToken': 't'}}).run()
        finally:
            proxy.close()

    def end(self):
        self.process.terminate()
        self.process.wait(10)
        self.tmp.cleanup()


def main():
    tap = Tap()
    ok = tap.ok
    sim = Sim()
    try:
        run(sim, ok)
    finally:
        sim.end()
    tap.done()


def fresh(sim, **options):
    for k, v in options.items():
        sim.ctl('set', k, str(v))
    sim.ctl('expire-sso')
    sim.ctl('fault', 'clear')
    sim.ctl('reset')


def run(sim, ok):
    # twenty roles, one password, one assertion
    a = sim.login(ROLES)
    c = sim.counters()
    ok(len(a.of('credentials')) == 20 and not a.of('fault'),
       'twenty roles', a.messages)
    ok((c['password_posts'], c['assertions'], c['assume_role_with_saml']) ==
       (1, 1, 20), 'one password, one assertion, twenty roles', c)
    ok(len(a.of('assertion')[0]['roles']) == 20, 'all roles are told')
    ok(c['connections'] <= 20, 'connections are used again', c)

    # the cookies bring the next one
    sim.ctl('reset')
    b = sim.login(cookies=a.of('cookies')[-1]['cookies'])
    c = sim.counters()
    ok(not b.of('ask') and c['password_posts'] == 0 and
       len(b.of('credentials')) == 1, 'cookies are enough', b.messages)
    ok(sim.ctl('violations').strip() == '', 'no violation',
       sim.ctl('violations'))

    # every flavour of page
    for flavour in ('2012r2', '2016', '2019', '2022', 'paginated',
                    'localised'):
        fresh(sim, flavour=flavour, extra='nds-pmd=a b&c')
        a = sim.login()
        c = sim.counters()
        ok(len(a.of('credentials')) == 1 and c['password_posts'] == 1 and
           c['violations'] == 0, f'pages of {flavour}', [a.messages, c])
        fresh(sim)
        a = sim.login(password='wrong')
        c = sim.counters()
        ok(a.fault().get('kind') == 'rejected' and
           c['password_posts'] == 1 and c['violations'] == 0 and
           [m['result'] for m in a.of('outcome')] == ['rejected'],
           f'a wrong password, {flavour}', [a.messages, c])
    fresh(sim, flavour='2019', kmsi='yes')
    a = sim.login(keepSignedIn=True)
    expiring = [x for x in a.of('cookies')[-1]['cookies']
                if 'MSISAuth\t' in x and x.split('\t')[4] != '0']
    ok(len(expiring) == 1 and sim.counters()['violations'] == 0,
       'kept signed in', a.messages)
    fresh(sim, kmsi='no')

    # faults of AD FS: kind, reason, password posts
    for place, args, kind, reason, posts in (
            ('adfs-get', ['--kind', 'close'], 'temporary', 'unreachable', 0),
            ('adfs-get', ['--kind', 'empty'], 'protocol', 'unknown-page', 0),
            ('adfs-get', ['--kind', 'garbage'], 'protocol', 'unknown-page',
             0),
            ('adfs-get', ['--kind', 'unknown'], 'protocol', 'unknown-page',
             0),
            ('adfs-get', ['--kind', 'mfa-page'], 'needs-user', None, 0),
            ('adfs-get', ['--kind', 'huge'], 'protocol', 'malformed', 0),
            ('adfs-get', ['--kind', 'wia'], 'needs-user', 'expired', 0),
            ('adfs-get', ['--kind', 'foreign-action'], 'security',
             'foreign-host', 0),
            ('adfs-get', ['--kind', 'foreign-redirect'], 'temporary',
             'captive-portal', 0),
            ('adfs-get', ['--kind', 'redirect-loop', '--count', '-1'],
             'protocol', 'unknown-page', 0),
            ('adfs-get', ['--kind', 'error-page', '--code', 'MSIS7012'],
             'denied', 'error-page', 0),
            ('adfs-get', ['--status', '503', '--retry-after', '9'],
             'temporary', 'server-error', 0),
            ('adfs-get', ['--status', '429'], 'temporary', 'busy', 0),
            ('adfs-get', ['--delay', '5000'], 'temporary', 'timeout', 0),
            ('adfs-post', ['--kind', 'close'], 'temporary', 'unreachable',
             1),
            ('adfs-post', ['--status', '500'], 'temporary', 'server-error',
             1),
            ('adfs-post', ['--delay', '5000'], 'temporary', 'timeout', 1),
            ('adfs-post', ['--kind', 'password-expired'], 'rejected',
             'password-refused', 1),
            ('adfs-post', ['--kind', 'foreign-redirect'], 'security',
             'foreign-host', 1),
            ('saml', ['--kind', 'status-failure'], None, None, 1),
            ('saml', ['--kind', 'expired'], 'temporary', 'expired', 1),
            ('saml', ['--kind', 'future'], 'temporary', 'clock', 1),
            ('saml', ['--kind', 'destination'], 'config', 'settings', 1),
            ('saml', ['--kind', 'recipient'], 'config', 'settings', 1),
            ('saml', ['--kind', 'audience'], 'config', 'settings', 1),
            ('saml', ['--kind', 'no-roles'], 'denied', 'refused', 1),
            ('saml', ['--kind', 'dtd'], 'protocol', 'malformed', 1),
            ('saml', ['--kind', 'base64'], 'protocol', 'malformed', 1),
            ('saml', ['--kind', 'malformed-xml'], 'protocol', 'malformed',
             1),
            ('saml', ['--kind', 'not-response'], 'protocol', 'malformed', 1),
            ('saml', ['--kind', 'two-assertions'], 'protocol', 'malformed',
             1)):
        fresh(sim)
        sim.ctl('fault', 'add', place, *args)
        a = sim.login(timeout=3)
        f, c = a.fault(), sim.counters()
        ok(fault_is(f, kind, reason) and c['password_posts'] == posts and
           c['violations'] == 0 and 'next' in f and not a.of('credentials'),
           f'{place} {" ".join(args)}', [a.messages, c])

    fresh(sim)
    sim.ctl('fault', 'add', 'adfs-get', '--kind', 'error-page', '--code',
            'MSIS7042', '--retry-after', '1')
    a = sim.login()
    ok([m['kind'] for m in a.of('tell')] == ['wait'] and
       len(a.of('credentials')) == 1, 'a loop is waited out', a.messages)
    fresh(sim)
    sim.ctl('fault', 'add', 'adfs-get', '--kind', 'error-page', '--code',
            'MSIS7042', '--retry-after', '7')
    a = sim.login(attended=False)
    ok(fault_is(a.fault(), 'temporary', 'busy') and
       a.fault()['retryAfter'] == 20 and not a.of('tell'),
       'with nobody there the agent waits', a.messages)

    # faults of STS
    for args, kind, reason, calls in (
            (['--code', 'AccessDenied'], 'denied', 'refused', 1),
            (['--code', 'InvalidIdentityToken'], 'config', 'refused', 1),
            (['--code', 'ExpiredTokenException'], 'temporary', 'expired', 1),
            (['--code', 'RegionDisabledException'], 'config', None, 1),
            (['--kind', 'malformed'], 'protocol', 'malformed', 1),
            (['--kind', 'missing-fields'], 'protocol', 'malformed', 1),
            (['--code', 'Throttling', '--count', '2'], None, None, 3),
            (['--kind', 'close', '--count', '1'], None, None, 2)):
        fresh(sim)
        sim.ctl('fault', 'add', ROLES[1], *args)
        a = sim.login(ROLES[:3])
        c = sim.counters()
        faults = [m for m in a.of('fault')]
        # A call answered by a fault is counted as that, not as a call.
        seen = c['roles'][ROLES[1]]['assume_role_with_saml']
        calls_seen = (seen, seen + c['faults_used'])
        if kind is None:
            good = len(a.of('credentials')) == 3 and not faults
        else:
            good = len(a.of('credentials')) == 2 and len(faults) == 1 and \
                faults[0]['profile'] == 'p1' and \
                fault_is(faults[0]['fault'], kind, reason)
        ok(good and calls in calls_seen and c['violations'] == 0,
           f'sts {" ".join(args)}', [a.messages, c])

    fresh(sim)
    a = sim.login(ROLES[:1], duration=7200)
    ok(a.of('credentials')[0].get('maxDuration') == 3600,
       'a duration above the role\'s maximum', a.messages)

    # TLS
    for name in ('badtls-port', 'badname-port', 'expired-port'):
        fresh(sim)
        a = sim.login(port=sim.read(name))
        c = sim.counters()
        ok(fault_is(a.fault(), 'security', 'tls') and
           c['password_posts'] == 0, name, a.messages)
    fresh(sim)
    a = Agent(job(f'127.0.0.1:{sim.port}')).run()
    ok(fault_is(a.fault(), 'security', 'tls'), 'an unknown CA', a.messages)
    # ssl_verification is for AD FS only: STS is verified all the same.
    fresh(sim)
    more = sim.job(sslVerification=False)
    del more['caBundle']
    a = Agent(more, user=USER, roles=sim.redeem(ROLES[:1])).run()
    c = sim.counters()
    ok(c['password_posts'] == 1 and c['assume_role_with_saml'] == 0 and
       a.of('fault') and a.of('fault')[0]['fault']['reason'] == 'tls',
       'verification off: AD FS only', [a.messages, c])
    public(sim, ok)
    ok(sim.ctl('violations').strip() == '', 'no violation at the end')


def public(sim, ok):
    """STS under its own name: the bundle's authorities and the system's."""
    other = os.path.join(sim.dir, 'other.pem')
    broken = os.path.join(sim.dir, 'broken.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
                    '-keyout', '/dev/null', '-out', other, '-subj', '/CN=x'],
                   check=True, capture_output=True)
    with open(broken, 'w', encoding='ascii') as f:
        f.write('-----BEGIN CERTIFICATE-----\nbm9uZQ==\n'
                '-----END CERTIFICATE-----\n')
    for port, ca, name in (
            ('port', sim.ca, None),
            ('port', other, 'an authority of neither'),
            ('badtls-port', sim.ca, 'a certificate of nobody'),
            ('badname-port', sim.ca, 'a certificate of another name'),
            ('expired-port', sim.ca, 'a certificate that has expired'),
            ('port', broken, 'a bundle that is none')):
        fresh(sim)
        a = sim.assume(port, ca)
        fault = a.of('fault')[0]['fault'] if a.of('fault') else {}
        if name is None:
            ok('AWS says' in fault.get('text', ''),
               'STS, vouched for by the bundle', a.messages)
        elif ca == broken:
            ok(fault and 'AWS says' not in fault['text'],
               f'STS with {name}', a.messages)
        else:
            ok(fault.get('reason') in ('tls', 'captive-portal'),
               f'STS with {name}', a.messages)


def fault_is(f, kind, reason):
    return bool(f) and kind in (None, f.get('kind')) and \
        reason in (None, f.get('reason'))


if __name__ == '__main__':
    main()
