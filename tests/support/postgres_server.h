/*
 * A real PostgreSQL of a test's own: on a unix socket and a free loopback port in a
 * folder of its own, stopped by its own process ids, and gone with the test even if
 * that crashes. Its data survives a kill. It does not run as root: then it is run as
 * the user nobody.
 */
#ifndef STAY_TESTS_POSTGRES_SERVER_H
#define STAY_TESTS_POSTGRES_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct postgres_server {
	pid_t pid; /* 0: not running */
	int port;
	char dir[40];
	char url[96];      /* over TCP, with SCRAM-SHA-256; it may be TLS: the
			    * authority is in dir/data/ca.pem */
	char unix_url[96]; /* trusts everybody */
};

/* Whether there is one to be had; else a line says why not. */
bool postgres_is_there(void);

/* Make what each server of a suite begins with, which takes seconds; remove it. */
void postgres_template_make(void);
void postgres_template_remove(void);

/* Start one, with a copy of the template. Returns when it accepts connections. */
void postgres_server_start(struct postgres_server *server);

/* Start it again on the same port with the same data. */
void postgres_server_restart(struct postgres_server *server);

/* SIGKILL all of its processes, and reap them. */
void postgres_server_kill(struct postgres_server *server);

/* Kill it if it runs, and remove the folder. */
void postgres_server_end(struct postgres_server *server);

#endif
