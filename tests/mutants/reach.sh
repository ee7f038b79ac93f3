#!/bin/sh
# Which suite of the unit tests reaches which line, learned once from a run of
# each and kept in build/mutants/ until a source changes.
#
#	reach.sh make			learns it
#	reach.sh suites FILE LINE	those that reach it, the quickest first
set -u
export LC_ALL=C

work=$BUILD/mutants
tree=$work/cover
reach=$work/reach

# From what gcov prints: "FILE LINE SUITE" of a line that was run, and with "-"
# in place of the suite of each line that could be.
lines_of() {
	find "$tree/lib" "$tree/adapters" -name '*.gcda' \
	    -exec gcov -t {} + 2>/dev/null |
	    awk -v suite="$1" '
		{ count = $1; sub(/:.*/, "", count) }
		/^ *-: *0:Source:/ { file = $0; sub(/.*Source:/, "", file) }
		file !~ /\.c$/ || count == "-" { next }
		{ split($0, part, ":"); line = part[2] + 0; print file, line, "-" }
		count ~ /^[0-9]/ { print file, line, suite }'
}

milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}

run_suites() {
	sed -n 's/^SUITE(\(.*\))/\1/p' tests/unit/suites.def | while read -r suite; do
		find "$tree" -name '*.gcda' -delete
		began=$(milliseconds)
		"$tree/test-unit" "$suite" >/dev/null 2>&1 </dev/null ||
		    echo "reach: $suite fails" >&2
		echo "$(($(milliseconds) - began)) $suite" >>"$work/times"
		lines_of "$suite"
	done | sort -u >"$work/lines"
}

# By time within a line.
order() {
	awk 'NR == FNR { time[$2] = $1; next } { print $1, $2, $3, time[$3] + 0 }' \
	    "$work/times" "$work/lines" | sort -k 1,1 -k 2,2n -k 4,4n
}

learn() {
	echo "learning which suite reaches which line"
	rm -rf "$tree" "$work/times"
	"$MAKE" -s -j "$JOBS" CC=gcc CFLAGS='-O0 --coverage' LDFLAGS=--coverage \
	    BUILD="$tree" "$tree/test-unit" || exit 1
	run_suites
	order >"$reach"
}

# Of a line without code of its own the one before counts.
suites() {
	awk -v file="$1" -v line="$2" '
		$1 != file || $2 > line { next }
		$2 != last { found = ""; last = $2 }
		$3 != "-" { found = found " " $3 }
		END { print found }' "$reach"
}

sum_of_sources() {
	cat lib/*/*.[ch] adapters/*/*.[ch] tests/*/*.[ch] examples/*/*.[ch] \
	    include/*/* | cksum
}

case $1 in
make)
	mkdir -p "$work"
	now=$(sum_of_sources)
	[ "$now" = "$(cat "$reach.sum" 2>/dev/null)" ] || {
		learn
		echo "$now" >"$reach.sum"
	}
	;;
suites)
	suites "$2" "$3"
	;;
esac
