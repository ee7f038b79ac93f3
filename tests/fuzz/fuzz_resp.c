/*
 * The parser of RESP under libFuzzer: whatever arrives, it neither crashes nor
 * reads past its input, and what it makes of it doesn't depend on where the
 * bytes were cut. The first byte of an input says how long the pieces are.
 *
 *	clang -g -O1 -D_GNU_SOURCE -Iinclude \
 *	    -fsanitize=fuzzer,address,undefined \
 *	    -o fuzz_resp tests/fuzz/fuzz_resp.c adapters/redis/reply*.c \
 *	    adapters/redis/number.c
 *	./fuzz_resp tests/fuzz/corpus/resp
 */
#include <stdlib.h>
#include <string.h>

#include "../../adapters/redis/reply_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was made of an input. */
struct outcome {
	enum stay_redis__parsed last;
	size_t frames;
	uint64_t digest;
};

static void
mix(struct outcome *outcome, const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;

	for (; len > 0; len--)
		outcome->digest = (outcome->digest ^ *byte++) * 1099511628211u;
}

/* All that can be asked of one node. */
static void
ask(struct outcome *outcome, const struct stay_redis_reply *node)
{
	size_t len = stay_redis_len(node), count = stay_redis_count(node);
	enum stay_redis_type type = stay_redis_type_of(node);
	int64_t integer = stay_redis_integer(node, NULL);
	double real = stay_redis_double(node, NULL);

	if (stay_redis_str(node)[len] != '\0')
		abort();
	mix(outcome, &type, sizeof(type));
	mix(outcome, &count, sizeof(count));
	mix(outcome, &integer, sizeof(integer));
	mix(outcome, &real, sizeof(real));
	mix(outcome, stay_redis_str(node), len);
	mix(outcome, stay_redis_verbatim_format(node),
	    strlen(stay_redis_verbatim_format(node)));
	(void)stay_redis_map_get(node, "key");
}

/* The depth is bounded by depth_max. */
static void
walk(struct outcome *outcome, const struct stay_redis_reply *node)
{
	const struct stay_redis_reply *child = stay_redis_first(node);
	size_t count = 0;

	ask(outcome, node);
	if (stay_redis_attribute(node) != NULL)
		walk(outcome, stay_redis_attribute(node));
	for (; child != NULL; child = stay_redis_next(child)) {
		walk(outcome, child);
		count++;
	}
	if (count != stay_redis_count(node))
		abort();
}

/* Cut all frames off `len` bytes that lie in memory of just that size. Returns
 * how many bytes they had; the rest comes again with more behind it. */
static size_t
take_frames(struct stay_redis__parser *parser, struct outcome *outcome,
    char *bytes, size_t len)
{
	size_t pos = 0;

	while (pos < len) {
		outcome->last =
		    stay_redis__parse(parser, bytes + pos, len - pos);
		if (outcome->last != STAY_REDIS__WHOLE)
			break;
		walk(outcome, stay_redis__tape_reply(&parser->tape));
		outcome->frames++;
		pos += parser->pos;
	}
	return pos;
}

static struct outcome
run(const uint8_t *data, size_t size, size_t piece)
{
	struct stay_redis__parser parser = { .tape.depth_max = 1024,
		.tape.elements_max = 4096,
		.text_max = 1u << 20 };
	struct outcome outcome = { STAY_REDIS__MORE, 0, 1469598103934665603u };
	size_t kept = 0, taken;
	char *bytes = NULL, *moved;

	while (size > 0 && outcome.last != STAY_REDIS__BAD) {
		if (piece > size)
			piece = size;
		moved = malloc(kept + piece);
		if (kept > 0)
			memcpy(moved, bytes, kept);
		memcpy(moved + kept, data, piece);
		free(bytes);
		bytes = moved;
		taken = take_frames(&parser, &outcome, bytes, kept + piece);
		kept += piece - taken;
		memmove(bytes, bytes + taken, kept);
		data += piece;
		size -= piece;
	}
	free(bytes);
	stay_redis__parser_fini(&parser);
	return outcome;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, cut;

	if (size < 2 || size > 4096)
		return 0;
	whole = run(data + 1, size - 1, size - 1);
	cut = run(data + 1, size - 1, 1u + data[0] % 16u);
	if (whole.last != cut.last || whole.frames != cut.frames ||
	    whole.digest != cut.digest)
		abort();
	return 0;
}
