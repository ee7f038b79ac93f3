/*
 * Two network namespaces of the test's own with a cable in between, on which
 * packets can be dropped in either direction. They have no names and touch
 * nothing outside: whatever happens to the test, they are gone with it.
 */
#ifndef STAY_TESTS_NETNS_H
#define STAY_TESTS_NETNS_H

#include <stdbool.h>

#define NETNS_SERVER "10.99.0.1"
#define NETNS_CLIENT "10.99.0.2"

enum netns_side { NETNS_AT_SERVER, NETNS_AT_CLIENT };

struct netns {
	int home;
	int sides[2];
};

/* Make them; this thread is then at the client. False, and why on stdout: this
 * machine does not let us, or lacks iproute2. */
bool netns_open(struct netns *netns);
/* Where this thread's sockets and children come to be from now on. */
void netns_enter(const struct netns *netns, enum netns_side side);
/* Whether what leaves a side arrives at the other. */
void netns_pass(const struct netns *netns, enum netns_side from, bool passes);
/* Go home. */
void netns_close(struct netns *netns);

#endif
