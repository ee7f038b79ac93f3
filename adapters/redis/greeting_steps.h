/*
 * The steps of a greeting, in order: what is sent, and which replies are
 * accepted.
 */
#ifndef STAY_REDIS__GREETING_STEPS_H
#define STAY_REDIS__GREETING_STEPS_H

#include "greeting.h"

/* What an error reply means to a step. */
enum stay_redis__minds {
	STAY_REDIS__MINDS_ALL, /* the session fails */
	STAY_REDIS__MINDS_NOT, /* the session comes up all the same */
	STAY_REDIS__MINDS_LIFE /* the session comes up if the server works */
};

struct stay_redis__step {
	const char *name;
	unsigned lines; /* enum stay_redis__line, a set */
	enum stay_redis__minds minds;
	bool (*wanted)(const struct stay_redis__greeting *greeting,
	    const struct stay_redis__config *config);
	enum stay_status (*write)(const struct stay_redis__greeting *greeting,
	    const struct stay_redis__config *config, struct stay_buf *out);
	/* False: this is the reply to something else. */
	bool (*take)(struct stay_redis__greeting *greeting,
	    const struct stay_redis_reply *reply);
};

extern const struct stay_redis__step stay_redis__steps[];
extern const unsigned stay_redis__step_count;

/* Whether the greeting logs in at all. */
bool stay_redis__has_login(const struct stay_redis__greeting *greeting);
/* Whether the login has a user, which servers before ACLs do not know. */
bool stay_redis__has_user(const struct stay_redis__greeting *greeting);

#endif
