/* libvalkey. Where it isn't installed this program measures nothing. */
#if __has_include(<valkey/adapters/libev.h>)

#include <valkey/adapters/libev.h>
#include <valkey/async.h>
#include <valkey/valkey.h>

#define redisAsyncContext     valkeyAsyncContext
#define redisAsyncConnect     valkeyAsyncConnect
#define redisLibevAttach      valkeyLibevAttach
#define redisAsyncCommandArgv valkeyAsyncCommandArgv
#define redisAsyncCommand     valkeyAsyncCommand
#define redisReply            valkeyReply
#define redisReader           valkeyReader
#define redisReaderCreate     valkeyReaderCreate
#define redisReaderGetReply   valkeyReaderGetReply
#define redisReaderFeed       valkeyReaderFeed
#define redisReaderFree       valkeyReaderFree
#define REDIS_OK              VALKEY_OK

#define BENCH_PEER "libvalkey"
#include "hiredis_like.h"

#else
#include "bench.h"

const struct bench_contender *const bench_contender = NULL;
#endif
