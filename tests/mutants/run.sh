#!/bin/sh
# Plants the bugs of mutants.txt, one at a time, and says which of them any test
# kills: the unit tests first, then the simulator. At least 95 in 100 must die,
# and no entry may be stale. MUTANTS="3 17" tries those alone.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$BUILD/mutants
list=$here/mutants.txt
workers=$(nproc 2>/dev/null || echo 2)
SIM_SEEDS=${SIM_SEEDS:-60}

case $work in /*) ;; *) work=$root/$work ;; esac
rm -rf "$work"
mkdir -p "$work/out" "$work/log"

# A tree of one's own, built once; a mutant rebuilds what it touches.
prepare() {
	mkdir -p "$work/$1"
	(cd "$root" && cp -R Makefile include lib adapters tests "$work/$1")
	make -s -C "$work/$1" BUILD=b CFLAGS='-O1 -g' b/test-unit b/sim >/dev/null
}

in_tree() {
	(cd "$work/$1" && shift && timeout -k 1 120 "$@") >/dev/null 2>&1
}

# One mutant in one tree; a line about it goes to out/NUMBER.
try() {
	tree=$1 number=$2
	told=$("$BUILD/mutate" "$list" "$number" "$work/$tree" 2>&1)
	case $? in
	1) return 1 ;;
	2)
		echo "stale	$told" >"$work/out/$number"
		return 0
		;;
	esac
	file=${told%%	*}
	what=${told#*	}
	if ! make -s -C "$work/$tree" BUILD=b CFLAGS='-O1 -g' b/test-unit b/sim \
	    >/dev/null 2>"$work/log/$number"; then
		fate=stillborn
	elif ! in_tree "$tree" b/test-unit; then
		fate='killed by the unit tests'
	elif ! in_tree "$tree" b/sim -j 1 -q -n "$SIM_SEEDS"; then
		fate='killed by the simulator'
	else
		fate=SURVIVED
	fi
	echo "$fate	$what ($file)" >"$work/out/$number"
	cp "$root/$file" "$work/$tree/$file"
}

# Every workers-th number.
work_through() {
	prepare "$1" || exit 1
	number=$1
	while :; do
		case " ${MUTANTS:-$number} " in
		*" $number "*) try "$1" "$number" || break ;;
		*) [ "$number" -lt 1000 ] || break ;;
		esac
		number=$((number + workers))
	done
}

started=1
while [ "$started" -le "$workers" ]; do
	work_through "$started" &
	started=$((started + 1))
done
wait

(cd "$work/out" && printf '%s\n' *) | sort -n | while read -r out; do
	printf '%3s  ' "$out"
	sed 's/\t/: /' "$work/out/$out"
done
cat "$work"/out/* | awk -F '\t' '
	/^killed/ { killed++ } /^SURVIVED/ { survived++ } /^st/ { stale++ }
	END {
		all = killed + survived
		printf "%d of %d killed (%.0f %%), %d stale or stillborn\n",
		    killed, all, all ? 100 * killed / all : 0, stale
		printf "%d passed, %d failed\n", killed, survived + stale
		exit !(all > 0 && stale == 0 && killed >= 0.95 * all)
	}'
