/*
 * The readers of a reply. A reader has only a pointer to a node. The node's
 * index leads to node 0, which knows where the bytes are. This file does not
 * know how the tape was made.
 */
#include "reply_tape.h"

#include <string.h>

#include "number.h"

/* What a type is to a reader. */
enum shape {
	SHAPE_EMPTY,
	SHAPE_TEXT,
	SHAPE_NUMERIC, /* a text that may spell a number */
	SHAPE_LIST,
	SHAPE_PAIRS
};

/* clang-format off */
static const struct {
	const char *name;
	enum shape shape;
} types[] = {
	[STAY_REDIS_NIL]        = { "nil",        SHAPE_EMPTY },
	[STAY_REDIS_STATUS]     = { "status",     SHAPE_NUMERIC },
	[STAY_REDIS_ERROR]      = { "error",      SHAPE_TEXT },
	[STAY_REDIS_INTEGER]    = { "integer",    SHAPE_NUMERIC },
	[STAY_REDIS_STRING]     = { "string",     SHAPE_NUMERIC },
	[STAY_REDIS_ARRAY]      = { "array",      SHAPE_LIST },
	[STAY_REDIS_BOOL]       = { "bool",       SHAPE_TEXT },
	[STAY_REDIS_DOUBLE]     = { "double",     SHAPE_NUMERIC },
	[STAY_REDIS_BIG_NUMBER] = { "big number", SHAPE_NUMERIC },
	[STAY_REDIS_VERBATIM]   = { "verbatim",   SHAPE_NUMERIC },
	[STAY_REDIS_MAP]        = { "map",        SHAPE_PAIRS },
	[STAY_REDIS_SET]        = { "set",        SHAPE_LIST },
	[STAY_REDIS_PUSH]       = { "push",       SHAPE_LIST },
	[STAY_REDIS_ATTRIBUTE]  = { "attribute",  SHAPE_PAIRS },
};
/* clang-format on */

static enum shape
shape(const struct stay_redis_reply *reply)
{
	return reply == NULL ? SHAPE_EMPTY : types[reply->type].shape;
}

static const struct stay_redis_reply *
node_at(const struct stay_redis_reply *reply, uint32_t index)
{
	return reply - reply->index + index;
}

/* The first node from `index` on that is no attribute. */
static const struct stay_redis_reply *
child_at(const struct stay_redis_reply *reply, uint32_t index)
{
	const struct stay_redis_reply *node = node_at(reply, index);

	while (node->type == STAY_REDIS_ATTRIBUTE)
		node = node_at(node, node->next);
	return node;
}

enum stay_redis_type
stay_redis_type_of(const struct stay_redis_reply *reply)
{
	return reply == NULL ? STAY_REDIS_NIL
			     : (enum stay_redis_type)reply->type;
}

const char *
stay_redis_type_name(enum stay_redis_type type)
{
	if ((size_t)type >= sizeof(types) / sizeof(types[0]))
		return "unknown";
	return types[type].name;
}

const char *
stay_redis_str(const struct stay_redis_reply *reply)
{
	enum shape kind = shape(reply);

	if (kind != SHAPE_TEXT && kind != SHAPE_NUMERIC)
		return "";
	return node_at(reply, 0)->at.base + reply->at.offset;
}

size_t
stay_redis_len(const struct stay_redis_reply *reply)
{
	enum shape kind = shape(reply);

	return kind == SHAPE_TEXT || kind == SHAPE_NUMERIC ? reply->len : 0;
}

/* RESP2 spells a bool as an integer, so a bool can be read as one. */
static bool
is_true(const struct stay_redis_reply *reply)
{
	return stay_redis_str(reply)[0] == 't';
}

int64_t
stay_redis_integer(const struct stay_redis_reply *reply, bool *ok)
{
	int64_t value = 0;
	bool good = false;

	if (shape(reply) == SHAPE_NUMERIC)
		good = stay_redis__to_int64(
		    stay_redis_str(reply), reply->len, &value);
	else if (stay_redis_type_of(reply) == STAY_REDIS_BOOL) {
		value = is_true(reply);
		good = true;
	}
	if (ok != NULL)
		*ok = good;
	return value;
}

double
stay_redis_double(const struct stay_redis_reply *reply, bool *ok)
{
	double value = 0;
	bool good = false;

	if (shape(reply) == SHAPE_NUMERIC)
		good = stay_redis__to_double(
		    stay_redis_str(reply), reply->len, &value);
	if (ok != NULL)
		*ok = good;
	return good ? value : 0;
}

bool
stay_redis_bool(const struct stay_redis_reply *reply)
{
	return stay_redis_integer(reply, NULL) != 0;
}

const char *
stay_redis_verbatim_format(const struct stay_redis_reply *reply)
{
	if (stay_redis_type_of(reply) != STAY_REDIS_VERBATIM)
		return "";
	return stay_redis_str(reply) - 4;
}

size_t
stay_redis_count(const struct stay_redis_reply *reply)
{
	return shape(reply) >= SHAPE_LIST ? reply->len : 0;
}

const struct stay_redis_reply *
stay_redis_first(const struct stay_redis_reply *reply)
{
	if (stay_redis_count(reply) == 0)
		return NULL;
	return child_at(reply, reply->index + 1);
}

const struct stay_redis_reply *
stay_redis_next(const struct stay_redis_reply *reply)
{
	if (reply == NULL || reply->last)
		return NULL;
	return child_at(reply, reply->next);
}

const struct stay_redis_reply *
stay_redis_at(const struct stay_redis_reply *reply, size_t i)
{
	const struct stay_redis_reply *node = stay_redis_first(reply);

	while (node != NULL && i-- > 0)
		node = stay_redis_next(node);
	return node;
}

static bool
is_key(const struct stay_redis_reply *node, const char *key, size_t len)
{
	return shape(node) == SHAPE_NUMERIC && node->len == len &&
	       memcmp(stay_redis_str(node), key, len) == 0;
}

const struct stay_redis_reply *
stay_redis_map_get(const struct stay_redis_reply *reply, const char *key)
{
	const struct stay_redis_reply *node = NULL, *value;
	size_t len = key == NULL ? 0 : strlen(key);

	if (key == NULL)
		return NULL;
	if (shape(reply) == SHAPE_PAIRS ||
	    stay_redis_type_of(reply) == STAY_REDIS_ARRAY)
		node = stay_redis_first(reply);
	for (; node != NULL; node = stay_redis_next(value)) {
		value = stay_redis_next(node);
		if (value != NULL && is_key(node, key, len))
			return value;
	}
	return NULL;
}

const struct stay_redis_reply *
stay_redis_attribute(const struct stay_redis_reply *reply)
{
	if (reply == NULL || reply->attribute == 0)
		return NULL;
	return node_at(reply, reply->attribute);
}
