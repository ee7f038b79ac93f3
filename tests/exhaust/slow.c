/*
 * RESP2 and RESP3 as their specification reads: a function a rule, each calling
 * the others, always from the first byte on. It is here to be obviously right;
 * it shares nothing with the parser that it is held against.
 */
#include "slow.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include <stay/redis.h>

struct slow {
	const char *bytes;
	size_t len;
	size_t at;
	unsigned depth;
	unsigned elements;
	struct slow_outcome *outcome;
};

/* A line without its marker and its CRLF. */
struct line {
	const char *text;
	size_t len;
};

static enum slow_end value(struct slow *slow, bool inside);

static enum slow_end
take_line(struct slow *slow, struct line *line)
{
	size_t end = slow->at;

	while (end < slow->len && slow->bytes[end] != '\n')
		end++;
	if (end == slow->len)
		return SLOW_MORE;
	if (end == slow->at || slow->bytes[end - 1] != '\r')
		return SLOW_BAD;
	*line = (struct line){ slow->bytes + slow->at, end - 1 - slow->at };
	slow->at = end + 1;
	return SLOW_WHOLE;
}

/* `count` bytes and CRLF. */
static enum slow_end
take_bytes(struct slow *slow, size_t count, struct line *line)
{
	const char *text = slow->bytes + slow->at;

	if (slow->len - slow->at < count + 2)
		return SLOW_MORE;
	if (text[count] != '\r' || text[count + 1] != '\n')
		return SLOW_BAD;
	*line = (struct line){ text, count };
	slow->at += count + 2;
	return SLOW_WHOLE;
}

static bool
is(const struct line *line, const char *text)
{
	return line->len == strlen(text) &&
	       strncmp(line->text, text, line->len) == 0;
}

/* How many of the characters from `at` on are digits. */
static size_t
digits(const struct line *line, size_t at)
{
	size_t count = 0;

	while (at + count < line->len &&
	       strchr("0123456789", line->text[at + count]) != NULL)
		count++;
	return count;
}

static size_t
sign(const struct line *line, size_t at)
{
	return at < line->len &&
	       (line->text[at] == '-' || line->text[at] == '+');
}

static bool
is_count(const struct line *line, size_t *count)
{
	if (line->len == 0 || digits(line, 0) != line->len)
		return false;
	*count = (size_t)strtoul(line->text, NULL, 10);
	return true;
}

static bool
is_integer(const struct line *line)
{
	size_t at = sign(line, 0);

	return digits(line, at) > 0 && at + digits(line, at) == line->len;
}

static bool
is_word(const struct line *line, const char *word)
{
	size_t at = sign(line, 0);

	for (; *word != '\0'; word++, at++)
		if (at >= line->len || tolower(line->text[at]) != *word)
			return false;
	return at == line->len;
}

/* [sign] digits [. digits] [e [sign] digits] */
static bool
is_decimal(const struct line *line)
{
	size_t at = sign(line, 0), some = digits(line, at);

	if (some == 0)
		return false;
	at += some;
	if (at < line->len && line->text[at] == '.') {
		some = digits(line, ++at);
		if (some == 0)
			return false;
		at += some;
	}
	if (at < line->len && tolower(line->text[at]) == 'e') {
		at++;
		at += sign(line, at);
		some = digits(line, at);
		if (some == 0)
			return false;
		at += some;
	}
	return at == line->len;
}

/* ---- what a node is written down as ---- */

static enum slow_end
count_node(struct slow *slow)
{
	return ++slow->elements > SLOW_ELEMENTS_MAX ? SLOW_BAD : SLOW_WHOLE;
}

static void
put_type(struct slow *slow, enum stay_redis_type type)
{
	char byte = (char)('A' + type);

	slow_put(slow->outcome, &byte, 1);
}

static enum slow_end
put_text(struct slow *slow, enum stay_redis_type type, const struct line *line)
{
	if (count_node(slow) == SLOW_BAD)
		return SLOW_BAD;
	put_type(slow, type);
	slow_put_number(slow->outcome, line->len);
	slow_put(slow->outcome, line->text, line->len);
	return SLOW_WHOLE;
}

static enum slow_end
put_nil(struct slow *slow)
{
	if (count_node(slow) == SLOW_BAD)
		return SLOW_BAD;
	put_type(slow, STAY_REDIS_NIL);
	return SLOW_WHOLE;
}

static enum slow_end
put_integer(struct slow *slow, const struct line *line)
{
	enum slow_end end = put_text(slow, STAY_REDIS_INTEGER, line);

	slow_put_number(slow->outcome, (uint64_t)strtoll(line->text, NULL, 10));
	return end;
}

static enum slow_end
put_double(struct slow *slow, const struct line *line)
{
	enum slow_end end = put_text(slow, STAY_REDIS_DOUBLE, line);
	double number = is_word(line, "nan") ? 0 : strtod(line->text, NULL);

	if (isinf(number) && !is_word(line, "inf"))
		number = 0; /* none that a double could hold */
	slow_put(slow->outcome, &number, sizeof(number));
	return end;
}

/* ---- the rules ---- */

static enum slow_end
text_of(struct slow *slow, enum stay_redis_type type, size_t count)
{
	struct line line;
	enum slow_end end;

	if (count > SLOW_TEXT_MAX || (type == STAY_REDIS_VERBATIM && count < 4))
		return SLOW_BAD;
	end = take_bytes(slow, count, &line);
	if (end != SLOW_WHOLE)
		return end;
	if (type == STAY_REDIS_VERBATIM) {
		if (line.text[3] != ':')
			return SLOW_BAD;
		slow_put(slow->outcome, line.text, 3);
		line = (struct line){ line.text + 4, line.len - 4 };
	}
	return put_text(slow, type, &line);
}

/* Chunks, up to an empty one. */
static enum slow_end
chunks(struct slow *slow)
{
	char joined[SLOW_TEXT_MAX];
	struct line line, whole = { joined, 0 };
	enum slow_end end;
	size_t count;

	for (;;) {
		if (slow->at == slow->len)
			return SLOW_MORE;
		if (slow->bytes[slow->at++] != ';')
			return SLOW_BAD;
		end = take_line(slow, &line);
		if (end != SLOW_WHOLE)
			return end;
		if (!is_count(&line, &count) ||
		    count > SLOW_TEXT_MAX - whole.len)
			return SLOW_BAD;
		if (count == 0)
			return put_text(slow, STAY_REDIS_STRING, &whole);
		end = take_bytes(slow, count, &line);
		if (end != SLOW_WHOLE)
			return end;
		memcpy(joined + whole.len, line.text, count);
		whole.len += count;
	}
}

/* A child, or the end of those whose number nobody has told. */
static enum slow_end
child(struct slow *slow, bool endless, bool *over)
{
	struct line line;
	enum slow_end end;

	if (!endless || slow->at == slow->len || slow->bytes[slow->at] != '.')
		return value(slow, true);
	*over = true;
	slow->at++;
	end = take_line(slow, &line);
	return end == SLOW_WHOLE && line.len > 0 ? SLOW_BAD : end;
}

static enum slow_end
children(
    struct slow *slow, enum stay_redis_type type, bool endless, size_t count)
{
	enum slow_end end;
	size_t seen = 0;
	bool over = false;

	if (slow->depth == SLOW_DEPTH_MAX || count_node(slow) == SLOW_BAD)
		return SLOW_BAD;
	put_type(slow, type);
	slow->depth++;
	while (endless || seen < count) {
		end = child(slow, endless, &over);
		if (end != SLOW_WHOLE)
			return end;
		if (over)
			break;
		seen++;
	}
	slow->depth--;
	if (type == STAY_REDIS_MAP && seen % 2 != 0)
		return SLOW_BAD;
	slow_put_number(slow->outcome, seen);
	return SLOW_WHOLE;
}

static enum slow_end
aggregate(struct slow *slow, enum stay_redis_type type, size_t count)
{
	if (type == STAY_REDIS_MAP || type == STAY_REDIS_ATTRIBUTE)
		count *= 2;
	if (slow->elements + 1 + count > SLOW_ELEMENTS_MAX)
		return SLOW_BAD;
	return children(slow, type, false, count);
}

/* Its length is told by its end. */
static enum slow_end
streamed(struct slow *slow, char marker)
{
	switch (marker) {
	case '$':
		return chunks(slow);
	case '*':
		return children(slow, STAY_REDIS_ARRAY, true, 0);
	case '%':
		return children(slow, STAY_REDIS_MAP, true, 0);
	case '~':
		return children(slow, STAY_REDIS_SET, true, 0);
	default:
		return SLOW_BAD;
	}
}

static enum slow_end
counted(struct slow *slow, char marker, const struct line *line)
{
	size_t count;

	if ((marker == '$' || marker == '*') && is(line, "-1"))
		return put_nil(slow);
	if (is(line, "?"))
		return streamed(slow, marker);
	if (!is_count(line, &count))
		return SLOW_BAD;
	switch (marker) {
	case '$':
		return text_of(slow, STAY_REDIS_STRING, count);
	case '!':
		return text_of(slow, STAY_REDIS_ERROR, count);
	case '=':
		return text_of(slow, STAY_REDIS_VERBATIM, count);
	case '*':
		return aggregate(slow, STAY_REDIS_ARRAY, count);
	case '%':
		return aggregate(slow, STAY_REDIS_MAP, count);
	case '~':
		return aggregate(slow, STAY_REDIS_SET, count);
	case '>':
		return aggregate(slow, STAY_REDIS_PUSH, count);
	default:
		return aggregate(slow, STAY_REDIS_ATTRIBUTE, count);
	}
}

static enum slow_end
good_if(bool good, enum slow_end end)
{
	return good ? end : SLOW_BAD;
}

static enum slow_end
simple(struct slow *slow, char marker, const struct line *line)
{
	bool plain = memchr(line->text, '\r', line->len) == NULL;

	switch (marker) {
	case '+':
		return good_if(plain, put_text(slow, STAY_REDIS_STATUS, line));
	case '-':
		return good_if(plain, put_text(slow, STAY_REDIS_ERROR, line));
	case ':':
		return good_if(is_integer(line), put_integer(slow, line));
	case '(':
		return good_if(is_integer(line),
		    put_text(slow, STAY_REDIS_BIG_NUMBER, line));
	case ',':
		return good_if(is_decimal(line) || is_word(line, "nan") ||
				   is_word(line, "inf"),
		    put_double(slow, line));
	case '#':
		return good_if(is(line, "t") || is(line, "f"),
		    put_text(slow, STAY_REDIS_BOOL, line));
	case '_':
		return good_if(line->len == 0, put_nil(slow));
	default:
		return SLOW_BAD;
	}
}

/* One value; attributes stand in front of it, and there must be one behind
 * them. */
static enum slow_end
value(struct slow *slow, bool inside)
{
	struct line line;
	enum slow_end end;
	char marker;

	if (slow->at == slow->len)
		return SLOW_MORE;
	marker = slow->bytes[slow->at++];
	if (marker == '\0' || strchr("+-:(,#_$!=*%~>|.", marker) == NULL)
		return SLOW_BAD;
	end = take_line(slow, &line);
	if (end != SLOW_WHOLE)
		return end;
	if (marker == '>' && inside)
		return SLOW_BAD;
	end = strchr("$!=*%~>|", marker) != NULL ? counted(slow, marker, &line)
						 : simple(slow, marker, &line);
	return end == SLOW_WHOLE && marker == '|' ? value(slow, inside) : end;
}

struct slow_outcome
slow_decode(const char *bytes, size_t len)
{
	struct slow_outcome outcome = { .len = 0 };
	struct slow slow = { bytes, len, 0, 0, 0, &outcome };

	outcome.end = value(&slow, false);
	outcome.used = slow.at;
	return outcome;
}
