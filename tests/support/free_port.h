/* A port of the loopback interface on which a server can end and start again. */
#ifndef STAY_TESTS_FREE_PORT_H
#define STAY_TESTS_FREE_PORT_H

/*
 * A port nobody listens on at this moment; 0: there is none. The kernel does not give it
 * to a connection that some other test dials, so it is still free when a server that was
 * killed comes back.
 */
int free_port(void);

#endif
