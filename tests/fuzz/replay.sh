#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every file of the corpus through its target, and every fixture through those
# that read pages and answers, as TAP.
tests=${top_srcdir:-.}/tests
bin=${top_builddir:-.}/tests/fuzz
n=0

replay() {
	n=$((n + 1))
	if "$bin/replay-$1" "$2"; then
		echo "ok $n - $1 ${2#"$tests"/}"
	else
		echo "not ok $n - $1 ${2#"$tests"/}"
	fi
}

for dir in "$tests"/fuzz/corpus/*/; do
	for file in "$dir"*; do
		replay "$(basename "$dir")" "$file"
	done
done
for file in $(find "$tests/fixtures" -name '*.html' | sort); do
	replay page "$file"
	replay classify "$file"
done
for file in $(find "$tests/fixtures" -name '*.xml' | sort); do
	replay saml "$file"
	replay sts "$file"
done
echo "1..$n"
