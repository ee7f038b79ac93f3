/*
 * Looks up the table of words.def. Upper and lower case are the same, because
 * some proxies write the words their own way. This file knows neither calls nor
 * greetings.
 */
#include "words.h"

#include <stddef.h>

static const struct stay_redis__word words[] = {
#define WORD(words, meaning, renew, seen)                                      \
	{ words, STAY_REDIS__WORD_##meaning, STAY_REDIS__RENEW_##renew },
#include "words.def"
};

static const struct stay_redis__word other;

static char
upper(char letter)
{
	return letter >= 'a' && letter <= 'z' ? (char)(letter - ('a' - 'A'))
					      : letter;
}

bool
stay_redis__begins_with(const char *text, const char *begin)
{
	for (; *begin != '\0'; begin++, text++)
		if (upper(*text) != upper(*begin))
			return false;
	return *text == '\0' || *text == ' ';
}

const struct stay_redis__word *
stay_redis__word_of(const char *text)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (stay_redis__begins_with(text, words[i].text))
			return &words[i];
	return &other;
}

/* Redis 6.2, multi.c, execCommandAbort. What went wrong before EXEC it does not
 * repeat: "because of previous errors." */
static const char because[] = "EXECABORT Transaction discarded because of:";

const char *
stay_redis__cause_of(const char *text)
{
	if (!stay_redis__begins_with(text, because))
		return text;
	text += sizeof(because) - 1;
	return *text == ' ' ? text + 1 : text;
}
