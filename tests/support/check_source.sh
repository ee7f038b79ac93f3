#!/bin/sh
# shellcheck disable=SC2046 # file names here are words
#
# What can be seen without running anything: each rule of the house is a check,
# and the last line is the tally. Looks at the objects of build/check-gcc.
set -u
export LC_ALL=C

tree=$BUILD/check-gcc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# holds WHAT COMMAND...: one check; its complaints are shown if it fails.
holds() {
	what=$1
	shift
	if "$@" >"$work/says" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $what"
		sed 's/^/    /' "$work/says"
	fi
}

# A check that complains about each line it reads.
none() {
	! sed 's/^/not allowed: /' | grep .
}

# files [-e PART]... PATH...: those that exist and have no such part, a line each.
files() {
	parts=
	while [ "$1" = -e ]; do
		parts="$parts -e $2"
		shift 2
	done
	for file; do
		[ ! -e "$file" ] || echo "$file"
	done | if [ -n "$parts" ]; then
		# shellcheck disable=SC2086 # options of grep
		grep -vF $parts
	else
		cat
	fi
}

words() {
	echo "$1" | tr -s ' ' '\n' | grep .
}

# The folders of lib/ that are linked into tests alone. What they do to the system is
# what a test does.
KIT='sim contract'
kit() {
	for folder in $KIT; do
		echo "-e lib/$folder/"
	done
}

# ---- headers ------------------------------------------------------------------

# Twice, because the second time must be harmless.
# shellcheck disable=SC2086 # options
alone() {
	header=$1
	shift
	printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
	    "$@" $needs -Wall -Wextra -Wpedantic -Werror -Iinclude -Ilib -fsyntax-only -
}

# A table of slots, as C++ wants one: each by its name, in order.
tables_in_cxx() {
	g++ -std=c++20 -Wall -Wextra -Wpedantic -Werror \
	    -Wno-missing-field-initializers -Iinclude -fsyntax-only -x c++ - <<-'CXX'
		#include <stay/client.h>
		#include <stay/observer.h>
		#include <stay/protocol.h>
		#include <stay/stream.h>
		#include <stay/world.h>
		stay_protocol protocol = { STAY_PROTOCOL, .name = "x" };
		stay_behaviour behaviour = { STAY_BEHAVIOUR, .state_size = 1 };
		stay_observer observer = { STAY_OBSERVER, .arg = nullptr };
		stay_transport transport = { STAY_TRANSPORT, .scheme = "x" };
		stay_world_ops ops = { STAY_WORLD_OPS, .now = nullptr };
	CXX
}

# What the headers of other event loops need of those. Not there: they are left out.
has_loop() {
	case $1 in
	*/loop_uv.h) package=libuv ;;
	*/loop_event.h) package=libevent_core ;;
	*/loop_glib.h) package=glib-2.0 ;;
	*) needs= && return ;;
	esac
	needs="-D_GNU_SOURCE $(pkg-config --cflags "$package" 2>/dev/null |
	    sed 's/-I/-isystem /g')"
	pkg-config --exists "$package" 2>/dev/null
}

check_headers() {
	for header in include/stay/*.h; do
		has_loop "$header" || continue
		name=${header#include/}
		holds "<$name> alone, gcc" alone "$name" gcc -std=c11 -x c
		holds "<$name> alone, clang" alone "$name" clang -std=c11 -x c
		holds "<$name> alone, g++" alone "$name" g++ -std=c++17 -x c++
	done
	holds "slots and options are named in C++20, too" tables_in_cxx
	for header in $(files lib/*/*.h adapters/*/*.h); do
		holds "$header alone" alone "$PWD/$header" gcc -std=c11 \
		    -D_GNU_SOURCE -x c
	done
	holds "the headers of other event loops stand strict flags" loops_are_strict
}

# A program may have stricter flags than we ask of a header alone: its own.
loops_are_strict() {
	for header in include/stay/loop_*.h; do
		has_loop "$header" || continue
		for compiler in 'gcc -std=c11 -x c -Wstrict-prototypes' \
		    'clang -std=c11 -x c' 'g++ -std=c++17 -x c++'; do
			# shellcheck disable=SC2086 # a command and options
			alone "${header#include/}" $compiler -Wshadow -Wconversion \
			    -Wsign-conversion -Wcast-qual -Wundef || return 1
		done
	done
}

# ---- what is exported ---------------------------------------------------------

# The names behind STAY_API in the given headers.
declared() {
	gcc -w -fpreprocessed -dD -E -P "$@" | tr '\n' ' ' | tr ';' '\n' |
	    sed -n 's/.*STAY_API//p' |
	    grep -o 'stay_[a-z0-9_]*\( *(.*\)*$' | sed 's/ *(.*//' | sort
}

exported() {
	nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
	    sort
}

# exports LIBRARY HEADER...: just what the headers declare, no more and no less.
exports() {
	exported "$tree/lib$1.so" >"$work/exported"
	shift
	declared "$@" >"$work/declared"
	diff -u "$work/declared" "$work/exported"
}

only_stay_names() {
	exported "$tree/lib$1.so" | grep -vE '^stay(_[a-z0-9]+)+$' | none
}

# Static libraries have no hidden names: what is shared inside says so itself, as
# stay__list or stay_redis__parser.
inner_names() {
	declared include/stay/*.h >"$work/declared"
	nm -g --defined-only "$tree/lib$1.a" | awk 'NF == 3 { print $3 }' |
	    grep -vxFf "$work/declared" | grep -vE '^stay(_[a-z]+)?__' | none
}

# The contract kit is one object. Beside what it declares, it has only what stands
# between a program and its allocations.
kit_names() {
	declared include/stay/contract.h >"$work/declared"
	nm -g --defined-only "$tree/libstay-contract.a" | awk 'NF == 3 { print $3 }' |
	    grep -v '^__wrap_' | sort | diff "$work/declared" -
}

# A function begins with what it acts on.
PREFIXES='conn|metrics|client|runner|remote|group|loop|stream|session|redis|url|buf|bytes|reader|backoff|machine|world|log|echo|feed|future|from|verdict|frame|hello|info|reply|message|held|later|retain|target|state|status|class|outcome|contract|tls|pool|lease|host'

begins_with_its_object() {
	declared include/stay/*.h >"$work/declared"
	grep -vE "^stay_(($PREFIXES)_[a-z0-9_]+|strerror|version)\$" "$work/declared" | none
}

# No name is a type and a function by turns.
type_or_function() {
	cat include/stay/*.h | grep -oE '^(struct|enum) stay_[a-z_]+' |
	    sed 's/.* //' | sort -u | comm -12 - "$work/declared" | none
}

# A time says its unit: no public field or parameter has one of these names. A
# turn_budget counts messages.
times_end_in_ms() {
	grep -nE 'uint64_t \*?([a-z_]*_)?(ms|timeout|budget|delay|margin|age|stagger|silence)[;,)]' \
	    include/stay/*.h | grep -vE ' (\*?[a-z_]+_ms|turn_budget)[;,)]' | none
}

# A type of callbacks says what it is.
callbacks_end_in_fn() {
	cat include/stay/*.h adapters/*/*.h | tr '\n' ' ' | tr ';' '\n' |
	    grep -oE 'typedef [a-z_ *0-9]+\(' | grep -vE '_fn\($' | none
}

check_exports() {
	holds "a public function begins with what it acts on" begins_with_its_object
	holds "no public name is a type and a function" type_or_function
	holds "every public time ends in _ms" times_end_in_ms
	holds "a type of callbacks ends in _fn" callbacks_end_in_fn
	holds "libstay exports what its headers declare" exports stay \
	    $(files -e /redis.h -e /redis_ -e /echo.h -e /contract.h -e /tls.h include/stay/*.h)
	for name in redis echo tls; do
		holds "libstay-$name exports what its header declares" \
		    exports "stay-$name" include/stay/"$name"[._]*h
	done
	holds "libstay-contract.a has the names of its header" kit_names
	for name in stay stay-redis stay-echo stay-tls; do
		holds "lib$name.so exports stay_* alone" only_stay_names $name
		holds "lib$name.a keeps its inner names apart" inner_names $name
	done
}

# ---- floors -------------------------------------------------------------------

# An include names its folder, and a folder looks at those before it in FLOORS,
# never at a later one.
looking_down() {
	grep -H '^#include "' lib/*/*.[ch] | tr ':"' '  ' |
	    awk -v floors="$FLOORS $KIT" '
	BEGIN {
		count = split(floors, name, " ")
		for (i = 1; i <= count; i++)
			floor["lib/" name[i]] = floor[name[i]] = i
	}
	{
		folder = $1
		sub(/\/[^\/]*$/, "", folder)
		split($3, part, "/")
		if (!floor[part[1]])
			print $1 " includes " $3 ", which names no folder"
		else if (floor[part[1]] > floor[folder])
			print $1 " looks up to " $3
	}' | none
}

# "symbol object" of all that is defined, and of all that is needed.
symbols() {
	for source in $SRC; do
		object=${source#lib/}
		object=${object%.c}.o
		nm -g --defined-only "$tree/lib/$object" |
		    awk -v o="$object" 'NF == 3 { print $3, o }'
	done | sort >"$work/defined"
	for source in $SRC; do
		object=${source#lib/}
		object=${object%.c}.o
		nm -u "$tree/lib/$object" | awk -v o="$object" '{ print $2, o }'
	done | sort >"$work/needed"
	join "$work/needed" "$work/defined" |
	    awk '$2 != $3 { print $2, $3 }' | sort -u >"$work/calls"
	[ -s "$work/calls" ]
}

# The linker as witness: no folder needs what a later one defines.
calling_down() {
	symbols && awk -v floors="$FLOORS" '
	BEGIN {
		count = split(floors, name, " ")
		for (i = 1; i <= count; i++)
			floor[name[i]] = i
	}
	{
		split($1, from, "/")
		split($2, to, "/")
		if (from[1] in floor && (!(to[1] in floor) || floor[to[1]] > floor[from[1]]))
			print $1 " needs " $2
	}' "$work/calls" | none
}

# Who may be read, understood and changed alone: tsort names every loop.
no_circle() {
	symbols && tsort "$work/calls" 2>&1 >/dev/null | none
}

# A client sees of its connection what conn/inner.h says, and no field of it.
inner_alone() {
	grep -H '^#include "conn/' lib/client/*.[ch] | grep -vF '"conn/inner.h"' | none
}

# ---- who may do what ----------------------------------------------------------

# Source without its comments, as "file: line".
code() {
	for file; do
		gcc -w -fpreprocessed -dD -E -P "$file" 2>/dev/null |
		    sed "s,^,$file: ,"
	done
}

only_mem_allocates() {
	code $(files -e /mem.h $(kit) lib/*/*.[ch]) |
	    grep -E '(^|[^a-z_>.])(malloc|calloc|realloc|free|strdup|strndup|asprintf) *\(' |
	    none
}

# The text log writes on the program's stdio stream, and begins a line with the time of
# day. Both are for a reader: nothing in the library depends on them. So the log asks
# the system itself, and worlds need no second clock. And the door of a loop has a lock,
# since what other threads hold of it outlives loop and world.
only_world_knows_the_system() {
	code $(files -e lib/world/ $(kit) lib/*/*.[ch]) |
	    grep -v '^lib/observe/text_log\.c: *#include <time\.h>' |
	    grep -v '^lib/loop/door\.c: *#include <pthread\.h>' |
	    grep -E '#include <(ev|fcntl|poll|pthread|signal|time|unistd|sys/(epoll|time|wait))\.h>' |
	    none
}

# The linker sees what the eye overlooks: outside of lib/world/, nothing but memory,
# strings and formatted text comes from the C library; errno doesn't either.
system_calls() {
	for object in $(files -e /world/ $(kit) "$tree"/lib/*/*.o); do
		nm -u "$object" | awk -v object="${object##*/}" '
		$2 !~ /^(_*stay_|_GLOBAL_OFFSET_TABLE_)/ { print object " " $2 }'
	done | grep -vxE '[^ ]* (__)?(mem[a-z]*|str[a-z]*|v?s?n?f?printf|f?put[cs]|fwrite|inet_[np]to[np]|malloc|calloc|realloc|free|abort|assert_fail|ctype_b_loc|stack_chk_fail)(_chk)?' |
	    grep -vxE 'text_log\.o (clock_gettime|gmtime_r)' |
	    grep -vxE 'door\.o pthread_mutex_(init|destroy|lock|unlock)' |
	    none
}

machine_is_pure() {
	nm -u "$tree/lib/machine/machine.o" | awk '{ print $2 }' |
	    grep -vxE '_GLOBAL_OFFSET_TABLE_|__assert_fail|str[a-z]*' | none
}

comments_have_their_margin() {
	! grep -rnP --include='*.[ch]' '^\t* \*[^ \t/]' \
	    include lib adapters examples tests
}

# A machine's state is made const for everybody but machine.c: the compiler then
# finds who else would write it.
one_writer() {
	cp -R lib "$work/lib"
	sed 's/^\(	\)unsigned now;/\1const unsigned now;/' lib/machine/machine.h \
	    >"$work/lib/machine/machine.h"
	! cmp -s lib/machine/machine.h "$work/lib/machine/machine.h" || return 1
	for file in "$work"/lib/*/*.c; do
		case $file in */machine.c) continue ;; esac
		gcc -std=c11 -D_GNU_SOURCE -Iinclude -I"$work/lib" -fsyntax-only "$file" || return 1
	done
}

# Parts of a connection that are there only when they are needed.
CONN_BLOCKS='callers shelf outbox'

# The structs that struct stay_conn is made of, as "file struct".
parts_of_conn() {
	{
		sed -n '/^struct stay_conn {/,/^};/s/^	struct stay__\([a-z_]*\) [a-z_]*;.*/\1/p' \
		    lib/conn/conn.h
		words "$CONN_BLOCKS"
	} | while read -r part; do
		grep -l "^struct stay__$part {" lib/conn/*.h |
		    sed "s,^lib/conn/\(.*\)\.h,\1 $part,"
	done
}

# const_fields HEADER STRUCT: each field of that struct is const.
const_fields() {
	sed -i "/^struct stay__$2 {/,/^};/s/\([a-z_]\{1,\}\(\[[^]]*\]\)*;\)/const \1/" "$1"
}

# Each part of a connection is made const for all files but its own, as a state
# is above. A pointer to the part may be handed to the functions of its file.
parts_have_one_writer() {
	rm -rf "${work:?}/lib" && cp -R lib "$work/lib"
	parts_of_conn >"$work/conn_parts"
	[ "$(wc -l <"$work/conn_parts")" -ge 10 ] || return 1
	while read -r file part; do
		const_fields "$work/lib/conn/$file.h" "$part"
		! cmp -s "lib/conn/$file.h" "$work/lib/conn/$file.h" || return 1
	done <"$work/conn_parts"
	mkdir -p "$work/own/conn"
	for file in lib/conn/*.c lib/client/*.c; do
		own=conn/$(basename "$file" .c).h
		rm -f "$work"/own/conn/*
		case $file in lib/conn/*) cp "lib/$own" "$work/own/conn" 2>/dev/null ;; esac
		gcc -std=c11 -D_GNU_SOURCE -Werror=discarded-qualifiers -Iinclude \
		    -I"$work/own" -I"$work/lib" -fsyntax-only "$file" || return 1
	done
}

# The parts of a session, each with the file that may write it.
SESSION_PARTS='machine:session generation:session farewell:farewell
condemned:session_fail output:output health:health leave:leave
doubt:doubt renew:renew remark:remark'

# part_is_its_own HEADER PART OWNER: the part is made const for all other files of
# the folder. Whoever writes a part must name it, so only those are compiled.
part_is_its_own() {
	rm -rf "$work/parts" && mkdir -p "$work/parts" && cp -R lib "$work/parts"
	header=$work/parts/$1
	sed "s/^\(	\)\([a-z_0-9 ]* $2;\)/\1const \2/" "$1" >"$header"
	! cmp -s "$1" "$header" || { echo "$1 has no part $2" && return 1; }
	grep -lE "(->|[.])$2\>" "${header%/*}"/*.c | while read -r file; do
		case $file in */"$3".c) continue ;; esac
		gcc -std=c11 -D_GNU_SOURCE -Werror -Iinclude -I"$work/parts/lib" \
		    -fsyntax-only "$file" || echo "$file writes $2"
	done 2>&1 | none
}

session_parts() {
	for part in $(words "$SESSION_PARTS"); do
		part_is_its_own lib/client/session.h "${part%:*}" "${part#*:}" ||
		    return 1
	done
}

# An adapter sees bytes: public headers, standard C, and what lies beside it. That of
# TLS reads files, has contexts that threads share, and alone knows OpenSSL.
adapters_are_strangers() {
	grep '^#include' adapters/*/*.[ch] |
	    grep -vE '^adapters/tls/.*#include <(openssl/[a-z0-9_]+|arpa/inet|errno|pthread|stdatomic|sys/stat)\.h>' |
	    grep -vE '#include (<stay/[a-z_]+\.(h|def)>|<(assert|ctype|float|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|stdlib|string)\.h>|"[a-z_0-9]+\.(h|def)")' |
	    none
}

examples_are_strangers() {
	grep '^#include "' examples/*.[ch] examples/*/*.[ch] |
	    grep -vE '"((\.\./)?(support|adapters)/)?[a-z_0-9]+\.(h|def)"' | none
}

# ---- tests and documents ------------------------------------------------------

# Every file of tests has its row, in order.
suites() {
	sed -n 's/^SUITE(\(.*\))$/\1/p' "tests/$1/suites.def" >"$work/rows"
	sort -cu "$work/rows" || return 1
	for file in "tests/$1"/test_*.c; do
		basename "$file" .c | sed 's/^test_//'
	done | sort | diff "$work/rows" -
}

# The structs of a client and of a connection are whole in these two headers: who
# does not include one cannot read a field, and asks inside.h. What a test of one
# part needs, it finds in the header of that part.
inside_alone() {
	grep -nE '^#include "(.*/)?(client/client|conn/conn)\.h"' tests/*/*.[ch] |
	    grep -v '^tests/support/inside\.c:' | none
}

# In the name of a unit test and of an integration test, and an invariant of the
# simulator's.
promise() {
	name="^\(TEST(\|TEST_ROWS(\|START_TEST(test_\)promise_\([0-9]*_\)*$1_"
	for kind in unit integration; do
		grep -q "$name" tests/$kind/*.c || echo "no $kind test"
	done | none || return 1
	cat tests/sim/*.c | tr -d '\n\t ' | grep -q "broken($1,\""
}

diagrams() {
	grep -q 'begin generated: conn-diagram' README.md || return 1
	tests/support/diagram.sh check "$tree/diagram" README.md \
	    docs/machine.md docs/observe.md docs/options.md docs/redis.md docs/story.md
}

# The chart of a reconnect is what happens, and the C beside the Elixir is that of the
# example.
story_is_true() {
	tests/support/chart.sh check "$tree/examples/story/reconnect" docs/story.md &&
	    awk -f tests/support/beside.awk examples/story/8_behaviour.c docs/story.md
}

# "struct field default" of each number in the generated tables. That each field
# has its row there is a unit test of options.def.
defaults_of_docs() {
	awk -F ' *[|] *' '
	/^<!-- begin generated: stay_/ { split($0, word, " "); struct = word[4] }
	/^<!-- end generated: / { struct = "" }
	struct == "" || !/^[|].*`/ { next }
	{ gsub(/[`*]/, "") }
	$2 != "" && $3 ~ /^[0-9n]/ { print struct, $2, $3 }' docs/options.md
}

# The last words of a field's comment are its default; it stands behind the field
# or above it.
says_default() {
	sed -n "/^struct $1 {/,/^};/p" include/stay/*.h | tr -s ' \t\n*' ' ' |
	    grep -qE -e ": $3 / [a-z0-9_]+ $2;" \
		-e " $2; / ([^;/]|; [^/])*: $3 /"
}

options() {
	defaults_of_docs >"$work/defaults"
	[ -s "$work/defaults" ] || return 1
	while read -r struct field default; do
		says_default "$struct" "$field" "$default" ||
		    echo "$struct $field: $default"
	done <"$work/defaults" | none
}

# What docs/options.md shows stands so in the test that runs it.
recipe() {
	awk '/^### A failover/ { here = 1 } here && /^```$/ { exit }
	code { print } here && /^```c$/ { code = 1 }' docs/options.md >"$work/recipe"
	[ -s "$work/recipe" ] && awk '
	NR == FNR { shown[++lines] = $0; next }
	at == lines { next }
	{ at = $0 == shown[at + 1] ? at + 1 : $0 == shown[1] }
	END { exit at != lines }' "$work/recipe" \
	    tests/integration/test_redis_failover.c
}

top_level() {
	files ./* ./.[!.]* | cut -c 3- | grep -vxE 'Makefile|include|lib|adapters|tests|examples|CHANGELOG\.md|README\.md|LICENSE|docs|\.ci|\.[a-z].*|build' |
	    none
}

same_version() {
	grep -q "\"$VERSION\"" lib/stay.c
}

check_headers
check_exports
holds "no folder of lib/ includes a header of a later one" looking_down
holds "no folder of lib/ needs a symbol of a later one" calling_down
holds "no circle among the objects of lib/" no_circle
holds "a client includes conn/inner.h alone of conn/" inner_alone
holds "only lib/base/mem.h asks for memory" only_mem_allocates
holds "only lib/world/ knows the system" only_world_knows_the_system
holds "only lib/world/ calls the system" system_calls
holds "lib/machine/machine.c is pure" machine_is_pure
holds "only lib/machine/machine.c assigns a state" one_writer
holds "a part of a connection is written by its own file" parts_have_one_writer
holds "a part of a session is written by its own file" session_parts
holds "no comment has lost its margin" comments_have_their_margin
holds "adapters include as strangers do" adapters_are_strangers
holds "examples include as strangers do" examples_are_strangers
holds "tests read the inside of the library through inside.h" inside_alone
holds "every unit test has its row" suites unit
holds "every integration test has its row" suites integration
for number in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
	holds "promise $number is tested, simulated and seen outside" \
	    promise $number
done
holds "README.md and docs/ show the tables as they are" diagrams
holds "docs/story.md tells what happens" story_is_true
holds "headers and docs/options.md have the same options and defaults" options
holds "the recipe for a failover is the one that is tested" recipe
holds "the top level is tidy" top_level
holds "the library says the version of the Makefile" same_version

echo "$passed passed, $failed failed"
[ $failed = 0 ]
