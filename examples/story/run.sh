#!/bin/sh
# run.sh STEPS OUT: tell the story with the steps that were built into the folder STEPS.
# Prints the tables, and keeps them in the folder OUT: rows, tables.md, index.html.
set -eu

here=$(dirname "$0")
mkdir -p "$2"
"$1/tell" "$1" >"$2/rows"
awk -f "$here/page.awk" "$2/rows" >"$2/index.html"
whole=0
awk -f "$here/table.awk" "$here/tradeoffs.txt" "$2/rows" >"$2/tables.md" || whole=1
cat "$2/tables.md"
echo "
drawn in $2/index.html"
exit $whole
