/* Secure: a greeting in clear goes on through a filter. */
#ifndef STAY__SECURE_H
#define STAY__SECURE_H

#include "client/session.h"

/* hello has said so. */
enum stay__flow stay__secure_want(struct stay_session *session);
/* From then on, until hello is asked again. */
bool stay__secure_is_on(const struct stay_session *session);
/* Something was written: handle_info runs if it was the last in clear... */
void stay__secure_nudge(struct stay_session *session);
/* ...and then the filter begins. */
enum stay__flow stay__secure_go_on(struct stay_session *session);
/* The filter is content, and hello is to be asked again; or the session has ended. */
void stay__secure_end(struct stay_session *session);
/* Bytes have come that no filter has opened. */
enum stay__flow stay__secure_refuse_clear(struct stay_session *session);

#endif
