/*
 * What tests ask of the inside of a client, of its connection and of the loop,
 * where no public function tells it. The structs are opened in inside.c and
 * nowhere else in tests, so that they may change without a dozen files. Checks
 * nothing, and changes nothing.
 */
#ifndef INSIDE_H
#define INSIDE_H

#include <stay/client.h>
#include <stay/conn.h>
#include <stay/loop.h>

#include "conn/inner.h"
#include "machine/machine.h"

struct stay__numbers;
struct stay__text;
struct stay_metrics;

/* Memory that an idle client has given back, as bits. */
enum inside_buffer {
	INSIDE_REQUESTS = 1, /* the bytes of requests */
	INSIDE_RECORDS = 2,  /* records of calls, to be used again */
	INSIDE_CONTROL = 4,  /* what the protocol itself writes */
	INSIDE_OUTPUT = 8,   /* what the stream has not taken so far */
	INSIDE_INPUT = 16    /* what has been read */
};

/* ---- a client ---- */
unsigned inside_buffers(const struct stay_client *client);
/* The options that it runs with. */
/* Whether there is a block for its calls. */
bool inside_has_calls(const struct stay_client *client);
const struct stay_client_options *inside_options(
    const struct stay_client *client);
/* Why calls are rejected; STAY_OK: they are not. */
enum stay_status inside_rejects(const struct stay_client *client);
/* Nothing is queued, in flight, to be told or to be written. */
bool inside_is_at_rest(const struct stay_client *client);
/* Requests: the memory for their bytes, and what of it is used, holes
 * included; the bytes not sent so far, and those without the holes behind what
 * is sent. */
size_t inside_request_memory(const struct stay_client *client);
size_t inside_request_len(const struct stay_client *client);
uint64_t inside_unsent_bytes(const struct stay_client *client);
uint64_t inside_request_bytes(const struct stay_client *client);
/* Calls that were refused and are set aside; calls over and not told so far. */
/* A body is being sent. */
bool inside_pours(const struct stay_client *client);
/* Bytes of the control lane that have not left. */
uint64_t inside_lane(const struct stay_client *client);
uint64_t inside_set_aside(const struct stay_client *client);
uint64_t inside_untold(const struct stay_client *client);
/* Another URL or other options wait for the next session; how many changes were
 * replaced before they came into force. */
bool inside_change_waits(const struct stay_client *client);
unsigned inside_replaced_changes(const struct stay_client *client);

/* ---- its session ---- */
bool inside_session_is_ready(const struct stay_client *client);
/* Why it is to be ended; STAY_OK: it is not. */
enum stay_status inside_condemned(const struct stay_client *client);
/* The last frame has ended the session, and was an answer. */
bool inside_is_content(const struct stay_client *client);
/* Behind that nothing is a failure any more. */
bool inside_says_goodbye(const struct stay_client *client);
uint64_t inside_heard_at(const struct stay_client *client);
/* How many sessions in a row ended for a call given up, and since when. */
uint16_t inside_ended(const struct stay_client *client, uint32_t *since_ms);
/* A frame is being delivered. */
bool inside_has_frame(const struct stay_client *client);
/* The sentence for words of a server. */
void inside_quote(const struct stay_client *client, struct stay__text *to,
    struct stay_bytes words);

/* ---- a connection ---- */
enum stay__admission inside_admission(const struct stay_conn *conn);
/* INSIDE_OUTPUT and INSIDE_INPUT. */
unsigned inside_stream_buffers(const struct stay_conn *conn);
/* Bytes that were read and not taken so far. */
size_t inside_unread(const struct stay_conn *conn);
enum stay__link_state inside_link(const struct stay_conn *conn);
/* Letters in the mailbox. */
size_t inside_letters(const struct stay_conn *conn);
bool inside_is_to_reconnect(const struct stay_conn *conn);
/* Where the text of its failure ends. */
unsigned inside_failure_end(const struct stay_conn *conn);
/* The address of what it keeps of this option; NULL: nothing. */
const uint64_t *inside_setting(const struct stay_conn *conn, const char *name);

/* ---- a loop ---- */
/* What clients share: how many there are. */
unsigned inside_profiles(const struct stay_loop *loop);
/* Until then it catches up, having overslept. */
uint64_t inside_excused(const struct stay_loop *loop);
/* What it holds of the heap for all of its connections. */
size_t inside_loop_bytes(const struct stay_loop *loop);

/* ---- metrics ---- */
/* How many values histograms have. */
struct inside_values {
	uint64_t create, uptime, outage, pool_wait, pool_use;
	uint64_t latency[STAY_OUTCOME_COUNT];
};

/* Of all protocols together, as of now. */
void inside_numbers(struct stay_metrics *metrics, struct stay__numbers *sum);
struct inside_values inside_values(const struct stay_metrics *metrics);

#endif
