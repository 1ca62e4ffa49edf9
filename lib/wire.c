/* SPDX-License-Identifier: Apache-2.0 */
#include "awsfed/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "awsfed/paths.h"
#include "awsfed/str.h"
#include "awsfed/xalloc.h"

#define READ_SIZE 16384

/* Nesting of the text, strings skipped: cheap, and before any parsing. */
static bool
too_deep(const char *s, size_t n)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > WIRE_MAX_DEPTH)
				return true;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

int
wire_get(struct buf *in, json_t **ret)
{
	char *nul = in->len == 0 ? NULL : memchr(in->data, '\0', in->len);
	json_error_t error;
	json_t *msg = NULL;
	size_t n;

	if (nul == NULL)
		return in->len >= in->max ? -EMSGSIZE : 0;
	n = (size_t)(nul - in->data);
	if (!too_deep(in->data, n))
		msg = json_loadb(in->data, n, JSON_REJECT_DUPLICATES, &error);
	buf_consume(in, n + 1);
	if (!json_is_object(msg)) {
		json_decref(msg);
		return -EBADMSG;
	}
	*ret = msg;
	return 1;
}

int
wire_send(int fd, const json_t *msg, size_t max)
{
	_cleanup_buf_ struct buf out = BUF_INIT(max);
	const char *p;
	size_t left;
	int r = wire_put(&out, msg);

	if (r < 0)
		return r;
	p = out.data;
	left = out.len;
	while (left > 0) {
		ssize_t n = send(fd, p, left, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		left -= (size_t)n;
	}
	return 0;
}

static int64_t
mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
wire_recv(int fd, struct buf *in, int timeout, json_t **ret)
{
	int64_t until = mono_ms() + timeout;

	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		size_t room;
		ssize_t n;
		int64_t left = -1;
		int r = wire_get(in, ret);

		if (r != 0)
			return r < 0 ? r : 0;
		if (timeout >= 0 && (left = until - mono_ms()) < 0)
			left = 0;
		r = poll(&pfd, 1, (int)left);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			return -ETIMEDOUT;
		room = in->max - in->len < READ_SIZE ? in->max - in->len :
						       READ_SIZE;
		if ((r = buf_reserve(in, room)) < 0)
			return r;
		n = read(fd, in->data + in->len, room);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ECONNRESET;
		in->len += (size_t)n;
		in->data[in->len] = '\0';
	}
}

int
call_decode(json_t *msg, struct call *ret)
{
	struct call c = { 0 };
	const char *key;
	json_t *value;

	json_object_foreach (msg, key, value) {
		if (strcmp(key, "method") == 0 && json_is_string(value))
			c.method = json_string_value(value);
		else if (strcmp(key, "parameters") == 0 &&
		    json_is_object(value))
			c.parameters = value;
		else if (strcmp(key, "more") == 0 && json_is_boolean(value))
			c.more = json_is_true(value);
		else if (strcmp(key, "oneway") == 0 && json_is_boolean(value))
			c.oneway = json_is_true(value);
		else
			return -EBADMSG;
	}
	if (c.method == NULL)
		return -EBADMSG;
	*ret = c;
	return 0;
}

json_t *
call_new(const char *method, json_t *parameters)
{
	json_t *o = json_object();

	json_object_set_new(o, "method", json_string(method));
	if (parameters != NULL)
		json_object_set_new(o, "parameters", parameters);
	return o;
}

json_t *
reply_new(json_t *parameters, bool continues)
{
	json_t *o = json_object();

	json_object_set_new(
	    o, "parameters", parameters != NULL ? parameters : json_object());
	if (continues)
		json_object_set_new(o, "continues", json_true());
	return o;
}

json_t *
reply_error(const char *error, json_t *parameters)
{
	json_t *o = json_object();

	json_object_set_new(o, "error", json_string(error));
	if (parameters != NULL)
		json_object_set_new(o, "parameters", parameters);
	return o;
}

int
json_str_opt(const json_t *o, const char *key, size_t max, const char **ret)
{
	const json_t *v = json_object_get(o, key);
	const char *s;

	if (v == NULL || json_is_null(v)) {
		*ret = NULL;
		return 0;
	}
	if ((s = json_string_value(v)) == NULL ||
	    json_string_length(v) != strlen(s) || strlen(s) > max ||
	    str_has_control(s))
		return -EINVAL;
	*ret = s;
	return 0;
}

int
json_str(const json_t *o, const char *key, size_t max, const char **ret)
{
	const char *s;

	if (json_str_opt(o, key, max, &s) < 0 || s == NULL)
		return -EINVAL;
	*ret = s;
	return 0;
}

int
json_int_opt(const json_t *o, const char *key, int64_t min, int64_t max,
    int64_t def, int64_t *ret)
{
	const json_t *v = json_object_get(o, key);

	if (v == NULL || json_is_null(v)) {
		*ret = def;
		return 0;
	}
	if (!json_is_integer(v) || json_integer_value(v) < min ||
	    json_integer_value(v) > max)
		return -EINVAL;
	*ret = json_integer_value(v);
	return 0;
}

int
json_bool_opt(const json_t *o, const char *key, bool def, bool *ret)
{
	const json_t *v = json_object_get(o, key);

	if (v == NULL || json_is_null(v)) {
		*ret = def;
		return 0;
	}
	if (!json_is_boolean(v))
		return -EINVAL;
	*ret = json_is_true(v);
	return 0;
}

void
json_put_str(json_t *o, const char *key, const char *value)
{
	if (!str_empty(value))
		json_object_set_new(o, key, json_string(value));
}

void
json_put_int(json_t *o, const char *key, int64_t value)
{
	if (value != 0)
		json_object_set_new(o, key, json_integer(value));
}

void
json_put_list(json_t *o, const char *key, const struct strv *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->v[i]));
	json_object_set_new(o, key, array);
}

json_t *
json_find(const json_t *list, const char *key, const char *value)
{
	json_t *o;
	size_t i;

	json_array_foreach (list, i, o)
		if (str_eq(json_string_value(json_object_get(o, key)), value))
			return o;
	return NULL;
}
