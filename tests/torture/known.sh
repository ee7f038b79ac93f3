#!/bin/sh
# Whether `make torture` knows every function that the library calls: those that
# can fail for a reason outside must be wrapped, the others are listed here.
#	known.sh <archive>... -- <wrapped function>...
set -eu

archives=
while [ "$1" != -- ]; do
	archives="$archives $1"
	shift
done
shift

# Pure, or without a way to fail that the library could do anything about.
harmless='
	__assert_fail __errno_location __stack_chk_fail _GLOBAL_OFFSET_TABLE_ bcmp
	ev_clear_pending ev_invoke_pending ev_loop_destroy ev_loop_fork ev_ref ev_run
	ev_set_allocator ev_unref
	explicit_bzero fprintf fputc fputs fwrite gai_strerror getpid gmtime_r
	inet_ntop inet_pton memchr memcmp memcpy memmem memmove memrchr memset
	__tls_get_addr pthread_cond_broadcast pthread_cond_destroy pthread_cond_timedwait
	pthread_cond_wait pthread_condattr_destroy pthread_condattr_init pthread_condattr_setclock
	pthread_detach pthread_mutex_destroy pthread_join pthread_mutex_lock pthread_mutex_unlock pthread_sigmask
	sigaddset sigemptyset sigfillset sigismember snprintf
	strchr strcmp strcspn strerror strftime strlen strncmp strncpy strnlen strrchr strspn strstr
	strtod
	sysconf
	vsnprintf'

# OpenSSL's functions begin with a word in capitals; what they ask for in their turn
# goes through wrap_openssl.c.

# One blank between any two of them.
# shellcheck disable=SC2086,SC2116
known=$(echo "$*" $harmless)

# shellcheck disable=SC2086
unknown=$(nm -uP $archives | sed -n 's/^\([^ :]*\) .*/\1/p' | sort -u |
	grep -v -e '^stay_' -e '^[A-Z][A-Z0-9]*_' | while read -r name; do
	case " $known " in
	*" $name "*) ;;
	*) echo "$name" ;;
	esac
done)

[ -z "$unknown" ] && exit 0
echo 'torture: the library calls what is neither wrapped nor known as harmless:' \
	"$(echo "$unknown" | tr '\n' ' ')" >&2
exit 1
