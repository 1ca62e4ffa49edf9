/* SPDX-License-Identifier: Apache-2.0 */
#include "saml-base64.h"

static int
sextet(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' :
	    c >= 'a' && c <= 'z'    ? c - 'a' + 26 :
	    c >= '0' && c <= '9'    ? c - '0' + 52 :
	    c == '+'		    ? 62 :
	    c == '/'		    ? 63 :
				      -1;
}

int
saml_decode(const char *in, size_t len, struct buf *clean, struct buf *out)
{
	unsigned acc = 0, bits = 0;
	size_t pad = 0;

	for (size_t i = 0; i < len; i++) {
		int v = sextet(in[i]);
		char byte;

		if (in[i] == ' ' || (in[i] >= '\t' && in[i] <= '\r'))
			continue;
		if (buf_add(clean, in + i, 1) < 0)
			return -1;
		if (in[i] == '=') {
			pad++;
			continue;
		}
		if (v < 0 || pad > 0)
			return -1;
		acc = (acc << 6 | (unsigned)v) & 0xffffff;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		byte = (char)(acc >> bits & 0xff);
		if (buf_add(out, &byte, 1) < 0)
			return -1;
	}
	return clean->len == 0 || clean->len % 4 != 0 || pad > 2 ||
		(acc & ((1u << bits) - 1)) != 0 ?
	    -1 :
	    0;
}
