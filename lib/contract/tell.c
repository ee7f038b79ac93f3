/*
 * What is told: the last lines of what happened, and the promise that is broken. It
 * is kept in memory that the parent process can read when this one is gone.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/kit.h"

#define QUOTE_MAX 64

struct kit_told *kit_told;
bool kit_traces;
bool kit_is_here;

/* Once somebody wrote a line, it stays one: no bytes that move the cursor. */
void
kit_note(const char *format, ...)
{
	char *line = kit_told->lines[kit_told->line_count % KIT_LINES];
	va_list args;
	int at = snprintf(line, KIT_LINE_SIZE, "%6" PRIu64 " ms  ", kit_now());

	va_start(args, format);
	vsnprintf(line + at, KIT_LINE_SIZE - (size_t)at, format, args);
	va_end(args);
	kit_told->line_count++;
	if (kit_traces)
		fprintf(stderr, "%s\n", line);
}

static size_t
escape(char *to, unsigned char byte)
{
	static const char names[] = "\rr\nn\tt\"\"\\\\";

	for (size_t i = 0; names[i] != '\0'; i += 2)
		if (byte == (unsigned char)names[i])
			return (size_t)sprintf(to, "\\%c", names[i + 1]);
	return (size_t)sprintf(
	    to, byte >= ' ' && byte < 0x7f ? "%c" : "\\x%02x", byte);
}

const char *
kit_quote(const char *bytes, size_t len)
{
	static char texts[4][4 * QUOTE_MAX + 32];
	static unsigned next;
	char *text = texts[next++ % 4];
	size_t at = 1, shown = len < QUOTE_MAX ? len : QUOTE_MAX;

	text[0] = '"';
	for (size_t i = 0; i < shown; i++)
		at += escape(text + at, (unsigned char)bytes[i]);
	if (shown == len)
		sprintf(text + at, "\"");
	else
		sprintf(text + at, "\"... (%zu bytes)", len);
	return text;
}

void
kit_broken(enum kit_rule rule, const char *format, ...)
{
	va_list args;

	kit_told->is_broken = true;
	kit_told->rule = rule;
	va_start(args, format);
	vsnprintf(kit_told->words, KIT_WORDS_MAX, format, args);
	va_end(args);
	if (kit_is_here) {
		fprintf(stderr, "broken: %s\n", kit_told->words);
		abort();
	}
	_exit(1);
}
