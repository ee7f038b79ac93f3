/* What the text log and the JSON log have in common. */
#include "observe/log.h"

#include <string.h>

static const struct {
	const char *name;
	unsigned flag;
} machines[] = {
	{ "conn", STAY_LOG_CONN },
	{ "link", STAY_LOG_LINK },
	{ "session", STAY_LOG_SESSION },
};

bool
stay__log_wants(const struct stay_log *log, const char *machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (strcmp(machines[i].name, machine) == 0)
			return (log->machines & machines[i].flag) != 0;
	return false;
}
