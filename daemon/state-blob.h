/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of the state that outlives the agent: bytes to bytes, no files, no
 * time.  What comes out of the store may have been written by another version,
 * cut off by a kill, or made by somebody else; only what is whole is believed.
 *
 * A slot is a header and a payload (JSON).  All numbers are little-endian:
 *
 *	 0  8  "awsfed\0S"
 *	 8  4  version (STATE_VERSION)
 *	12  4  length of the payload
 *	16  8  generation, from 1
 *	24  8  checksum (CRC-64/XZ) of bytes 0 to 23 and the payload
 *	32     payload
 */
#ifndef AWSFED_STATE_BLOB_H
#define AWSFED_STATE_BLOB_H

#include <stddef.h>
#include <stdint.h>

#define STATE_VERSION 1
#define STATE_HEADER 32
#define STATE_SLOT (4U * 1024 * 1024) /* bytes; most are never touched */
#define STATE_SLOTS 2
#define STATE_PAYLOAD_MAX (STATE_SLOT - STATE_HEADER)

/* The header of a payload; out has STATE_HEADER bytes. */
void state_blob_header(
    const void *payload, size_t len, uint64_t generation, unsigned char *out);

struct state_slot {
	uint64_t generation;
	size_t len; /* of the payload, which is behind the header */
};

enum state_verdict {
	STATE_EMPTY, /* all zero: nothing was ever there, or it was wiped */
	STATE_WHOLE,
	STATE_DAMAGED,	    /* cut off, changed, or something else */
	STATE_OTHER_VERSION /* written by another version, as it seems */
};
/*
 * What the first len bytes of a slot are.  len may be less than STATE_SLOT;
 * *ret is set for STATE_WHOLE alone.
 */
enum state_verdict state_blob_look(
    const unsigned char *slot, size_t len, struct state_slot *ret);
/*
 * How many bytes of a slot with this header are to be read, STATE_HEADER if it
 * has no payload that makes sense.
 */
size_t state_blob_extent(const unsigned char *header);

#endif
