/*
 * What most tests against a real Redis begin and end with, as fixtures of
 * check: a server of the test's own, a rig for its clients, and, for who asks
 * or disturbs the server, a client that no fault on the way reaches.
 */
#ifndef STAY_TESTS_REDIS_BED_H
#define STAY_TESTS_REDIS_BED_H

#include "redis_rig.h"
#include "redis_server.h"

/* A test is a process of its own: it may own these. */
extern struct redis_rig rig;
extern struct redis_server server;
extern struct stay_redis *admin; /* over the unix socket; NULL: none */

void bed_open(void);
void bed_open_with_admin(void);
/* The server with more arguments, NULL-terminated. */
void bed_open_as(const char *const *extra);
void bed_close(void);

#endif
