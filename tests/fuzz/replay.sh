#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every file of the corpus through its target, and every fixture through those
# that read pages and answers, as TAP.  A program for each target: what ends it
# is the file after the last one that it named.  Names of targets as arguments:
# the corpus of those alone.
tests=${top_srcdir:-.}/tests
bin=${top_builddir:-.}/tests/fuzz
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
n=0

replay() {
	target=$1
	shift
	"$bin/replay-$target" "$@" >"$out"
	status=$?
	for file; do
		n=$((n + 1))
		if grep -qxF "$file" "$out"; then
			echo "ok $n - $target ${file#"$tests"/}"
		else
			echo "not ok $n - $target ${file#"$tests"/}"
			status=0
			break
		fi
	done
	if [ "$status" -ne 0 ]; then
		n=$((n + 1))
		echo "not ok $n - $target: exit status $status at its end"
	fi
}

if [ $# -gt 0 ]; then
	for target; do
		replay "$target" "$tests/fuzz/corpus/$target"/*
	done
	echo "1..$n"
	exit 0
fi
for dir in "$tests"/fuzz/corpus/*/; do
	replay "$(basename "$dir")" "$dir"*
done
# No name of a fixture has a blank in it.
# shellcheck disable=SC2046
replay page $(find "$tests/fixtures" -name '*.html' | sort)
# shellcheck disable=SC2046
replay classify $(find "$tests/fixtures" -name '*.html' | sort)
# shellcheck disable=SC2046
replay saml $(find "$tests/fixtures" -name '*.xml' | sort)
# shellcheck disable=SC2046
replay sts $(find "$tests/fixtures" -name '*.xml' | sort)
echo "1..$n"
