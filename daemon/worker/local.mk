# SPDX-License-Identifier: Apache-2.0
# awsfed-worker: everything that speaks to AD FS and AWS.  The objects are in a
# library of their own so that the tests link the real ones.
noinst_LIBRARIES += daemon/worker/libworker.a
daemon_worker_libworker_a_SOURCES = \
	daemon/worker/classify.c daemon/worker/classify.h \
	daemon/worker/conduit.c daemon/worker/conduit.h \
	daemon/worker/http.c daemon/worker/http.h \
	daemon/worker/http-fault.c daemon/worker/http-fault.h \
	daemon/worker/job.c daemon/worker/job.h \
	daemon/worker/libraries.c daemon/worker/libraries.h \
	daemon/worker/login.c \
	daemon/worker/origin.c daemon/worker/origin.h \
	daemon/worker/page.c daemon/worker/page.h \
	daemon/worker/page-fault.c \
	daemon/worker/page-text.c \
	daemon/worker/redeem.c daemon/worker/redeem.h \
	daemon/worker/saml.c daemon/worker/saml.h \
	daemon/worker/sandbox.c daemon/worker/sandbox.h \
	daemon/worker/signin.c daemon/worker/signin.h \
	daemon/worker/sts.c daemon/worker/sts.h \
	daemon/worker/sts-fault.c \
	daemon/worker/xml.c daemon/worker/xml.h
WORKER_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCURL_CFLAGS) $(LIBXML2_CFLAGS) \
	$(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
WORKER_LIBS = daemon/worker/libworker.a $(LIBAWSFED) $(LIBCURL_LIBS) \
	$(LIBXML2_LIBS) -lcrypto
daemon_worker_libworker_a_CPPFLAGS = $(WORKER_CPPFLAGS)

libexec_PROGRAMS += awsfed-worker
awsfed_worker_SOURCES = daemon/worker/main.c
awsfed_worker_CPPFLAGS = $(WORKER_CPPFLAGS)
awsfed_worker_LDADD = $(WORKER_LIBS)

EXTRA_DIST += tests/system/worker.py tests/system/worker_agent.py
TESTS += tests/system/worker.py
