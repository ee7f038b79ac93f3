/* The kernel around a world that waits in poll. */
#include "support/world_bed.h"

#include "world/hosted.h"
#include "world/poll.h"

static struct stay_world *
open_world(void)
{
	bed_kernel_begin();
	return stay__world_hosted(stay__poll_new());
}

void
bed_begin_poll(void)
{
	static struct bed bed;

	bed = bed_kernel;
	bed.open = open_world;
	bed.close = bed_kernel_end;
	bed_begin(&bed);
}
