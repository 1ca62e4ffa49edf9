#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each fuzz target for FUZZ_SECONDS, one after the other.  A finding ends its
# target, is kept in the build directory, and fails the proof.
src=${top_srcdir:-.}/tests/fuzz
bin=${top_builddir:-.}/tests/fuzz
seconds=${FUZZ_SECONDS:-600}
found=$bin/found
failed=
[ -x "$bin/fuzz-signin" ] || {
	echo 'make proof needs the fuzzers.  In a directory of its own:' >&2
	echo 'CC=clang ../configure --enable-fuzzing && make proof' >&2
	exit 1
}
mkdir -p "$found"
[ $# -gt 0 ] || set -- config ini wire page classify saml sts signin
for target; do
	new=$(mktemp -d) || exit 1
	dict=
	max=16384
	set -- "$new" "$src/corpus/$target"
	case $target in
	page | classify | saml | sts) set -- "$@" "$src/../fixtures" ;;
	esac
	case $target in
	page | classify | signin)
		dict=html.dict
		max=65536
		;;
	saml | sts)
		dict=xml.dict
		max=32768
		;;
	esac
	[ -z "$dict" ] || set -- "$@" "-dict=$src/$dict"
	echo "== $target: $seconds s"
	if ! ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1} \
		"$bin/fuzz-$target" "$@" -max_total_time="$seconds" \
		-max_len="$max" -timeout=10 -rss_limit_mb=1024 \
		-print_final_stats=1 -verbosity=1 \
		-artifact_prefix="$found/$target-" 2>"$found/$target.log"; then
		failed="$failed $target"
		echo "   a finding: $found/$target.log"
		tail -n 40 "$found/$target.log"
	else
		sed -n 's/^stat::number_of_executed_units: */   runs: /p' \
			"$found/$target.log"
	fi
	rm -rf "$new"
done
[ -z "$failed" ] || {
	echo "found something in:$failed"
	exit 1
}
echo "nothing found"
