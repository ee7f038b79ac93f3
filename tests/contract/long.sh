#!/bin/sh
# long.sh PROGRAM SECONDS: the contract kit over each adapter for so long, with other
# seeds than the usual one.
set -u

passed=0
failed=0
for name in echo memcached nats nats-verbose postgres redis; do
	if "$1" $name --seconds "$2" --seed 2; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
