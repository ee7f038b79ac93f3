#!/bin/sh
# shellcheck disable=SC2086,SC2153,SC3045 # words; FLAGS of make; ulimit of any sh
# Draws SAMPLE bugs by SEED from the whole source, or from FILES alone, plants one
# at a time, and says which of them no test sees. Of 100 at least 85 must be seen.
# All it makes is in build/mutants/. What cannot be seen, and why, is in
# equivalent.txt.
set -u
# shellcheck source=tests/support/jobs.sh
. tests/support/jobs.sh

here=tests/mutants
work=$PWD/$BUILD/mutants
plain='-O1'
export CK_FORK=no STAY_SCENE_STRIDE=16
export ASAN_OPTIONS=$ASAN_OPTIONS:hard_rss_limit_mb=2048

say() {
	printf '%s\n' "$*"
}

# ---- drawing ------------------------------------------------------------------

# What make check would not compile is no bug that anybody commits; but that a
# name is unused, or a bracket odd, is only the manner of planting. An assertion is
# no part of the program: a mutant of one alone makes the same object.
object() {
	gcc $FLAGS $INNER -iquote "$(dirname "$3")" -O2 -DNDEBUG -Werror -Wno-unused \
	    -Wno-unused-parameter -Wno-parentheses -Wno-misleading-indentation \
	    -Wno-empty-body -c -o "$2" "$1" 2>/dev/null
}

# Whether the mutant of $dir makes a program that differs.
is_alive() {
	original=$work/objects/$(echo "$file" | tr / _).o
	[ -e "$original" ] || object "$file" "$original" "$file" || exit 1
	object "$dir/$(basename "$file")" "$dir/o" "$file" || return 1
	! cmp -s "$original" "$dir/o"
}

is_listed() {
	grep -qxF -e "$key" "$here/equivalent.txt"
}

# What tests are made of is not what they test.
all_files=$(find lib adapters -name '*.c' | grep -vE '^lib/(sim|contract)/' | sort)
files=${FILES:-$all_files}

# An entry of the list that the source has nothing of any more.
check_list() {
	"$BUILD/mutate" all $all_files | cut -f 3 >"$work/all"
	! grep -v '^[#	]' "$here/equivalent.txt" | grep . |
	    grep -vxFf "$work/all" | sed 's/^/stale in equivalent.txt: /' | grep .
}

# The first SAMPLE of the row that count, each in a folder of its own.
draw() {
	number=0
	drawn=0
	while [ "$drawn" -lt "$SAMPLE" ]; do
		number=$((number + 1))
		dir=$work/drawn/$((drawn + 1))
		mkdir -p "$dir"
		"$BUILD/mutate" "$SEED" $number "$dir/text" $files >"$dir/site" || break
		IFS='	' read -r file line key <"$dir/site"
		mv "$dir/text" "$dir/$(basename "$file")"
		if is_listed || ! is_alive; then
			rm -r "$dir"
			continue
		fi
		drawn=$((drawn + 1))
		diff -u --label "a/$file" --label "b/$file" "$file" \
		    "$dir/$(basename "$file")" >"$dir/diff"
	done
	say "$drawn mutants drawn, $((number - drawn)) that are none left out"
}

# ---- trying -------------------------------------------------------------------

make_in() {
	tree=$1
	shift
	"$MAKE" -s -j "$threads" -C "$work/tree-$job" BUILD="$tree" "$@" \
	    >/dev/null 2>&1
}

build_plain() {
	make_in plain CFLAGS="$plain" "plain/$1"
}

build_sanitized() {
	make_in asan CC=clang CFLAGS="$sanitized" asan/test-unit
}

is_well_plain() {
	alive_plain 100 plain/test-unit &&
	    alive_plain 100 plain/test-contract &&
	    alive_plain 300 plain/sim -q -n 100
}

# Every job has a tree of its own, in which everything is well. The first is built
# with all there is of the machine, and the others are copies.
prepare() {
	job=1
	threads=$JOBS
	mkdir -p "$work/tree-1"
	cp -R Makefile include lib adapters examples tests "$work/tree-1"
	build_plain test-unit && build_plain test-contract && build_plain sim &&
	    build_sanitized || return 1
	threads=1
	is_well_plain &
	alive 900 asan/test-unit && wait $! || return 1
	while [ "$job" -lt "$JOBS" ]; do
		job=$((job + 1))
		cp -Rp "$work/tree-1" "$work/tree-$job"
	done
}

# alive SECONDS PROGRAM ARGUMENT...: it ends well, in time and in bounds. The
# seconds are of work; one that waits is given six times as many by the clock.
alive() {
	limit=$1
	shift
	(
		cd "$work/tree-$job" || exit 1
		ulimit -c 0
		ulimit -t "$limit"
		timeout -k 1 $((6 * limit)) $still "$@" || exit 1
	) >/dev/null 2>&1 </dev/null
}

alive_plain() {
	(ulimit -v 4000000 && alive "$@")
}

# Ten times as many seconds as the suite took once, and some.
limit_of() {
	awk -v suite="$1" '$2 == suite { print 10 + int($1 / 100) }' "$work/times"
}

# All but those that have run, in one process.
rest_of() {
	sed -n 's/^SUITE(\(.*\))/\1/p' tests/unit/suites.def |
	    grep -vxF "$(printf '%s\n' ${1:--})"
}

# The quickest first, as many as begin within that many seconds: what leaks or
# reads astray does so in most of them.
are_clean() {
	sanitizers_end=$(($(date +%s) + 60))
	for suite; do
		[ "$(date +%s)" -lt "$sanitizers_end" ] || return 0
		alive 300 asan/test-unit "$suite" || return 1
	done
}

# Sets $by to the first that sees it; the quickest that reach its line begin.
is_seen() {
	by=
	reaching=$($here/reach.sh suites "$file" "$line")
	build_plain test-unit || { by='the compiler' && return 0; }
	for suite in $reaching; do
		by=$suite
		alive_plain "$(limit_of "$suite")" plain/test-unit "$suite" || return 0
	done
	by='all suites'
	rest=$(rest_of "$reaching")
	alive_plain 100 plain/test-unit $rest || return 0
	by='the contract kit'
	build_plain test-contract
	alive_plain 100 plain/test-contract || return 0
	by='the simulator'
	build_plain sim
	alive_plain 100 plain/sim -j 1 -q -n 100 || return 0
	by='the sanitizers'
	build_sanitized
	! are_clean $reaching
}

# A file comes back with its old time, and what was made of it is made anew.
try() {
	dir=$work/drawn/$1
	IFS='	' read -r file line key <"$dir/site"
	began=$(date +%s)
	cp "$dir/$(basename "$file")" "$work/tree-$job/$file"
	if is_seen; then fate="killed by $by"; else fate=SURVIVED; fi
	cp "$file" "$work/tree-$job/$file"
	echo "$fate" >"$dir/fate"
	say "$(printf '%3d/%d %3d s  %-26s' "$1" "$drawn" \
	    $(($(date +%s) - began)) "$fate") $file:$line $key"
}

# Every JOBS-th.
work_through() {
	at=$job
	while [ "$at" -le "$drawn" ]; do
		try "$at"
		at=$((at + JOBS))
	done
}

# ---- all ----------------------------------------------------------------------

report() {
	for dir in "$work"/drawn/*/; do
		[ "$(cat "$dir/fate" 2>/dev/null)" != SURVIVED ] || {
			cut -f 3 "$dir/site"
			cat "$dir/diff"
		}
	done
	cat "$work"/drawn/*/fate | awk -v drawn="$drawn" -v seed="$SEED" '
		/^killed/ { killed++ }
		END {
			printf "seed %s: %d of %d killed (%.0f %%), 85 %% are asked\n",
			    seed, killed, drawn, drawn ? 100 * killed / drawn : 0
			exit !(drawn > 0 && killed >= 0.85 * drawn)
		}'
}

rm -rf "$work/drawn" "$work/objects" "$work"/tree-*
mkdir -p "$work/drawn" "$work/objects"
say "seed $SEED, $SAMPLE mutants, $JOBS at a time"
check_list || exit 1
draw
$here/reach.sh make || exit 1
prepare || { say "mutants: the tree as it is fails" && exit 1; }
job=0
while [ "$job" -lt "$JOBS" ]; do
	job=$((job + 1))
	work_through &
done
wait
report
