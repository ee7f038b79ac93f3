#!/bin/sh
# consumers.sh FOLDER: install into a prefix below FOLDER, and build every
# example against nothing but what was installed, as a stranger would: with
# pkg-config, shared and static. Run one of each, and those of the adapters with the
# servers that are there; then take it all away again.
set -eu

work=$1
prefix=$work/prefix
modules='stay-redis stay-echo stay-tls stay libcrypto'
flags='-std=c11 -Wall -Wextra -Wpedantic -D_GNU_SOURCE'
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"

# Alone in a folder, nothing of this tree can be found by accident. The program
# of the README is one more example.
cp -R examples "$work/examples"
awk '/^```c/ { inside = 1; next } /^```/ && inside { exit } inside' README.md \
    >"$work/examples/readme.c"
make -s install PREFIX="$prefix" >/dev/null

# Its adapter is compiled as it stands there.
awk '/^```c/ { listing++; next } /^```/ { listing += listing == 2 } listing == 2' \
    README.md >"$work/adapter.c"
# shellcheck disable=SC2046,SC2086 # words of a command
"${CC:-cc}" $flags -Werror -Wno-unused-const-variable -c -o "$work/adapter.o" \
    "$work/adapter.c" $(pkg-config --cflags stay)

# The examples of other event loops are built further down.
mkdir "$work/loops"
mv "$work"/examples/loop_*.c "$work/loops"

# build KIND OPTION...: each example into FOLDER/KIND.
build() {
	kind=$1
	shift
	mkdir -p "$work/$kind"
	for source in "$work"/examples/*.c; do
		# shellcheck disable=SC2046,SC2086 # words of a command
		"${CC:-cc}" $flags -o "$work/$kind/$(basename "$source" .c)" \
		    "$source" $(find "$work"/examples/support "$work"/examples/adapters -name '*.c') \
		    $(pkg-config --cflags --libs "$@" $modules)
	done
}

build shared
export LD_LIBRARY_PATH="$prefix/lib"
"$work/shared/echo"
tests/support/with_postgres.sh "$work/shared/postgres_query"
if command -v nats-server >/dev/null; then
	"$work/shared/nats_service"
else
	echo "skipped: there is no nats-server: nats_service"
fi
unset LD_LIBRARY_PATH

# Without the shared ones, the same names mean the static libraries.
rm "$prefix"/lib/*.so*
build static --static
"$work/static/echo"

# without_libev PROGRAM SOURCE... OPTION...: link it, and look that nothing asks for libev.
without_libev() {
	program=$work/$1
	shift
	# shellcheck disable=SC2046,SC2086 # words of a command
	"${CC:-cc}" $flags -o "$program" "$@" \
	    $(pkg-config --cflags --libs stay-poll)
	! nm "$program" | grep -E ' (ev_|stay__room)' || return 1
	! ldd "$program" | grep 'libev\.'
}

# on_loop NAME PACKAGE: the example of that loop, where it is installed.
on_loop() {
	if [ "$2" != stay-poll ] && ! pkg-config --exists "$2"; then
		echo "skipped: there is no $2: loop_$1"
		return
	fi
	# shellcheck disable=SC2046 # words of a command
	without_libev "loop_$1" -I"$work/examples" "$work/loops/loop_$1.c" \
	    "$work/examples/support/peer.c" "$work/examples/support/talk.c" \
	    -l:libstay-echo.a $(pkg-config --cflags --libs "$2")
	"$work/loop_$1"
}

on_loop poll stay-poll
on_loop uv libuv
on_loop event libevent_core
on_loop glib glib-2.0

# The same of all that the library has, but for what is made on libev.
{
	nm -g --defined-only "$prefix/lib/libstay.a" |
	    sed -n 's/^[0-9a-f]* T \(stay_[a-z].*\)/\1/p' |
	    grep -vxE 'stay_loop_(ev|ev_reserve|alone)|stay_runner_start' |
	    sed 's/.*/extern char &[]; void *take_&(void); void *take_&(void) { return &; }/'
	echo 'int main(void) { return 0; }'
} >"$work/all.c"
[ "$(wc -l <"$work/all.c")" -gt 200 ]
without_libev all "$work/all.c"

make -s uninstall PREFIX="$prefix"
if find "$prefix" -type f -o -type l | grep .; then
	echo "left behind by make uninstall"
	exit 1
fi

# A package is built through DESTDIR, for a prefix that is not touched.
make -s install DESTDIR="$work/package" PREFIX=/opt/stay >/dev/null
grep -q '^libdir=/opt/stay/lib$' "$work/package/opt/stay/lib/pkgconfig/stay.pc"
version=$(PKG_CONFIG_PATH=$work/package/opt/stay/lib/pkgconfig \
    pkg-config --modversion stay)
[ -e "$work/package/opt/stay/lib/libstay.so.$version" ]
