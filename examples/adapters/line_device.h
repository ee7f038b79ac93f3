/*
 * line_device.h - a device at the end of a line, or in a child process.
 *
 *	line_device_start(&client, loop, "serial:///dev/ttyUSB0,115200", NULL);
 *	line_device_start(&client, loop, "child:///usr/bin/env%20my-device", NULL);
 *	line_device_ask(client, "measure 3", answered, job);
 *
 * The device takes lines, and answers each of them with a line:
 *
 *	we say          it answers
 *	sync NUMBER     sync NUMBER
 *	an empty line   nothing
 *	anything else   ok TEXT, or error TEXT
 *
 * At any time it may say by itself: ! TEXT.
 *
 * A line is lossy: an answer may never come, and then the next one would be taken for
 * it. So one that does not come in time ends the session, as does a call that is
 * cancelled in flight. The next session drops what is said until its own `sync` is
 * answered. A child is killed with its session, and started anew.
 */
#ifndef EXAMPLES_LINE_DEVICE_H
#define EXAMPLES_LINE_DEVICE_H

#include <stay/client.h>

/* The config of the client's options; they may have none. */
struct line_device_config {
	void (*on_event)(void *arg, struct stay_bytes text);
	void *arg;
};

/* As stay_client_start; but one call is in flight at a time, unless the options say
 * otherwise. */
enum stay_status line_device_start(struct stay_client **client,
    struct stay_loop *loop, const char *url,
    const struct stay_client_options *options);

/* Say a line, without its end. The reply is a const struct stay_bytes *: TEXT. */
enum stay_status line_device_ask(struct stay_client *client, const char *line,
    stay_done_fn *done, void *arg);

extern const struct stay_protocol line_device_protocol;

/* For other protocols: serial:///DEVICE[,SPEED] and child:///PROGRAM[ WORD]... */
extern const struct stay_transport line_device_serial, line_device_child;

#endif
