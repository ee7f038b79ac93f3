#!/bin/sh
# run.sh PROGRAMS: measure stay beside its limit and its peers. Prints a table, and
# writes PROGRAMS/report.jsonl, a JSON object a line, and report.html, a picture a line.
# The contenders take turns, so that whatever else the machine does, it does to all of
# them. How fast stay is decides nothing here: the status says only whether the
# programs ran.
set -eu

rounds=${ROUNDS:-5}
counted_in_flight=256
few_calls=10240 # multiples of it, and warm before that
many_calls=30720
callers=16

programs=$1

# From here on beside a redis-server, if there is one, at REDIS_PORT.
if [ -z "${BENCH_INSIDE-}" ]; then
	BENCH_INSIDE=1 exec "$programs/with_redis" "$0" "$@"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
samples=$work/samples
contenders=

say() {
	printf 'bench: %s\n' "$*" >&2
}

# client WHO ACTION...: one measurement.
client() {
	who=$1
	shift
	"$programs/$who" "$@" >>"$samples"
}

# each ACTION...: one of each contender.
each() {
	for contender in $contenders; do
		client "$contender" "$@"
	done
}

# ---- what takes time ----

gets() {
	each get 'GET, 64 in flight' "$REDIS_PORT" 64 200000
	each get 'GET, 256 in flight' "$REDIS_PORT" 256 300000
	each get 'GET, 1024 in flight' "$REDIS_PORT" 1024 300000
}

# A program has no loop to be asked for one more call: it sends them in batches.
benchmark() {
	command -v redis-benchmark >/dev/null || return 0
	for in_flight in 64 256 1024; do
		"$programs/timed" "GET, $in_flight in flight" redis-benchmark 300000 \
		    redis-benchmark -p "$REDIS_PORT" -c 1 -P $in_flight -n 300000 -q \
		    GET key:00000000 >>"$samples" 2>"$work/benchmark"
	done
}

crowds() {
	each crowd '1,000 connects, each with a reply' "$REDIS_PORT" 1000
	client stay hurry '1,000 connects, dials not limited' "$REDIS_PORT" 1000
	client limit crowd '1,000 connects, dials not limited' "$REDIS_PORT" 1000
}

parses() {
	each parse 'parse a simple string' simple
	each parse 'parse an integer' integer
	each parse 'parse a bulk of 16 bytes' bulk
	each parse 'parse an array of 100 bulks' array
	each parse 'parse an array of 10 arrays of 3' nested
}

# story WAY CALLS NAME: a way of the story, and stay for as many callers.
story() {
	client story "$3" "$REDIS_PORT" "$1" $callers "$2"
	client stay get "$3" "$REDIS_PORT" $callers 30000
}

stories() {
	story socket 1600 "story: a socket a command, $callers callers"
	story shared 4000 "story: one blocking socket, $callers callers"
	story pool 8000 "story: a pool of sockets, $callers callers"
}

# ---- what is counted, and comes out the same every time ----

sample() {
	printf '%s\t%s\t%s\t%s\n' "$@" >>"$samples"
}

# counted_run CALLS COMMAND...: a run of $contender under COMMAND.
counted_run() {
	calls=$1
	shift
	"$@" "$programs/$contender" get counted "$REDIS_PORT" \
	    $counted_in_flight "$calls" 2>&1
}

# difference COUNT...: of two runs, with many calls and with few: what start,
# warming up and end cost is in both.
difference() {
	many=$("$@" $many_calls)
	few=$("$@" $few_calls)
	echo "$many $few"
}

instructions() {
	counted_run "$1" valgrind --tool=callgrind \
	    --callgrind-out-file="$work/callgrind" | awk '$2 == "Collected" { print $4 }'
}

allocations() {
	counted_run "$1" valgrind --leak-check=no |
	    awk '/total heap usage/ { gsub(",", ""); print $5 }'
}

# system_calls CALLS: waits, reads, writes and others.
system_calls() {
	counted_run "$1" strace -f -c -o "$work/strace" >/dev/null
	awk '
	$4 !~ /^[0-9]+$/ || $NF == "total" { next }
	$NF ~ /^(epoll_p?wait2?|p?poll|p?select6?)$/ { waits += $4; next }
	$NF ~ /^(read|readv|recvfrom|recvmsg)$/ { reads += $4; next }
	$NF ~ /^(write|writev|sendto|sendmsg)$/ { writes += $4; next }
	{ others += $4 }
	END { print waits + 0, reads + 0, writes + 0, others + 0 }
	' "$work/strace"
}

# per DIVISOR MANY FEW: with as many digits as mean something.
per() {
	awk -v by="$1" -v many="$2" -v few="$3" \
	    'BEGIN { printf "%.3f", (many - few) / by }'
}

count_per_call() {
	# shellcheck disable=SC2046 # two numbers
	set -- "$1" "$2" $(difference "$3")
	if [ $# = 4 ]; then
		sample "GET, $counted_in_flight in flight" "$1" "$contender" \
		    "$(per $((many_calls - few_calls)) "$3" "$4")"
	else
		say "$contender: cannot count $2"
	fi
}

count_per_turn() {
	turns=$(((many_calls - few_calls) / counted_in_flight))
	# shellcheck disable=SC2046 # eight numbers
	set -- $(difference system_calls)
	if [ $# != 8 ]; then
		say "$contender: cannot count system calls"
		return
	fi
	for what in waits reads writes 'other system calls'; do
		sample "GET, $counted_in_flight in flight" "$what/turn" \
		    "$contender" "$(per $turns "$1" "$5")"
		shift
	done
}

counts() {
	for contender in $contenders; do
		case $contender in libuv | libevent) continue ;; esac
		if command -v valgrind >/dev/null; then
			count_per_call 'instructions/call' instructions \
			    instructions
			count_per_call 'allocations/call' allocations \
			    allocations
		fi
		if command -v strace >/dev/null; then
			count_per_turn
		fi
	done
}

# ---- all of it ----

for contender in stay limit hiredis libvalkey libuv libevent; do
	[ -z "$("$programs/$contender" name)" ] ||
	    contenders="$contenders $contender"
done
say "beside each other:$contenders"
[ -n "${REDIS_PORT-}" ] || say "no redis-server: only parsing is measured"
command -v valgrind >/dev/null || say "no valgrind: fewer counts"
command -v strace >/dev/null || say "no strace: fewer counts"

round=0
while [ "$round" -lt "$rounds" ]; do
	round=$((round + 1))
	parses
	[ -n "${REDIS_PORT-}" ] || continue
	gets
	benchmark
	stories
	crowds
	each idle 'heap of an idle connection' "$REDIS_PORT" 400
done
[ -z "${REDIS_PORT-}" ] || counts

here=$(dirname "$0")
awk -v result="$programs/report.jsonl" -f "$here/medians.awk" -f "$here/report.awk" \
    "$samples"
awk -f "$here/medians.awk" -f "$here/page.awk" "$samples" >"$programs/report.html"
say "drawn in $programs/report.html"
