/* Reads /proc/self/fd; knows nothing of who has opened what. */
#include "descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <check.h>

static int
by_number(const void *one, const void *other)
{
	return *(const int *)one - *(const int *)other;
}

void
descriptors_list(struct descriptors *descriptors)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	ck_assert_ptr_nonnull(dir);
	memset(descriptors, 0, sizeof(*descriptors));
	while ((entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		ck_assert_uint_lt(descriptors->count, DESCRIPTORS_MAX);
		descriptors->fds[descriptors->count++] = fd;
	}
	closedir(dir);
	qsort(descriptors->fds, descriptors->count, sizeof(int), by_number);
}

static bool
holds(const struct descriptors *descriptors, int fd)
{
	return bsearch(&fd, descriptors->fds, descriptors->count, sizeof(int),
		   by_number) != NULL;
}

void
descriptors_list_new(
    struct descriptors *descriptors, const struct descriptors *before)
{
	struct descriptors now;

	descriptors_list(&now);
	descriptors->count = 0;
	for (size_t i = 0; i < now.count; i++)
		if (!holds(before, now.fds[i]))
			descriptors->fds[descriptors->count++] = now.fds[i];
}

bool
descriptors_equal(
    const struct descriptors *one, const struct descriptors *other)
{
	return one->count == other->count &&
	       memcmp(one->fds, other->fds, one->count * sizeof(int)) == 0;
}

bool
descriptor_is_socket(int fd)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 && S_ISSOCK(stat.st_mode);
}

bool
descriptor_is_cloexec(int fd)
{
	return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

bool
descriptor_is_nonblock(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}
