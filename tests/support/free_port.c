#include "free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* From here up to those that the kernel gives to connections that are dialed. */
#define FIRST     10000
#define TRIES_MAX 1000

static int
first_of_the_kernel(void)
{
	FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	int first = 0;

	if (range == NULL)
		return 0;
	if (fscanf(range, "%d", &first) != 1) /* NOLINT(cert-err34-c) */
		first = 0;
	fclose(range);
	return first;
}

static bool
is_free(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool bound;

	bound = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return bound;
}

/* Drawn by chance: tests that run side by side shall not meet. */
int
free_port(void)
{
	int end = first_of_the_kernel();
	uint32_t drawn;

	if (end <= FIRST)
		end = UINT16_MAX + 1;
	for (int i = 0; i < TRIES_MAX; i++) {
		int port;

		if (getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
			return 0;
		port = FIRST + (int)(drawn % (uint32_t)(end - FIRST));
		if (is_free(port))
			return port;
	}
	return 0;
}
