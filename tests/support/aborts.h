/* Whether something is caught by an assertion: NULL for a handle, above all. */
#ifndef STAY_TESTS_ABORTS_H
#define STAY_TESTS_ABORTS_H

#include <stdbool.h>

/* Run in a process of its own, without a core file and without a word. */
bool aborts(void (*run)(void));

/* One call with NULL for a handle. */
struct null_call {
	const char *name;
	void (*run)(void);
};

/*
 * Define null_calls, a table of a list's calls. The list is a macro LIST(X, V) with
 * a row X(name, call) for each call that returns something, and V(name, call) for
 * each that returns nothing.
 */
#define NULL_CALLS(LIST)                                                       \
	LIST(NULL_CALL_VALUE, NULL_CALL_VOID)                                  \
	static const struct null_call null_calls[] = { LIST(                   \
	    NULL_CALL_ROW, NULL_CALL_ROW) };

#define NULL_CALL_VOID(name, ...)                                              \
	static void do_##name(void)                                            \
	{                                                                      \
		__VA_ARGS__;                                                   \
	}
#define NULL_CALL_VALUE(name, ...) NULL_CALL_VOID(name, (void)!(__VA_ARGS__))
#define NULL_CALL_ROW(name, ...)   { #name, do_##name },

#define NULL_CALL_COUNT ((int)(sizeof(null_calls) / sizeof(null_calls[0])))

#endif
