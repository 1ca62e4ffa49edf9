#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every file of the corpus through its target, as TAP.
corpus=${top_srcdir:-.}/tests/fuzz/corpus
bin=${top_builddir:-.}/tests/fuzz
n=0
for dir in "$corpus"/*/; do
	target=$(basename "$dir")
	for file in "$dir"*; do
		n=$((n + 1))
		if "$bin/replay-$target" "$file"; then
			echo "ok $n - $target $(basename "$file")"
		else
			echo "not ok $n - $target $(basename "$file")"
		fi
	done
done
echo "1..$n"
