#!/bin/sh
# Checks the models with spin, and that each planted fault is found. The last
# line is the tally.
set -u
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$BUILD/model"
work=$(cd "$BUILD/model" && pwd)
"$BUILD/model-export" >"$work/tables.pml" || exit 1
passed=0
failed=0

# shellcheck disable=SC2086 # the words of options
# verify MODEL BROKEN PROPERTY: exhaustive; says how many errors there are.
verify() {
	(
		cd "$work" || exit 1
		rm -rf "$1-$2-$3"
		mkdir "$1-$2-$3"
		cd "$1-$2-$3" || exit 1
		cp "$here"/*.pml "$work/tables.pml" .
		property="-DSAFETY -DNOCLAIM"
		flags=''
		if [ "$3" != safety ]; then
			property='-DNFAIR=3'
			flags="-a -f -N $3"
		fi
		spin -DBROKEN="$2" -a "$1.pml" >spin.log 2>&1 &&
			gcc -O2 -DCOLLAPSE -DVECTORSZ=2048 $property -o pan pan.c >cc.log 2>&1 &&
			./pan -m1000000 $flags >pan.log 2>&1
		sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log
	)
}

states() {
	sed -n 's/ *\([0-9e+.]*\) states, stored.*/\1/p' "$work/$1/pan.log" | head -n 1
}

# holds MODEL PROPERTY: no error.
holds() {
	errors=$(verify "$1" 0 "$2")
	if [ "${errors:-none}" = 0 ]; then
		passed=$((passed + 1))
		echo "  $1, $2: holds in all $(states "$1-0-$2") states"
	else
		failed=$((failed + 1))
		echo "  $1, $2: VIOLATED (or not checked: see $work/$1-0-$2)"
	fi
}

# finds MODEL BROKEN PROPERTY: the planted fault is an error.
finds() {
	errors=$(verify "$1" "$2" "$3")
	if [ "${errors:-0}" != 0 ]; then
		passed=$((passed + 1))
		echo "  $1, fault $2: found"
	else
		failed=$((failed + 1))
		echo "  $1, fault $2: NOT FOUND"
	fi
}

holds conn safety
holds conn stops
holds calls safety
holds calls completes
holds again safety
for fault in 1 2; do finds conn $fault safety; done
finds conn 3 stops
for fault in 1 2 3 4 5 7 8 9; do finds calls $fault safety; done
finds again 10 safety
finds calls 6 completes
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
