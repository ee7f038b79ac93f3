/*
 * The cable is a veth pair with fixed neighbours. A packet is dropped by giving
 * its sender a neighbour's address that nobody has, so that neither a firewall
 * nor a traffic shaper is needed.
 */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#define WORDS_MAX 16
#define NOBODY    "02:00:00:00:00:0f"

static const struct side {
	const char *device;
	const char *address;
	const char *prefix;
	const char *mac;
} sides[] = {
	[NETNS_AT_SERVER] = { "stay-s", NETNS_SERVER, NETNS_SERVER "/24",
	    "02:00:00:00:00:01" },
	[NETNS_AT_CLIENT] = { "stay-c", NETNS_CLIENT, NETNS_CLIENT "/24",
	    "02:00:00:00:00:02" },
};

static enum netns_side
other(enum netns_side side)
{
	return side == NETNS_AT_SERVER ? NETNS_AT_CLIENT : NETNS_AT_SERVER;
}

/* Split at spaces and run it there; whether it went well. */
static bool
run(int there, const char *command)
{
	char text[256], *words[WORDS_MAX + 1], *rest = text;
	int count = 0, status = -1, null;
	pid_t pid;

	snprintf(text, sizeof(text), "%s", command);
	while (count < WORDS_MAX && rest != NULL)
		words[count++] = strsep(&rest, " ");
	words[count] = NULL;
	pid = fork();
	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		if (setns(there, CLONE_NEWNET) == 0)
			execvp(words[0], words);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static int
current(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

static int
new_side(void)
{
	return unshare(CLONE_NEWNET) == 0 ? current() : -1;
}

static void
set_neighbour(const struct netns *netns, enum netns_side from, const char *mac)
{
	const struct side *to = &sides[other(from)];
	char command[256];

	snprintf(command, sizeof(command),
	    "ip neigh replace %s lladdr %s dev %s nud permanent", to->address,
	    mac, sides[from].device);
	ck_assert(run(netns->sides[from], command));
}

static bool
raise_side(const struct netns *netns, enum netns_side which)
{
	const struct side *side = &sides[which];
	int there = netns->sides[which];
	char up[128], address[128];

	snprintf(up, sizeof(up), "ip link set %s address %s up", side->device,
	    side->mac);
	snprintf(address, sizeof(address), "ip addr add %s dev %s",
	    side->prefix, side->device);
	return run(there, "ip link set lo up") && run(there, up) &&
	       run(there, address);
}

/* This process is at the client, which is how that is named. */
static bool
lay_cable(const struct netns *netns)
{
	char command[256];

	snprintf(command, sizeof(command),
	    "ip link add %s type veth peer name %s netns %d",
	    sides[NETNS_AT_SERVER].device, sides[NETNS_AT_CLIENT].device,
	    (int)getpid());
	return run(netns->sides[NETNS_AT_SERVER], command) &&
	       raise_side(netns, NETNS_AT_SERVER) &&
	       raise_side(netns, NETNS_AT_CLIENT);
}

bool
netns_open(struct netns *netns)
{
	netns->home = current();
	netns->sides[NETNS_AT_SERVER] = new_side();
	netns->sides[NETNS_AT_CLIENT] =
	    netns->sides[NETNS_AT_SERVER] < 0 ? -1 : new_side();
	if (netns->sides[NETNS_AT_CLIENT] < 0) {
		printf("skipped: no network namespaces for us: %s\n",
		    strerror(errno));
		netns_close(netns);
		return false;
	}
	if (!lay_cable(netns)) {
		printf("skipped: no ip of iproute2, or no veth for it\n");
		netns_close(netns);
		return false;
	}
	netns_pass(netns, NETNS_AT_SERVER, true);
	netns_pass(netns, NETNS_AT_CLIENT, true);
	return true;
}

void
netns_enter(const struct netns *netns, enum netns_side side)
{
	ck_assert_int_eq(setns(netns->sides[side], CLONE_NEWNET), 0);
}

void
netns_pass(const struct netns *netns, enum netns_side from, bool passes)
{
	set_neighbour(netns, from, passes ? sides[other(from)].mac : NOBODY);
}

void
netns_close(struct netns *netns)
{
	if (netns->home >= 0)
		setns(netns->home, CLONE_NEWNET);
	close(netns->home);
	for (int side = 0; side < 2; side++)
		if (netns->sides[side] >= 0)
			close(netns->sides[side]);
}
