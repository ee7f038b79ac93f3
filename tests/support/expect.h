/* Assertions that cost nothing while they hold, for loops of many turns. */
#ifndef STAY_TESTS_EXPECT_H
#define STAY_TESTS_EXPECT_H

#include <check.h>
#include <string.h>

#include <stay/status.h>

#define EXPECT(condition)                                                      \
	do {                                                                   \
		if (!(condition))                                              \
			ck_abort_msg("not so: %s", #condition);                \
	} while (0)

/* What was asked for is done, or this says with which status it is not. */
#define EXPECT_OK(call)                                                        \
	do {                                                                   \
		enum stay_status status_of_it = (call);                        \
		if (status_of_it != STAY_OK)                                   \
			ck_abort_msg("%s is %s", #call,                        \
			    stay_status_name(status_of_it));                   \
	} while (0)

/* These words are in the text, or this shows both. */
#define EXPECT_IN(text, words)                                                 \
	do {                                                                   \
		const char *text_of_it = (text), *words_of_it = (words);       \
		if (strstr(text_of_it, words_of_it) == NULL)                   \
			ck_abort_msg("\"%s\" is not in: %.4000s", words_of_it, \
			    text_of_it);                                       \
	} while (0)

#endif
