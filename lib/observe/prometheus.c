/*
 * Metrics as text for Prometheus. Names and labels are those of <stay/observe.def>, with
 * underscores for dots, and the unit behind; the rows are in the order of the table.
 */
#include <inttypes.h>
#include <string.h>

#include "observe/metrics.h"

/* ---- what a series is called ---- */

/* A number of a system, one of several with the same name. */
struct series {
	const struct stay__meter *meter;
	const struct stay__system *system;
	size_t number;
};

/* Its values for the labels of the row. */
struct values {
	const char *of[2];
};

typedef struct values name_fn(const struct series *series);

static struct values
say_NONE(const struct series *series)
{
	(void)series;
	return (struct values){ { NULL, NULL } };
}

static struct values
say_OUTCOME(const struct series *series)
{
	return (struct values){
		{ stay_outcome_name((enum stay_outcome)series->number), NULL }
	};
}

static struct values
say_STATE(const struct series *series)
{
	return (struct values){
		{ stay_state_name((enum stay_state)series->number), NULL }
	};
}

static struct values
say_DIRECTION(const struct series *series)
{
	return (struct values){ { series->number == 0 ? "transmit" : "receive",
	    NULL } };
}

static struct values
say_USE(const struct series *series)
{
	return (
	    struct values){ { series->number == 0 ? "idle" : "used", NULL } };
}

static struct values
say_FAILURE(const struct series *series)
{
	size_t phase = series->number / STAY__METER_STATUSES;
	size_t status = series->number % STAY__METER_STATUSES;

	return (struct values){ { series->meter->phases[phase],
	    stay_status_name((enum stay_status)status) } };
}

static struct values
say_OPERATION(const struct series *series)
{
	size_t operation = series->number / STAY_OUTCOME_COUNT;
	size_t outcome = series->number % STAY_OUTCOME_COUNT;

	return (struct values){ { series->system->operations[operation],
	    stay_outcome_name((enum stay_outcome)outcome) } };
}

/* ---- the table ---- */

enum labels {
#define LABELS(id, series, first, second) LABELS_##id,
#include <stay/observe.def>
	LABELS_COUNT
};

static const struct {
	size_t series;
	const char *names[2];
	name_fn *say;
} labelled[LABELS_COUNT] = {
#define LABELS(id, series, first, second)                                      \
	[LABELS_##id] = { series, { first, second }, say_##id },
#include <stay/observe.def>
};

enum kind { COUNTS, LEVELS, DURATIONS };

struct row {
	enum kind kind;
	enum labels labels;
	const char *name;
	const char *unit;
	const char *help;
	const uint64_t *bounds; /* of durations */
	size_t at;              /* in the numbers, or in the durations */
};

static const struct row rows[] = {
#define COUNTER(id, labels, name, unit, help)                                  \
	{ COUNTS, LABELS_##labels, name, unit, help, NULL,                     \
		offsetof(struct stay__numbers, id) },
#define GAUGE(id, labels, name, unit, help)                                    \
	{ LEVELS, LABELS_##labels, name, unit, help, NULL,                     \
		offsetof(struct stay__numbers, id) },
#define FAST(id, labels, name, unit, help)                                     \
	{ DURATIONS, LABELS_##labels, name, unit, help, stay__fast_bounds,     \
		offsetof(struct stay__durations, id) },
#define LONG(id, labels, name, unit, help)                                     \
	{ DURATIONS, LABELS_##labels, name, unit, help, stay__long_bounds,     \
		offsetof(struct stay__durations, id) },
#include <stay/observe.def>
};

static uint64_t
number_of(const struct row *row, const struct series *series)
{
	const char *past = (const char *)&series->system->past + row->at;
	const char *live = (const char *)&series->system->live + row->at;
	uint64_t done, now;

	memcpy(&done, past + series->number * sizeof(done), sizeof(done));
	memcpy(&now, live + series->number * sizeof(now), sizeof(now));
	return done + now;
}

static struct stay__histogram
histogram_of(const struct row *row, const struct series *series)
{
	const char *at = (const char *)&series->system->durations + row->at;
	struct stay__histogram histogram;

	memcpy(&histogram, at + series->number * sizeof(histogram),
	    sizeof(histogram));
	return histogram;
}

/* ---- words ---- */

/* As text for printf, where nothing depends on the locale. */
struct text {
	char at[96];
};

/* "db_client_operation_duration_seconds", without the suffix of a series. */
static struct text
name_of(const struct row *row)
{
	const char *unit = strcmp(row->unit, "s") == 0    ? "_seconds"
			   : strcmp(row->unit, "By") == 0 ? "_bytes"
							  : "";
	struct text text;

	snprintf(text.at, sizeof(text.at), "%s%s%s", row->name, unit,
	    row->kind == COUNTS ? "_total" : "");
	for (char *dot = text.at; (dot = strchr(dot, '.')) != NULL;)
		*dot = '_';
	return text;
}

/* Nanoseconds in seconds: "0.005", "10". */
static struct text
seconds(uint64_t ns)
{
	const uint64_t second = UINT64_C(1000000000);
	struct text text;
	size_t len;

	snprintf(text.at, sizeof(text.at), "%" PRIu64 ".%09" PRIu64,
	    ns / second, ns % second);
	len = strlen(text.at);
	while (text.at[len - 1] == '0')
		len--;
	text.at[text.at[len - 1] == '.' ? len - 1 : len] = '\0';
	return text;
}

static struct text
number(uint64_t value)
{
	struct text text;

	snprintf(text.at, sizeof(text.at), "%" PRIu64, value);
	return text;
}

/* ---- writing ---- */

/* Where it goes. After the first failure nothing more does. */
struct out {
	struct stay_buf *buf;
	enum stay_status status;
};

static void
put_bytes(struct out *out, const char *bytes, size_t len)
{
	if (out->status == STAY_OK)
		out->status = stay_buf_append(out->buf, bytes, len);
}

static void
put(struct out *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

/* What stands in quotes there: the name of a protocol is a program's, maybe cut in the
 * middle of a letter, and the text is to be UTF-8; and an outcome has two words. */
static void
put_value(struct out *out, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			put(out, "\\");
		put_bytes(out, *value <= ' ' || *value > '~' ? "_" : value, 1);
	}
}

static void
put_label(struct out *out, const char *name, const char *value)
{
	for (; *name != '\0'; name++)
		put_bytes(out, *name == '.' ? "_" : name, 1);
	put(out, "=\"");
	put_value(out, value);
	put(out, "\"");
}

/* A label without a value is as good as none. */
static void
put_labels(struct out *out, const struct row *row, const struct series *series)
{
	const struct values values = labelled[row->labels].say(series);

	put(out, "{");
	put_label(out, "db.system.name", series->system->name);
	for (size_t i = 0; i < 2; i++) {
		if (values.of[i] == NULL || values.of[i][0] == '\0')
			continue;
		put(out, ",");
		put_label(out, labelled[row->labels].names[i], values.of[i]);
	}
}

/* ---- a series ---- */

/* The end of the line: its number. */
static void
put_end(struct out *out, struct text number)
{
	put(out, "} ");
	put(out, number.at);
	put(out, "\n");
}

/* name{labels} */
static void
begin(struct out *out, const char *name, const char *suffix,
    const struct row *row, const struct series *series)
{
	put(out, name);
	put(out, suffix);
	put_labels(out, row, series);
}

static void
put_number(struct out *out, const char *name, const struct row *row,
    const struct series *series)
{
	begin(out, name, "", row, series);
	put_end(out, number(number_of(row, series)));
}

static uint64_t
put_buckets(struct out *out, const char *name, const struct row *row,
    const struct series *series, const struct stay__histogram *histogram)
{
	uint64_t count = 0;

	for (size_t i = 0; i < STAY__METER_BUCKETS; i++) {
		count += histogram->counts[i];
		begin(out, name, "_bucket", row, series);
		put(out, ",");
		put_label(out, "le",
		    i < STAY__METER_BUCKETS - 1 ? seconds(row->bounds[i]).at
						: "+Inf");
		put_end(out, number(count));
	}
	return count;
}

static void
put_histogram(struct out *out, const char *name, const struct row *row,
    const struct series *series)
{
	const struct stay__histogram histogram = histogram_of(row, series);
	uint64_t count = put_buckets(out, name, row, series, &histogram);

	begin(out, name, "_sum", row, series);
	put_end(out, seconds(histogram.sum));
	begin(out, name, "_count", row, series);
	put_end(out, number(count));
}

/* Of what has many series, only those that are in use are shown. */
static bool
is_shown(const struct row *row, const struct series *series)
{
	static const struct stay__histogram nothing;
	struct stay__histogram histogram;

	if (row->kind != DURATIONS)
		return row->labels != LABELS_FAILURE ||
		       number_of(row, series) > 0;
	histogram = histogram_of(row, series);
	return memcmp(&histogram, &nothing, sizeof(nothing)) != 0;
}

/* ---- a row ---- */

static void
put_head(struct out *out, const char *name, const struct row *row)
{
	static const char *const types[] = { [COUNTS] = "counter",
		[LEVELS] = "gauge",
		[DURATIONS] = "histogram" };

	const char *const parts[] = { "# HELP ", name, " ", row->help,
		"\n# TYPE ", name, " ", types[row->kind], "\n" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		put(out, parts[i]);
}

/* Its head comes with the first series. */
static void
put_system(struct out *out, const struct row *row, struct series series,
    bool *has_head)
{
	const struct text name = name_of(row);

	for (; series.number < labelled[row->labels].series; series.number++) {
		if (!is_shown(row, &series))
			continue;
		if (!*has_head)
			put_head(out, name.at, row);
		*has_head = true;
		if (row->kind == DURATIONS)
			put_histogram(out, name.at, row, &series);
		else
			put_number(out, name.at, row, &series);
	}
}

static void
put_row(struct out *out, const struct row *row, const struct stay__meter *meter)
{
	bool has_head = false;

	for (size_t i = 0; i < STAY__METER_SYSTEMS; i++) {
		const struct series first = { meter, &meter->systems[i], 0 };

		if (first.system->name[0] != '\0')
			put_system(out, row, first, &has_head);
	}
}

enum stay_status
stay_metrics_prometheus(struct stay_metrics *metrics, struct stay_buf *to)
{
	struct out out = { to, STAY_OK };
	size_t before = stay_buf_len(to);

	stay__metrics_refresh(metrics);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		put_row(&out, &rows[i], &metrics->meter);
	if (out.status != STAY_OK)
		stay_buf_cut(to, before);
	return out.status;
}
