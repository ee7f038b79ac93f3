#!/bin/sh
# with_postgres.sh COMMAND...: run it with the URL of a PostgreSQL behind it, which is
# started for it in a folder of its own, and ended with it. Where none is installed,
# say so and run nothing.
set -eu

# Debian keeps it where no PATH looks.
for bin in "$(dirname "$(command -v initdb || echo /none/initdb)")" \
    /usr/lib/postgresql/*/bin /usr/libexec/postgresql*; do
	[ ! -x "$bin/pg_ctl" ] || break
done
if [ ! -x "$bin/pg_ctl" ]; then
	echo "skipped: there is no postgres or no initdb (install postgresql): $*"
	exit 0
fi

# It does not run as root.
as=
[ "$(id -u)" != 0 ] || as='setpriv --reuid=65534 --regid=65534 --clear-groups'
if ! $as true 2>/dev/null; then
	echo "skipped: postgres does not run as root, and setpriv can't change that: $*"
	exit 0
fi

folder=$(mktemp -d /tmp/stay-postgres-XXXXXX)

# What it says goes to a file, which is shown if it fails.
postgres() {
	program=$1
	shift
	(cd "$folder" && $as "$bin/$program" -D "$folder/data" "$@" >>log 2>&1) ||
	    { cat "$folder/log"; return 1; }
}

end() {
	[ ! -e "$folder/data/postmaster.pid" ] || postgres pg_ctl stop -m fast || :
	rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

echo pencil >"$folder/secret"
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$folder"
postgres initdb -U stay -N --no-locale -E UTF8 --auth=scram-sha-256 \
    --pwfile="$folder/secret"
postgres pg_ctl start -w -o "-F -h '' -k '$folder'"
"$@" "postgres+unix://stay:pencil@$folder/.s.PGSQL.5432?database=postgres"
