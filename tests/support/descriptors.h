/* The descriptors of this process, as the kernel lists them. */
#ifndef STAY_TESTS_DESCRIPTORS_H
#define STAY_TESTS_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>

#define DESCRIPTORS_MAX 1024

struct descriptors {
	size_t count;
	int fds[DESCRIPTORS_MAX]; /* in rising order */
};

void descriptors_list(struct descriptors *descriptors);

/* Those that are open and were not in `before`. */
void descriptors_list_new(
    struct descriptors *descriptors, const struct descriptors *before);

bool descriptors_equal(
    const struct descriptors *one, const struct descriptors *other);

/* Whether it is a socket; whether it is closed over an exec, never blocks. */
bool descriptor_is_socket(int fd);
bool descriptor_is_cloexec(int fd);
bool descriptor_is_nonblock(int fd);

#endif
