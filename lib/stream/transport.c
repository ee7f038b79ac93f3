/*
 * The schemes of a loop: the three that every loop knows, and those that users
 * have registered. Knows of a transport only what its table says.
 */
#include "stream/transport.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "loop/loop.h"

static const struct stay_transport *const builtin[] = {
	&stay__transport_tcp,
	&stay__transport_unix,
	&stay__transport_fd,
};

const struct stay_transport *
stay__transport_find(const struct stay_loop *loop, const char *scheme)
{
	for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++)
		if (strcmp(builtin[i]->scheme, scheme) == 0)
			return builtin[i];
	for (size_t i = 0; i < loop->transport_count; i++)
		if (strcmp(loop->transports[i]->scheme, scheme) == 0)
			return loop->transports[i];
	return NULL;
}

static bool
is_complete(const struct stay_transport *transport)
{
	return transport->scheme != NULL && *transport->scheme != '\0' &&
	       transport->open != NULL && transport->read != NULL &&
	       transport->write != NULL && transport->close != NULL;
}

enum stay_status
stay_loop_add_transport(
    struct stay_loop *loop, const struct stay_transport *transport)
{
	if (loop == NULL || transport == NULL)
		return STAY_E_ARG;
	if (transport->size != sizeof(*transport) ||
	    transport->abi != STAY_ABI || transport->flags != 0)
		return STAY_E_ABI;
	if (!is_complete(transport) ||
	    stay__transport_find(loop, transport->scheme) != NULL)
		return STAY_E_ARG;
	if (loop->transport_count == STAY__TRANSPORTS_MAX)
		return STAY_E_FULL;
	loop->transports[loop->transport_count++] = transport;
	return STAY_OK;
}

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
