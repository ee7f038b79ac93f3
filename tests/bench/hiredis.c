/* hiredis. Where it isn't installed this program measures nothing. */
#if __has_include(<hiredis/adapters/libev.h>)

#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#define BENCH_PEER "hiredis"
#include "hiredis_like.h"

#else
#include "bench.h"

const struct bench_contender *const bench_contender = NULL;
#endif
