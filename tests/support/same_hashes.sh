#!/bin/sh
# A run of the simulator depends on its seed alone: built by another compiler,
# it comes to the same.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for compiler in gcc clang; do
	"$BUILD/check-$compiler/sim" -H -q -n 100 -f 5000 |
	    grep '^seed' | sort >"$work/$compiler"
done
[ "$(wc -l <"$work/gcc")" = 100 ] && diff "$work/gcc" "$work/clang"
