#!/bin/sh
# bounds.sh PROGRAMS: count what stay costs, and hold it to tests/bench/bounds.
# Counts only, no times. A busy machine adds to a count (an answer that comes in
# two halves costs one more turn) and never takes from it: each is taken three
# times, and the least holds. They depend on the compiler and its flags, CC and
# CFLAGS of the environment: with others than the bounds were taken with they
# are shown, and not judged.
set -eu

in_flight=256 # BENCH_BATCH
few_calls=$((4 * in_flight))
many_calls=$((24 * in_flight))
very_many_calls=$((204 * in_flight)) # one turn more is not seen
few_turns=200
many_turns=1200
few_connects=8
many_connects=40
rounds=200

programs=$1
bounds=$(dirname "$0")/bounds

# From here on beside the server, at BENCH_PORT.
if [ -z "${BENCH_PORT-}" ]; then
	exec "$programs/with_canned" "$0" "$@"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

# ---- counting from outside ----

# Of some compilers valgrind can't read what is there for debuggers.
strip -g -o "$work/counted" "$programs/counted"
strip -g -o "$work/codec" "$programs/codec"

# collected PROGRAM ARGUMENT...: instructions of the user's side.
collected() {
	timeout 60 valgrind --tool=callgrind \
	    --callgrind-out-file="$work/callgrind" "$@" 2>&1 >"$work/inside" |
	    awk '$2 == "Collected" { print $4 }'
}

# instructions ACTION COUNT
instructions() {
	collected "$work/counted" "$1" "$2"
}

system_calls() {
	timeout 60 strace -f -c -o "$work/strace" "$programs/counted" "$1" "$2" >/dev/null
	awk '$4 ~ /^[0-9]+$/ && $NF != "total" { sum += $4 } END { print sum }' \
	    "$work/strace"
}

# least WHAT ACTION COUNT
least() {
	{
		"$1" "$2" "$3"
		"$1" "$2" "$3"
		"$1" "$2" "$3"
	} | sort -n | head -n 1
}

# difference WHAT ACTION FEW MANY EACH NAME: what EACH more of it cost. What
# start, warming up and end cost is in both runs.
difference() {
	few=$(least "$1" "$2" "$3")
	many=$(least "$1" "$2" "$4")
	awk -v few="$few" -v many="$many" -v by="$((($4 - $3) / $5))" \
	    -v name="$6" 'BEGIN {
		if (few > 0 && many > few)
			printf "%.2f\t%s\n", (many - few) / by, name
	}'
}

# inside WHAT NAME: what the program has counted itself; the least, if it ran more
# than once.
inside() {
	awk -F'\t' -v what="$1" -v name="$2" '
	$2 == what && (!seen++ || $1 + 0 < least) { least = $1 + 0 }
	END { if (seen) printf "%s\t%s\n", least, name }' "$work/inside"
}

# codec WORK NAME: what one of it costs, and how much more than the limit. No
# socket is in it, so once is enough.
codec() {
	none=$(collected "$work/codec" "$1" none $rounds)
	limit=$(collected "$work/codec" "$1" limit $rounds)
	stay=$(collected "$work/codec" "$1" stay $rounds)
	awk -v none="$none" -v limit="$limit" -v stay="$stay" \
	    -v count=$((rounds * 16)) -v name="$2" 'BEGIN {
		if (none > 0 && limit > none && stay > none) {
			printf "%.1f\tinstructions to %s\n", \
			    (stay - none) / count, name
			printf "%.3f\ttimes the limit to %s\n", \
			    (stay - none) / (limit - none), name
		}
	}'
}

# ---- the figures ----

gets() {
	difference instructions "$1" $few_calls $many_calls 1 \
	    "instructions a GET by $1"
	inside allocations "allocations a GET by $1"
}

# more ACTION NAME: instructions that it takes beyond those of argv.
more() {
	{
		difference instructions argv $few_calls $many_calls 1 argv
		difference instructions "$1" $few_calls $many_calls 1 "$1"
	} | awk -v name="$2" '
	NR == 1 { without = $1 }
	NR == 2 { printf "%.1f\t%s\n", $1 - without, name }'
}

codecs() {
	codec ok 'read +OK'
	codec integer 'read an integer'
	codec bulk 'read a string of 16 bytes'
	codec array 'read 100 such strings'
	codec nested 'read 10 arrays of 3'
	codec argv 'write SET by argv'
	codec format 'write SET by format'
	codec prepared 'write SET prepared'
}

figures() {
	codecs
	gets argv
	gets format
	gets prepared
	more metered 'more instructions a GET that metrics count'
	difference instructions echo $few_calls $many_calls 1 \
	    'instructions an echo of 64 bytes'
	difference instructions stream $few_turns $many_turns 1 \
	    'instructions a turn of a raw stream'
	difference instructions connect $few_connects $many_connects 1 \
	    'instructions a connect'
	difference system_calls argv $few_calls $very_many_calls $in_flight \
	    'system calls a busy turn'
	difference system_calls connect $few_connects $many_connects 1 \
	    'system calls a connect'
	for _ in 1 2 3; do
		timeout 60 "$programs/counted" idle 400
	done >"$work/inside"
	inside rested 'heap bytes of an idle connection, never asked'
	inside asked 'heap bytes of an idle connection, after a PING'
	timeout 60 "$programs/counted" queue 65536 >"$work/inside"
	inside queued 'heap bytes of a queued GET'
}

# ---- who has compiled it ----

compiler() {
	${CC:-cc} -E -dM -x c /dev/null | awk -v flags="${CFLAGS-}" '
	$2 == "__clang__" { name = "clang" }
	$2 == "__clang_version__" { split($0, words, "\"") }
	$2 == "__VERSION__" && !words[2] { split($0, words, "\"") }
	END { print (name ? name : "gcc"), words[2], flags }'
}

figures >"$work/figures"
awk -F'\t' -v compiler="$(compiler)" -f "$(dirname "$0")/bounds.awk" \
    "$bounds" "$work/figures"
