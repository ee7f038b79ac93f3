/* What a server's answer to HELLO says about it, in either shape. */
#include <string.h>

#include "../../adapters/redis/agreement.h"

#include "suites.h"
#include "support/resp.h"

static const struct {
	const char *wire;
	const char *says; /* NULL: it is no such answer */
} answers[] = {
	{ "%0\r\n", "RESP3" },
	{ "%1\r\n+proto\r\n:3\r\n", "RESP3" },
	{ "%1\r\n+proto\r\n:2\r\n", "RESP2" },
	{ "*2\r\n+proto\r\n:2\r\n", "RESP2" },
	{ "*2\r\n+server\r\n+redis\r\n", "RESP2 with redis" },
	{ "*4\r\n+version\r\n+7.2\r\n+server\r\n+redis\r\n",
	    "RESP2 with redis 7.2" },
	{ "%3\r\n+server\r\n+redis\r\n+version\r\n+8\r\n+role\r\n+replica\r\n",
	    "RESP3 with redis 8 (replica)" },
	{ "%1\r\n+role\r\n+master\r\n", "RESP3 (primary)" },
	{ "%1\r\n+role\r\n+other\r\n", "RESP3" },
	{ "%1\r\n+role\r\n+primary\r\n", "RESP3 (primary)" },
	{ "%1\r\n+role\r\n+slave\r\n", "RESP3 (replica)" },
	/* of any text at most 15 characters are shown, and none that is odd */
	{ "%1\r\n+server\r\n+123456789012345\r\n",
	    "RESP3 with 123456789012345" },
	{ "%1\r\n+server\r\n+1234567890123456\r\n",
	    "RESP3 with 123456789012345" },
	{ "%1\r\n+server\r\n+ !~\177\377\r\n", "RESP3 with ?!~??" },
	{ "*0\r\n", NULL },
	{ "*2\r\n+version\r\n+7.2\r\n", NULL },
	{ "*3\r\n+proto\r\n:2\r\n+x\r\n", NULL },
	{ "*1\r\n+proto\r\n", NULL },
	{ "+OK\r\n", NULL },
	{ "~2\r\n+proto\r\n:2\r\n", NULL },
};

TEST_ROWS(redis_agreement_of_an_answer, (LEN(answers)))
{
	struct stay_redis__agreement agreement;
	struct resp resp;
	char says[128];
	bool read;

	memset(&agreement, 0xff, sizeof(agreement));
	resp_init(&resp);
	read = stay_redis__agreement_read(
	    &agreement, resp_parse(&resp, answers[_i].wire));
	resp_fini(&resp);
	ck_assert_int_eq(read, answers[_i].says != NULL);
	if (!read)
		return;
	ck_assert_int_eq(
	    stay_redis__agreement_describe(&agreement, says, sizeof(says)),
	    (int)strlen(answers[_i].says));
	ck_assert_str_eq(says, answers[_i].says);
}

TEST_SUITE(redis_agreement)
