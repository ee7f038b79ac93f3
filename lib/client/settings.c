/*
 * What the options of a client mean: their defaults and bounds, and what
 * follows from them for calls, socket and label. Starting and reconfiguring
 * both use this file.
 */
#include "client/settings.h"
#include "base/options.h"
#include "base/text.h"
#include "client/client.h"
#include "stream/filter.h"

static const struct stay__option client_options[] = {
#define CLIENT(field, unit, fallback, least, most, promise, text)              \
	STAY__OPTION(struct stay_client_options, field, fallback, least, most),
#include "base/options.def"
};

/* An option and one of its values, as one number. */
enum choice {
	CHOICE_offline,
	CHOICE_on_fatal,
	CHOICE_on_refused,
	CHOICE_on_given_up
};
#define CHOSEN(field, value) ((uint64_t)(unsigned)(value) << 8 | CHOICE_##field)

static bool
is_row(uint64_t chosen)
{
	switch (chosen) {
#define CLIENT_CHOICE(field, value, text) case CHOSEN(field, value):
#include "base/options.def"
		return true;
	default:
		return false;
	}
}

static bool
is_choice(
    struct stay_loop *loop, const char *name, uint64_t chosen, unsigned value)
{
	if (is_row(chosen))
		return true;
	stay_loop_set_rejection(
	    loop, "%s is %u, which is none of its values", name, value);
	return false;
}

static bool
are_choices(struct stay_loop *loop, const struct stay_client_options *options)
{
#define IS_CHOICE(field)                                                       \
	is_choice(loop, #field, CHOSEN(field, options->field),                 \
	    (unsigned)options->field)
	return IS_CHOICE(offline) && IS_CHOICE(on_fatal) &&
	       IS_CHOICE(on_refused) && IS_CHOICE(on_given_up);
}

static bool
is_policy(struct stay_loop *loop, const struct stay_client_options *options)
{
	if (stay__backoff_is_known(&options->backoff))
		return true;
	stay_loop_set_rejection(loop,
	    "the kind or the jitter of the backoff is none of its values");
	return false;
}

static bool
are_marks(struct stay_loop *loop, const struct stay_client_options *options)
{
	if (options->queue_low_percent <= options->queue_high_percent)
		return true;
	stay_loop_set_rejection(loop,
	    "queue_low_percent is %llu, above queue_high_percent, %llu",
	    (unsigned long long)options->queue_low_percent,
	    (unsigned long long)options->queue_high_percent);
	return false;
}

/* What is copied is nobody's to release. */
static bool
is_config(struct stay_loop *loop, const struct stay_client_options *options)
{
	if (options->config_size == 0 ||
	    (options->config != NULL && options->config_release == NULL))
		return true;
	stay_loop_set_rejection(loop,
	    "config_size is %llu, and goes with a config and without a "
	    "config_release",
	    (unsigned long long)options->config_size);
	return false;
}

/* Whoever does not mind keeps a session as long as it may be sent to. */
static bool
bounds_tombstones(const struct stay_client_options *from)
{
	return from != NULL &&
	       from->size >
		   offsetof(struct stay_client_options, tombstones_max) &&
	       from->tombstones_max != 0;
}

enum stay_status
stay__settings_fill(struct stay_loop *loop, struct stay_client_options *to,
    const struct stay_client_options *from)
{
	const struct stay__option *culprit;
	enum stay_status status =
	    stay__options_fill(to, sizeof(*to), from, client_options,
		sizeof(client_options) / sizeof(client_options[0]), &culprit);

	if (culprit != NULL)
		stay__loop_reject_option(loop, culprit, to);
	if (status != STAY_OK)
		return status;
	if (!bounds_tombstones(from))
		to->tombstones_max = to->inflight_calls_max;
	if (to->filter != NULL && !stay__filter_is_valid(to->filter))
		return STAY_E_ABI;
	if (!are_choices(loop, to) || !is_policy(loop, to) ||
	    !are_marks(loop, to) || !is_config(loop, to))
		return STAY_E_ARG;
	return STAY_OK;
}

struct stay__call_bounds
stay__settings_bounds(const struct stay_client_options *options)
{
	return (struct stay__call_bounds){
		.timeout_ns = stay__later(0, options->call_timeout_ms),
		.resends_max = options->resends_max,
		.resend_percent = options->resend_percent,
		.resend_cap = options->resend_burst * 100,
		.tell_max = options->turn_calls_max,
		.untold_max =
		    options->queue_calls_max + options->inflight_calls_max,
		.retries_refused = options->on_refused == STAY_REFUSED_RESEND,
		.waits_offline = options->offline == STAY_OFFLINE_QUEUE,
	};
}

void
stay__settings_apply(struct stay_client *client)
{
	stay__calls_retune(client);
	stay__admission_set_marks(client);
	stay__admission_fall(client);
}

/* Whether a session needs TCP keepalive only now and then: whenever nothing else
 * happens, the engine finds a dead peer itself, in not much more time. */
static bool
is_looked_after(const struct stay_client_options *options, bool pings)
{
	return pings && options->probe_ms <= options->silence_ms &&
	       options->connect_budget_ms <= options->silence_ms;
}

/*
 * While a call blocks for ever, a body waits for its program, or reading pauses, the
 * engine cannot tell a dead peer: see health.c. TCP keepalive finds it within the
 * same bound: the first keepalive probe is sent after two fifths of it, the others a
 * tenth apart.
 */
struct stay_socket_options
stay__settings_socket(const struct stay_client_options *options, bool pings)
{
	struct stay_socket_options socket = { .nodelay = true };
	uint64_t silence_ms = options->silence_ms;

	if (options->socket != NULL)
		return *options->socket;
	if (silence_ms == STAY_FOREVER)
		return socket;
	socket.keepalive_ms = silence_ms / 5 * 2 + silence_ms % 5 * 2 / 5;
	if (socket.keepalive_ms == 0)
		socket.keepalive_ms = 1;
	socket.keepalive_later = is_looked_after(options, pings);
	socket.user_timeout_ms = silence_ms;
	return socket;
}

/* The URL without secrets. */
char *
stay__settings_label(const struct stay__target *target, const char *url)
{
	size_t size;
	char *label;

	if (target->descriptors != NULL)
		return stay__text_copy(url);
	size = (size_t)stay_url_describe(target->url, NULL, 0) + 1;
	label = stay__realloc(NULL, size);
	if (label != NULL)
		stay_url_describe(target->url, label, size);
	return label;
}
