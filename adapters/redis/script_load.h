/* Scripts that each session begins with. */
#ifndef STAY_REDIS__SCRIPT_LOAD_H
#define STAY_REDIS__SCRIPT_LOAD_H

#include "session.h"

/* The greeting is over: load them, in front of all calls. */
void stay_redis__scripts_load(struct stay_session *session);

/* Whether this was the answer to one of them. */
bool stay_redis__script_is_loaded(struct stay_redis__session *own);

#endif
