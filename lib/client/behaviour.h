/* A client as its connection sees it: a behaviour. */
#ifndef STAY__CLIENT_BEHAVIOUR_H
#define STAY__CLIENT_BEHAVIOUR_H

#include <stay/client.h>

extern const struct stay_behaviour stay__client_behaviour;
extern const struct stay__client_ops stay__client_conn_ops;

/* ---- describe.c ---- */
int stay__client_describe(
    const struct stay_conn *conn, const void *state, char *text, size_t len);
int stay__client_threat(const void *state, char *text, size_t len);

#endif
