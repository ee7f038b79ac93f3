/*
 * Checks a verdict against the table of verdicts, before the state machine sees
 * it.
 */
#ifndef STAY__VERDICT_H
#define STAY__VERDICT_H

#include <stay/conn.h>

#include "machine/machine.h"

enum stay__verdict_kind {
	STAY__VERDICT_OK,
	STAY__VERDICT_CONNECT,
	STAY__VERDICT_DISCONNECT,
	STAY__VERDICT_BACKOFF,
	STAY__VERDICT_NOCONNECT,
	STAY__VERDICT_PENDING,
	STAY__VERDICT_IGNORE,
	STAY__VERDICT_STOP,
	STAY__VERDICT_REPLY,
	STAY__VERDICT_NOREPLY,
	STAY__VERDICT_POSTPONE,
	STAY__VERDICT_COUNT
};

/* What a constructor may have added. */
#define STAY__WITH_TIMEOUT   1u
#define STAY__WITH_HIBERNATE 2u
#define STAY__WITH_REPLY     4u

enum stay__situation {
#define SITUATION(name, label, ...) STAY__IN_##name,
#include "conn/verdict.def"
	STAY__SITUATION_COUNT
};

/* What a legal verdict asks for. */
enum stay__ruling_kind { STAY__BAD, STAY__EVENT, STAY__NOTHING, STAY__WAITS };

struct stay__ruling {
	enum stay__ruling_kind kind;
	enum stay__conn_event event; /* of STAY__EVENT */
};

/* The table's answer. STAY__BAD also for what may not come with it. */
struct stay__ruling stay__verdict_rule(
    enum stay__situation situation, const struct stay_verdict *verdict);

#endif
