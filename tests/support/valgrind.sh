#!/bin/sh
# The unit tests of the plain build once more under valgrind, in one process
# and without those suites that look at tables alone, fork themselves, or play
# the same stories a thousand times: AddressSanitizer has seen those.
set -eu

suites=$(sed -n 's/^SUITE(\(.*\))$/\1/p' tests/unit/suites.def |
    grep -Ev '^(fork|machine|reentrancy|redis_secrets|world_ev_room)')
# shellcheck disable=SC2086 # words: names of suites
CK_FORK=no exec valgrind --quiet --error-exitcode=9 --leak-check=full \
    --errors-for-leak-kinds=definite,indirect --child-silent-after-fork=yes \
    --suppressions=tests/support/valgrind.supp \
    "$BUILD/check-gcc/test-unit" $suites
