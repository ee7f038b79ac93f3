# shellcheck shell=sh disable=SC2034,SC2154 # used, and set, by who sources it
# What check.sh and check_all.sh share, to be sourced: builds, jobs, and their sum.
# What each job says is in $logs; $steps is how many of them there will be.
export LC_ALL=C
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

cores=$(nproc 2>/dev/null || echo 2)
plain='-O2 -g -Werror'
# Without -Werror: sanitizers make gcc see dangers that aren't there.
sanitized='-O1 -g -fsanitize=address,undefined'
sanitized="$sanitized -fno-sanitize-recover=all -fno-omit-frame-pointer"
threaded='-O1 -g -fsanitize=thread'
told='-O1 -g -include tests/support/happens.h'

export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-60}"

# Sanitizers of this age fail at random where the kernel randomizes a lot.
still="setarch $(uname -m) -R"
$still true 2>/dev/null || still=

start=$(date +%s)

# begin STEPS: an empty folder for the logs.
begin() {
	steps=$1
	rm -rf "$logs"
	mkdir -p "$logs"
}

# tally_of NAME STATUS: what a job said last may be a tally; else it counts as
# one. An exit status that the tally doesn't explain is one more failure.
tally_of() {
	tally=$(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' \
	    "$logs/$1.log")
	case "$2 ${tally:-none}" in
	'0 none') echo '1 0' ;;
	*' none') echo '0 1' ;;
	'0 '*) echo "$tally" ;;
	*' 0') echo "${tally% *} 1" ;;
	*) echo "$tally" ;;
	esac
}

# job NAME WHAT COMMAND...: run it, keep what it says, tell how it ended, how far
# we are, and what was skipped in it, which the tally has among those that passed.
job() {
	name=$1
	what=$2
	shift 2
	timeout 1500 "$@" >"$logs/$name.log" 2>&1 </dev/null
	tally=$(tally_of "$name" $?)
	echo "$tally" >"$logs/$name.tally"
	[ "${tally#* }" = 0 ] || tail -n 60 "$logs/$name.log" | sed 's/^/    /'
	set -- "$logs"/*.tally
	printf '  %2d/%d %4ds  %-44s %5d passed, %d failed\n' $# "$steps" \
	    $(($(date +%s) - start)) "$what" "${tally% *}" "${tally#* }"
	grep '^skipped: ' "$logs/$name.log" | sort | uniq -c
}

# build TREE COMPILER FLAGS GOAL...
build() {
	tree=$1
	compiler=$2
	flags=$3
	shift 3
	kind=plain
	case $flags in *sanitize*) kind=sanitized ;; esac
	job "build-$tree" "build with $compiler, $kind" \
	    "$MAKE" -s -j "$cores" CC="$compiler" CFLAGS="$flags" \
	    BUILD="$BUILD/check-$tree" "$@"
}

# unit TREE [OPTION=VALUE]
unit() {
	# shellcheck disable=SC2086 # the words of a command
	job "unit-$1" "unit tests of check-$1" \
	    env "${2:-STAY=}" $still "$BUILD/check-$1/test-unit"
}

# contract TREE
contract() {
	# shellcheck disable=SC2086 # the words of a command
	job "contract-$1" "the contract kit, and planted bugs, check-$1" \
	    $still "$BUILD/check-$1/test-contract"
}

# integration TREE SECONDS NAME [SUITE...]: these suites, which are called NAME, or all.
# So long a server is killed and frozen at random.
integration() {
	tree=$1
	seconds=$2
	of=$3
	shift 3
	# shellcheck disable=SC2086 # the words of a command
	job "integration-$tree-$of" \
	    "real servers, killed and frozen: $of, check-$tree" \
	    env STAY_FAULT_SECONDS="$seconds" $still \
	    "$BUILD/check-$tree/test-integration" "$@"
}

# The sum of all jobs so far; fails if one of them did.
sum() {
	cat "$logs"/*.tally | awk '{ passed += $1; failed += $2 }
	    END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 }'
}

# What cannot be built is not tested.
stop_unless_built() {
	sum >"$logs/sum" && return
	cat "$logs/sum"
	exit 1
}
