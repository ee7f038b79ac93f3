/*
 * Runs one transport: its state block, and its functions in their order. This
 * file knows neither which transport it is nor who reads and writes.
 */
#include "stream/ends.h"

#include <errno.h>

#include "base/mem.h"

static void
release(struct stay__ends *ends)
{
	if (!stay__ends_are_small(ends->transport))
		stay__free(ends->state.block);
	*ends = (struct stay__ends){ 0 };
}

int
stay__ends_open(struct stay__ends *ends, struct stay_world *world,
    const struct stay_transport *transport, const struct stay_target *target,
    const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2])
{
	int result;

	*ends = (struct stay__ends){ .transport = transport };
	if (!stay__ends_are_small(transport)) {
		ends->state.block = stay__zalloc(transport->state_size);
		if (ends->state.block == NULL) {
			ends->transport = NULL;
			return -ENOMEM;
		}
	}
	result = transport->open(
	    stay__ends_state(ends), world, target, address, options, fds);
	if (result != 0 && result != -EINPROGRESS)
		release(ends);
	return result;
}

int
stay__ends_finish(struct stay__ends *ends, struct stay_world *world)
{
	if (ends->transport->finish == NULL)
		return 0;
	return ends->transport->finish(stay__ends_state(ends), world);
}

void
stay__ends_close(struct stay__ends *ends, struct stay_world *world)
{
	if (ends->transport == NULL)
		return;
	ends->transport->close(stay__ends_state(ends), world);
	release(ends);
}
