/* A set of words of any bytes: what lasts on a connection. It is the caller's, by a
 * pointer that is NULL at first. */
#include <stdlib.h>
#include <string.h>

#include "contract/kit.h"

struct kit_words {
	struct kit_words *next;
	size_t len;
	char text[];
};

static const struct kit_words *
find(const struct kit_words *words, const char *text, size_t len)
{
	while (words != NULL &&
	       (words->len != len || memcmp(words->text, text, len) != 0))
		words = words->next;
	return words;
}

void
kit_words_add(struct kit_words **list, const char *text, size_t len)
{
	struct kit_words *words;

	if (find(*list, text, len) != NULL)
		return;
	words = sim_alloc(sizeof(*words) + len + 1);
	words->len = len;
	memcpy(words->text, text, len);
	words->next = *list;
	*list = words;
}

void
kit_words_remove(struct kit_words **list, const char *text, size_t len)
{
	const struct kit_words *found = find(*list, text, len);
	struct kit_words *gone;

	if (found == NULL)
		return;
	while (*list != found)
		list = &(*list)->next;
	gone = *list;
	*list = gone->next;
	free(gone);
}

struct kit_words *
kit_words_copy(const struct kit_words *words)
{
	struct kit_words *copy = NULL;

	for (; words != NULL; words = words->next)
		kit_words_add(&copy, words->text, words->len);
	return copy;
}

const char *
kit_words_missing(const struct kit_words *words, const struct kit_words *there)
{
	for (; words != NULL; words = words->next)
		if (find(there, words->text, words->len) == NULL)
			return kit_quote(words->text, words->len);
	return NULL;
}

void
kit_words_free(struct kit_words *words)
{
	while (words != NULL) {
		struct kit_words *next = words->next;

		free(words);
		words = next;
	}
}
