/* The drawings of the machines: what they show is what the rows say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "machine/machine.h"
#include "suites.h"

typedef const struct stay_machine *table_fn(void);

static table_fn *const tables[] = { stay_machine_conn, stay_machine_link,
	stay_machine_session };
#define TABLE_COUNT ((int)(LEN(tables)))

typedef void draw_fn(const struct stay_machine *machine, FILE *out);

/* The caller frees it. */
static char *
drawn(draw_fn *draw, const struct stay_machine *table)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	draw(table, out);
	fclose(out);
	ck_assert_uint_gt(len, 0);
	return text;
}

static unsigned
count_lines(const char *text)
{
	unsigned lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

static void
assert_shows_edges(
    const struct stay_machine *table, draw_fn *draw, const char *arrow)
{
	char *text = drawn(draw, table);
	char edge[128];

	for (unsigned state = 0; state < table->state_count; state++)
		for (unsigned event = 0; event < table->event_count; event++) {
			const struct stay_machine_row *row =
			    stay_machine_find_row(table, state, event);
			const char *at;

			snprintf(edge, sizeof(edge), "%s %s %s",
			    table->states[state].label, arrow,
			    table->states[row->next].label);
			at = strstr(text, edge);
			if (row->verb != STAY_GO)
				continue;
			ck_assert_msg(at != NULL, "no edge %s", edge);
			ck_assert_msg(strstr(at, table->events[event]) != NULL,
			    "%s without %s", edge, table->events[event]);
		}
	free(text);
}

TEST_ROWS(machine_draw_shows_every_edge, TABLE_COUNT)
{
	const struct stay_machine *table = tables[_i]();
	char *text = drawn(stay_machine_mermaid, table);

	ck_assert_int_eq(strncmp(text, "stateDiagram-v2\n", 16), 0);
	free(text);
	assert_shows_edges(table, stay_machine_mermaid, "-->");
	assert_shows_edges(table, stay_machine_dot, "->");
}

/* Where it goes to, if it goes, and why. */
static void
assert_tells(const char *reasons, const struct stay_machine *table, unsigned i)
{
	const struct stay_machine_row *row = &table->rows[i];
	char line[512];

	snprintf(line, sizeof(line), "| %s | %s | %s | %s | %s | %s |\n",
	    table->states[i / table->event_count].label,
	    table->events[i % table->event_count],
	    row->verb == STAY_GO     ? "GO"
	    : row->verb == STAY_KEEP ? "KEEP"
				     : "NEVER",
	    table->actions[row->action],
	    row->verb == STAY_GO ? table->states[row->next].label : "",
	    row->because);
	ck_assert_msg(strstr(reasons, line) != NULL, "no %s", line);
}

TEST_ROWS(machine_draw_lists_show_every_row, TABLE_COUNT)
{
	const struct stay_machine *table = tables[_i]();
	unsigned pairs = table->state_count * table->event_count;
	char *matrix = drawn(stay_machine_matrix, table);
	char *reasons = drawn(stay_machine_reasons, table);

	ck_assert_uint_eq(count_lines(matrix), table->state_count + 2);
	ck_assert_uint_eq(count_lines(reasons), pairs + 2);
	for (unsigned i = 0; i < pairs; i++)
		assert_tells(reasons, table, i);
	for (unsigned i = 0; i < table->state_count; i++) {
		EXPECT_IN(matrix, table->states[i].label);
		EXPECT_IN(matrix, table->states[i].waits);
	}
	for (unsigned i = 0; i < table->event_count; i++)
		EXPECT_IN(matrix, table->events[i]);
	free(matrix);
	free(reasons);
}

/* The line of a state, from its rows. */
static void
tell_line(const struct stay_machine *table, unsigned state, FILE *out)
{
	const struct stay_machine_state *of = &table->states[state];

	fprintf(out, "| **%s** |", of->label);
	for (unsigned event = 0; event < table->event_count; event++) {
		const struct stay_machine_row *row =
		    stay_machine_find_row(table, state, event);
		const char *action = table->actions[row->action];

		if (row->verb == STAY_GO)
			fprintf(out, " %s%s%s |",
			    table->states[row->next].label,
			    *action != '\0' ? " / " : "", action);
		else
			fputs(row->verb == STAY_KEEP ? " keep |" : " – |", out);
	}
	fprintf(out, " %s | %s |\n", table->timers[of->timer], of->waits);
}

TEST_ROWS(machine_draw_matrix_has_a_cell_a_pair, TABLE_COUNT)
{
	const struct stay_machine *table = tables[_i]();
	char *matrix = drawn(stay_machine_matrix, table);

	for (unsigned state = 0; state < table->state_count; state++) {
		char *line = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&line, &len);

		ck_assert_ptr_nonnull(out);
		tell_line(table, state, out);
		fclose(out);
		ck_assert_msg(strstr(matrix, line) != NULL, "no %s", line);
		free(line);
	}
	free(matrix);
}

TEST_ROWS(machine_draw_is_stable, TABLE_COUNT)
{
	draw_fn *const all[] = { stay_machine_mermaid, stay_machine_dot,
		stay_machine_matrix, stay_machine_reasons };

	for (size_t i = 0; i < LEN(all); i++) {
		char *once = drawn(all[i], tables[_i]());
		char *again = drawn(all[i], tables[_i]());

		ck_assert_str_eq(once, again);
		free(once);
		free(again);
	}
}

static void
draw_verdicts(const struct stay_machine *machine, FILE *out)
{
	(void)machine;
	stay_machine_verdicts(out);
}

TEST(machine_draw_verdict_matrix_has_a_line_a_situation)
{
	static const char *const words[] = { "| init |", "| connect |",
		"| disconnect |", "| handle_call |", "| handle_cast |",
		"| handle_info |", "handle_info, connect pending",
		"handle_info, disconnect pending", "noconnect", "postpone" };
	char *text = drawn(draw_verdicts, NULL);

	ck_assert_uint_eq(count_lines(text), 12 + 2);
	for (size_t i = 0; i < LEN(words); i++)
		ck_assert_msg(
		    strstr(text, words[i]) != NULL, "no %s", words[i]);
	free(text);
}

TEST(machine_draw_verdict_matrix_says_what_comes_with_a_verdict)
{
	char *text = drawn(draw_verdicts, NULL);

	EXPECT_IN(text,
	    "| init | ok [T] | connect | – | backoff [T] | – | – | quit | quit "
	    "| – | – | – |\n");
	EXPECT_IN(text,
	    "| handle_call | – | connect [reply] | disconnect [reply] | – | – "
	    "| – | – | stop [reply] | stay [T] | stay [T] | wait |\n");
	free(text);
}

/* How many cells the line at `text` has; a rule has nothing but dashes in them. */
static unsigned
count_cells(const char *text, bool is_rule)
{
	unsigned bars = 0;

	ck_assert_int_eq(*text, '|');
	for (; *text != '\n'; text++) {
		bars += *text == '|';
		if (is_rule)
			ck_assert_ptr_nonnull(strchr("|-", *text));
	}
	ck_assert_int_eq(text[-1], '|');
	return bars - 1;
}

TEST(machine_draw_verdict_matrix_is_a_whole_table)
{
	char *text = drawn(draw_verdicts, NULL);
	unsigned number = 0, cells = count_cells(text, false);
	const char *line = text;

	ck_assert_uint_gt(cells, 8);
	for (; *line != '\0'; line = strchr(line, '\n') + 1)
		ck_assert_uint_eq(count_cells(line, number++ == 1), cells);
	ck_assert_ptr_null(strstr(text, "| |"));
	ck_assert_ptr_null(strstr(text, "|  |"));
	ck_assert_ptr_null(strstr(text, "||"));
	free(text);
}

TEST_SUITE(machine_draw)
