#include "redis_bed.h"

#include <check.h>

struct redis_rig rig;
struct redis_server server;
struct stay_redis *admin;

void
bed_open_as(const char *const *extra)
{
	ck_assert(redis_server_start(&server, extra));
	rig_open(&rig);
	admin = NULL;
}

void
bed_open(void)
{
	bed_open_as(NULL);
}

void
bed_open_with_admin(void)
{
	bed_open();
	admin = rig_connect(&rig, server.unix_url, NULL);
}

void
bed_close(void)
{
	rig_close(&rig);
	redis_server_end(&server);
}
