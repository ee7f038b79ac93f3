/* An assertion that costs nothing while it holds, for loops of many turns. */
#ifndef STAY_TESTS_EXPECT_H
#define STAY_TESTS_EXPECT_H

#include <check.h>

#define EXPECT(condition)                                                      \
	do {                                                                   \
		if (!(condition))                                              \
			ck_abort_msg("not so: %s", #condition);                \
	} while (0)

#endif
