/* The name of a peer, counted. This file does not know who has it. */
#include "stream/peer_name.h"

#include <string.h>

#include "base/mem.h"

static struct stay__peer_name *
new_name(const char *text)
{
	size_t size = strlen(text) + 1;
	struct stay__peer_name *name = stay__zalloc(sizeof(*name) + size);

	if (name != NULL)
		memcpy(name->text, text, size);
	return name;
}

struct stay__peer_name *
stay__peer_name_take(struct stay__peer_name **last, const char *text)
{
	struct stay__peer_name *name = *last;

	if (name == NULL || strcmp(name->text, text) != 0) {
		name = new_name(text);
		if (name == NULL)
			return NULL;
		stay__peer_name_drop(*last);
		*last = name;
		name->users++;
	}
	name->users++;
	return name;
}

void
stay__peer_name_drop(struct stay__peer_name *name)
{
	if (name != NULL && --name->users == 0)
		stay__free(name);
}
