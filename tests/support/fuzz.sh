#!/bin/sh
# fuzz.sh SECONDS: build every fuzzer with clang and its sanitizers, and let each
# run for so long. What was found before is in tests/fuzz/corpus and is tried
# first; what is new is kept in build/fuzz/corpus, and what crashes beside it.
# Without entropic: it spends nine tenths of a session's time on its own sums.
set -eu
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

seconds=$1
tree=$BUILD/fuzz
sanitize=address,undefined

"$MAKE" -s -j "$(nproc)" BUILD="$tree" CC=clang \
    CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,$sanitize" \
    LDFLAGS="-fsanitize=fuzzer,$sanitize" fuzz-programs

for source in tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	[ -x "$tree/$name" ] || continue # that of TLS needs OpenSSL
	mkdir -p "$tree/corpus/$name"
	echo "$name, $seconds s"
	"$tree/$name" -max_total_time="$seconds" -artifact_prefix="$tree/" \
	    -timeout=10 -entropic=0 -print_final_stats=1 "$tree/corpus/$name" \
	    "tests/fuzz/corpus/${name#fuzz_}" >"$tree/$name.log" 2>&1 || {
		tail -n 40 "$tree/$name.log"
		exit 1
	}
	sed -n 's/^stat::number_of_executed_units: */  inputs: /p' "$tree/$name.log"
done
