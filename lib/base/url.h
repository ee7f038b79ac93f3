/* What the library itself does with URLs. */
#ifndef STAY__URL_H
#define STAY__URL_H

#include <stay/url.h>

/* A URL of its own, for stay_url_free. NULL: out of memory. */
struct stay_url *stay__url_copy(const struct stay_url *url);

#endif
