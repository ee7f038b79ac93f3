#!/bin/sh
# guide.sh: follow docs/write-an-adapter.md to the letter, in an empty home with nothing
# but what is installed there. A block behind "<!-- file: NAME -->" is (more of) that
# file; one behind "<!-- source -->" is run in the folder of the library's source, one
# behind "<!-- run -->" in the adapter's; what that says is in the block behind
# "<!-- said -->".
set -eu

page=$PWD/docs/write-an-adapter.md
source=$PWD
HOME=$(mktemp -d)
export HOME
trap 'rm -rf "$HOME"' EXIT
unset PKG_CONFIG_PATH
mkdir "$HOME/adapter"
cd "$HOME/adapter"
awk '
/^<!-- (source|run) -->$/ { count++ }
/^<!-- (source|run|said) -->$/ { kind = $2; to = sprintf("%02d.%s", count, kind) }
/^<!-- file: / { kind = "file"; to = $3 }
/^```/ && inside { inside = 0; kind = ""; next }
/^```/ && kind != "" { inside = 1; next }
inside { print >to }
' "$page"

# All in one shell, as somebody would at a terminal.
(cd "$source" && sh -eu "$HOME/adapter/01.source") >01.out
for step in [0-9]*.run; do
	echo ". ./$step >${step%.run}.out"
done >all.sh
sh -eu all.sh
wait

# How many allocations there are is the library's business, and changes with it.
alike() {
	sed 's/^  memory  *[0-9]* runs/  memory N runs/' "$1"
}

passed=0
for said in [0-9]*.said; do
	alike "$said" >expected
	alike "${said%.said}.out" | diff expected -
	passed=$((passed + 1))
done
[ $passed -ge 3 ]
echo "$passed passed, 0 failed"
