#!/bin/sh
# `make check`, in minutes: the library as it is installed, the tests sanitized,
# real servers, the simulator, the source. What each part said is in build/check/.
# What takes longer is in check_all.sh.
set -u

logs=$BUILD/check
# shellcheck source=tests/support/jobs.sh
. tests/support/jobs.sh

echo "unit tests, contracts, real servers, seeds of the simulator and of threads, source checks: some minutes"
begin 10
build gcc gcc "$plain" all "$BUILD/check-gcc/sim" "$BUILD/check-gcc/threads" \
    "$BUILD/check-gcc/diagram" story-programs
build asan clang "$sanitized" test-programs
stop_unless_built
# They wait for bounds of seconds, and need no processor for that.
waiting='netns redis_health proxy_faults'
# shellcheck disable=SC2046,SC2086 # the words of a command
{
	integration asan 3 most $(sed -n 's/^SUITE(\(.*\))/\1/p' \
	    tests/integration/suites.def | grep -vxF "$(printf '%s\n' $waiting)")
	job guide "docs/write-an-adapter.md, to the letter" \
	    env MAKEFLAGS="BUILD=$PWD/$BUILD/check-gcc" tests/contract/guide.sh
} &
{
	# Looking for leaks takes long at the end of each process: one is enough.
	STAY_SCENE_STRIDE=61 unit asan CK_FORK=no
	job sim "300 seeds of the simulator" "$BUILD/check-gcc/sim" -n 300
	job threads "2,000 seeds of virtual threads" \
	    "$BUILD/check-gcc/threads" -n 2000
	job source "the source" tests/support/check_source.sh
} &
# shellcheck disable=SC2086 # the words of a command
{
	integration asan 3 waiting $waiting
	contract asan
} &
wait
sum
