/*
 * Runs one transport: its state block, and its functions in their order. This
 * file knows neither which transport it is nor who reads and writes.
 */
#include "stream/ends.h"

#include <errno.h>

#include "base/mem.h"

int
stay__ends_open(struct stay__ends *ends, struct stay_world *world,
    const struct stay_transport *transport, const struct stay_target *target,
    const struct stay_address *address,
    const struct stay_socket_options *options)
{
	void *state =
	    stay__zalloc(transport->state_size > 0 ? transport->state_size : 1);
	int result;

	if (state == NULL)
		return -ENOMEM;
	result =
	    transport->open(state, world, target, address, options, ends->fds);
	if (result != 0 && result != -EINPROGRESS) {
		stay__free(state);
		return result;
	}
	ends->transport = transport;
	ends->state = state;
	return result;
}

int
stay__ends_finish(struct stay__ends *ends, struct stay_world *world)
{
	if (ends->transport->finish == NULL)
		return 0;
	return ends->transport->finish(ends->state, world);
}

void
stay__ends_close(struct stay__ends *ends, struct stay_world *world)
{
	if (ends->transport == NULL)
		return;
	ends->transport->close(ends->state, world);
	stay__free(ends->state);
	*ends = (struct stay__ends){ 0 };
}
