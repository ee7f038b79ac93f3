/*
 * The words for the values of <stay/status.h>. This file knows the rows of
 * status.def, and not who makes or reads them.
 */
#include <stay/status.h>

struct row {
	const char *name;
	enum stay_class kind;
	const char *text;
};

/* clang-format off */
static const struct row rows[] = {
#define STATUS(name, class, text)                                              \
	[STAY_##name] = { "STAY_" #name, STAY_CLASS_##class, text },
#include <stay/status.def>
};

static const char *const classes[] = {
	[STAY_CLASS_NONE]      = "none",
	[STAY_CLASS_CALLER]    = "caller",
	[STAY_CLASS_TRANSIENT] = "transient",
	[STAY_CLASS_FATAL]     = "fatal",
	[STAY_CLASS_PROTOCOL]  = "protocol",
};

static const char *const outcomes[] = {
	[STAY_REPLIED]        = "replied",
	[STAY_SENT]           = "sent",
	[STAY_NOT_SENT]       = "not sent",
	[STAY_REFUSED]        = "refused",
	[STAY_MAYBE_EXECUTED] = "maybe executed",
};
/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

_Static_assert(COUNT(outcomes) == STAY_OUTCOME_COUNT,
    "every outcome of status.h must have a name");

/* A status that this version does not know counts as fatal: to retry would be a
 * guess. */
static const struct row unknown = { "STAY_E_UNKNOWN", STAY_CLASS_FATAL,
	"unknown status" };

static const struct row *
row_of(enum stay_status status)
{
	return (size_t)status < COUNT(rows) ? &rows[status] : &unknown;
}

const char *
stay_strerror(enum stay_status status)
{
	return row_of(status)->text;
}

const char *
stay_status_name(enum stay_status status)
{
	return row_of(status)->name;
}

enum stay_class
stay_status_class(enum stay_status status)
{
	return row_of(status)->kind;
}

const char *
stay_class_name(enum stay_class kind)
{
	return (size_t)kind < COUNT(classes) ? classes[kind] : "unknown";
}

const char *
stay_outcome_name(enum stay_outcome outcome)
{
	return (size_t)outcome < COUNT(outcomes) ? outcomes[outcome]
						 : "unknown";
}
