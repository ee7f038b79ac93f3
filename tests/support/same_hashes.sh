#!/bin/sh
# A run of the simulator, or of virtual threads, depends on its seed alone: built by
# another compiler, or without the short ways of calls, it comes to the same.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tree in gcc clang long; do
	"$BUILD/check-$tree/sim" -H -q -n 100 -f 5000 |
	    grep '^seed' | sort >"$work/$tree"
done
for tree in gcc clang; do
	"$BUILD/check-$tree/threads" -H -n 500 -f 5000 |
	    grep '^seed' | sort >"$work/threads-$tree"
done
[ "$(wc -l <"$work/gcc")" = 100 ] && diff "$work/gcc" "$work/clang" &&
    diff "$work/gcc" "$work/long" &&
    [ "$(wc -l <"$work/threads-gcc")" = 500 ] &&
    diff "$work/threads-gcc" "$work/threads-clang"
