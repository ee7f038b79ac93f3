/* What the first words of a server's error mean: the table words.def. */
#ifndef STAY_REDIS__WORDS_H
#define STAY_REDIS__WORDS_H

#include <stdbool.h>

enum stay_redis__meaning {
	STAY_REDIS__WORD_OTHER, /* in no row */
	STAY_REDIS__WORD_REFUSED,
	STAY_REDIS__WORD_BLOCKED,
	STAY_REDIS__WORD_NO_SCRIPT,
	STAY_REDIS__WORD_TRANSIENT,
	STAY_REDIS__WORD_FINAL,
	STAY_REDIS__WORD_UNSUPPORTED
};

/* Why a session is to be replaced. */
enum stay_redis__renew {
	STAY_REDIS__RENEW_NO,
	STAY_REDIS__RENEW_LOGIN,
	/* only if the session was greeted by a primary */
	STAY_REDIS__RENEW_REPLICA,
	STAY_REDIS__RENEW_CUT_OFF,
	STAY_REDIS__RENEW_LOADING
};

struct stay_redis__word {
	const char *text;
	enum stay_redis__meaning meaning;
	enum stay_redis__renew renew;
};

/* The row of the error `text`, which ends in NUL. Never NULL. */
const struct stay_redis__word *stay_redis__word_of(const char *text);

/* The words behind an EXECABORT that names its cause; of any other error `text`. */
const char *stay_redis__cause_of(const char *text);

/* Whether `text` begins with `words`, and a word ends there. */
bool stay_redis__begins_with(const char *text, const char *words);

#endif
