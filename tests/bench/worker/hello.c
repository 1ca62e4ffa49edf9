/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello URL: the least program that asks for a page with libcurl and the
 * system's certificate authorities; what a worker's start is measured beside.
 */
#include <stdio.h>

#include <curl/curl.h>

int
main(int argc, char **argv)
{
	CURL *e;
	CURLcode code;

	if (argc != 2 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (e = curl_easy_init()) == NULL) {
		fprintf(stderr, "usage: hello URL\n");
		return 2;
	}
	curl_easy_setopt(e, CURLOPT_URL, argv[1]);
	code = curl_easy_perform(e);
	curl_easy_cleanup(e);
	curl_global_cleanup();
	return code == CURLE_OK ? 0 : 1;
}
