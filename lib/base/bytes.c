/* Bytes that have arrived. Knows no protocol, and no session. */
#include <stay/bytes.h>

#include <assert.h>
#include <string.h>

/* ---- lines and words ---- */

size_t
stay_bytes_line(struct stay_bytes in, size_t *seen)
{
	const char *end = NULL;

	assert(*seen <= in.len);
	if (in.len > 0)
		end = memchr(in.data + *seen, '\n', in.len - *seen);
	*seen = end == NULL ? in.len : 0;
	return end == NULL ? 0 : (size_t)(end - in.data) + 1;
}

static bool
is_one_of(char byte, const char *set)
{
	return byte != '\0' && strchr(set, byte) != NULL;
}

size_t
stay_bytes_words(struct stay_bytes line, struct stay_bytes *words, size_t max)
{
	size_t count = 0;

	while (line.len > 0) {
		struct stay_bytes word = stay_bytes_until(line, " \t\r\n");
		size_t used = word.len + (word.len < line.len);

		if (word.len > 0 && count++ < max)
			words[count - 1] = word;
		line.data += used;
		line.len -= used;
	}
	return count;
}

bool
stay_bytes_begin(struct stay_bytes bytes, const char *text)
{
	size_t len = strlen(text);

	return len == 0 ||
	       (bytes.len >= len && memcmp(bytes.data, text, len) == 0);
}

bool
stay_bytes_is(struct stay_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) && stay_bytes_begin(bytes, text);
}

struct stay_bytes
stay_bytes_behind(struct stay_bytes bytes, const char *text)
{
	const size_t len = strlen(text);
	const char *at = bytes.data == NULL
			     ? NULL
			     : memmem(bytes.data, bytes.len, text, len);

	if (at == NULL)
		return (struct stay_bytes){ NULL, 0 };
	bytes.len -= (size_t)(at - bytes.data) + len;
	bytes.data = at + len;
	return bytes;
}

struct stay_bytes
stay_bytes_until(struct stay_bytes bytes, const char *ends)
{
	size_t len = 0;

	while (len < bytes.len && !is_one_of(bytes.data[len], ends))
		len++;
	return (struct stay_bytes){ bytes.data, len };
}

/* What the digit is worth; 16 or more: it is none. */
static unsigned
worth(char digit)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = memchr(digits, digit, sizeof(digits) - 1);

	return at != NULL ? (unsigned)(at - digits) % 16 : 16;
}

bool
stay_bytes_number(
    struct stay_bytes bytes, unsigned base, uint64_t max, uint64_t *value)
{
	uint64_t number = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		unsigned digit = worth(bytes.data[i]);

		if (digit >= base || digit > max ||
		    number > (max - digit) / base)
			return false;
		number = number * base + digit;
	}
	if (bytes.len > 0)
		*value = number;
	return bytes.len > 0;
}

/* ---- fields ---- */

static struct stay_bytes
fail(struct stay_reader *reader)
{
	reader->failed = true;
	reader->rest = (struct stay_bytes){ "", 0 };
	return reader->rest;
}

struct stay_bytes
stay_reader_bytes(struct stay_reader *reader, size_t len)
{
	struct stay_bytes bytes = { reader->rest.data, len };

	if (len > reader->rest.len)
		return fail(reader);
	if (len > 0)
		reader->rest.data += len;
	reader->rest.len -= len;
	return bytes;
}

struct stay_bytes
stay_reader_string(struct stay_reader *reader)
{
	struct stay_bytes text = reader->rest;
	const char *nul =
	    text.len > 0 ? memchr(text.data, '\0', text.len) : NULL;

	if (nul == NULL)
		return fail(reader);
	text.len = (size_t)(nul - text.data);
	(void)stay_reader_bytes(reader, text.len + 1);
	return text;
}

#define INTEGER(type, name)                                                    \
	type stay_reader_##name(struct stay_reader *reader)                    \
	{                                                                      \
		struct stay_bytes bytes =                                      \
		    stay_reader_bytes(reader, sizeof(type));                   \
                                                                               \
		return bytes.len > 0 ? stay_bytes_##name(bytes.data) : 0;      \
	}

INTEGER(uint8_t, u8)
INTEGER(uint16_t, u16)
INTEGER(uint32_t, u32)
INTEGER(uint64_t, u64)

bool
stay_reader_is_done(const struct stay_reader *reader)
{
	return !reader->failed && reader->rest.len == 0;
}
