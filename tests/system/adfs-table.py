#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps docs/ADFS.md honest: what a row names exists, and proves that much;
every page among the fixtures, and every adapter of the source, is in a row."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

TOP = tap.srcdir()
TESTS = os.path.join(TOP, 'tests')
# Pages of real farms: docs/ADFS.md may call nothing else a real page.
REAL = ('fixtures/saml2aws/', 'fixtures/aws-adfs-login/')
WAYS = ('real page', 'real peer', 'simulator', 'documentation only')


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as f:
        return f.read()


def rows(text):
    """Of all tables: name, recognised by, does, verified, [files]."""
    for line in text.splitlines():
        if not line.startswith('|') or line.startswith('|---'):
            continue
        cells = [c.strip() for c in line.strip('|').split('|')]
        if cells[3:] != ['verified', 'shown by']:
            yield cells[:-1], re.findall('`([^`]+)`', cells[-1])


def wrong(cells, shown):
    """What is wrong with a row, or None."""
    if len(cells) != 4 or not all(cells):
        return 'not five columns, all filled in'
    if cells[3] not in WAYS:
        return 'verified how?'
    if not shown:
        return 'nothing shows it'
    for token in shown:
        name, _, words = token.partition('#')
        if not os.path.isfile(os.path.join(TESTS, name)):
            return 'there is no tests/' + name
        if words and words not in read(TESTS, name):
            return 'tests/%s does not say "%s"' % (name, words)
    real = any(t.startswith(REAL) for t in shown)
    if cells[3] == 'real page' and not real:
        return 'the real page is not among the fixtures'
    if cells[3] in ('real peer', 'simulator') and not any(
            t.startswith(('system/', 'unit/')) for t in shown):
        return 'no test runs it'
    if cells[3] == 'real peer' and not any(
            t.startswith('system/') for t in shown):
        return 'no test with a real peer'
    return None


def main():
    text = read(TOP, 'docs', 'ADFS.md')
    table = list(rows(text))
    tap.ok(len(table) > 40, 'there are rows', len(table))
    for cells, shown in table:
        bad = wrong(cells, shown)
        tap.ok(bad is None, cells[0], bad)
    named = {t.partition('#')[0] for _, shown in table for t in shown}
    for folder, _, files in sorted(os.walk(os.path.join(TESTS, 'fixtures'))):
        for name in sorted(files):
            path = os.path.relpath(os.path.join(folder, name), TESTS)
            if name.endswith('.html'):
                tap.ok(path in named, path + ' is in a row')
    # The first two strings of each entry: the kind, and the provider's names.
    source = read(TOP, 'daemon', 'worker', 'adapters.c')
    array = source[source.index('adapters[] = {'):]
    array = array[:array.index('\n};')]
    entries = re.findall(
        r'\{ "([a-z0-9-]+)",\s*(NULL|(?:"[^"]*"\s*)+),', array)
    tap.ok(len(entries) > 10, 'adapters are found in the source', entries)
    for kind, strings in entries:
        names = ''.join(re.findall('"([^"]*)"', strings)).split('|')
        missing = [n for n in names if n and '`%s`' % n not in text]
        tap.ok('(`%s`)' % kind in text and not missing,
               'the adapter %s and its names are in a row' % kind, missing)


if __name__ == '__main__':
    tap.run(main)
