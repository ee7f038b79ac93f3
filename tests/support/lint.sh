#!/bin/sh
# clang-tidy and cppcheck over the code, shellcheck over the scripts. Says
# nothing where there is nothing to say; each file that is objected to fails.
set -u
status=0

# shellcheck disable=SC2016 # the inner shell expands them
find lib adapters examples tests -name '*.c' -print0 |
    xargs -0 -r -n 4 -P "$(nproc)" sh -c '
	clang-tidy --quiet "$@" -- -std=c11 -D_GNU_SOURCE -Iinclude \
	    $INNER $(pkg-config --cflags glib-2.0 | sed "s/-I/-isystem /g") 2>/dev/null' tidy || status=1

# Version 2.10 doesn't parse a compound literal in a conditional expression, and
# takes any test for NULL as a sign that there might be one elsewhere. stay_conn_await
# lends its own variables for as long as it runs. Tests it doesn't understand.
# shellcheck disable=SC2086 # words of a command
cppcheck --quiet -j "$(nproc)" --std=c11 --language=c -D_GNU_SOURCE -Iinclude \
    $INNER --enable=warning,performance,portability --inline-suppr \
    --suppress=internalAstError --suppress=varFuncNullUB \
    --suppress=nullPointerArithmeticRedundantCheck \
    --suppress=unknownEvaluationOrder:lib/conn/mailbox.c \
    --suppress=autoVariables:lib/conn/start.c --error-exitcode=1 lib adapters examples || status=1

shellcheck .ci/run .ci/needs tests/*/*.sh examples/*/*.sh || status=1
exit $status
