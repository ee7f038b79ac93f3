#!/bin/sh
# abi.sh COMMIT: what has changed since then in the public interface of each library,
# for those who are linked with it. It is told, and not forbidden: fails only if it
# cannot compare. Looks at the libraries of build/check-gcc.
set -u

before=$1
tree=$BUILD/check-gcc

if ! command -v abidiff >/dev/null; then
	echo "skipped: abidiff (abigail-tools) is not here, so nobody compares interfaces"
	exit 0
fi
if ! git cat-file -e "$before^{commit}" 2>/dev/null; then
	echo "skipped: the history has no commit $before to compare interfaces with"
	exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
libs='libstay libstay-redis libstay-echo'
git archive "$before" | tar -x -C "$work" || exit 1
(
	unset BUILD VERSION
	cd "$work" || exit 1
	version=$(sed -n 's/^VERSION = //p' Makefile)
	# shellcheck disable=SC2046 # words
	"${MAKE:-make}" -s -j "$(nproc)" CFLAGS='-O1 -g' BUILD=build \
	    $(for lib in $libs; do echo "build/$lib.so.$version"; done)
) || exit 1

# What is declared elsewhere than in the public headers is nobody's business.
cat >"$work/private" <<-'SPEC'
	[suppress_type]
	source_location_not_regexp = include/stay/
	drop = yes
SPEC

# Its status is a set of bits: 1 and 2 are failures, 4 and 8 are changes.
failed=0
for lib in $libs; do
	echo "== $lib since $(git log -1 --format='%h, %s' "$before")"
	abidiff --suppressions "$work/private" "$work/build/$lib.so" "$tree/$lib.so"
	[ $(($? & 3)) = 0 ] || failed=1
done
exit $failed
