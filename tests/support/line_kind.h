/* What the first character of a line says of its frame, in the two protocols of
 * lines that tests have: see line_protocol.h. */
#ifndef STAY_TESTS_LINE_KIND_H
#define STAY_TESTS_LINE_KIND_H

#include <string.h>

#include <stay/client.h>

static inline enum stay_frame_kind
line_kind_of(char c)
{
	static const char kinds[] = {
		[STAY_FRAME_MORE] = '0',
		[STAY_FRAME_REPLY] = '+',
		[STAY_FRAME_ERROR] = '-',
		[STAY_FRAME_REFUSED] = '!',
		[STAY_FRAME_PART] = '*',
		[STAY_FRAME_PUSH] = '>',
		[STAY_FRAME_ANSWERING_PUSH] = '=',
		[STAY_FRAME_ASIDE] = '~',
		[STAY_FRAME_SKIP] = '#',
		[STAY_FRAME_UNACTED] = '/',
	};
	const char *at = memchr(kinds, c, sizeof(kinds));

	return at == NULL ? STAY_FRAME_BAD : (enum stay_frame_kind)(at - kinds);
}

#endif
