/*
 * A keep block that is filled for another config or URL while the old one is in use:
 * whether the protocol accepts these is known at once, and what is in use is not
 * touched before they take effect. This file knows no session.
 */
#include "client/trial.h"

#include "base/mem.h"
#include "loop/loop.h"

enum stay_status
stay__trial_new(void **trial, const struct stay__profile *profile)
{
	const struct stay__protocol *protocol = &profile->protocol;
	enum stay_status status;
	void *made;

	*trial = NULL;
	/* Without a keep block init may check, and gets no NULL. */
	made = stay__zalloc(protocol->top.keep_size + 1);
	if (made == NULL)
		return STAY_E_NOMEM;
	profile->loop->starting++;
	status =
	    protocol->keep.init(made, profile->config, profile->target.url);
	profile->loop->starting--;
	if (status == STAY_OK)
		*trial = made;
	else
		stay__free(made);
	return status;
}

void
stay__trial_adopt(void *trial, const struct stay__profile *profile, void *keep)
{
	if (trial == NULL)
		return;
	profile->protocol.keep.adopt(keep, trial);
	stay__trial_free(trial, profile);
}

void
stay__trial_free(void *trial, const struct stay__profile *profile)
{
	if (trial == NULL)
		return;
	profile->protocol.keep.fini(trial);
	stay__free(trial);
}
