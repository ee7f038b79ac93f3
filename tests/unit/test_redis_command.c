/* Commands that are more than a question with one answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../adapters/redis/commands.h"
#include "../../adapters/redis/format.h"

#include "expect.h"
#include "suites.h"

#define WORDS_MAX 16

/* Judge the words of `text`, encoded behind other bytes. */
static enum stay_status
judge(const char *text, struct stay_request *request)
{
	char copy[256];
	const char *words[WORDS_MAX];
	size_t count = 0;
	struct stay_buf out;
	struct stay_bytes bytes;
	enum stay_status status;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok(copy, " "); word != NULL;
	     word = strtok(NULL, " "))
		words[count++] = word;
	stay_buf_init(&out, 0);
	EXPECT_OK(stay_redis__write_argv(&out, count, words, NULL));
	bytes = stay_buf_bytes(&out);
	*request = (struct stay_request){ .replies = 1 };
	status = stay_redis__classify(request, bytes.data, bytes.len);
	stay_buf_fini(&out);
	return status;
}

static const char *const refused[] = { "SUBSCRIBE c", "PSUBSCRIBE c",
	"SSUBSCRIBE c", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE",
	"MONITOR", "SYNC", "PSYNC ? -1", "REPLCONF ACK 1", "HELLO 3",
	"AUTH secret", "SELECT 1", "RESET", "QUIT", "CLIENT REPLY OFF",
	"CLIENT REPLY SKIP", "CLIENT REPLY", "SCRIPT DEBUG YES", "subscribe c",
	"Subscribe c", "mOnItOr", "client reply off", "Client Reply skip",
	"quit now" };

TEST_ROWS(redis_command_refused, LEN(refused))
{
	struct stay_request request;

	ck_assert_int_eq(judge(refused[_i], &request), STAY_E_UNSUPPORTED);
	ck_assert_int_eq(strncasecmp(request.why, refused[_i], 4), 0);
	EXPECT_IN(request.why, ". In its place: ");
}

static const char *const ordinary[] = { "SET k v", "GETDEL k", "GETEX k",
	"SINTERSTORE d a b", "SORT k", "GEORADIUS k 1 1 1 m", "EXPIRE k 1",
	"BITFIELD k", "MEMORY PURGE", "MEMORY", "CONFIG GET x", "INFOX",
	"CLIENT INFO", "CLIENT LIST", "CLIENT", "CLIENT REPLYX",
	"SCRIPT LOAD x", "SCRIPT FLUSH", "MULTIX", "CLIENT TRACKINGINFO",
	"SUBSCRIBED", "SUBSCRIB", "XUBSCRIBE", "SUBSCRIBF", "SET SUBSCRIBE",
	"DEL CLIENT REPLY", "XADD s * a b", "LPOP k", "BLPOPX k 1", "X", "x",
	"GE", "GETT", "XREADGROUP GROUP BLOCK 5 COUNT 1 STREAMS s >",
	"XREADGROUP GROUP STREAMS BLOCK STREAMS s >", "XREADGROUP GROUP",
	"XREADGROUP GROUP g", "XREADGROUP", "SUBXCRIBE c", "SUBSXRIBE c",
	"SUBSCXIBE c", "SUBSCRXBE c", "CLIENT REXLY", "SIRT", "TXL k",
	"MEMORY USXGE k" };

TEST_ROWS(redis_command_ordinary, LEN(ordinary))
{
	struct stay_request request;

	EXPECT_OK(judge(ordinary[_i], &request));
	ck_assert_uint_eq(request.flags, 0);
	ck_assert_uint_eq(request.blocks_ms, 0);
	ck_assert_uint_eq(stay_redis__tag_kind(request.tag), 0);
	ck_assert_uint_eq(request.replies, 1);
	ck_assert_ptr_null(request.why);
}

/* They last for the session. */
static const char *const lasting[] = { "READONLY", "readwrite",
	"CLIENT TRACKING ON", "client no-evict on", "CLIENT NO-TOUCH ON",
	"CLIENT SETNAME x", "CLIENT SETINFO LIB-NAME x", "CLIENT CACHING YES",
	"CLIENT CAPA redirect", "client import-source on",
	"CLIENT MAINT_NOTIFICATIONS ON" };

TEST_ROWS(redis_command_lasting, LEN(lasting))
{
	struct stay_request request;

	EXPECT_OK(judge(lasting[_i], &request));
	ck_assert_uint_eq(request.flags, 0);
	ck_assert_uint_eq(
	    stay_redis__tag_kind(request.tag), STAY_REDIS__TAG_ALTERS);
}

/* They change nothing; but later they would ask for something else. */
static const char *const passing[] = { "XREAD STREAMS s $", "XREAD STREAMS s +",
	"XREAD COUNT 2 STREAMS a b $ 0", "xread streams a b 0 +",
	"XREAD STREAMS s a $" };

TEST_ROWS(redis_command_reads_what_passes, LEN(passing))
{
	struct stay_request request;

	EXPECT_OK(judge(passing[_i], &request));
	ck_assert_uint_eq(request.flags, 0);
	ck_assert_uint_eq(
	    stay_redis__tag_kind(request.tag), STAY_REDIS__TAG_READS);
}

/* They change nothing. */
static const char *const reads[] = { "GET k", "get k", "gEt k", "MGET a b",
	"STRLEN k", "EXISTS a", "TTL k", "PTTL k", "TYPE k", "KEYS *", "SCAN 0",
	"LLEN k", "LRANGE k 0 1", "SMEMBERS k", "SISMEMBER k a", "ZRANGE k 0 1",
	"ZSCORE k a", "HGET k f", "HMGET k f", "HGETALL k", "GEOSEARCH k",
	"GEORADIUSBYMEMBER_RO k", "PFCOUNT k", "XRANGE s - +", "XLEN s",
	"XREAD STREAMS s 0", "XREAD STREAMS $ + $0 $0",
	"XREAD COUNT 1 STREAMS BLOCK 5", "XREAD BLOCK", "BITCOUNT k",
	"SORT_RO k", "MEMORY USAGE k", "memory usage k", "PING",
	"ECHO CLIENT REPLY", "INFO", "PUBSUB CHANNELS", "SINTER a b",
	"GET SUBSCRIBE", "DUMP k", "TIME" };

TEST_ROWS(redis_command_reads, LEN(reads))
{
	struct stay_request request;

	EXPECT_OK(judge(reads[_i], &request));
	ck_assert_uint_eq(request.flags, STAY_READ_ONLY);
	ck_assert_uint_eq(request.blocks_ms, 0);
	ck_assert_uint_eq(
	    stay_redis__tag_kind(request.tag), STAY_REDIS__TAG_READS);
}

struct blocking {
	const char *text;
	uint64_t ms;
};

/* clang-format off */
static const struct blocking blocking[] = {
	{ "BLPOP k 1", 1000 },
	{ "blpop a b c 0.5", 500 },
	{ "BRPOP k 2.25", 2250 },
	{ "BRPOPLPUSH a b 3", 3000 },
	{ "BLMOVE a b LEFT RIGHT 4", 4000 },
	{ "BZPOPMIN k 5", 5000 },
	{ "BZPOPMAX k 6", 6000 },
	{ "BLMPOP 7 2 a b LEFT", 7000 },
	{ "BZMPOP 8 1 a MIN", 8000 },
	{ "WAIT 1 100", 100 },
	{ "WAITAOF 1 0 100", 100 },
	{ "XREAD BLOCK 100 STREAMS s $", 100 },
	{ "XREAD BLOCK 100 STREAMS s 0-0", 100 },
	{ "XREAD COUNT 2 block 100 streams s $", 100 },
	{ "XREADGROUP GROUP g c COUNT 1 BLOCK 100 NOACK STREAMS s >", 100 },
	{ "XREADGROUP GROUP BLOCK 7 BLOCK 100 STREAMS BLOCK 5", 100 },
	{ "XREADGROUP GROUP STREAMS c BLOCK 100 STREAMS s >", 100 },
	{ "XREADGROUP GROUP g STREAMS BLOCK 100 STREAMS s >", 100 },
	{ "BLPOP k 0.0001", 1 },
	{ "BLPOP k 1e3", 1000000 },
	{ "BLPOP k 0", STAY_FOREVER },
	{ "BLPOP k 0.0", STAY_FOREVER },
	{ "BLPOP k inf", STAY_FOREVER },
	{ "BLPOP k 1e300", STAY_FOREVER },
	{ "XREAD BLOCK 0 STREAMS s $", STAY_FOREVER },
	{ "WAIT 1 0", STAY_FOREVER },
};
/* clang-format on */

TEST_ROWS(redis_command_blocking, LEN(blocking))
{
	struct stay_request request;

	EXPECT_OK(judge(blocking[_i].text, &request));
	ck_assert_uint_eq(request.flags & ~STAY_READ_ONLY, STAY_BLOCKS);
	ck_assert(
	    (request.flags & STAY_READ_ONLY) ==
	    (strcmp(blocking[_i].text, "XREAD BLOCK 100 STREAMS s 0-0") == 0
		    ? STAY_READ_ONLY
		    : 0));
	ck_assert_uint_eq(request.blocks_ms, blocking[_i].ms);
}

/* The server answers these at once, with an error. */
static const char *const malformed[] = { "BLPOP", "BLPOP k", "BLPOP k x",
	"BLPOP k -1", "BLPOP k nan", "BLMPOP", "BLMPOP x 1 a LEFT",
	"XREAD BLOCK x STREAMS s $", "XREAD BLOCK -1 STREAMS s $", "WAIT" };

TEST_ROWS(redis_command_malformed_timeouts_do_not_block, LEN(malformed))
{
	struct stay_request request;

	EXPECT_OK(judge(malformed[_i], &request));
	ck_assert_uint_eq(request.flags & STAY_BLOCKS, 0);
}

struct tagged {
	const char *text;
	enum stay_redis__tag tag;
	unsigned flags;
};

static const struct tagged tagged[] = {
	{ "EVAL x 0", STAY_REDIS__TAG_SCRIPT, 0 },
	{ "eval x 0", STAY_REDIS__TAG_SCRIPT, 0 },
	{ "EVALSHA x 0", STAY_REDIS__TAG_SCRIPT, 0 },
	{ "EVAL_RO x 0", STAY_REDIS__TAG_SCRIPT, STAY_READ_ONLY },
	{ "EVALSHA_RO x 0", STAY_REDIS__TAG_SCRIPT, STAY_READ_ONLY },
	{ "FCALL f 0", STAY_REDIS__TAG_SCRIPT, 0 },
	{ "FCALL_RO f 0", STAY_REDIS__TAG_SCRIPT, STAY_READ_ONLY },
	{ "MULTI", STAY_REDIS__TAG_MULTI, 0 },
	{ "multi", STAY_REDIS__TAG_MULTI, 0 },
	{ "EXEC", STAY_REDIS__TAG_EXEC, 0 },
	{ "Discard", STAY_REDIS__TAG_DISCARD, 0 },
	{ "PUBLISH c m", STAY_REDIS__TAG_READS, 0 },
	{ "SPUBLISH c m", STAY_REDIS__TAG_READS, 0 },
};

TEST_ROWS(redis_command_tagged, LEN(tagged))
{
	struct stay_request request;

	EXPECT_OK(judge(tagged[_i].text, &request));
	ck_assert_uint_eq(stay_redis__tag_kind(request.tag), tagged[_i].tag);
	ck_assert_uint_eq(request.flags, tagged[_i].flags);
}

/* Whatever else its tag says; NULL: it is counted with the others. */
static const struct {
	const char *text;
	const char *operation;
} named[] = { { "GET k", "GET" }, { "get k", "GET" }, { "SET k v", "SET" },
	{ "HSET k f v", "HSET" }, { "BLPOP k 1", "BLPOP" },
	{ "XREAD BLOCK 1 STREAMS s $", "XREAD" }, { "MULTI", "MULTI" },
	{ "MEMORY DOCTOR", "MEMORY" }, { "CLIENT NO-TOUCH ON", "CLIENT" },
	{ "SETX k v", NULL }, { "X", NULL }, { "s3cr3t", NULL } };

TEST_ROWS(redis_command_has_a_name_in_metrics, LEN(named))
{
	struct stay_request request;
	const char *name;

	EXPECT_OK(judge(named[_i].text, &request));
	name = stay_redis__operation(request.tag);
	ck_assert((name == NULL) == (named[_i].operation == NULL));
	if (name != NULL)
		ck_assert_str_eq(name, named[_i].operation);
}

TEST_SUITE(redis_command)
