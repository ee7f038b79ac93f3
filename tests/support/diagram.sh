#!/bin/sh
# diagram.sh write|check PROGRAM FILE...: renew the generated blocks of the
# files, or fail if that would change one.
set -eu

mode=$1
program=$2
shift 2
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT

for file; do
	"$program" <"$file" >"$fresh"
	cmp -s "$fresh" "$file" && continue
	if [ "$mode" = check ]; then
		diff -u "$file" "$fresh" | head -n 40
		echo "$file is not what the tables say: make diagram"
		exit 1
	fi
	cat "$fresh" >"$file"
	echo "$file: renewed"
done
