/* The counts of a client by value, for tests that look at one after the other.
 */
#ifndef COUNTS_H
#define COUNTS_H

#include <stay/client.h>

static inline struct stay_client_counts
counts_of(const struct stay_client *client)
{
	struct stay_client_counts counts = { STAY_CLIENT_COUNTS };

	stay_client_get_counts(client, &counts);
	return counts;
}

#endif
