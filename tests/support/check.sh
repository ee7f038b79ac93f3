#!/bin/sh
# The whole of `make check`: four builds of the tests, the tests themselves,
# the checks of the source, and one sum. What each part said is in build/check/.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

logs=$BUILD/check
cores=$(nproc 2>/dev/null || echo 2)
plain='-O2 -g -Werror'
# Without -Werror: sanitizers make gcc see dangers that aren't there.
sanitized='-O1 -g -fsanitize=address,undefined'
sanitized="$sanitized -fno-sanitize-recover=all -fno-omit-frame-pointer"

export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-60}"

# Sanitizers of this age fail at random where the kernel randomizes a lot.
still="setarch $(uname -m) -R"
$still true 2>/dev/null || still=

# job NAME COMMAND...: run it, keep what it says, tell how it ended, and what was
# skipped in it, which the tally has among those that passed. What it says last
# may be a tally; else it counts as one. An exit status that the tally doesn't
# explain is one more failure.
job() {
	name=$1
	shift
	timeout 900 "$@" >"$logs/$name.log" 2>&1 </dev/null
	status=$?
	tally=$(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' \
	    "$logs/$name.log")
	case "$status ${tally:-none}" in
	'0 none') tally='1 0' ;;
	*' none') tally='0 1' ;;
	'0 '*) ;;
	*' 0') tally="${tally% *} 1" ;;
	esac
	echo "$tally" >"$logs/$name.tally"
	[ "${tally#* }" = 0 ] || tail -n 60 "$logs/$name.log" | sed "s/^/    /"
	printf '  %-20s %5d passed, %d failed\n' "$name" "${tally% *}" "${tally#* }"
	grep '^skipped: ' "$logs/$name.log" | sort | uniq -c
}

# build TREE COMPILER FLAGS GOAL...
build() {
	tree=$1
	compiler=$2
	flags=$3
	shift 3
	job "build-$tree" "$MAKE" -s -j "$cores" CC="$compiler" CFLAGS="$flags" \
	    BUILD="$BUILD/check-$tree" test-programs "$@"
}

# unit TREE [OPTION=VALUE]
unit() {
	# shellcheck disable=SC2086 # the words of a command
	job "unit-$1" env "${2:-STAY=}" $still "$BUILD/check-$1/test-unit"
}

# integration TREE SECONDS: so long a server is killed and frozen at random.
integration() {
	# shellcheck disable=SC2086 # the words of a command
	job "integration-$1" env STAY_FAULT_SECONDS="$2" \
	    $still "$BUILD/check-$1/test-integration"
}

# The sum of all jobs so far; fails if one of them did.
sum() {
	cat "$logs"/*.tally | awk '{ passed += $1; failed += $2 }
	    END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 }'
}

rm -rf "$logs"
mkdir -p "$logs"

build gcc gcc "$plain" all "$BUILD/check-gcc/diagram" \
    "$BUILD/check-gcc/sim" "$BUILD/check-gcc/torture" \
    "$BUILD/check-gcc/model-export"
build gcc-asan gcc "$sanitized"
build clang clang "$plain" all "$BUILD/check-clang/sim"
build clang-asan clang "$sanitized"
if ! sum >"$logs/sum"; then
	echo "what cannot be built is not tested"
	cat "$logs/sum"
	exit 1
fi

# Looking for leaks takes long, at the end of each process: once
# is enough, and of one process.
unit clang-asan CK_FORK=no &
{
	unit gcc-asan ASAN_OPTIONS=detect_leaks=0
	unit clang
	unit gcc
	job source tests/support/check_source.sh
} &
wait
{
	job valgrind tests/support/valgrind.sh
	job sim "$BUILD/check-gcc/sim" -j "$cores" -n 2000
	job sim-hashes tests/support/same_hashes.sh
} &
{
	job model env BUILD="$BUILD/check-gcc" tests/model/run.sh
	job torture "$BUILD/check-gcc/torture"
} &
{ integration gcc 60 && integration clang-asan 5; } &
wait
sum
