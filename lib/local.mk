# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += lib/libawsfed.a
lib_libawsfed_a_SOURCES = \
	include/awsfed/arn.h lib/arn.c \
	include/awsfed/buf.h lib/buf.c \
	include/awsfed/clock.h lib/clock.c \
	include/awsfed/config.h lib/config.c lib/config-impl.h \
	lib/config-fields.c lib/config-profile.c lib/config-sections.c \
	lib/config-policy.c lib/config-policy-apply.c \
	lib/config-settings.c lib/config-sinks.c \
	include/awsfed/creds.h lib/creds.c \
	include/awsfed/fault.h lib/fault.c \
	include/awsfed/hours.h lib/hours.c \
	include/awsfed/ini.h lib/ini.c lib/ini-impl.h lib/ini-nested.c \
	lib/ini-parse.c \
	include/awsfed/log.h lib/log.c \
	include/awsfed/names.h lib/names.c \
	include/awsfed/parents.h lib/parents.c \
	include/awsfed/paths.h lib/paths.c \
	include/awsfed/proto.h \
	include/awsfed/random.h lib/random.c \
	include/awsfed/secret.h lib/secret.c \
	include/awsfed/str.h lib/str.c \
	include/awsfed/wire.h lib/wire.c lib/wire-flat.c lib/wire-put.c \
	include/awsfed/xalloc.h lib/xalloc.c
lib_libawsfed_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
LIBAWSFED = lib/libawsfed.a $(JANSSON_LIBS)

# ---- unit programs -----------------------------------------------------------
lib_tests = \
	tests/unit/test-arn \
	tests/unit/test-buf \
	tests/unit/test-clock \
	tests/unit/test-config \
	tests/unit/test-creds \
	tests/unit/test-fault \
	tests/unit/test-hours \
	tests/unit/test-ini \
	tests/unit/test-ini-nested \
	tests/unit/test-log \
	tests/unit/test-names \
	tests/unit/test-parents \
	tests/unit/test-paths \
	tests/unit/test-policy \
	tests/unit/test-secret \
	tests/unit/test-str \
	tests/unit/test-wire \
	tests/unit/test-xalloc
check_PROGRAMS += $(lib_tests) tests/tools/initool
TESTS += $(lib_tests) tests/unit/ini-botocore.py
EXTRA_DIST += tests/unit/ini-botocore.py

LIB_TEST_CPPFLAGS = $(UNIT_CPPFLAGS) $(JANSSON_CFLAGS)
LIB_TEST_LDADD = $(LIBAWSFED) $(CMOCKA_LIBS)
tests_tools_initool_SOURCES = tests/tools/initool.c
tests_tools_initool_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_tools_initool_LDADD = $(LIBAWSFED)
tests_unit_test_arn_SOURCES = tests/unit/test-arn.c tests/unit/unit.h
tests_unit_test_arn_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_arn_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_buf_SOURCES = tests/unit/test-buf.c tests/unit/unit.h
tests_unit_test_buf_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_buf_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_clock_SOURCES = tests/unit/test-clock.c tests/unit/unit.h
tests_unit_test_clock_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_clock_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_config_SOURCES = tests/unit/test-config.c tests/unit/unit.h
tests_unit_test_config_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_config_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_creds_SOURCES = tests/unit/test-creds.c tests/unit/unit.h
tests_unit_test_creds_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_creds_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_hours_SOURCES = tests/unit/test-hours.c tests/unit/unit.h
tests_unit_test_hours_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_hours_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_fault_SOURCES = tests/unit/test-fault.c tests/unit/unit.h
tests_unit_test_fault_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_fault_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_ini_SOURCES = tests/unit/test-ini.c tests/unit/unit.h
tests_unit_test_ini_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_ini_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_ini_nested_SOURCES = tests/unit/test-ini-nested.c \
	tests/unit/unit.h
tests_unit_test_ini_nested_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_ini_nested_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_log_SOURCES = tests/unit/test-log.c tests/unit/unit.h
tests_unit_test_log_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_log_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_names_SOURCES = tests/unit/test-names.c tests/unit/unit.h
tests_unit_test_names_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_names_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_parents_SOURCES = tests/unit/test-parents.c tests/unit/unit.h
tests_unit_test_parents_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_parents_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_paths_SOURCES = tests/unit/test-paths.c tests/unit/unit.h
tests_unit_test_paths_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_paths_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_policy_SOURCES = tests/unit/test-policy.c tests/unit/unit.h
tests_unit_test_policy_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_policy_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_secret_SOURCES = tests/unit/test-secret.c tests/unit/unit.h
tests_unit_test_secret_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_secret_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_str_SOURCES = tests/unit/test-str.c tests/unit/unit.h
tests_unit_test_str_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_str_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_wire_SOURCES = tests/unit/test-wire.c tests/unit/unit.h
tests_unit_test_wire_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_wire_LDADD = $(LIB_TEST_LDADD)
tests_unit_test_xalloc_SOURCES = tests/unit/test-xalloc.c tests/unit/unit.h
tests_unit_test_xalloc_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_unit_test_xalloc_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free
tests_unit_test_xalloc_LDADD = $(LIB_TEST_LDADD)
