/* Feeding the parser, and telling what came of it. */
#include "resp.h"

#include <stdlib.h>
#include <string.h>

#include "expect.h"

void
resp_init(struct resp *resp)
{
	memset(resp, 0, sizeof(*resp));
	resp->parser.tape.depth_max = 1024;
	resp->parser.tape.elements_max = 4194304;
	resp->parser.text_max = 512u << 20;
}

void
resp_fini(struct resp *resp)
{
	stay_redis__parser_fini(&resp->parser);
	free(resp->bytes);
}

/* Elsewhere, and just as large as needed. */
static void
move(struct resp *resp, const char *kept, size_t kept_len, const char *more,
    size_t len)
{
	char *bytes = malloc(kept_len + len + (kept_len + len == 0));

	EXPECT(bytes != NULL);
	if (kept_len > 0)
		memcpy(bytes, kept, kept_len);
	if (len > 0)
		memcpy(bytes + kept_len, more, len);
	free(resp->bytes);
	resp->bytes = bytes;
	resp->len = kept_len + len;
}

enum stay_redis__parsed
resp_feed(struct resp *resp, const char *bytes, size_t len)
{
	move(resp, resp->bytes, resp->len, bytes, len);
	if (resp->len == 0)
		return STAY_REDIS__MORE; /* as the engine: nothing to decode */
	return stay_redis__parse(&resp->parser, resp->bytes, resp->len);
}

void
resp_next(struct resp *resp)
{
	size_t pos = resp->parser.pos;

	move(resp, resp->bytes + pos, resp->len - pos, NULL, 0);
}

const struct stay_redis_reply *
resp_reply(const struct resp *resp)
{
	return stay_redis__tape_reply(&resp->parser.tape);
}

const struct stay_redis_reply *
resp_parse(struct resp *resp, const char *wire)
{
	ck_assert_msg(
	    resp_feed(resp, wire, strlen(wire)) == STAY_REDIS__WHOLE &&
		resp->parser.pos == strlen(wire),
	    "no whole frame: %s", wire);
	return resp_reply(resp);
}

static void
put(struct stay_buf *out, const char *text)
{
	EXPECT(stay_buf_puts(out, text) == STAY_OK);
}

/* How each type is shown, by its first sign and what encloses it. */
static const struct {
	const char *before;
	const char *behind;
} shown[] = {
	[STAY_REDIS_NIL] = { "nil", "" },
	[STAY_REDIS_STATUS] = { "+", "" },
	[STAY_REDIS_ERROR] = { "-", "" },
	[STAY_REDIS_INTEGER] = { ":", "" },
	[STAY_REDIS_STRING] = { "\"", "\"" },
	[STAY_REDIS_ARRAY] = { "[", "]" },
	[STAY_REDIS_BOOL] = { "#", "" },
	[STAY_REDIS_DOUBLE] = { ",", "" },
	[STAY_REDIS_BIG_NUMBER] = { "(", "" },
	[STAY_REDIS_VERBATIM] = { "\"", "\"" },
	[STAY_REDIS_MAP] = { "{", "}" },
	[STAY_REDIS_SET] = { "~[", "]" },
	[STAY_REDIS_PUSH] = { ">[", "]" },
	[STAY_REDIS_ATTRIBUTE] = { "|{", "}" },
};

static void
dump_byte(unsigned char byte, struct stay_buf *out)
{
	if (byte < ' ' || byte > '~')
		EXPECT(
		    stay_buf_printf(out, "\\x%02x", (unsigned)byte) == STAY_OK);
	else
		EXPECT(stay_buf_append(out, &byte, 1) == STAY_OK);
}

static void
dump_text(const struct stay_redis_reply *reply, struct stay_buf *out)
{
	const char *text = stay_redis_str(reply);
	size_t len = stay_redis_len(reply);

	EXPECT(text[len] == '\0');
	for (size_t i = 0; i < len; i++)
		dump_byte((unsigned char)text[i], out);
}

/* The depth of what is tested is bounded, so this may recurse. */
static void
dump_children(const struct stay_redis_reply *reply, struct stay_buf *out)
{
	const struct stay_redis_reply *child;
	size_t count = 0;

	for (child = stay_redis_first(reply); child != NULL;
	     child = stay_redis_next(child)) {
		if (count++ > 0)
			put(out, " ");
		resp_dump(child, out);
	}
	EXPECT(count == stay_redis_count(reply));
}

void
resp_dump(const struct stay_redis_reply *reply, struct stay_buf *out)
{
	enum stay_redis_type type = stay_redis_type_of(reply);

	if (stay_redis_attribute(reply) != NULL)
		resp_dump(stay_redis_attribute(reply), out);
	put(out, stay_redis_verbatim_format(reply));
	put(out, shown[type].before);
	dump_text(reply, out);
	dump_children(reply, out);
	put(out, shown[type].behind);
}
