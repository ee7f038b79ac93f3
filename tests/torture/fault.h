/*
 * Every call that the library makes of the system, memory included, goes
 * through here: the program is linked with `--wrap`. While armed they are
 * counted, and those that a plan names go wrong. Time is virtual: a wait in
 * which nothing happens ends at once, at the time it would have ended.
 */
#ifndef STAY_TESTS_TORTURE_FAULT_H
#define STAY_TESTS_TORTURE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

/* MODE(name, ways, text): what happens at the calls the plan names. */
#define FAULT_MODES                                                            \
	MODE(NOTHING, "nothing fails")                                         \
	MODE(FAIL_ONCE, "fails once")                                          \
	MODE(FAIL_KIND, "fails from then on, it and all of its kind")          \
	MODE(FAIL_ALL, "fails from then on, it and all others")                \
	MODE(INTERRUPT, "is interrupted three times")                          \
	MODE(AGAIN_ONCE, "says EAGAIN once")                                   \
	MODE(AGAIN_KIND, "says EAGAIN from then on, it and all of its kind")   \
	MODE(SHORT_ONCE, "moves one byte")                                     \
	MODE(SHORT_KIND, "moves little from then on, it and all of its kind")

enum fault_mode {
#define MODE(name, text) FAULT_##name,
	FAULT_MODES
#undef MODE
	    FAULT_MODE_COUNT
};

/* Begin to count; in `mode` the call number `at`, from 1, is the first to fail.
 * fault_disarm says whether there was such a call. */
void fault_arm(enum fault_mode mode, unsigned long at);
/* Both these calls fail, once each, the second in what came of the first. */
void fault_arm_pair(unsigned long at, unsigned long then);
bool fault_disarm(void);
/* From now on nothing fails any more; what has failed is still known. */
void fault_heal(void);
/* So far. */
bool fault_has_struck(void);
bool fault_has_struck_twice(void);
bool fault_has_struck_openssl(void);
/* So that somebody may notice: not only an interruption, or less at once. */
bool fault_may_show(void);
const char *fault_mode_text(enum fault_mode mode);
/* The kind of the first call that failed. */
const char *fault_kind(void);

/* Blocks of memory, mappings and results of getaddrinfo not yet given back. */
long fault_live(void);
/* OpenSSL's memory fails with that of the others, but is counted apart: some of it
 * is kept for later. To be called before OpenSSL is used. */
bool fault_openssl_begin(void);
/* Without what OpenSSL keeps for this thread. */
long fault_openssl_live(void);

/* Till it is told the opposite, as often: no call of this thread counts or
 * fails. */
void fault_spare(bool spares);
bool fault_is_spared(void);

/* Virtual time in ms. It does not pass the stop by itself. */
uint64_t fault_now_ms(void);
void fault_stop_at_ms(uint64_t ms);
/* Waits since it was armed. */
unsigned long fault_waits(void);
/* No lookup is in a thread any more; names that are slow get their answer. */
void fault_settle(void);
/* Threads of the library's that have not ended. */
int fault_threads(void);

/* Something is wrong; kept until asked for, the first one only. */
void fault_violation(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
const char *fault_violated(void); /* NULL: nothing */

/* One call of the kind `log`: true to fail. */
bool fault_log(void);

#endif
