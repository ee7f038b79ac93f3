/* Stories played and compared: the one file of the probe that knows check. */
#include <string.h>

#include <check.h>

#include "probe.h"

void
story_check(const struct story *story)
{
	static char trace[PROBE_TRACE_MAX];
	struct probe *probe = probe_new();
	const char *fault;

	probe_script(probe, story->script);
	probe_drive(probe, story->drive);
	memcpy(trace, probe->trace, sizeof(trace));
	fault = probe_end(probe);
	ck_assert_msg(strcmp(trace, story->trace) == 0,
	    "%s\n  script %s\n  drive  %s\n  told   %s\n  was    %s\n"
	    "  fault  %s",
	    story->name, story->script, story->drive, story->trace, trace,
	    fault == NULL ? "none" : fault);
	ck_assert_msg(fault == NULL, "%s\n  script %s\n  drive  %s\n  %s",
	    story->name, story->script, story->drive, fault);
}
