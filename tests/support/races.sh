#!/bin/sh
# races.sh helgrind|drd: threads that share a loop, under one of these two. They know
# nothing of atomic operations: the build tells them (happens.h).
set -eu

races() {
	CK_FORK=no valgrind --tool="$tool" --quiet --error-exitcode=9 --free-is-write=yes \
	    --child-silent-after-fork=yes \
	    --suppressions=tests/support/races.supp "$@"
}

tool=$1
races "$BUILD/check-races/test-unit" inbox runner remote remote_call connectivity
STAY_THREADS=8 races "$BUILD/check-races/test-integration" redis_threads
