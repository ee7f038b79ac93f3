#!/bin/sh
# chart.sh write|check RECONNECT FILE: renew the chart in the file, between its two marks,
# from what the program RECONNECT prints; or fail if that would change it.
set -eu

mode=$1
fresh=$(mktemp)
chart=$(mktemp)
trap 'rm -f "$fresh" "$chart"' EXIT

"$2" | awk -f examples/story/chart.awk >"$chart"
grep -q '>>conn' "$chart"
awk -v chart="$chart" '
/^<!-- begin chart: reconnect -->/ { print; print ""; skips = 1
	while ((getline line <chart) > 0) print line }
/^<!-- end chart: reconnect -->/ { print ""; skips = 0; found = 1 }
!skips { print }
END { exit !found }' "$3" >"$fresh"
cmp -s "$fresh" "$3" && exit 0
if [ "$mode" = check ]; then
	diff -u "$3" "$fresh" | head -n 40
	echo "$3 is not what happens: make diagram"
	exit 1
fi
cat "$fresh" >"$3"
echo "$3: renewed"
