/*
 * What a connection was started with: its settings, its label and its state block.
 * They are its own, in one piece with it; or its client's, who lends them. Only this
 * file knows the difference.
 */
#include "conn/settings.h"

#include "base/options.h"
#include "base/text.h"
#include "conn/conn.h"

static const struct stay__option conn_options[] = {
#define CONN(field, unit, fallback, least, most, promise, text)                \
	STAY__OPTION(struct stay_conn_options, field, fallback, least, most),
#include "base/options.def"
};

static struct stay__conn_settings
settings_of(const struct stay_conn_options *options)
{
	struct stay_socket_options socket = { .nodelay = true };

	if (options->socket != NULL)
		socket = *options->socket;
	socket.keepalive_later = false;
	return (struct stay__conn_settings){
		.notices = { options->on_started, options->on_closed,
		    options->arg },
		.call_timeout_ms = options->call_timeout_ms,
		.stop_budget_ms = options->stop_budget_ms,
		.throttle_burst = options->throttle_burst,
		.throttle_ms = options->throttle_ms,
		.mailbox_max = options->mailbox_max,
		.callers_max = options->callers_max,
		.turn_budget = options->turn_budget,
		.backoff = options->backoff,
		.socket = socket,
	};
}

enum stay_status
stay__conn_settings_fill(struct stay_loop *loop,
    struct stay__conn_settings *settings,
    const struct stay_conn_options *options)
{
	struct stay_conn_options filled;
	const struct stay__option *culprit;
	enum stay_status status =
	    stay__options_fill(&filled, sizeof(filled), options, conn_options,
		sizeof(conn_options) / sizeof(conn_options[0]), &culprit);

	if (culprit != NULL)
		stay__loop_reject_option(loop, culprit, &filled);
	if (status == STAY_OK && !stay__backoff_is_known(&filled.backoff)) {
		stay_loop_set_rejection(loop,
		    "the kind or the jitter of the backoff is none of its "
		    "values");
		status = STAY_E_ARG;
	}
	if (status == STAY_OK)
		*settings = settings_of(&filled);
	return status;
}

/* ---- its own ---- */

struct owner {
	struct stay_conn conn;
	struct stay__conn_settings settings;
	struct stay__conn_rare rare;
	struct stay__alarms alarms;
	char *label;
};

static const char *
label_of(const struct stay_behaviour *behaviour,
    const struct stay_conn_options *options)
{
	const char *label = options == NULL ? NULL : options->label;

	if (label == NULL)
		label = behaviour->name;
	return label == NULL ? "" : label;
}

static enum stay_status
fill(struct owner *owner, struct stay_loop *loop,
    const struct stay_behaviour *behaviour,
    const struct stay_conn_options *options)
{
	struct stay_conn *conn = &owner->conn;
	enum stay_status status =
	    stay__conn_settings_fill(loop, &owner->settings, options);

	conn->settings = &owner->settings;
	conn->rare = &owner->rare;
	conn->rare->alarms = &owner->alarms;
	if (status != STAY_OK)
		return status;
	owner->settings.label = owner->label =
	    stay__text_copy(label_of(behaviour, options));
	conn->state = stay__conn_new_state(behaviour);
	return owner->label == NULL || conn->state == NULL ? STAY_E_NOMEM
							   : STAY_OK;
}

enum stay_status
stay__conn_new(struct stay_conn **conn, struct stay_loop *loop,
    const struct stay_behaviour *behaviour,
    const struct stay_conn_options *options)
{
	struct owner *owner = stay__zalloc(sizeof(*owner));
	enum stay_status status;

	if (owner == NULL)
		return STAY_E_NOMEM;
	status = fill(owner, loop, behaviour, options);
	if (status != STAY_OK)
		stay__conn_free(&owner->conn);
	else
		*conn = &owner->conn;
	return status;
}

void *
stay__conn_new_state(const struct stay_behaviour *behaviour)
{
	size_t size = behaviour->state_size;

	return stay__zalloc(size > 0 ? size : 1);
}

/* ---- lent ---- */

struct stay_conn *
stay__conn_new_on_loan(const struct stay__loan *loan)
{
	struct stay_conn *conn = stay__zalloc(sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->settings = loan->settings;
	conn->state = loan->state;
	return conn;
}

/* Nobody asks a client any more; but there was one. */
static const struct stay__client_ops gone;
static const struct stay__conn_settings returned = { .client = &gone };

void
stay__conn_end_loan(struct stay_conn *conn)
{
	conn->settings = &returned;
	conn->state = NULL;
}

void
stay__conn_free(struct stay_conn *conn)
{
	struct owner *owner;

	if (stay__conn_client(conn) != NULL) {
		stay__free(conn);
		return;
	}
	owner = STAY__CONTAINER(conn, struct owner, conn);
	stay__free(owner->conn.state);
	stay__free(owner->label);
	stay__free(owner);
}
