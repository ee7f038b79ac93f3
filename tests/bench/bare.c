/*
 * RESP as one would write it for a peer that never fails: no bound, no check, no
 * reply in two halves, no memory to ask for. It leaves what a program needs of
 * a reply, its values in order and each text with a NUL behind it.
 */
#include "bare.h"

#include <string.h>

static char *
number(char *at, size_t *value)
{
	for (*value = 0; *at != '\r'; at++)
		*value = *value * 10 + (size_t)(*at - '0');
	return at + 2;
}

static char *
line(char *at, struct bare_node *node)
{
	node->text = at;
	while (*at != '\r')
		at++;
	node->len = (size_t)(at - node->text);
	*at = '\0';
	return at + 2;
}

static char *
bulk(char *at, struct bare_node *node)
{
	at = number(at, &node->len);
	node->text = at;
	at[node->len] = '\0';
	return at + node->len + 2;
}

/* Returns the node behind the value. */
static struct bare_node *
value(char **at, struct bare_node *node, const struct bare_node *nodes)
{
	struct bare_node *next = node + 1;

	node->type = **at;
	if (node->type == '*') {
		*at = number(*at + 1, &node->len);
		for (size_t i = 0; i < node->len; i++)
			next = value(at, next, nodes);
	} else if (node->type == '$') {
		*at = bulk(*at + 1, node);
	} else {
		*at = line(*at + 1, node);
	}
	node->next = (uint32_t)(next - nodes);
	return next;
}

char *
bare_decode(char *at, struct bare_node *nodes)
{
	value(&at, nodes, nodes);
	return at;
}

static char *
header(char *at, char marker, size_t count)
{
	char digits[20];
	size_t len = 0;

	*at++ = marker;
	do
		digits[len++] = (char)('0' + count % 10);
	while ((count /= 10) > 0);
	while (len > 0)
		*at++ = digits[--len];
	*at++ = '\r';
	*at++ = '\n';
	return at;
}

char *
bare_encode(char *at, size_t argc, const char *const *argv, const size_t *lens)
{
	at = header(at, '*', argc);
	for (size_t i = 0; i < argc; i++) {
		at = header(at, '$', lens[i]);
		memcpy(at, argv[i], lens[i]);
		at += lens[i];
		*at++ = '\r';
		*at++ = '\n';
	}
	return at;
}
