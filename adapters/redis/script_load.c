/*
 * Scripts that are loaded before calls flow. Nobody waits for the answers: a server that
 * does not take one says so again when it is called. Their answers are the first of a
 * session.
 */
#include "script_load.h"

#include <string.h>

#include <stay/redis_script.h>

#include "format.h"

/* More than the answer has, which is a digest: where no reply may be so long, it would end
 * the session. */
#define ANSWER_MAX 64u

/* False: the lane is full, or there is no memory, and nothing of it is said. */
static bool
load(struct stay_session *session, const struct stay_redis_script *script)
{
	const char *const argv[] = { "SCRIPT", "LOAD", script->source };

	return stay_redis__write_argv(
		   stay_session_control(session), 3, argv, NULL) == STAY_OK &&
	       stay_session_expect(session, 1) == STAY_OK;
}

void
stay_redis__scripts_load(struct stay_session *session)
{
	const struct stay_redis__config *config = stay_session_config(session);
	const struct stay_redis_script *const *scripts = config->scripts;
	struct stay_redis__session *own = stay_session_data(session);

	if (scripts == NULL || config->text_max < ANSWER_MAX)
		return;
	while (*scripts != NULL && load(session, *scripts++))
		own->loads++;
}

bool
stay_redis__script_is_loaded(struct stay_redis__session *own)
{
	if (own->loads == 0)
		return false;
	own->loads--;
	return true;
}
