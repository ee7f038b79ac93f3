/*
 * The schemes of a loop: the three that every loop has, and those that programs
 * have registered. This file knows of a transport only what its table says.
 */
#include "stream/transport.h"

#include <string.h>

#include "loop/loop.h"
#include "stream/builtin.h"
#include "stream/dialing.h"

static const struct stay_transport *const builtin[] = {
	&stay__transport_tcp,
	&stay__transport_unix,
	&stay__transport_fd,
};

const struct stay_transport *
stay__transport_find(const struct stay_loop *loop, const char *scheme)
{
	const struct stay__transports *transports = &loop->dialing->transports;

	for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++)
		if (strcmp(builtin[i]->scheme, scheme) == 0)
			return builtin[i];
	for (size_t i = 0; i < transports->count; i++)
		if (strcmp(transports->known[i]->scheme, scheme) == 0)
			return transports->known[i];
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
	struct stay__transports *transports = &loop->dialing->transports;

	if (transport == NULL)
		return STAY_E_ARG;
	if (transport->size != sizeof(*transport) ||
	    transport->abi != STAY_ABI || transport->flags != 0)
		return STAY_E_ABI;
	if (!is_complete(transport) ||
	    stay__transport_find(loop, transport->scheme) != NULL)
		return STAY_E_ARG;
	if (transports->count == STAY__TRANSPORTS_MAX)
		return STAY_E_FULL;
	transports->known[transports->count++] = transport;
	return STAY_OK;
}
