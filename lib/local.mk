# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += lib/libawsfed.a
lib_libawsfed_a_SOURCES = \
	include/awsfed/arn.h lib/arn.c \
	include/awsfed/buf.h lib/buf.c \
	include/awsfed/clock.h lib/clock.c \
	include/awsfed/config.h lib/config.c lib/config-impl.h \
	lib/config-fields.c lib/config-profile.c lib/config-sections.c \
	lib/config-settings.c \
	include/awsfed/creds.h lib/creds.c \
	include/awsfed/fault.h lib/fault.c \
	include/awsfed/ini.h lib/ini.c lib/ini-impl.h lib/ini-parse.c \
	include/awsfed/log.h lib/log.c \
	include/awsfed/paths.h lib/paths.c \
	include/awsfed/proto.h \
	include/awsfed/secret.h lib/secret.c \
	include/awsfed/str.h lib/str.c \
	include/awsfed/wire.h lib/wire.c \
	include/awsfed/xalloc.h lib/xalloc.c
lib_libawsfed_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
LIBAWSFED = lib/libawsfed.a $(JANSSON_LIBS)

# ---- unit programs -----------------------------------------------------------
lib_tests = \
	tests/unit/test-ini
check_PROGRAMS += $(lib_tests) tests/tools/initool
TESTS += $(lib_tests) tests/unit/ini-botocore.py
EXTRA_DIST += tests/unit/ini-botocore.py

tests_tools_initool_SOURCES = tests/tools/initool.c
tests_tools_initool_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_tools_initool_LDADD = $(LIBAWSFED)
