/* What is wrong with a frame, whatever it says. */
#ifndef STAY__FAULT_H
#define STAY__FAULT_H

#include <stay/client.h>

struct stay_frame;

/* `len` bytes are there. NULL: nothing is wrong. A frame that is too big becomes what is
 * there of it. */
const char *stay__fault_of(
    struct stay_client *client, struct stay_frame *frame, size_t len);

#endif
