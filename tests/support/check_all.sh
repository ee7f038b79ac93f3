#!/bin/sh
# `make check-all`: the tests in four builds, under valgrind, helgrind and DRD, 2,000
# seeds of the simulator and 20,000 of virtual threads, every call of the system failing
# in turn, the models. What each part said is in build/check-all/.
set -u

logs=$BUILD/check-all
# shellcheck source=tests/support/jobs.sh
. tests/support/jobs.sh

begin 32
build gcc gcc "$plain" all test-programs "$BUILD/check-gcc/diagram" \
    "$BUILD/check-gcc/sim" "$BUILD/check-gcc/threads" "$BUILD/check-gcc/torture" \
    "$BUILD/check-gcc/exhaust" "$BUILD/check-gcc/model-export" story-programs
build gcc-asan gcc "$sanitized" test-programs
build clang clang "$plain" all test-programs story-programs "$BUILD/check-clang/sim" \
    "$BUILD/check-clang/threads"
build asan clang "$sanitized" test-programs
build tsan gcc "$threaded" test-programs
build races gcc "$told" "$BUILD/check-races/test-unit" \
    "$BUILD/check-races/test-integration"
build long gcc "$plain -DSTAY__SHORT_WAYS=0" "$BUILD/check-long/sim"
stop_unless_built

{ unit asan CK_FORK=no && contract asan && contract gcc; } &
{
	unit gcc-asan ASAN_OPTIONS=detect_leaks=0
	unit clang
	unit gcc
	job source "the source" tests/support/check_source.sh
} &
wait
{
	job valgrind "unit tests under valgrind" tests/support/valgrind.sh
	job sim "2,000 seeds of the simulator" \
	    "$BUILD/check-gcc/sim" -j "$cores" -n 2000
	job threads "20,000 seeds of virtual threads" \
	    "$BUILD/check-gcc/threads" -j "$cores" -n 20000
	job sim-hashes "the same hashes with gcc, clang, no short ways" \
	    tests/support/same_hashes.sh
} &
{
	job model "the models" env BUILD="$BUILD/check-gcc" tests/model/run.sh
	job torture "every call of the system fails in turn" \
	    "$BUILD/check-gcc/torture"
	job pairs "calls of the system fail in pairs" \
	    "$BUILD/check-gcc/torture" pairs
	job contract-long "the contract kit, a minute an adapter" \
	    tests/contract/long.sh "$BUILD/check-gcc/test-contract" 60
	job exhaust "every reply of up to 6 bytes" "$BUILD/check-gcc/exhaust"
} &
{
	integration gcc 60 all && integration asan 5 all
	# shellcheck disable=SC2086 # the words of a command
	job tsan "threads that share a loop, under ThreadSanitizer" \
	    $still "$BUILD/check-tsan/test-unit" inbox runner remote remote_call connectivity
	# shellcheck disable=SC2086 # the words of a command
	job tsan-redis "64 threads, a server that dies, ThreadSanitizer" \
	    $still "$BUILD/check-tsan/test-integration" redis_threads
	job helgrind "threads that share a loop, under helgrind" \
	    tests/support/races.sh helgrind
	job drd "threads that share a loop, under DRD" tests/support/races.sh drd
	job body "1 GiB from a callback to a real server" \
	    env STAY_BODY_MIB=1024 "$BUILD/check-gcc/test-integration" redis_body
} &
wait
job story "the story, and a table that is not whole" \
    tests/support/story.sh "$BUILD/check-gcc/examples/story"
job abi "what has changed of the public interface" \
    tests/support/abi.sh "$ABI_BEFORE"
cat "$logs/abi.log"
sum
