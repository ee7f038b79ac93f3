/*
 * What the options of a client mean.
 */
#ifndef STAY__SETTINGS_H
#define STAY__SETTINGS_H

#include <stay/client.h>

#include "client/calls.h"
#include "client/target.h"

/* STAY_E_ARG: the loop has been told which one is wrong. */
enum stay_status stay__settings_fill(struct stay_loop *loop,
    struct stay_client_options *to, const struct stay_client_options *from);
struct stay__call_bounds stay__settings_bounds(
    const struct stay_client_options *options);
/* There are other options: their bounds hold from now on. */
void stay__settings_apply(struct stay_client *client);
/* `pings`: the protocol can send a probe. */
struct stay_socket_options stay__settings_socket(
    const struct stay_client_options *options, bool pings);
/* A label for `target`, to be freed; NULL: no memory. */
char *stay__settings_label(const struct stay__target *target, const char *url);

#endif
