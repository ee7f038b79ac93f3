#!/bin/sh
# story.sh STEPS: the story is told, its table is whole, and a table that is not whole is
# seen as such. The last line is the tally.
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

count() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $2"
	fi
}

# sees WHAT SCRIPT: with the rows changed by this script for sed, the table must fail.
sees() {
	sed "$2" "$work/out/rows" >"$work/rows"
	! cmp -s "$work/rows" "$work/out/rows" &&
	    ! awk -f examples/story/table.awk examples/story/tradeoffs.txt "$work/rows" \
		>/dev/null 2>&1
	count $? "$1"
}

examples/story/run.sh "$1" "$work/out"
count $? "the story is told, and its table is whole"
grep -q '</svg>' "$work/out/index.html"
count $? "it is drawn"
sees "a column is missing" '0,/^p99 us/{/^p99 us/d}'
sees "a column is there twice" '0,/^sockets/{/^sockets/p}'
sees "a value is missing" '0,/^codes/s/^codes.*/codes	/'
sees "a call has no outcome" '0,/^kill: calls/s/^kill: calls.*/kill: calls	4001/'
sees "a call has two outcomes" '0,/^kill: sent/s/^kill: sent.*/kill: sent	1/'
# shellcheck disable=SC2016 # a script for sed
sees "a step is missing" '/^step	8 as a bare table/,$d'
sees "the client lacks a plus" '/^step	6/,/^step	7/s/^sockets.*/sockets	2/'

echo "$passed passed, $failed failed"
[ $failed = 0 ]
