/* What libev asks of its allocator. */
#ifndef STAY_TESTS_EV_ASKED_H
#define STAY_TESTS_EV_ASKED_H

/* How often, since a test has set it to 0. */
extern unsigned ev_asked;

/* From now on: libev's allocator as it is by default, and a count. */
void ev_asked_count(void);

#endif
