#!/bin/sh
# format.sh write|check: clang-format all source, or say what it would change.
set -eu

case $1 in
write) set -- -i ;;
check) set -- --dry-run -Werror ;;
esac
find include lib adapters tests examples -name '*.[ch]' -print0 |
    xargs -0 -r -n 16 -P "$(nproc)" clang-format --style=file "$@"
