#!/bin/sh
# run.sh: which lines and branches of the library and its adapters the tests come
# to: unit tests, the simulator, torture, and the tests against real servers,
# the last for a shorter time. The pages are in $BUILD/coverage/html. In
# the environment: MAKE, BUILD, CC; SEEDS of the simulator (300).
#
# Of an assertion only one side can be seen: its branches don't count.
set -u

tree=$BUILD/coverage
flags='-O0 -g --coverage -fprofile-update=atomic'
began=$(date +%s)
passed=0
failed=0

say() {
	printf 'coverage: %s (%d s)\n' "$*" "$(($(date +%s) - began))"
}

# Objects of elsewhere, counts of last time: all is made anew.
build() {
	rm -rf "$tree"
	mkdir -p "$tree"
	$CC -O2 -c -o "$tree/leave.o" tests/coverage/leave.c &&
	    $MAKE -s -j "$(nproc)" BUILD="$tree" CC="$CC" CFLAGS="$flags" \
		LDFLAGS="$tree/leave.o -Wl,--wrap=_exit" \
		test-programs "$tree/sim" "$tree/torture"
}

# suite NAME COMMAND...: what it says is in a file.
suite() {
	name=$1
	shift
	if "$@" >"$tree/$name.log" 2>&1; then
		passed=$((passed + 1))
		say "$name"
	else
		failed=$((failed + 1))
		say "$name FAILED: see $tree/$name.log"
		tail -n 5 "$tree/$name.log"
	fi
}

suites() {
	suite unit env CK_FORK=no STAY_SCENE_STRIDE=16 "$tree/test-unit"
	suite sim "$tree/sim" -q -n "${SEEDS:-300}"
	suite torture "$tree/torture"
	suite integration env CK_DEFAULT_TIMEOUT=120 STAY_FAULT_SECONDS=3 \
	    STAY_CHAOS_SECONDS=5 STAY_CHAOS_REPLIES=20000 \
	    "$tree/test-integration"
}

# total FOLDER: of its lines and branches.
total() {
	gcovr -r . -a "$tree/all.json" -f "$1/" -s -o "$tree/$1.txt" |
	    awk -v what="$1/" '$1 == "lines:" || $1 == "branches:" {
		printf "%-10s %-10s %s %s\n", what, $1, $2, \
		    substr($0, index($0, "("))
	}'
}

report() {
	mkdir -p "$tree/html"
	gcovr -r . "$tree/lib" "$tree/adapters" -f lib/ -f adapters/ \
	    -e lib/sim/ -e lib/contract/ \
	    --exclude-branches-by-pattern '.*\bassert\(.*' \
	    --json "$tree/all.json" >"$tree/gcovr.log" 2>&1 &&
	    gcovr -r . -a "$tree/all.json" \
		--html-details "$tree/html/index.html" &&
	    total lib && total adapters
}

build || exit 1
say "built"
suites
report || exit 1
say "the pages are in $tree/html"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
