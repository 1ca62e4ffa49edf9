/* SPDX-License-Identifier: Apache-2.0 */
#include "state-blob.h"

#include <stdbool.h>
#include <string.h>

static const unsigned char magic[8] = { 'a', 'w', 's', 'f', 'e', 'd', 0, 'S' };

enum { AT_VERSION = 8, AT_LENGTH = 12, AT_GENERATION = 16, AT_SUM = 24 };

static void
put_le(unsigned char *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t
get_le(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = n; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

/* CRC-64/XZ: the reflected ECMA-182 polynomial.  Not against an attacker. */
static uint64_t
crc64(uint64_t crc, const unsigned char *p, size_t len)
{
	static uint64_t table[256];

	if (table[1] == 0)
		for (unsigned i = 0; i < 256; i++) {
			uint64_t c = i;

			for (int k = 0; k < 8; k++)
				c = c >> 1 ^
				    (c & 1 ? 0xc96c5795d7870f42ULL : 0);
			table[i] = c;
		}
	crc = ~crc;
	for (size_t i = 0; i < len; i++)
		crc = table[(crc ^ p[i]) & 0xff] ^ crc >> 8;
	return ~crc;
}

static uint64_t
checksum(const unsigned char *header, const void *payload, size_t len)
{
	return crc64(crc64(0, header, AT_SUM), payload, len);
}

void
state_blob_header(
    const void *payload, size_t len, uint64_t generation, unsigned char *out)
{
	memcpy(out, magic, sizeof(magic));
	put_le(out + AT_VERSION, STATE_VERSION, 4);
	put_le(out + AT_LENGTH, len, 4);
	put_le(out + AT_GENERATION, generation, 8);
	put_le(out + AT_SUM, checksum(out, payload, len), 8);
}

size_t
state_blob_extent(const unsigned char *header)
{
	uint64_t len = get_le(header + AT_LENGTH, 4);

	return memcmp(header, magic, sizeof(magic)) != 0 ||
		len > STATE_PAYLOAD_MAX ?
	    STATE_HEADER :
	    STATE_HEADER + len;
}

static bool
all_zero(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

enum state_verdict
state_blob_look(const unsigned char *slot, size_t len, struct state_slot *ret)
{
	size_t n;

	if (len < STATE_HEADER)
		return STATE_DAMAGED;
	if (all_zero(slot, STATE_HEADER))
		return STATE_EMPTY;
	if (memcmp(slot, magic, sizeof(magic)) != 0)
		return STATE_DAMAGED;
	/* Its rules may be others: the rest is not looked at. */
	if (get_le(slot + AT_VERSION, 4) != STATE_VERSION)
		return STATE_OTHER_VERSION;
	n = get_le(slot + AT_LENGTH, 4);
	if (n > STATE_PAYLOAD_MAX || n > len - STATE_HEADER ||
	    get_le(slot + AT_GENERATION, 8) == 0 ||
	    get_le(slot + AT_SUM, 8) != checksum(slot, slot + STATE_HEADER, n))
		return STATE_DAMAGED;
	ret->generation = get_le(slot + AT_GENERATION, 8);
	ret->len = n;
	return STATE_WHOLE;
}
