/*
 * A buffer that gets no memory. It stands in for one whose struct there is no memory
 * for: who appends to it is told what he would be told of the bytes themselves.
 */
#ifndef STAY__BAR_H
#define STAY__BAR_H

#include <stay/buf.h>

/* Every append fails with STAY_E_NOMEM. Nothing is to be freed. */
void stay__buf_bar(struct stay_buf *buf);

#endif
