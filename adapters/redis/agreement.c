/*
 * Reads the reply to HELLO, once. The server's words are copied up to a bound
 * and made printable, because they are shown in logs.
 */
#include "agreement.h"

#include <stdio.h>
#include <string.h>

static void
copy_text(char *to, size_t size, const struct stay_redis_reply *from)
{
	const char *text = stay_redis_str(from);
	size_t i = 0;

	for (; i + 1 < size && text[i] != '\0'; i++)
		to[i] = (char)(text[i] > ' ' && text[i] <= '~' ? text[i] : '?');
	to[i] = '\0';
}

static enum stay_redis_role
role_of(const char *text)
{
	if (strcmp(text, "master") == 0 || strcmp(text, "primary") == 0)
		return STAY_REDIS_PRIMARY;
	if (strcmp(text, "replica") == 0 || strcmp(text, "slave") == 0)
		return STAY_REDIS_REPLICA;
	return STAY_REDIS_ROLE_UNKNOWN;
}

/* In RESP2 the map is a flat array; its keys show that it answers HELLO. */
static bool
is_answer(const struct stay_redis_reply *reply)
{
	if (stay_redis_type_of(reply) == STAY_REDIS_MAP)
		return true;
	return stay_redis_type_of(reply) == STAY_REDIS_ARRAY &&
	       stay_redis_count(reply) % 2 == 0 &&
	       (stay_redis_map_get(reply, "proto") != NULL ||
		   stay_redis_map_get(reply, "server") != NULL);
}

bool
stay_redis__agreement_read(struct stay_redis__agreement *agreement,
    const struct stay_redis_reply *reply)
{
	const struct stay_redis_reply *proto;

	if (!is_answer(reply))
		return false;
	proto = stay_redis_map_get(reply, "proto");
	agreement->protocol =
	    stay_redis_type_of(reply) == STAY_REDIS_MAP ? 3 : 2;
	if (proto != NULL && stay_redis_integer(proto, NULL) == 2)
		agreement->protocol = 2;
	agreement->role =
	    (uint8_t)role_of(stay_redis_str(stay_redis_map_get(reply, "role")));
	copy_text(agreement->server, sizeof(agreement->server),
	    stay_redis_map_get(reply, "server"));
	copy_text(agreement->version, sizeof(agreement->version),
	    stay_redis_map_get(reply, "version"));
	return true;
}

bool
stay_redis__agreement_read_role(struct stay_redis__agreement *agreement,
    const struct stay_redis_reply *reply)
{
	if (stay_redis_type_of(reply) != STAY_REDIS_ARRAY)
		return false;
	agreement->role =
	    (uint8_t)role_of(stay_redis_str(stay_redis_at(reply, 0)));
	return true;
}

int
stay_redis__agreement_describe(
    const struct stay_redis__agreement *agreement, char *text, size_t len)
{
	static const char *const roles[] = {
		[STAY_REDIS_ROLE_UNKNOWN] = "",
		[STAY_REDIS_PRIMARY] = " (primary)",
		[STAY_REDIS_REPLICA] = " (replica)",
	};
	bool named = agreement->server[0] != '\0';

	return snprintf(text, len, "RESP%u%s%s%s%s%s", agreement->protocol,
	    named ? " with " : "", agreement->server,
	    agreement->version[0] != '\0' ? " " : "", agreement->version,
	    roles[agreement->role]);
}
