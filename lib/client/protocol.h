/* A protocol with every slot filled in. */
#ifndef STAY__CLIENT_PROTOCOL_H
#define STAY__CLIENT_PROTOCOL_H

#include <stay/protocol.h>

/* Of the group `call`, what every client may need. */
struct stay__call_slots {
	stay_frame_fn *on_orphan;
	stay_name_call_fn *name;
	stay_operation_fn *operation;
};

struct stay__protocol {
	struct stay_protocol top;
	struct stay__call_slots call;
	struct stay_session_ops session;
	struct stay_keep_ops keep;
};

/* STAY_OK, or what is wrong and the words for it. */
enum stay_status stay__protocol_check(
    const struct stay_protocol *protocol, const char **words);
/* A copy with every slot filled in but those whose absence means something: `ping`,
 * `retain`, `describe`, `name`, `operation`, `replies` and `at_end`. */
void stay__protocol_fill(
    struct stay__protocol *to, const struct stay_protocol *from);
/* The whole group `call`; no slot is filled in. */
struct stay_call_ops stay__protocol_call(const struct stay_protocol *from);

#endif
