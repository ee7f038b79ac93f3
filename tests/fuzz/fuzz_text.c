/*
 * What is text under libFuzzer: URLs, formats of commands, the options that a
 * URL brings, and what a log prints of a server's words. The first byte of an
 * input says which of them it is for; the rest is a string.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <stay/redis.h>

#include "../../adapters/redis/reply_parser.h"
#include "../../adapters/redis/request.h"
#include "support/peer_virtual.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 512

#define MUST(holds)                                                            \
	do {                                                                   \
		if (!(holds))                                                  \
			abort();                                               \
	} while (0)

static bool
is_plain(const char *text, bool lines)
{
	for (; *text != '\0'; text++)
		if ((*text < ' ' || *text > '~') && !(lines && *text == '\n'))
			return false;
	return true;
}

/* ---- URLs ---- */

/* A description is a URL itself, of the same place, without secrets. */
static void
check_description(const struct stay_url *url)
{
	char text[8 * TEXT_MAX], few[8];
	int len = stay_url_describe(url, text, sizeof(text));
	struct stay_url *again;

	MUST(len >= 0 && (size_t)len == strlen(text) && is_plain(text, false));
	MUST(stay_url_describe(url, few, sizeof(few)) == len);
	MUST(strncmp(text, few, strlen(few)) == 0);
	MUST(stay_url_parse(&again, text, NULL) == STAY_OK);
	MUST(*again->user == '\0' && *again->password == '\0');
	MUST(strcmp(again->host, url->host) == 0 &&
	     strcmp(again->port, url->port) == 0 &&
	     strcmp(again->path, url->path) == 0);
	stay_url_free(again);
}

static void
try_url(const char *text)
{
	struct stay_url *url;
	const char *why = NULL;
	char value[16];

	if (stay_url_parse(&url, text, &why) != STAY_OK) {
		MUST(url == NULL && why != NULL && is_plain(why, false));
		return;
	}
	check_description(url);
	MUST(stay_url_query(url, "db", value, sizeof(value)) < 16);
	stay_url_free(url);
}

/* ---- formats ---- */

/* A number that is also the address of a string and a length: whatever a format
 * takes its next argument for, it may read it. */
#define ANYTHING_AT 0x10000ul
#define FIELDS_MAX  4

static const char *
anything(void)
{
	static char *at;

	if (at == NULL) {
		at = mmap((void *)ANYTHING_AT, 4 * ANYTHING_AT,
		    PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		MUST(at != MAP_FAILED);
		memset(at, 'x', 2);
	}
	return at;
}

/* One command, and nothing behind it. */
static void
check_command(struct stay_buf *out)
{
	struct stay_redis__parser parser = { .tape = { .depth_max = 2,
						 .elements_max = TEXT_MAX },
		.text_max = 8u << 20 };
	size_t len = stay_buf_len(out);
	char *bytes = malloc(len); /* the parser writes into them */

	MUST(bytes != NULL);
	memcpy(bytes, stay_buf_bytes(out).data, len);
	MUST(stay_redis__parse(&parser, bytes, len) == STAY_REDIS__WHOLE);
	MUST(parser.pos == len);
	free(bytes);
	stay_redis__parser_fini(&parser);
}

static void
write_format(const char *format, ...)
{
	struct stay_redis__arguments arguments;
	struct stay_buf out;

	stay_buf_init(&out, SIZE_MAX);
	va_start(arguments.list, format);
	if (stay_redis__write_format(&out, format, &arguments) == STAY_OK)
		check_command(&out);
	va_end(arguments.list);
	stay_buf_fini(&out);
}

static void
try_format(const char *format)
{
	const char *p = anything();
	unsigned fields = 0;

	for (const char *at = format; *at != '\0'; at++)
		fields += *at == '%';
	if (fields <= FIELDS_MAX)
		write_format(format, p, p, p, p, p, p, p, p, p, p, p, p, p, p,
		    p, p, 1.5, 1e300, -0.0, 2.0);
}

/* ---- a client, its options and its log ---- */

static char says[TEXT_MAX];

static void
greet(struct peer_end *end, const struct peer_request *request)
{
	(void)request;
	peer_say(end, says);
	peer_say(end, "\r\n");
}

static const struct peer_row rows[] = { DO(PEER_ACCEPTS, greet), NO_MORE };

/* Printable lines, whatever was in it. */
static void
check_log(char *text, const char *secret)
{
	MUST(is_plain(text, true));
	MUST(secret == NULL || strstr(text, secret) == NULL);
}

static void
run_client(const char *url, const char *label, const char *secret)
{
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client.label = label, .client_name = label };
	struct peer server = { .rows = rows };
	struct stay_redis *redis;
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct stay_log *log = stay_log_new(stream, 7);

	MUST(loop != NULL && log != NULL);
	stay_loop_set_observer(loop, stay_log_observer(log));
	peer_listen(&server, world, "10.0.0.1", 6379);
	if (stay_redis_start(&redis, loop, url, &options) == STAY_OK) {
		sim_run_ms(world, 500);
		stay_loop_stop(loop, STAY_OK);
		MUST(sim_run(world, 60000));
	}
	MUST(stay_loop_free(loop) == STAY_OK);
	stay_log_free(log);
	fclose(stream);
	check_log(text, secret);
	free(text);
}

/* A descriptor must be the program's own, and it has none. */
static void
try_config(const char *text)
{
	char url[2 * TEXT_MAX];

	if (strcasestr(text, "fd:") != NULL)
		return;
	says[0] = '\0';
	run_client(text, NULL, NULL);
	snprintf(url, sizeof(url), "redis://10.0.0.1/%s", text);
	run_client(url, NULL, NULL);
}

#define SECRET "s3-cr.3t"

static void
try_log(const char *text)
{
	const char *url = "redis://user:" SECRET "@10.0.0.1";
	bool told = strstr(text, SECRET) != NULL;

	snprintf(says, sizeof(says), "%s", text);
	run_client(url, NULL, told ? NULL : SECRET);
	run_client(url, text, told ? NULL : SECRET);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const ways[])(
	    const char *text) = { try_url, try_format, try_config, try_log };
	char *text;

	if (size < 1 || size > TEXT_MAX)
		return 0;
	text = malloc(size);
	MUST(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	ways[data[0] % 4](text);
	free(text);
	return 0;
}
