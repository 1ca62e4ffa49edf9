#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Our reading of AWS files against botocore's own, on random documents.

Where botocore takes a document, every key and value agrees, before an edit and
(but for the edited key) after it; where it refuses one, so do we, and the other
way round. Prints TAP. AWSFED_SEED repeats a run.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

top = os.environ.get('top_builddir', '.')
tool = os.path.join(top, 'tests/tools/initool')
# Sanitizers make the reader ten times as slow.
count = int(os.environ.get('AWSFED_DOCUMENTS',
                           '10000' if os.environ.get('AWSFED_INSTRUMENTED')
                           in ('1', 'yes') else '100000'))
seed = int(os.environ.get('AWSFED_SEED', random.SystemRandom().getrandbits(32)))

try:
    from botocore.configloader import raw_config_parse
    from botocore.exceptions import ConfigParseError
except ImportError:
    print('1..0 # SKIP python3-botocore is not installed: '
          'apt-get install python3-botocore')
    sys.exit(0)

print('# seed', seed)
rnd = random.Random(seed)

names = ['p', 'q', 'default', 'profile p', 'profile x y', 'DEFAULT', 'P',
         'a]b', 'é', 'k = v']
keys = ['k', 'K', 'aws_access_key_id', 's3', 'x.y', 'É', 'k 2', '[k', 'ſ',
        'adfs_config.role_arn']
values = ['', 'v', 'None', 'T # c', 'a=b', 'a:b', '"q"', '%(x)s', 'é', '[p]',
          'v\x0bw', '\u2028', '#', 'x' * 50]
blanks = ['', '', '', '', ' ', '  ', '\t', '\u3000', '\x0c', '\x1f', '\xa0']
seps = [' = ', '=', ' =', '= ', ': ', ':', '\t=\t', ' =\u2003']


def line(mild):
    """One line; a mild one is nearly always what botocore takes."""
    pick = rnd.random()
    ind = '' if mild or rnd.random() < 0.8 else rnd.choice(blanks)
    tail = '' if rnd.random() < 0.85 else rnd.choice(blanks)
    if pick < 0.14:
        return ind + '[' + rnd.choice(names) + ']' + rnd.choice(
            ['', '', '', ' # c', ';c', ']', ' '])
    if pick < 0.60:
        return ind + rnd.choice(keys) + rnd.choice(seps) + rnd.choice(
            values) + tail
    if pick < 0.72:
        return rnd.choice(['  ', '\t', '    ', '\u3000 ']) + rnd.choice(
            ['a = b', 'cont', 'c=d', '[p]', '; x', 'k\x0bm=1', 'm=1\x85'])
    if pick < 0.82:
        return rnd.choice(blanks) + rnd.choice(['#', ';']) + ' comment = é'
    if pick < 0.94 or mild:
        return rnd.choice(blanks)
    return rnd.choice(['garbage', '[]', '[q', '= v', ': w', '[ p ]', ']',
                       '\x00', '[\t]', 'k\x00 = 1', 'a\udcffb', '\ufeff'])


def unique(lines):
    """Leaves out what would make a key or section appear twice."""
    seen, section, out = set(), None, []
    for text in lines:
        s = text.strip()
        if s.startswith('[') and ']' in s[2:]:
            section = s[1:s.rindex(']')]
            if section != 'DEFAULT' and ('[', section) in seen:
                section = 'sect%d' % len(seen)
                text = '[%s]' % section
            seen.add(('[', section))
        elif text[:1].strip() and not s.startswith(('#', ';')):
            key = s.replace(':', '=').split('=')[0].rstrip().lower()
            if (section, key) in seen:
                continue
            seen.add((section, key))
        out.append(text)
    return out


def document():
    mild = rnd.random() < 0.7
    lines = [line(mild) for _ in range(rnd.randrange(0, 25))]
    if mild:
        lines = unique(['[' + rnd.choice(names) + ']'] + lines)
    ends = rnd.choice([['\n'], ['\n'], ['\r\n'], ['\r'], ['\n', '\r\n', '\r']])
    text = ''.join(s + rnd.choice(ends) for s in lines)
    if text and rnd.random() < 0.2:
        text = text.rstrip('\r\n')
    if rnd.random() < 0.01:
        text = '\ufeff' + text
    return text.encode('utf-8', 'surrogateescape')


def parse(path, data):
    with open(path, 'wb') as f:
        f.write(data)
    try:
        raw_config_parse(path)
        return raw_config_parse(path, parse_subsections=False)
    except ConfigParseError:
        return None


def edit():
    section = rnd.choice(['p', 'q', 'default', 'new', 'profile p', 'é', 'P'])
    key = rnd.choice(['k', 'K', 's3', 'newkey', 'x.y', 'é',
                      'aws_access_key_id'])
    kind = rnd.choice(['set', 'set', 'set', 'unset', 'add', 'remove'])
    if kind == 'set':
        return [kind, section, key, rnd.choice(['', 'new value', '# x', 'v=w'])]
    return [kind, section, key] if kind == 'unset' else [kind, section]


def ask(server, data, words):
    raw = [w.encode() for w in words]
    head = ' '.join(str(n) for n in [len(data), len(raw)] +
                    [len(w) for w in raw])
    server.stdin.write(head.encode() + b'\n' + data + b''.join(raw))
    server.stdin.flush()
    result, bad, out_len, json_len = map(int, server.stdout.readline().split())
    vals = json.loads(server.stdout.read(json_len))
    return result, bool(bad), vals, server.stdout.read(out_len)


def visible(conf):
    """What of botocore's reading ours can name: trimmed section names."""
    return {s: {k: v.replace('\x00', '\x01') for k, v in keys.items()}
            for s, keys in conf.items() if s == s.strip()}


def agrees(conf, vals):
    """None, or what differs. [DEFAULT] lends its keys to each section."""
    if any(s.strip() != s and s.strip() in conf for s in conf):
        return None
    lent = vals.get('DEFAULT', {})
    for s, keys in visible(conf).items():
        s8 = s.replace('\x00', '\x01')
        ours = dict(lent, **vals.get(s8, {}))
        if {k.replace('\x00', '\x01'): v for k, v in keys.items()} != ours:
            return 'section %r: botocore %r, we %r' % (s, keys, ours)
    return None


def expected(conf, words):
    """botocore's reading, edited as the words say."""
    kind, section = words[0], words[1]
    conf = {s: dict(k) for s, k in conf.items()}
    if kind == 'remove':
        conf.pop(section, None)
    elif kind in ('set', 'add'):
        conf.setdefault(section, {})
    if kind == 'set':
        conf[section][words[2].lower()] = words[3]
    elif kind == 'unset' and section in conf:
        conf[section].pop(words[2].lower(), None)
    return conf


def check(server, path, stats):
    data, words = document(), edit()
    conf = parse(path, data)
    result, bad, vals, out = ask(server, data, words)
    if bad != (conf is None):
        return data, words, 'botocore %s it, we %s it' % (
            'refuses' if conf is None else 'takes', 'refuse' if bad else 'take')
    stats['refused' if conf is None else 'taken'] += 1
    if ask(server, data, ['print'])[3] != data:
        return data, words, 'printed differently'
    if conf is None:
        return None
    why = agrees(conf, vals)
    if why:
        return data, words, why
    if result != 0:
        return data, words, 'the edit was refused'
    # "[ p ]" is meant by "p" too, which botocore does not do; and keys that
    # [DEFAULT] lends cannot be told from own ones here.
    if any(s != s.strip() for s in conf) or b'[DEFAULT]' in data:
        return None
    after = parse(path, out)
    want = expected(conf, words)
    if after != want and not held_back(words, conf, after):
        return data, words, 'after %r: %r, not %r' % (out, after, want)
    stats['edited'] += 1
    return None


def held_back(words, conf, after):
    """The one header that stays: an indented header follows it."""
    return words[0] == 'remove' and after == dict(conf, **{words[1]: {}})


stats = {'taken': 0, 'refused': 0, 'edited': 0}
failed = None
with tempfile.TemporaryDirectory() as tmp:
    os.environ['PYTHONUTF8'] = '1'
    server = subprocess.Popen([tool, 'serve'], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    for _ in range(count):
        failed = check(server, os.path.join(tmp, 'config'), stats)
        if failed:
            break
    server.stdin.close()
    server.wait()

print('1..2')
if failed:
    print('# document %r' % failed[0])
    print('# edit %r' % failed[1])
    print('# ' + failed[2].replace('\n', '\\n'))
print('%sok 1 - %d documents read as botocore reads them' % (
    'not ' if failed else '', count))
print('# %(taken)d taken, %(refused)d refused, %(edited)d compared after an '
      'edit' % stats)
enough = min(stats.values()) >= count // 10
print('%sok 2 - enough of them taken, refused and edited' % (
    '' if enough else 'not '))
