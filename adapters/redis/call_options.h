/* The options of a call, to be changed on their way to the client. */
#ifndef STAY_REDIS__CALL_OPTIONS_H
#define STAY_REDIS__CALL_OPTIONS_H

#include <string.h>

#include <stay/client.h>

/* The program's struct may be older, and so shorter, than ours; one of another size is
 * rejected by the client. NULL: the defaults. */
static inline struct stay_call_options
stay_redis__call_options(const struct stay_call_options *options)
{
	struct stay_call_options ours = { STAY_CALL_OPTIONS };

	if (options != NULL && (options->size < sizeof(options->size) ||
				   options->size > sizeof(ours)))
		return (struct stay_call_options){ .size = 0 };
	if (options != NULL)
		memcpy(&ours, options, options->size);
	ours.size = sizeof(ours);
	return ours;
}

#endif
