/* The transports that every loop knows, each in a file of its own. */
#ifndef STAY__BUILTIN_H
#define STAY__BUILTIN_H

#include <stay/transport.h>

extern const struct stay_transport stay__transport_tcp;
extern const struct stay_transport stay__transport_unix;
extern const struct stay_transport stay__transport_fd;

#endif
